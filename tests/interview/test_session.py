"""Practice as a generator: what is asked, in which order, and what is kept."""

import dataclasses
import itertools
import random

import pytest
from small_question import SPOKEN, hear

from coursekit.interview.events import (
    AskAnswer,
    AskChoice,
    AskNumber,
    AskTicks,
    Say,
    ShowEvidence,
    Stopped,
)
from coursekit.interview.marking import share_of
from coursekit.interview.session import hold
from coursekit.interview.tasks.by_name import TASKS

pytestmark = pytest.mark.quick
GOOD = "Fewer steps, and the rate may be unstable; I would compare at equal steps."
NUMERIC = dataclasses.replace(SPOKEN, id="double", prompt="{gpus} GPUs?", numeric="double_batch")


def clock():
    """Return a clock that goes on ten seconds whenever it is read."""
    return (10.0 * i for i in itertools.count()).__next__


def one(question, replies):
    saved = []
    talk = hold([question], rng=random.Random(0), save=saved.append, clock=clock())
    events, _ = hear(talk, replies)
    return events, saved[0]


def test_a_good_answer_is_followed_up_as_such_and_marked_from_blank():
    ticks = [True, False, True, True]
    events, outcome = one(SPOKEN, [GOOD, "I would tune.", ticks, "made"])
    assert [e.prompt for e in events if isinstance(e, AskAnswer)] == [
        "What broke?",
        "And at equal steps?",
    ]
    (asked,) = [e for e in events if isinstance(e, AskTicks)]
    assert asked.heard[0] == "fewer, steps"
    assert asked.heard[1] == ""
    assert outcome.score == pytest.approx(0.8 * 0.8 + 0.2)
    assert outcome.ticks == tuple(ticks)
    assert (outcome.further, outcome.follow_up) == ("I would tune.", "made")


def test_the_title_gives_nothing_away_and_time_is_that_of_answering():
    events, outcome = one(SPOKEN, [GOOD, "tune", [True] * 4, "made"])
    assert events[0] == Say("title", "Question 1 of 1 · screen")
    assert not any("number of steps" in e.text for e in events[:4] if isinstance(e, Say))
    assert outcome.seconds == 20  # two replies of ten seconds; marking took more


def test_a_weak_answer_gets_the_other_question():
    events, _ = one(SPOKEN, ["No idea.", "?", [False] * 4, "missed"])
    assert any(isinstance(e, AskAnswer) and e.prompt == "How many steps?" for e in events)


@pytest.mark.parametrize(("reply", "owned"), [("yes", ("N4",)), ("no", ())])
def test_a_red_flag_can_be_denied(reply, owned):
    events, outcome = one(SPOKEN, ["The noise was killed.", "", reply, [True] * 4, "in part"])
    asked = next(e.prompt for e in events if isinstance(e, AskChoice))
    assert "Claim N4; heard: noise, killed" in asked
    assert outcome.red_flags == owned
    assert outcome.score == pytest.approx(0.9)


@pytest.mark.parametrize(("feeling", "follow_up"), [("good", "equal steps?"), ("weak", "How many")])
def test_aloud_the_learner_says_how_it_went(feeling, follow_up):
    events, outcome = one(SPOKEN, ["", feeling, "", [True] * 4, "made"])
    assert any(isinstance(e, AskAnswer) and follow_up in e.prompt for e in events)
    assert outcome.score == 1


def right_number():
    seed = random.Random(0).randrange(2**31)
    task = TASKS["double_batch"]
    return repr(task.value(task.draw(random.Random(seed))))


def test_a_number_counts_half_and_a_second_try_half_of_that():
    marks = ["", [True] * 4, "made"]
    _, outcome = one(NUMERIC, [right_number(), "because", *marks])
    assert outcome.score == 1
    events, outcome = one(NUMERIC, ["0.5", right_number(), "because", *marks])
    assert outcome.score == pytest.approx(0.8 * (0.5 * 0.5 + 0.5) + 0.2)
    assert [e.prompt for e in events if isinstance(e, AskNumber)][1] == "Once more:"
    hints = [e.text for e in events if isinstance(e, Say) and e.kind == "note"]
    assert "far below B_crit" in hints[0]
    _, outcome = one(NUMERIC, ["7", "8", "x", "", [False] * 4, "missed"])
    assert outcome.score == 0


def test_what_cannot_be_read_costs_no_try_and_an_empty_line_gives_up():
    replies = ["3 furlongs or 4", "1.234,5", right_number(), "because", "", [True] * 4, "made"]
    events, outcome = one(NUMERIC, replies)
    assert outcome.score == 1
    notes = [e.text for e in events if isinstance(e, Say) and e.kind == "note"]
    assert all("That cost no try" in note for note in notes[:2])
    events, outcome = one(NUMERIC, ["", "because", "", [True] * 4, "made"])
    assert outcome.score == pytest.approx(0.8 * 0.5 + 0.2)


@pytest.mark.parametrize("replies", [[], [GOOD], [GOOD, "tune"], [GOOD, "tune", [True] * 4]])
def test_leaving_before_the_marks_are_made_keeps_nothing(replies):
    saved = []
    talk = hold([SPOKEN, SPOKEN], rng=random.Random(0), save=saved.append, clock=clock())
    event, queue = talk.send(None), list(replies)
    while queue or not type(event).__name__.startswith("Ask"):
        asks = type(event).__name__.startswith("Ask")
        event = talk.send(queue.pop(0) if asks else None)
    with pytest.raises(StopIteration) as stop:
        talk.throw(Stopped())
    assert (stop.value.value, saved) == ([], [])


def test_leaving_at_the_evidence_keeps_the_marks_and_ends_the_session():
    saved = []
    session = hold([SPOKEN, SPOKEN], rng=random.Random(0), save=saved.append, clock=clock())
    event, replies = session.send(None), [GOOD, "tune", [True] * 4, "made"]
    while not isinstance(event, ShowEvidence):
        event = session.send(replies.pop(0) if type(event).__name__.startswith("Ask") else None)
    with pytest.raises(StopIteration) as stop:
        session.throw(Stopped())
    assert stop.value.value == saved
    assert saved[0].score == 1


def test_no_question_is_begun_after_the_time():
    saved = []
    session = hold(
        [SPOKEN] * 5, rng=random.Random(0), save=saved.append, clock=clock(), planned_minutes=1.1
    )
    events, outcomes = hear(session, [GOOD, "", [True] * 4, "made"] * 2)
    assert len(outcomes) == 2
    assert events[-1] == Say("note", "Time is up.")


def test_ticks_must_fit_the_points():
    assert share_of(SPOKEN, [True, False, False, False]) == pytest.approx(0.3)
    with pytest.raises(ValueError, match="4 points"):
        share_of(SPOKEN, [True])
