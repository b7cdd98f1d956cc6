"""Changes that fit any exercise whose arguments and answer have a certain shape."""

import random

import numpy as np

from coursekit.exercises.changes.change import Change, Given, is_usable, result_kind
from coursekit.exercises.changes.declared import DECLARED
from coursekit.exercises.engine.declare import Exercise

RETURNING = ("call", "refusing", "loss", "product", "tabled_runs")  # their answer's return counts
OF_A_NUMBER = (
    Change(
        "thousandths",
        "Return the result in thousandths of the unit above: 1000 for what would be 1.",
        "1000 * value",
    ),
    Change(
        "opposite sign",
        "Return the result with the opposite sign: minus what the text above asks for.",
        "-value",
    ),
    Change("inverse", "Return one divided by what the text above asks for.", "1 / value"),
    Change("square", "Return the square of what the text above asks for.", "value**2"),
)
OF_A_ROW = (
    Change(
        "opposite signs",
        "Return every number with the opposite sign: minus what the text above asks for.",
        "[-one for one in value]",
    ),
    Change(
        "thousandths of each",
        "Return every number in thousandths of the unit above: 1000 for what would be 1.",
        "[1000 * one for one in value]",
    ),
    Change(
        "from last to first",
        "Return the numbers in reverse order, the last one first.",
        "[*value][::-1]",
    ),
)
ONLY_A_ROW = (
    Change(
        "sum of them",
        "Return one number: the sum of those that the text above asks for.",
        "sum(one for one in value)",
    ),
    Change(
        "mean of them",
        "Return one number: the mean of those that the text above asks for.",
        "sum(one for one in value) / len(value)",
    ),
)


def general_changes(exercise: Exercise) -> list[Change]:
    """Return the changes that the shapes of an exercise's arguments and answer allow."""
    if exercise.run not in RETURNING:
        return []
    kind = result_kind(exercise)
    changes = list(OF_A_NUMBER if kind == "number" else ())
    changes += OF_A_ROW if kind in ("row", "table") else ()
    changes += ONLY_A_ROW if kind == "row" else ()
    names, first = exercise.parameters, exercise.by_hand[0].args
    if len(names) != len(first) or exercise.run != "call":
        return changes  # an adapter turns the arguments into others
    tables = [
        name
        for name, value in zip(names, first, strict=True)
        if isinstance(value, np.ndarray) and value.ndim == 2
    ]
    for name in tables:
        changes.append(
            Change(
                f"{name} transposed",
                f"`{name}` comes with its two axes exchanged: what the text above calls a row is a "
                "column here.",
                given={name: Given(f"np.ascontiguousarray({name}.T)", f"{name}.T")},
            )
        )
    return changes


def changes_of(exercise: Exercise) -> dict[str, Change]:
    """Return every change of an exercise by name, those declared for it first."""
    found = {change.name: change for change in DECLARED.get(exercise.id, ())}
    for change in general_changes(exercise):
        found.setdefault(change.name, change)
    return found


def choose_change(exercise: Exercise, seed: int) -> Change | None:
    """Choose a change for an exercise, one declared for it if any will do; None if none will."""
    rng = random.Random(f"{seed} {exercise.id}")
    declared = list(DECLARED.get(exercise.id, ()))
    general = general_changes(exercise)
    rng.shuffle(declared)
    rng.shuffle(general)
    return next((change for change in [*declared, *general] if is_usable(exercise, change)), None)
