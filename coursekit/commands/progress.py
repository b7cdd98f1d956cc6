"""``coursekit progress``: units x exercises, with points, time and the next step."""

import json as json_format
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from rich.console import Console

from coursekit.classroom.learner.class_release import codes_in, is_of_a_class
from coursekit.classroom.learner.copies import (
    exercises_in,
    find_unit,
    notebook_in,
    released_units,
)
from coursekit.interview.memory import due
from coursekit.progress import Progress, load, of_release, unit_number

BAR = 12  # characters


@dataclass(frozen=True)
class Row:
    """One exercise of a unit and what the learner reached in it."""

    unit: str
    exercise: str
    best: float
    points: float
    attempts: int
    seconds: float


def run(unit: str = "", *, json: bool = False) -> int:
    """Print a line for each unit and the next step; of one unit, a line for each exercise.

    Args:
        unit: Show the exercises of this one; "" is all units.
        json: Print every exercise as JSON.
    """
    progress = load()
    if progress.set_aside is not None:
        print(
            f"Your progress file was damaged; it is kept as {progress.set_aside}.", file=sys.stderr
        )
    units = released_units()
    released = {unit.name: exercises_in(notebook_in(unit)) for unit in units}
    if not released:
        raise ValueError("no unit is released.\nMake them: python3 -m coursekit build")
    codes: dict[str, str] = {}
    for one in units:
        codes |= codes_in(notebook_in(one)) if is_of_a_class(one) else {}
    rows = table(progress, released, codes)
    if unit:
        rows = [row for row in rows if row.unit == find_unit(unit, list(released))]
    if json:
        print(json_format.dumps([asdict(row) for row in rows], indent=1))
        return 0
    spent = {
        name: known.seconds
        for name in released
        if (known := progress.units.get(unit_number(name))) is not None
    }
    said = {name: len(progress.predictions.get(unit_number(name), {})) for name in released}
    console = Console(highlight=False)
    for line, style in exercise_lines(rows) if unit else unit_lines(rows, spent, said):
        console.print(line, style=style, markup=False, soft_wrap=True)
    if progress.cards and not unit:
        print(interview_line(len(progress.cards), len(due(progress.cards))))
    print(next_step(rows))
    return 0


def interview_line(asked: int, due_now: int) -> str:
    """Return how far interview practice is, and the command that goes on with it."""
    option = " --due" if due_now else ""
    return (
        f"Interview: {asked} question{'s' * (asked != 1)} answered, {due_now} due now: "
        f"python3 -m coursekit interview{option}"
    )


def unit_lines(
    rows: list[Row], spent: Mapping[str, float], said: Mapping[str, int]
) -> list[tuple[str, str]]:
    """Return a line a unit with its style, and their sum.

    Args:
        rows: What `table` returned.
        spent: Seconds of work, by unit.
        said: Predictions made, by unit.
    """
    names = list(dict.fromkeys(row.unit for row in rows))
    width = max(map(len, names))
    head = f"{'':{width}}  {'points':>7}  {'':{BAR}}  {'':5}  {'tries':>5}  {'time':>7}  predicted"
    lines = [(head, "bold")]
    for name in [*names, ""]:
        own = [row for row in rows if name in ("", row.unit)]
        best, points = sum(row.best for row in own), sum(row.points for row in own)
        share = best / points if points else 1.0
        tries = sum(row.attempts for row in own)
        seconds = spent.get(name, 0.0) if name else sum(spent.values())
        done = f"{f'{best:g}/{points:g}':>7}  {_bar(share)}  {100 * share:3.0f} %"
        told = said.get(name, 0) if name else sum(said.values())
        begun = bool(tries or seconds or told)
        rest = f"{tries:>5}  {_time(seconds):>7}  {told or '':>9}" if begun else ""
        style = "green" if share == 1 else "" if begun else "dim"
        lines.append((f"{name or 'all':{width}}  {done}  {rest}".rstrip(), style if name else ""))
    return lines


def exercise_lines(rows: list[Row]) -> list[tuple[str, str]]:
    """Return a line an exercise with its style."""
    width = max(len(row.exercise) for row in rows)
    lines = [(f"{'':{width}}  {'points':>7}  {'tries':>5}  {'time':>7}", "bold")]
    for row in rows:
        points = f"{row.best:g}/{row.points:g}" if row.points else "warm-up"
        full = row.points and row.best >= row.points
        line = f"{row.exercise:{width}}  {points:>7}  {row.attempts:>5}  {_time(row.seconds):>7}"
        lines.append((line, "green" if full else "" if row.attempts else "dim"))
    return lines


def _bar(share: float) -> str:
    """Return a bar that is full at 1 alone, and empty at 0 alone."""
    filled = 0 if share <= 0 else min(BAR - (share < 1), max(1, round(BAR * share)))
    return "█" * filled + "░" * (BAR - filled)


def table(
    progress: Progress,
    released: dict[str, dict[str, float]],
    codes: Mapping[str, str] = MappingProxyType({}),
) -> list[Row]:
    """Return a row for each exercise of the released units, in their order.

    Args:
        progress: What is recorded.
        released: The points of each exercise by its id, by unit.
        codes: Of the exercises that a private release changes, by their ids.
    """
    rows = []
    for unit, exercises in released.items():
        for exercise, points in exercises.items():
            done = progress.exercises.get(of_release(exercise, codes.get(exercise, "")))
            best = min(done.best, points) if done else 0.0
            tries, spent = (done.attempts, done.seconds) if done else (0, 0.0)
            rows.append(Row(unit, exercise, best, points, tries, spent))
    return rows


def next_step(rows: list[Row]) -> str:
    """Return a sentence: the first exercise that lacks points, and the command that opens it."""
    for row in rows:
        if row.best < row.points:
            command = f"python3 -m coursekit lab {row.unit}"
            return f"Next: {row.exercise} ({row.best:g} of {row.points:g} points): {command}"
    return "Next: nothing; you have all the points of the released units."


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d}"
