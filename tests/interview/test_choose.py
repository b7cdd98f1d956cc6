"""Which questions a sitting asks."""

import dataclasses
import random
from datetime import UTC, datetime, timedelta

import pytest
from small_question import SPOKEN

from coursekit.interview.choose import fitting, for_minutes, what_is_due

pytestmark = pytest.mark.quick
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MANY = {
    f"q{i}": dataclasses.replace(
        SPOKEN,
        id=f"q{i}",
        level=("screen", "onsite", "staff")[i % 3],
        units=(f"0{i % 4}_unit",),
        numeric="double_batch" if i % 3 == 0 else "",
    )
    for i in range(24)
}


def card(days):
    return {"due": (NOW + timedelta(days=days)).isoformat()}


def test_levels_and_units():
    assert set(fitting(MANY, level="staff", unit="02")) == {"q2", "q14"}
    with pytest.raises(ValueError, match="no level 'boss'"):
        fitting(MANY, level="boss")
    with pytest.raises(ValueError, match="Units with questions: 00_unit"):
        fitting(MANY, unit="77")


def test_half_of_a_sitting_is_new_and_what_is_due_gets_the_rest():
    cards = {f"q{i}": card(-1 - i) for i in range(12)} | {"q12": card(4)}
    chosen = for_minutes(MANY, 24, cards=cards, rng=random.Random(0), now=NOW)
    fresh = [q.id for q in chosen if q.id not in cards]
    assert len(chosen) == 8
    assert len(fresh) == 4
    assert [q.id for q in chosen[4:]] == ["q11", "q10", "q9", "q8"]  # the longest overdue first
    assert len({q.units[0] for q in chosen[:4]}) == 4


def test_what_one_half_leaves_goes_to_the_other():
    none_due = for_minutes(MANY, 24, cards={}, rng=random.Random(0), now=NOW)
    assert len(none_due) == 8
    cards = {name: card(-1) for name in MANY}
    assert len(for_minutes(MANY, 24, cards=cards, rng=random.Random(0), now=NOW)) == 8
    later = {name: card(3) for name in MANY}
    assert len(for_minutes(MANY, 24, cards=later, rng=random.Random(0), now=NOW)) == 8
    assert len(for_minutes(MANY, 0.1, cards={}, rng=random.Random(0), now=NOW)) == 1


def test_one_question_of_a_family():
    family = {name: dataclasses.replace(q, family=q.level) for name, q in MANY.items()}
    chosen = for_minutes(family, 60, cards={}, rng=random.Random(0), now=NOW)
    assert sorted(q.level for q in chosen) == ["onsite", "screen", "staff"]


def test_due_keeps_to_the_minutes_and_says_how_many_there_are():
    cards = {name: card(-1) for name in MANY}
    chosen, total = what_is_due(MANY, 10, cards=cards, now=NOW)
    assert total == 24
    assert sum(q.minutes for q in chosen) <= 10
    assert what_is_due(MANY, 10, cards={}, now=NOW) == ([], 0)
