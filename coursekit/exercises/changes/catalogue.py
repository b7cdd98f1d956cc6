"""The changes of every exercise, read from tasks/unit_NN.toml, and the choice among them.

A file has one table for each change, `[[u01_tr_cov]]`, with the fields of `Change`. Texts are
written between ''' so that a backslash stays one.
"""

import dataclasses
import functools
import random
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from coursekit.exercises.changes.change import Change, Slip
from coursekit.exercises.changes.mystery_sets import DIAGNOSIS, mystery_sets

TASKS = Path(__file__).parent / "tasks"
FIELDS = {field.name: field for field in dataclasses.fields(Change)}
NEEDED = {
    name
    for name, field in FIELDS.items()
    if field.default is dataclasses.MISSING and name != "exercise_id"
}


def read_changes(path: Path) -> dict[str, tuple[Change, ...]]:
    """Read a unit's changes: exercise id -> its changes.

    Raises:
        ValueError: Naming the file, the exercise and the field, for one that is missing, unknown
            or of the wrong kind, and for a name that comes twice.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {error}") from None
    found = {}
    for exercise_id, listed in tables.items():
        changes = tuple(_change(f"{path.name}: {exercise_id}", exercise_id, one) for one in listed)
        names = [change.name for change in changes]
        if len(set(names)) < len(names):
            raise ValueError(f"{path.name}: {exercise_id}: a name comes twice: {names}")
        found[exercise_id] = changes
    return found


def _change(place: str, exercise_id: str, table: dict[str, Any]) -> Change:
    place = f"{place}, {table.get('name', '?')!r}"
    if NEEDED - set(table):
        raise ValueError(f"{place}: {', '.join(sorted(NEEDED - set(table)))} is missing")
    if set(table) - set(FIELDS):
        raise ValueError(f"{place}: {', '.join(sorted(set(table) - set(FIELDS)))} is not known")
    made: dict[str, Any] = {"exercise_id": exercise_id}
    for name, value in table.items():
        if name in ("slips", "texts"):
            size = 3 if name == "slips" else 2
            if not all(len(one) == size and all(isinstance(t, str) for t in one) for one in value):
                raise ValueError(f"{place}: each of {name} has {size} texts")
            made[name] = tuple(Slip(*one) if name == "slips" else tuple(one) for one in value)
        elif name in ("hints", "groups"):
            made[name] = tuple(value)
        elif isinstance(value, str):
            made[name] = value.strip("\n")
        else:
            raise ValueError(f"{place}: {name} is text, got {value!r}")
    return Change(**made)


@functools.cache
def _of_unit(prefix: str) -> dict[str, tuple[Change, ...]]:
    path = TASKS / f"unit_{prefix[1:]}.toml"
    found = read_changes(path) if path.is_file() else {}
    return {**found, DIAGNOSIS: mystery_sets()} if prefix == DIAGNOSIS[:3] else found


def changes_of(exercise_id: str) -> dict[str, Change]:
    """Return every change of an exercise by its name."""
    return {change.name: change for change in _of_unit(exercise_id[:3]).get(exercise_id, ())}


def change_with_code(exercise_id: str, code: str) -> Change:
    """Return the change that a student's notebook names by its code.

    Raises:
        ValueError: If there is none in this version of the package.
    """
    for change in changes_of(exercise_id).values():
        if change.code == code:
            return change
    raise ValueError(
        f"this release asks for a task of {exercise_id} that this version of the package does not "
        f"have ({code}): tell your instructor, and give them the output of "
        "`python3 -m coursekit doctor`"
    )


def choose_change(exercise_id: str, seed: int, without: Collection[str] = ()) -> Change | None:
    """Choose a change for an exercise; None if there is none.

    Args:
        exercise_id: The exercise.
        seed: Chooses; the same seed gives the same change.
        without: Names of changes that are left out, or "ID: NAME" for one exercise alone. The
            order that the seed gives the others stays as it was.
    """
    changes = list(changes_of(exercise_id).values())
    random.Random(f"{seed} {exercise_id}").shuffle(changes)
    left = (
        change
        for change in changes
        if change.name not in without and f"{exercise_id}: {change.name}" not in without
    )
    return next(left, None)
