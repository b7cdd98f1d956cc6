"""One engine for every surface: a session is a generator of events that waits for replies.

The terminal and the notebook's widget show an event, and send the reply into the generator.
"""

import math
import random
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coursekit.interview.bank import told
from coursekit.interview.declare import Question
from coursekit.interview.numeric import NumericTask, filled, judge_number, write_number
from coursekit.interview.proposal import GOOD, Proposal, propose
from coursekit.interview.report import Outcome
from coursekit.interview.tasks.by_name import TASKS
from coursekit.interview.wording import words_against

NUMBER_SHARE = 0.5  # of a numeric question's score; the rubric has the rest
SECOND_TRY = 0.5  # what a right number is worth after a hint


@dataclass(frozen=True)
class Say:
    """Text to show; the reply is None."""

    kind: str  # "title", "note", "answer", "flag", "result"
    text: str


@dataclass(frozen=True)
class AskAnswer:
    """The interviewer asks; the reply is the answer in writing, "" if it was given aloud."""

    prompt: str
    minutes: float


@dataclass(frozen=True)
class AskNumber:
    """The reply is a number as written, unit included if wanted."""

    prompt: str
    unit: str


@dataclass(frozen=True)
class AskChoice:
    """The reply is one of the options."""

    prompt: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class AskTicks:
    """The learner marks the rubric; the reply is one bool a point."""

    points: tuple[str, ...]
    proposed: tuple[bool, ...]
    saw: tuple[str, ...]  # the words behind each proposal


@dataclass(frozen=True)
class ShowEvidence:
    """A measurement that carries the answer; surfaces may open its picture. No reply."""

    claim: str
    says: str


Event = Say | AskAnswer | AskNumber | AskChoice | AskTicks | ShowEvidence
Conversation = Generator[Event, Any, Outcome | None]


class Stopped(Exception):
    """Thrown into a conversation when the learner leaves; `text` is what stood there unsent."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


def hold(
    questions: Sequence[Question],
    *,
    rng: random.Random,
    save: Callable[[Outcome], None],
    planned_minutes: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Event, Any, list[Outcome]]:
    """Ask question after question until none is left, time is up, or the learner leaves.

    Args:
        questions: In the order in which they are asked.
        rng: Draws the parameters of numeric questions.
        save: Keeps an outcome; called after each question, also after the one that was left.
        planned_minutes: No further question is begun after that.
        clock: Seconds; a test brings its own.

    Returns:
        The outcomes, as the generator's value.
    """
    began, outcomes = clock(), []
    for i, question in enumerate(questions):
        if clock() - began >= 60 * planned_minutes:
            yield Say("note", "Time is up.")
            break
        title = f"Question {i + 1} of {len(questions)} · "
        outcome = yield from ask(question, rng=rng, clock=clock, title=title)
        if outcome is not None:
            save(outcome)
            outcomes.append(outcome)
        if outcome is None or outcome.left:
            break
    return outcomes


def ask(
    question: Question,
    *,
    rng: random.Random,
    clock: Callable[[], float] = time.monotonic,
    title: str = "",
) -> Conversation:
    """Hold one question: answer, follow-up, model answer, rubric, evidence.

    Returns:
        Its outcome, as the generator's value. If the learner leaves after answering, the outcome
        holds the answer with the proposed score; before that there is none.
    """
    began = clock()
    text, number_share = "", None
    try:
        yield Say("title", f"{title}{question.level}")
        if question.numeric:
            text, number_share = yield from _ask_number(question, TASKS[question.numeric], rng)
        else:
            text = yield AskAnswer(question.prompt, question.minutes)
        proposal = propose(question, text)
        ticks = yield from _ask_further(question, proposal, text, number_share)
    except Stopped as stop:
        text = text or stop.text
        if not text.strip():
            return None
        proposal = propose(question, text)
        ticks = None
    seconds = clock() - began
    share = proposal.share if ticks is None else share_of(question, ticks)
    if number_share is not None:
        share = NUMBER_SHARE * number_share + (1 - NUMBER_SHARE) * share
    outcome = Outcome(
        question.id,
        share,
        "proposal" if ticks is None else "learner",
        tuple(flag.claim for flag, _ in proposal.red_flags),
        seconds,
        text,
        left=ticks is None,
    )
    if outcome.left:
        return outcome
    try:
        yield from _conclude(question, outcome)
    except Stopped:
        return replace(outcome, left=True)
    return outcome


def _conclude(question: Question, outcome: Outcome) -> Generator[Event, Any, None]:
    """Show the score and the evidence."""
    seconds = int(outcome.seconds)
    yield Say(
        "result",
        f"{100 * outcome.score:.0f} % in {seconds // 60}:{seconds % 60:02d}; a good answer, "
        f"follow-up included, takes about {question.minutes} min",
    )
    for claim in question.evidence:
        yield ShowEvidence(claim, told(claim))
    if question.sources:
        yield Say("note", f"To read: {'; '.join(question.sources)}.")


def share_of(question: Question, ticks: Sequence[bool]) -> float:
    """Return the share of the rubric's weights that is ticked.

    Raises:
        ValueError: If there is not one tick a point.
    """
    if len(ticks) != len(question.points):
        raise ValueError(f"{len(question.points)} points need as many ticks, got {len(ticks)}")
    total = sum(point.weight for point in question.points)
    return sum(p.weight for p, tick in zip(question.points, ticks, strict=True) if tick) / total


def _ask_number(
    question: Question, task: NumericTask, rng: random.Random
) -> Generator[Event, Any, tuple[str, float]]:
    """Ask for a number, twice at most; return what was written, and the share earned."""
    params = task.draw(rng)
    written: list[str] = []
    prompt, share = filled(question.prompt, params), 0.0
    try:
        for worth in (1.0, SECOND_TRY):
            reply = yield AskNumber(prompt, task.unit)
            written.append(reply)
            verdict = judge_number(task, params, reply)
            if verdict.right:
                share = worth
                yield Say("note", "Right.")
                break
            named = f" ({verdict.slip.name})" if verdict.slip else ""
            said = reply.strip() or "an empty answer"
            yield Say("note", f"Not {said}: {verdict.message}{named}.")
            prompt = "Once more:"
        expected = write_number(task.value(params), task.unit)
        yield Say("answer", f"{expected}. {filled(task.working, params)}")
        why = "Say in two or three sentences why, and what you would do with it."
        written.append((yield AskAnswer(why, 1)))
    except Stopped as stop:
        raise Stopped("\n".join([*written, stop.text]).strip()) from stop
    return "\n".join(written), share


def _ask_further(
    question: Question, proposal: Proposal, text: str, number_share: float | None
) -> Generator[Event, Any, Sequence[bool]]:
    """Follow up, show the model answer and what the check saw; return the learner's ticks."""
    if text.strip():
        went_well = proposal.verdict == "good"
        if number_share is not None:
            went_well = number_share == 1.0 and not proposal.red_flags
    else:
        how = yield AskChoice("Your own feeling: how did that go?", ("good", "weak"))
        went_well = how == "good"
    wanted = "good" if went_well else "weak"
    follow_up = next(f for f in question.follow_ups if f.after == wanted)
    yield AskAnswer(follow_up.prompt, 1)
    yield Say("answer", question.headline)
    for beat in question.beats:
        yield Say("answer", beat)
    if question.folklore:
        yield Say("answer", question.folklore)
    yield Say("answer", f"To the follow-up: {follow_up.answer}")
    for flag, words in proposal.red_flags:
        yield Say(
            "flag",
            f"Did you say this? {flag.text} "
            f"That is claim {flag.claim} (I saw: {', '.join(words)}).",
        )
    if proposal.share >= GOOD and not proposal.red_flags and proposal.verdict != "good":
        heard = ", ".join(words_against(text))
        yield Say("note", f"The points are there, but the wording sounds like folklore ({heard}).")
    ticks: Sequence[bool] = yield AskTicks(
        tuple(point.text for point in question.points),
        tuple(bool(words) for words in proposal.seen),
        tuple(", ".join(words) for words in proposal.seen),
    )
    return ticks
