"""Marking: the model answer is shown, and the learner marks what was said against the rubric."""

import random
from collections.abc import Generator, Sequence
from typing import Any

from coursekit.interview.bank import told
from coursekit.interview.declare import Question
from coursekit.interview.events import AskChoice, AskTicks, Event, Say, ShowEvidence
from coursekit.interview.judge import Listener, check
from coursekit.interview.numeric import filled, write_number
from coursekit.interview.outcome import FOLLOW_UP, Outcome, Said, score_of
from coursekit.interview.proposal import propose
from coursekit.interview.tasks.by_name import TASKS


def mark(
    question: Question, said: Said, *, at_once: bool = True, listen: Listener = check
) -> Generator[Event, Any, Outcome]:
    """Show the model answer and what was heard; the learner marks.

    Args:
        question: The question.
        said: What was said to it.
        at_once: Right after the answer; False repeats the question and what was said.
        listen: Hears which points an answer makes.

    Returns:
        The outcome, as the generator's value.
    """
    follow_up = next(f for f in question.follow_ups if f.after == said.asked_further)
    if not at_once:
        yield from _repeat(question, said)
    yield Say("answer", question.headline)
    for beat in question.beats:
        yield Say("answer", beat)
    if question.folklore:
        yield Say("answer", question.folklore)
    proposal = propose(question, said.text)
    owned = []
    for flag, words in proposal.red_flags:
        asked = f"Did you say this? {flag.text} (Claim {flag.claim}; heard: {', '.join(words)}.)"
        if (yield AskChoice(asked, ("yes", "no"))) == "yes":
            owned.append(flag.claim)
    try:
        heard = listen(question, said.text)
    except ValueError as error:
        yield Say("note", f"{error}. The offline check listens instead.")
        heard = check(question, said.text)
    points = tuple(point.text for point in question.points)
    ticks: Sequence[bool] = yield AskTicks(points, heard)
    yield Say("answer", f"To the follow-up ({follow_up.prompt}): {follow_up.answer}")
    went = yield AskChoice("Your reply to the follow-up:", tuple(FOLLOW_UP))
    score = score_of(share_of(question, ticks), said.number_share, went)
    yield Say("result", f"{100 * score:.0f} % · {time_of(said.seconds, question)}")
    return Outcome(
        question.id,
        score,
        tuple(owned),
        said.seconds,
        said.text,
        tuple(bool(tick) for tick in ticks),
        said.further,
        went,
        tuple(bool(words) for words in heard) if said.text.strip() else (),
    )


def _repeat(question: Question, said: Said) -> Generator[Event, Any, None]:
    """Show again what was asked and said, and how the number was to be had."""
    prompt = question.prompt
    if question.numeric:
        task = TASKS[question.numeric]
        params = task.draw(random.Random(said.seed))
        prompt = filled(prompt, params)
        expected = write_number(task.value(params), task.unit)
    yield Say("note", prompt)
    yield Say("note", f"You: {said.text}" if said.text.strip() else "You answered aloud.")
    if question.numeric:
        right = "Right" if said.number_share else "The number"
        yield Say("answer", f"{right}: {expected}. {filled(task.working, params)}")


def share_of(question: Question, ticks: Sequence[bool]) -> float:
    """Return the share of the rubric's weights that is ticked.

    Raises:
        ValueError: If there is not one tick a point.
    """
    if len(ticks) != len(question.points):
        raise ValueError(f"{len(question.points)} points need as many ticks, got {len(ticks)}")
    total = sum(point.weight for point in question.points)
    return sum(p.weight for p, tick in zip(question.points, ticks, strict=True) if tick) / total


def time_of(seconds: float, question: Question) -> str:
    """Return the time of an answer beside what a good one takes."""
    whole = round(seconds)
    return f"answered in {whole // 60}:{whole % 60:02d}; a good answer takes {question.minutes} min"


def tell_evidence(question: Question) -> Generator[Event, Any, None]:
    """Tell the measurements and papers behind the answer, without their pictures."""
    for claim in question.evidence:
        yield Say("note", f"{claim}. {told(claim)}")
    yield from _papers(question)


def show_evidence(question: Question) -> Generator[Event, Any, None]:
    """Show the measurements behind the answer, with their pictures, and the papers."""
    for claim in question.evidence:
        yield ShowEvidence(claim, told(claim))
    yield from _papers(question)


def _papers(question: Question) -> Generator[Event, Any, None]:
    """Name the papers, and what the question was about."""
    if question.sources:
        yield Say("note", f"To read: {'; '.join(question.sources)}.")
    yield Say("note", f"{question.id}: {', '.join(question.concepts)}. {question.tests}")
