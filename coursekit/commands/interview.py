"""`interview`: a practice session, a mock interview or a case in the terminal."""

import random
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coursekit import progress
from coursekit.interview import choose, kept, memory
from coursekit.interview import mock as mocks
from coursekit.interview import plan as plans
from coursekit.interview.bank import all_questions
from coursekit.interview.case import all_cases, hold_case, score
from coursekit.interview.deck import NAME, deck
from coursekit.interview.declare import Question
from coursekit.interview.judge import Listener, check, program
from coursekit.interview.outcome import Outcome
from coursekit.interview.report import write_report
from coursekit.interview.report_file import check_name, write_file
from coursekit.interview.session import hold
from coursekit.interview.terminal import drive
from coursekit.storage import write_atomically

CASE_FROM = 40  # minutes from which a mock interview opens with a case


def run(
    *,
    minutes: float = 15,
    level: str = "",
    unit: str = "",
    due: bool = False,
    mock: float | None = None,
    resume: bool = False,
    case: str = "",
    until: str = "",
    export: Path | None = None,
    aloud: bool = False,
    judge: str = "",
    report: Path | None = None,
    seed: int | None = None,
) -> int:
    """Hold a session, a mock interview or a case, or export the deck.

    Args:
        minutes: Length of the session.
        level: "screen", "onsite", "staff", or "" for all; in a mock the level applied for.
        unit: Only questions of this unit.
        due: Only what spaced repetition brings back now.
        mock: Minutes of a mock interview that ends with marks and a report.
        resume: Go on with the mock interview that was left.
        case: Play this case; "list" names them.
        until: The day of the interview, kept from then on; "none" forgets it.
        export: Write all fitting questions to this file as a text deck, and ask nothing.
        aloud: Answers are spoken, not typed.
        judge: A program of one's own that listens in place of the offline check.
        report: Write the report to this .csv or .json file too.
        seed: Draws the same session again.

    Raises:
        ValueError: For options that exclude each other, a time that is not positive, a date that
            is past, where no question fits, or for a report that cannot be written.
    """
    chosen = [name for name, on in (("--due", due), ("--mock", mock), ("--resume", resume)) if on]
    if len(chosen) > 1:
        raise ValueError(f"{' and '.join(chosen)} are different sessions: give one of them")
    length = minutes if mock is None else mock
    if not length > 0:
        raise ValueError(f"a session takes more than 0 minutes, got {length:g}")
    if report is not None:
        if export is not None or case:
            raise ValueError("--report goes with a session or a mock, not with --export or --case")
        check_name(report)
    if export is not None:
        return _export(export, level, unit)
    if case:
        return _case(case, aloud=aloud)
    listen = program(judge) if judge else check
    if resume or mock is not None:
        return _mock(
            *(length, level, unit),
            resume=resume,
            aloud=aloud,
            listen=listen,
            report=report,
            seed=seed,
        )
    return _practise(
        *(minutes, level, unit),
        due=due,
        until=until,
        aloud=aloud,
        listen=listen,
        report=report,
        seed=seed,
    )


def _export(path: Path, level: str, unit: str) -> int:
    chosen = choose.fitting(all_questions(), level=level, unit=unit)
    text = deck(chosen.values())
    write_atomically(path, text)
    cards = sum(not line.startswith("#") for line in text.splitlines())
    print(f"{cards} cards of {len(chosen)} questions written to {path}")
    print(f"In Anki: File, Import; the cards go to the deck {NAME!r}.")
    return 0


def _case(name: str, *, aloud: bool) -> int:
    cases = all_cases()
    if name not in cases:
        if name != "list":
            raise ValueError(f"no case {name!r}: there are {', '.join(cases)}")
        for case in cases.values():
            print(f"{case.id:20} {case.level:7} {', '.join(case.concepts)}")
        return 0
    steps = drive(hold_case(cases[name], time.monotonic), aloud=aloud) or ()
    print(f"\n{len(steps)} steps, {100 * score(cases[name], steps):.0f} % of the best path")
    return 0


def sitting(
    minutes: float, *, level: str, unit: str, due: bool, rng: random.Random
) -> tuple[list[Question], int]:
    """Return the questions of a practice session, and how many are due in all."""
    fitting = choose.fitting(all_questions(), level=level, unit=unit)
    cards = progress.load().cards
    if due:
        return choose.what_is_due(fitting, minutes, cards=cards)
    overdue = sum(name in fitting for name in memory.due(cards))
    return choose.for_minutes(fitting, minutes, cards=cards, rng=rng), overdue


def _practise(
    minutes: float,
    level: str,
    unit: str,
    *,
    due: bool,
    until: str,
    aloud: bool,
    listen: Listener,
    report: Path | None,
    seed: int | None,
) -> int:
    date = _date(until)
    rng = random.Random(seed)
    before = progress.load()
    questions, overdue = sitting(minutes, level=level, unit=unit, due=due, rng=rng)
    if date is not None:
        unseen = [q for name, q in all_questions().items() if name not in before.cards]
        print(plans.plan(unseen, minutes, date).told(), file=sys.stderr)
    if not questions:
        print("Nothing is due. `python3 -m coursekit interview` asks something new.")
        return 0
    if overdue:
        print(f"{overdue} due for repetition, {len(questions)} questions now.", file=sys.stderr)

    def save(outcome: Outcome) -> None:
        memory.keep(outcome, date)

    talk = hold(questions, rng=rng, save=save, planned_minutes=minutes, listen=listen)
    outcomes = drive(talk, aloud=aloud)
    print()
    _report(report, outcomes or [], minutes, before.answers)
    if outcomes:
        print("Kept. What comes back when: python3 -m coursekit interview --due", file=sys.stderr)
    return 0


def _report(
    path: Path | None,
    outcomes: Sequence[Outcome],
    minutes: float,
    earlier: Sequence[Mapping[str, Any]],
) -> None:
    """Print the report; write it to a file too if one was named."""
    print(write_report(outcomes, all_questions(), minutes, earlier))
    if path is not None:
        write_file(path, outcomes, all_questions(), minutes)
        print(f"Written to {path}.", file=sys.stderr)


def _date(until: str) -> datetime | None:
    """Return the day of the interview: the one given, which is kept, or the one kept before."""
    if until == "none":
        kept.keep_until(None)
    elif until:
        date = plans.day(until)
        plans.plan((), 1, date)  # refuses a date that is past
        kept.keep_until(date)
    date_kept = kept.load().until
    return date_kept if date_kept is not None and date_kept > datetime.now(UTC) else None


def _mock(
    minutes: float,
    level: str,
    unit: str,
    *,
    resume: bool,
    aloud: bool,
    listen: Listener,
    report: Path | None,
    seed: int | None,
) -> int:
    sheet = kept.load().sheet
    if resume and sheet is None:
        raise ValueError("no mock interview was left: begin one with --mock 45")
    if not resume or sheet is None:
        number = random.randrange(2**31) if seed is None else seed
        rng = random.Random(number)
        cases = [
            c for c in all_cases().values() if not unit or any(u.startswith(unit) for u in c.units)
        ]
        opened = rng.choice(cases) if minutes >= CASE_FROM and cases else None
        rest = minutes - (sum(s.minutes for s in opened.scenes) if opened else 0)
        asked = mocks.compose(
            choose.fitting(all_questions(), unit=unit), rest, level or "onsite", rng
        )
        names = tuple(q.id for q in asked)
        sheet = mocks.Sheet(names, rest, number, case=opened.id if opened else "")
    before, date = progress.load().answers, _date("")
    talk = mocks.interview(
        sheet,
        all_questions(),
        all_cases(),
        keep=kept.keep_sheet,
        save=lambda outcome: memory.keep(outcome, date),
        listen=listen,
    )
    done: mocks.Sheet = drive(talk, aloud=aloud)
    print()
    if not mocks.is_over(done):
        print("Left. Go on with: python3 -m coursekit interview --resume")
        return 0
    kept.keep_sheet(None)
    if done.case:
        worth = score(all_cases()[done.case], done.steps)
        print(f"The scenario: {len(done.steps)} steps, {100 * worth:.0f} % of the best path\n")
    _report(report, done.outcomes, minutes, before)
    return 0
