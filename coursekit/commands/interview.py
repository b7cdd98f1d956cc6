"""`interview`: a practice session in the terminal."""

import random
import sys
from pathlib import Path

from coursekit import progress
from coursekit.interview import choose, memory
from coursekit.interview.bank import all_questions
from coursekit.interview.deck import deck
from coursekit.interview.declare import Question
from coursekit.interview.report import write_report
from coursekit.interview.session import hold
from coursekit.interview.terminal import drive
from coursekit.storage import write_atomically


def plan(
    minutes: float, *, level: str, unit: str, due: bool, mock: bool, rng: random.Random
) -> list[Question]:
    """Return the questions of a session.

    Raises:
        ValueError: For a time that is not positive, or where no question fits.
    """
    if not minutes > 0:
        raise ValueError(f"a session takes more than 0 minutes, got {minutes:g}")
    fitting = choose.fitting(all_questions(), level=level, unit=unit)
    cards = progress.load().cards
    if due:
        return [fitting[name] for name in memory.due(cards) if name in fitting]
    if mock:
        return choose.mock(fitting, minutes, rng)
    return choose.for_minutes(fitting, minutes, cards=cards, rng=rng)


def run(
    *,
    minutes: float = 15,
    level: str = "",
    unit: str = "",
    due: bool = False,
    mock: float | None = None,
    export: Path | None = None,
    aloud: bool = False,
    seed: int | None = None,
) -> int:
    """Hold a session, or export the deck.

    Args:
        minutes: Length of the session.
        level: "screen", "onsite", "staff", or "" for all.
        unit: Only questions of this unit.
        due: Only what spaced repetition brings back now.
        mock: Minutes of a mock interview that ends with a report.
        export: Write all fitting questions to this file as a text deck, and ask nothing.
        aloud: Answers are spoken, not typed.
        seed: Draws the same session again.
    """
    if export is not None:
        chosen = choose.fitting(all_questions(), level=level, unit=unit)
        write_atomically(export, deck(chosen.values()))
        print(f"{len(chosen)} cards written to {export}: import it as tab-separated text")
        return 0
    rng = random.Random(seed)
    length = minutes if mock is None else mock
    questions = plan(length, level=level, unit=unit, due=due, mock=mock is not None, rng=rng)
    if not questions:
        print("Nothing is due. `python3 -m coursekit interview` asks something new.")
        return 0
    limit = float("inf") if due else length
    outcomes = drive(hold(questions, rng=rng, save=memory.keep, planned_minutes=limit), aloud=aloud)
    planned = sum(q.minutes for q in questions) if due else length
    print()
    print(write_report(outcomes or [], all_questions(), planned))
    if outcomes:
        print("Kept. What comes back when: python3 -m coursekit interview --due", file=sys.stderr)
    return 0
