"""Which questions a session asks."""

import dataclasses
import random
from datetime import UTC, datetime, timedelta

import pytest
from small_question import SPOKEN

from coursekit.interview.choose import fitting, for_minutes, mock

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


def test_what_is_due_comes_first_then_what_is_new():
    cards = {"q5": card(-1), "q6": card(-3), "q7": card(4)}
    chosen = for_minutes(MANY, 1e6, cards=cards, rng=random.Random(0), now=NOW)
    assert [q.id for q in chosen][:2] == ["q6", "q5"]
    assert chosen[-1].id == "q7"
    assert len(chosen) == len(MANY)
    units = [q.units[0] for q in chosen[2:6]]
    assert len(set(units)) == 4


def test_a_session_fills_its_time_and_has_one_question_at_least():
    short = for_minutes(MANY, 10, cards={}, rng=random.Random(0), now=NOW)
    assert sum(q.minutes for q in short) <= 10
    assert len(for_minutes(MANY, 0.1, cards={}, rng=random.Random(0), now=NOW)) == 1


def test_a_mock_interview_is_mixed_and_rises():
    chosen = mock(MANY, 45, random.Random(1))
    assert sum(q.minutes for q in chosen) <= 45
    levels = [("screen", "onsite", "staff").index(q.level) for q in chosen]
    assert levels == sorted(levels)
    assert len(set(levels)) == 3
    assert 0.25 <= sum(bool(q.numeric) for q in chosen) / len(chosen) <= 0.45
    assert len({q.units[0] for q in chosen}) == 4
