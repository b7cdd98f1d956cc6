"""A learner's progress: best scores, predictions, time spent, in one file that nothing destroys.

The file is ``progress.json`` in :func:`coursekit.storage.home`. Each change is made under a lock:
read, change, write to a temporary name, rename. So two notebooks may record at once and both are
kept. A damaged file is renamed, never written over. Nothing is recorded while nbgrader executes a
notebook (``NBGRADER_EXECUTION``): a grader's run is nobody's progress.
"""

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coursekit.storage import free_name, home, locked, time_stamp, write_atomically

VERSION = 1
PAUSE_SECONDS = 900.0  # a longer gap between two checks is a pause, not work
MAX_ANSWERS = 1000  # interview answers kept; the oldest go first


@dataclass(frozen=True)
class ExerciseProgress:
    """What a learner reached in one exercise."""

    score: float  # of the last check
    best: float  # the highest of all checks
    points: float  # what can be had
    attempts: int
    seconds: float  # of work on it, pauses left out
    first: str  # time of the first check, ISO 8601, UTC
    last: str


@dataclass(frozen=True)
class UnitProgress:
    """When a learner met one unit, and for how long."""

    first_seen: str  # ISO 8601, UTC
    last_seen: str
    seconds: float  # of work, pauses left out


@dataclass(frozen=True)
class Progress:
    """All that is recorded about a learner."""

    exercises: Mapping[str, ExerciseProgress] = field(default_factory=dict)
    units: Mapping[str, UnitProgress] = field(default_factory=dict)
    predictions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cards: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # interview question -> when
    answers: tuple[Mapping[str, Any], ...] = ()  # of interview practice, the oldest first
    set_aside: Path | None = None  # where a damaged file was put by this very reading


def progress_file() -> Path:
    """Return the path of the progress file; it may not exist yet."""
    return home() / "progress.json"


def unit_number(name: str) -> str:
    """Return ``01`` for the unit ``01_gradient_noise`` and the exercise ``u01_tr_cov`` alike.

    Raises:
        ValueError: If the name is neither.
    """
    found = re.match(r"u?(\d\d)(_|$)", name)
    if found is None:
        raise ValueError(f"{name!r} names no unit and no exercise; write 01_name or u01_name")
    return found.group(1)


def of_release(exercise_id: str, code: str) -> str:
    """Return under which name progress in an exercise of a private release is kept.

    Args:
        exercise_id: For instance ``u01_tr_cov``.
        code: The code of its task there; "" for the public one.
    """
    return f"{exercise_id}.{code}" if code else exercise_id


def load() -> Progress:
    """Return what is recorded; empty if nothing is.

    Raises:
        ValueError: If a newer release wrote the file.
    """
    if not progress_file().exists():
        return Progress()
    with _lock():
        return _read()


def predictions(unit: str) -> dict[str, Any]:
    """Return the learner's predictions in a unit by key; empty if there are none."""
    return dict(load().predictions.get(unit_number(unit), {}))


def record_check(
    exercise_id: str, score: float, points: float, *, seconds: float | None = None
) -> None:
    """Record the outcome of one check; the best score is kept beside the last.

    Args:
        exercise_id: For instance ``u01_tr_cov``.
        score: Between 0 and ``points``.
        points: What the exercise can earn; positive.
        seconds: Time the learner worked on it. None: since the last thing recorded in this unit,
            or 0 after a pause of more than 15 minutes. That estimate counts reading as work, and
            misses what came before the first record.

    Raises:
        ValueError: If the score or the points make no sense, or a newer release wrote the file.
        OSError: If the file cannot be written.
    """
    if not (math.isfinite(points) and points > 0 and 0 <= score <= points):
        raise ValueError(
            f"{exercise_id}: the score must lie between 0 and the points, got {score} of {points}"
        )
    if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"{exercise_id}: seconds must be finite and not negative, got {seconds}")
    number = unit_number(exercise_id)

    def change(old: Progress, now: datetime) -> Progress:
        spent = _since_last(old.units.get(number), now) if seconds is None else seconds
        before = old.exercises.get(exercise_id)
        entry = ExerciseProgress(
            score=float(score),
            best=max(float(score), before.best if before else 0.0),
            points=float(points),
            attempts=(before.attempts if before else 0) + 1,
            seconds=(before.seconds if before else 0.0) + spent,
            first=before.first if before else _text(now),
            last=_text(now),
        )
        exercises = {**old.exercises, exercise_id: entry}
        return replace(_seen(old, number, now, spent), exercises=exercises)

    _change(change)


def record_prediction(unit: str, key: str, value: Any) -> None:
    """Record what a learner predicted; a second prediction under the same key replaces the first.

    Args:
        unit: For instance ``01_gradient_noise``.
        key: Which prediction of the unit.
        value: Plain data: numbers, strings, booleans, lists, dicts with string keys.

    Raises:
        ValueError: If the value is not plain, or a newer release wrote the file.
        OSError: If the file cannot be written.
    """
    number = unit_number(unit)
    try:
        plain = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"prediction {key!r} of {unit} is no plain data: {value!r}") from error

    def change(old: Progress, now: datetime) -> Progress:
        entries = {**old.predictions.get(number, {}), key: plain}
        seen = _seen(old, number, now, _since_last(old.units.get(number), now))
        return replace(seen, predictions={**old.predictions, number: entries})

    _change(change)


def record_answer(answer: Mapping[str, Any], card: Mapping[str, Any]) -> None:
    """Record the answer to an interview question, and when that question comes back.

    Args:
        answer: Plain data with at least "question_id" and "score".
        card: The question's card after this answer; plain data with "due".

    Raises:
        ValueError: If either is not plain, or a newer release wrote the file.
        OSError: If the file cannot be written.
    """
    try:
        kept, planned = json.loads(json.dumps([dict(answer), dict(card)], allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"no plain data: {answer!r}, {card!r}") from error

    def change(old: Progress, now: datetime) -> Progress:
        answers = (*old.answers, {**kept, "time": _text(now)})[-MAX_ANSWERS:]
        return replace(old, cards={**old.cards, kept["question_id"]: planned}, answers=answers)

    _change(change)


def record_visit(unit: str) -> None:
    """Record that a unit was opened, from when the time spent in it counts."""
    number = unit_number(unit)
    _change(lambda old, now: _seen(old, number, now, 0.0))


def _change(change: Callable[[Progress, datetime], Progress]) -> None:
    if os.environ.get("NBGRADER_EXECUTION"):
        return
    with _lock():
        new = change(_read(), datetime.now(UTC))
        data = {"version": VERSION, **asdict(new)}
        del data["set_aside"]
        write_atomically(progress_file(), json.dumps(data, indent=1, allow_nan=False) + "\n")


def _lock() -> AbstractContextManager[int]:
    return locked(progress_file().with_name("progress.lock"))


def _read() -> Progress:
    """Read the file under the lock; put it aside under another name if it is damaged."""
    path = progress_file()
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Progress()
    try:
        data = json.loads(text)
        version = data["version"]
        read = _parse(data) if version <= VERSION else None
    except (ValueError, KeyError, TypeError, AttributeError):
        kept = free_name(path, f"damaged-{time_stamp()}")
        path.rename(kept)
        return Progress(set_aside=kept)
    if read is None:
        raise ValueError(
            f"{path} was written by a newer release (its version is {version}, mine {VERSION}).\n"
            "Update this clone with `git pull`; nothing was changed."
        )
    return read


def _parse(data: dict[str, Any]) -> Progress:
    """Return the file's content; raise if a field is missing, unknown or of the wrong kind."""
    exercises = {name: ExerciseProgress(**entry) for name, entry in data["exercises"].items()}
    units = {number: UnitProgress(**entry) for number, entry in data["units"].items()}
    predictions = {number: dict(keys.items()) for number, keys in data["predictions"].items()}
    cards = {name: dict(card) for name, card in data.get("cards", {}).items()}
    answers = tuple(dict(answer) for answer in data.get("answers", []))
    numbers = [unit.seconds for unit in units.values()]
    numbers += [answer["score"] for answer in answers]
    times = [time for unit in units.values() for time in (unit.first_seen, unit.last_seen)]
    times += [card["due"] for card in cards.values()]
    for entry in exercises.values():
        numbers += [entry.score, entry.best, entry.points, entry.attempts, entry.seconds]
        times += [entry.first, entry.last]
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError("a number is not finite")
    for time in times:
        if datetime.fromisoformat(time).tzinfo is None:
            raise ValueError("a time has no zone")
    return Progress(exercises, units, predictions, cards, answers)


def _seen(old: Progress, number: str, now: datetime, spent: float) -> Progress:
    before = old.units.get(number)
    first = before.first_seen if before else _text(now)
    entry = UnitProgress(first, _text(now), (before.seconds if before else 0.0) + spent)
    return replace(old, units={**old.units, number: entry})


def _since_last(unit: UnitProgress | None, now: datetime) -> float:
    if unit is None:
        return 0.0
    gap = (now - datetime.fromisoformat(unit.last_seen)).total_seconds()
    return gap if 0 <= gap <= PAUSE_SECONDS else 0.0


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
