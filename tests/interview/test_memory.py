"""Spaced repetition: what went badly comes back sooner; the progress file keeps it."""

from datetime import UTC, datetime, timedelta

import pytest

from coursekit import progress
from coursekit.interview.memory import due, keep, longest_interval, review
from coursekit.interview.outcome import Outcome

pytestmark = pytest.mark.quick
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def outcome(score, flags=()):
    return Outcome("steps", score, flags, 60.0, "an answer")


def next_time(score, flags=(), until=None, times=4):
    card = None
    now = NOW
    for _ in range(times):
        card = review(card, outcome(score, flags), now, until)
        now = datetime.fromisoformat(card["due"])
    return now


def test_better_answers_come_back_later_and_a_red_flag_soon():
    times = [next_time(score) for score in (0.2, 0.5, 0.8, 1.0)]
    assert times == sorted(times)
    assert times[0] < times[2] - timedelta(days=5)
    assert next_time(1.0, ("N4",)) == times[0]


@pytest.mark.parametrize("score", [0.0, 0.5, 0.7, 1.0])
def test_nothing_comes_back_on_the_same_day(score):
    assert next_time(score, times=1) >= NOW + timedelta(days=1)


@pytest.mark.parametrize("days", [1, 5, 20])
def test_before_an_interview_every_interval_is_half_of_what_is_left_at_most(days):
    until = NOW + timedelta(days=days)
    assert longest_interval(NOW, until) == max(1, days // 2)
    card = None
    for _ in range(3):
        card = review(card, outcome(1.0), NOW, until)
    assert datetime.fromisoformat(card["due"]) <= NOW + timedelta(days=max(1, days // 2))
    assert longest_interval(NOW, NOW - timedelta(days=1)) == longest_interval(NOW, None) == 365


def test_due_lists_the_longest_overdue_first():
    cards = {
        name: {"due": (NOW + timedelta(days=d)).isoformat()}
        for name, d in (("a", -1), ("b", 1), ("c", -2))
    }
    assert due(cards, NOW) == ["c", "a"]


def test_an_outcome_is_kept_beside_the_rest_of_the_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    progress.record_check("u01_tr_cov", 1.0, 2.0)
    keep(outcome(0.9))
    first = progress.load().cards["steps"]["due"]
    keep(outcome(0.9))
    kept = progress.load()
    assert kept.exercises["u01_tr_cov"].score == 1
    assert [a["score"] for a in kept.answers] == [0.9, 0.9]
    assert kept.answers[0]["answer"] == "an answer"
    assert kept.cards["steps"]["due"] >= first
