"""A session as a generator: what is asked, in which order, and what is kept."""

import dataclasses
import itertools
import random

import pytest
from small_question import SPOKEN, hear

from coursekit.interview.session import (
    AskAnswer,
    AskChoice,
    AskNumber,
    AskTicks,
    Say,
    ShowEvidence,
    Stopped,
    ask,
    hold,
    share_of,
)
from coursekit.interview.tasks.by_name import TASKS

pytestmark = pytest.mark.quick
GOOD = "Fewer steps, unstable; compare at equal steps."
NUMERIC = dataclasses.replace(SPOKEN, id="double", prompt="{gpus} GPUs?", numeric="double_batch")


def clock():
    """Return a clock that goes on ten seconds whenever it is read."""
    return (10.0 * i for i in itertools.count()).__next__


def one(question, replies):
    return hear(ask(question, rng=random.Random(0), clock=clock()), replies)


def test_a_good_answer_is_followed_up_as_such_and_marked_by_the_learner():
    events, outcome = one(SPOKEN, [GOOD, "I would tune.", [True, False, True, True]])
    assert [e.prompt for e in events if isinstance(e, AskAnswer)] == [
        "What broke?",
        "And at equal steps?",
    ]
    (ticks,) = [e for e in events if isinstance(e, AskTicks)]
    assert ticks.proposed == (True, False, True, True)
    assert ticks.saw[0] == "fewer, steps"
    assert any(isinstance(e, ShowEvidence) for e in events)
    assert outcome.score == pytest.approx(0.8)
    assert outcome.marked_by == "learner"
    assert outcome.seconds == 10


def test_a_weak_answer_gets_the_other_question_and_its_red_flag_is_shown():
    events, outcome = one(SPOKEN, ["The noise was killed.", "?", [False] * 4])
    assert any(isinstance(e, AskAnswer) and e.prompt == "How many steps?" for e in events)
    (flag,) = [e for e in events if isinstance(e, Say) and e.kind == "flag"]
    assert "N4" in flag.text
    assert "noise, killed" in flag.text
    assert outcome.red_flags == ("N4",)


@pytest.mark.parametrize(("feeling", "follow_up"), [("good", "equal steps?"), ("weak", "How many")])
def test_aloud_the_learner_says_how_it_went(feeling, follow_up):
    events, outcome = one(SPOKEN, ["", feeling, "", [True] * 4])
    assert any(isinstance(e, AskChoice) for e in events)
    assert any(isinstance(e, AskAnswer) and follow_up in e.prompt for e in events)
    assert outcome.score == 1


def right_number():
    task = TASKS["double_batch"]
    return repr(task.value(task.draw(random.Random(0))))


def test_a_number_counts_half_and_a_second_try_half_of_that():
    _, outcome = one(NUMERIC, [right_number(), "because", "", [True] * 4])
    assert outcome.score == 1
    events, outcome = one(NUMERIC, ["0.5", right_number(), "because", "", [True] * 4])
    assert outcome.score == pytest.approx(0.5 * 0.5 + 0.5)
    assert [e.prompt for e in events if isinstance(e, AskNumber)][1] == "Once more:"
    hints = [e.text for e in events if isinstance(e, Say) and e.kind == "note"]
    assert "far below B_crit" in hints[0]
    _, outcome = one(NUMERIC, ["7", "8", "", "", [False] * 4])
    assert outcome.score == 0


def test_leaving_keeps_what_was_answered():
    saved = []
    conversation = hold([SPOKEN, SPOKEN], rng=random.Random(0), save=saved.append, clock=clock())
    conversation.send(None)  # the title
    conversation.send(None)  # the question
    conversation.send(GOOD)  # the follow-up
    with pytest.raises(StopIteration) as stop:
        conversation.throw(Stopped("half a sen"))
    (outcome,) = saved
    assert stop.value.value == saved
    assert (outcome.answer, outcome.marked_by) == (GOOD, "proposal")
    assert outcome.score == pytest.approx(0.8)


def test_leaving_in_mid_sentence_keeps_the_half_and_before_that_nothing():
    for typed, kept in (("Fewer steps", 1), ("", 0)):
        saved = []
        conversation = hold([SPOKEN], rng=random.Random(0), save=saved.append, clock=clock())
        conversation.send(None)
        conversation.send(None)
        with pytest.raises(StopIteration):
            conversation.throw(Stopped(typed))
        assert len(saved) == kept


def test_leaving_at_the_evidence_keeps_the_marks_and_ends_the_session():
    saved = []
    session = hold([SPOKEN, SPOKEN], rng=random.Random(0), save=saved.append, clock=clock())
    event, replies = session.send(None), [GOOD, "tune", [True] * 4]
    while not isinstance(event, ShowEvidence):
        event = session.send(replies.pop(0) if type(event).__name__.startswith("Ask") else None)
    with pytest.raises(StopIteration) as stop:
        session.throw(Stopped())
    assert stop.value.value == saved
    (outcome,) = saved
    assert (outcome.score, outcome.marked_by) == (1, "learner")


def test_no_question_is_begun_after_the_time():
    saved = []
    session = hold(
        [SPOKEN] * 5, rng=random.Random(0), save=saved.append, clock=clock(), planned_minutes=1
    )
    events, outcomes = hear(session, [GOOD, "", [True] * 4] * 2)
    assert len(outcomes) == 2
    assert events[-1] == Say("note", "Time is up.")


def test_ticks_must_fit_the_points():
    assert share_of(SPOKEN, [True, False, False, False]) == pytest.approx(0.3)
    with pytest.raises(ValueError, match="4 points"):
        share_of(SPOKEN, [True])
