"""A mock interview: nothing is told before the end, and a break loses nothing."""

import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from coursekit.interview.case import Case, Step, play, review, where
from coursekit.interview.declare import LEVELS, Question
from coursekit.interview.events import Event, Say, Stopped
from coursekit.interview.judge import Listener, check
from coursekit.interview.marking import mark, tell_evidence
from coursekit.interview.outcome import Outcome, Said
from coursekit.interview.session import Clock, converse, title_of

MIX = {  # levels in the order in which time fills up, for each level that one applies for
    "screen": ("screen", "screen", "screen", "onsite"),
    "onsite": ("screen", "onsite", "screen", "onsite", "staff"),
    "staff": ("onsite", "staff", "screen", "staff", "onsite"),
}
NUMERIC_EVERY = 4  # one question in so many asks for a number


@dataclass(frozen=True)
class Sheet:
    """A mock interview under way: what is asked, what was said, how much of it is marked."""

    questions: tuple[str, ...]
    minutes: float
    seed: int
    said: tuple[Said, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    case: str = ""  # a case that opens the interview
    steps: tuple[Step, ...] = ()  # taken through it


def compose(
    questions: Mapping[str, Question], minutes: float, target: str, rng: random.Random
) -> list[Question]:
    """Choose questions in the fixed mix of levels for a target; at most one of a family.

    Units take turns, one question in four asks for a number, and levels rise.

    Raises:
        ValueError: If there is no such level.
    """
    if target not in MIX:
        raise ValueError(f"no level {target!r}: choose one of {', '.join(MIX)}")
    names = list(questions)
    rng.shuffle(names)
    chosen: list[Question] = []
    slots = 0
    while True:
        level = MIX[target][slots % len(MIX[target])]
        counted = slots % NUMERIC_EVERY == NUMERIC_EVERY // 2
        left = minutes - sum(q.minutes for q in chosen)
        fits = [
            questions[name]
            for name in names
            if questions[name] not in chosen
            and (questions[name].minutes <= left or not chosen)
            and family_of(questions[name]) not in map(family_of, chosen)
        ]
        if not fits:
            return sorted(chosen, key=lambda q: LEVELS.index(q.level))
        units = [q.units[0] for q in chosen]
        chosen.append(
            min(
                fits,
                key=lambda q: (
                    q.level != level,
                    bool(q.numeric) != counted,
                    units.count(q.units[0]),
                ),
            )
        )
        slots += 1


def family_of(question: Question) -> str:
    """Return what a session has one question of."""
    return question.family or question.id


def interview(
    sheet: Sheet,
    questions: Mapping[str, Question],
    cases: Mapping[str, Case],
    *,
    keep: Callable[[Sheet], None],
    save: Callable[[Outcome], None],
    clock: Clock = time.monotonic,
    listen: Listener = check,
) -> Generator[Event, Any, Sheet]:
    """Ask all that is left of a sheet, then mark all that is left of it.

    Args:
        sheet: Where it stands; a new one has nothing said.
        questions: The bank.
        cases: The cases by id.
        keep: Called with the sheet after each answer and each mark, so that a break loses nothing.
        save: Keeps a marked outcome.
        clock: Seconds.
        listen: Hears which points an answer makes.

    Returns:
        The sheet as it stands at the end, or where the learner left, as the generator's value.
    """
    asked = [questions[name] for name in sheet.questions]
    case = cases[sheet.case] if sheet.case else None
    try:
        if case and where(case, sheet.steps):
            yield Say("title", f"A scenario, then {len(asked)} questions · {case.level}")
        while case and where(case, sheet.steps):
            step = yield from play(case, sheet.steps, clock)
            sheet = replace(sheet, steps=(*sheet.steps, step))
            keep(sheet)
        for i, question in enumerate(asked):
            if i < len(sheet.said):
                continue
            if sum(said.seconds for said in sheet.said) >= 60 * sheet.minutes:
                yield Say("note", "Time is up.")
                sheet = replace(sheet, questions=sheet.questions[:i])
                break
            yield title_of(question, i, len(asked))
            seed = random.Random(f"{sheet.seed} {question.id}").randrange(2**31)
            said = yield from converse(question, seed=seed, clock=clock, hints=False)
            sheet = replace(sheet, said=(*sheet.said, said))
            keep(sheet)
        if sheet.said and not sheet.outcomes:
            yield Say("title", "The interview is over. Now you mark it.")
            if case:
                yield from review(case, sheet.steps)
        for said in sheet.said[len(sheet.outcomes) :]:
            place = len(sheet.outcomes) + 1
            yield Say("title", f"Marks: {place} of {len(sheet.said)}")
            question = questions[said.question_id]
            outcome = yield from mark(question, said, at_once=False, listen=listen)
            save(outcome)
            sheet = replace(sheet, outcomes=(*sheet.outcomes, outcome))
            keep(sheet)
            yield from tell_evidence(question)
    except Stopped:
        pass
    return sheet


def is_over(sheet: Sheet) -> bool:
    """Say whether everything that was said is marked, and nothing is left to ask."""
    return len(sheet.outcomes) == len(sheet.questions)
