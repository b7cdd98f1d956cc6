"""A plan to a date: learners of three strengths see every question within it."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from coursekit.interview import kept
from coursekit.interview.bank import all_questions
from coursekit.interview.choose import for_minutes
from coursekit.interview.memory import review
from coursekit.interview.outcome import Outcome
from coursekit.interview.plan import LAST_DAYS, day, plan

NOW = datetime(2026, 1, 1, 18, tzinfo=UTC)
DAYS = 30
# score of a first answer, gain with each repetition, chance of a red flag
LEARNERS = {"weak": (0.35, 0.08, 0.25), "middling": (0.5, 0.1, 0.1), "strong": (0.8, 0.1, 0.02)}


def month(strength, minutes, days=DAYS):
    """Simulate a learner; return (questions seen by each day, most due on a day, last minutes)."""
    first, gain, flags = LEARNERS[strength]
    rng, bank = random.Random(strength), all_questions()
    until = NOW + timedelta(days=days)
    cards, times, seen, used = {}, {}, [], []
    for today in range(days):
        now = NOW + timedelta(days=today)
        chosen = for_minutes(bank, minutes, cards=cards, rng=rng, now=now)
        for question in chosen:
            times[question.id] = times.get(question.id, 0) + 1
            score = min(1.0, max(0.0, rng.gauss(first + gain * (times[question.id] - 1), 0.15)))
            flagged = ("N4",) if rng.random() < flags else ()
            outcome = Outcome(question.id, score, flagged, 60.0, "x")
            cards[question.id] = review(cards.get(question.id), outcome, now, until)
        seen.append(len(cards))
        used.append(sum(q.minutes for q in chosen))
    return seen, used, times


@pytest.mark.parametrize("strength", LEARNERS)
def test_every_question_is_seen_before_the_last_two_days(strength):
    bank = all_questions()
    planned = plan(bank.values(), 15, NOW + timedelta(days=DAYS), NOW)
    seen, used, times = month(strength, planned.needed)
    assert seen[DAYS - LAST_DAYS - 1] == len(bank)
    assert max(used) <= planned.needed
    assert max(times.values()) < DAYS / 2  # nobody gets the same question day after day


def test_a_middling_learner_sees_something_new_every_day_with_few_minutes():
    seen, _, times = month("middling", 15)
    assert all(later > earlier for earlier, later in itertools.pairwise(seen))
    assert seen[-1] >= 1.5 * DAYS
    assert sum(times.values()) > seen[-1]  # and repeats


@pytest.mark.quick
def test_the_plan_says_how_many_minutes_it_takes():
    bank = all_questions()
    soon = plan(bank.values(), 15, NOW + timedelta(days=10), NOW)
    assert soon.days == 10
    assert f"--minutes {soon.needed}" in soon.told()
    assert "are enough" in plan(bank.values(), soon.needed, NOW + timedelta(days=10), NOW).told()
    assert "met every question" in plan((), 15, NOW + timedelta(days=10), NOW).told()
    with pytest.raises(ValueError, match="2025-12-31 is past"):
        plan((), 15, day("2025-12-31"), NOW)
    with pytest.raises(ValueError, match="write the day as"):
        day("tomorrow")


@pytest.mark.quick
def test_the_day_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    kept.keep_until(day("2031-12-10"))
    assert kept.load().until == datetime(2031, 12, 10, tzinfo=UTC)
    kept.keep_until(None)
    assert kept.load().until is None
