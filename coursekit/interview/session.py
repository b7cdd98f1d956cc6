"""Practice: question after question, each marked at once.

A session is a generator of events that waits for replies: the terminal, the widget and the tests
drive the same one. Leaving is `Stopped`, thrown into it; an unmarked question then leaves no trace.
"""

import math
import random
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

from coursekit.interview.declare import FollowUp, Question
from coursekit.interview.events import AskAnswer, AskChoice, AskNumber, Event, Say, Stopped
from coursekit.interview.judge import Listener, check
from coursekit.interview.marking import mark, show_evidence
from coursekit.interview.numeric import filled, judge_number, write_number
from coursekit.interview.outcome import Outcome, Said
from coursekit.interview.proposal import propose
from coursekit.interview.tasks.by_name import TASKS

SECOND_TRY = 0.5  # what a right number is worth after a hint
DONT_KNOW = "?"
Clock = Callable[[], float]


def hold(
    questions: Sequence[Question],
    *,
    rng: random.Random,
    save: Callable[[Outcome], None],
    planned_minutes: float = math.inf,
    clock: Clock = time.monotonic,
    listen: Listener = check,
) -> Generator[Event, Any, list[Outcome]]:
    """Ask question after question until none is left, time is up, or the learner leaves.

    Args:
        questions: In the order in which they are asked.
        rng: Draws the parameters of numeric questions.
        save: Keeps an outcome; called once a question is marked, before its evidence is shown.
        planned_minutes: No further question is begun after that.
        clock: Seconds; a test brings its own.
        listen: Hears which points an answer makes.

    Returns:
        The outcomes, as the generator's value.
    """
    began = clock()
    outcomes: list[Outcome] = []
    try:
        for i, question in enumerate(questions):
            if clock() - began >= 60 * planned_minutes:
                yield Say("note", "Time is up.")
                break
            yield title_of(question, i, len(questions))
            said = yield from converse(question, seed=rng.randrange(2**31), clock=clock)
            outcome = yield from mark(question, said, listen=listen)
            outcomes.append(outcome)
            save(outcome)
            yield from show_evidence(question)
    except Stopped:
        pass
    return outcomes


def title_of(question: Question, place: int, of: int) -> Say:
    """Return a heading that gives nothing away."""
    return Say("title", f"Question {place + 1} of {of} · {question.level}")


def converse(
    question: Question, *, seed: int, clock: Clock = time.monotonic, hints: bool = True
) -> Generator[Event, Any, Said]:
    """Hear the answer and the reply to a follow-up.

    Args:
        question: What is asked.
        seed: Draws the parameters of a numeric question.
        clock: Seconds.
        hints: Say whether a number is right, and give a second try.

    Returns:
        What was said, as the generator's value; its seconds are those of thinking and answering.
    """
    number_share = None
    if question.numeric:
        text, seconds, number_share = yield from _hear_number(question, seed, clock, hints=hints)
        went_well = number_share == 1.0
    else:
        text, seconds = yield from _timed(AskAnswer(question.prompt, question.minutes), clock)
        went_well = propose(question, text).verdict == "good"
    if not text.strip():
        feeling = yield AskChoice("Your own feeling: how did that go?", ("good", "weak"))
        went_well = feeling == "good"
    after = "good" if went_well else "weak"
    further, more = yield from _timed(AskAnswer(follow_up_of(question, after).prompt, 1), clock)
    return Said(question.id, text, after, further, seconds + more, number_share, seed)


def follow_up_of(question: Question, after: str) -> FollowUp:
    """Return the follow-up that comes after a "good" or a "weak" answer."""
    return next(f for f in question.follow_ups if f.after == after)


def _timed(event: Event, clock: Clock) -> Generator[Event, Any, tuple[str, float]]:
    """Ask, and return the reply with the seconds it took."""
    began = clock()
    reply = yield event
    return reply, clock() - began


def _hear_number(
    question: Question, seed: int, clock: Clock, *, hints: bool
) -> Generator[Event, Any, tuple[str, float, float]]:
    """Ask for a number; return what was written, the seconds, and the share earned.

    What can't be read is asked again and costs no try; an empty line gives up.
    """
    task = TASKS[question.numeric]
    params = task.draw(random.Random(seed))
    prompt, share, seconds = filled(question.prompt, params), 0.0, 0.0
    written: list[str] = []
    tries = [1.0, SECOND_TRY] if hints else [1.0]
    while tries:
        reply, spent = yield from _timed(AskNumber(prompt, task.unit), clock)
        seconds += spent
        if reply.strip() in ("", DONT_KNOW):
            break
        verdict = judge_number(task, params, reply)
        if math.isnan(verdict.number):
            yield Say("note", f"{verdict.message}. That cost no try.")
            prompt = "Again, please:"
            continue
        written.append(reply)
        worth = tries.pop(0)
        if verdict.right:
            share = worth
        if hints:
            names = " or ".join(slip.name for slip in verdict.slips)
            named = f" ({names})" if names else ""
            wrong = f"Not {reply.strip()}: {verdict.message}{named}."
            yield Say("note", "Right." if verdict.right else wrong)
        if verdict.right:
            break
        prompt = "Once more:"
    if hints:
        expected = write_number(task.value(params), task.unit)
        yield Say("answer", f"{expected}. {filled(task.working, params)}")
    why = "Say in two or three sentences why, and what you would do with it."
    reply, spent = yield from _timed(AskAnswer(why, 1), clock)
    return "\n".join([*written, reply]), seconds + spent, share
