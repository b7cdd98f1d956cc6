"""``coursekit progress``: units x exercises, with points, time and the next step."""

import sys
from dataclasses import dataclass

from coursekit.classroom.learner.copies import exercises_in, notebook_in, released_units
from coursekit.progress import Progress, load, unit_number


@dataclass(frozen=True)
class Row:
    """One exercise of a unit and what the learner reached in it."""

    unit: str
    exercise: str
    best: float
    points: float
    attempts: int
    seconds: float


def run() -> int:
    """Print a row for each exercise, a sum for each unit, and the next step."""
    progress = load()
    if progress.set_aside is not None:
        print(
            f"Your progress file was damaged; it is kept as {progress.set_aside}.", file=sys.stderr
        )
    released = {unit.name: exercises_in(notebook_in(unit)) for unit in released_units()}
    if not released:
        raise ValueError("no unit is released.\nMake them: python3 -m coursekit build")
    rows = table(progress, released)
    width = max([len(row.exercise) + 2 for row in rows] + [len(name) for name in released])
    print(f"{'':{width}}  {'points':>9}  {'tries':>5}  {'time':>7}")
    for name in released:
        own = [row for row in rows if row.unit == name]
        spent = progress.units.get(unit_number(name))
        sums = f"{sum(r.best for r in own):g}/{sum(r.points for r in own):g}"
        tries = sum(r.attempts for r in own)
        print(f"{name:{width}}  {sums:>9}  {tries:>5}  {_time(spent.seconds if spent else 0):>7}")
        for row in own:
            points = f"{row.best:g}/{row.points:g}" if row.points else "warm-up"
            label = f"  {row.exercise}"
            print(f"{label:{width}}  {points:>9}  {row.attempts:>5}  {_time(row.seconds):>7}")
    print(next_step(rows))
    return 0


def table(progress: Progress, released: dict[str, dict[str, float]]) -> list[Row]:
    """Return a row for each exercise of the released units, in their order.

    Args:
        progress: What is recorded.
        released: The points of each exercise by its id, by unit.
    """
    rows = []
    for unit, exercises in released.items():
        for exercise, points in exercises.items():
            done = progress.exercises.get(exercise)
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
