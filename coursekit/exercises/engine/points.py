"""How many points is an answer worth? One rule, for the learner's check and for the grader."""

import pickle
from collections.abc import Collection, Sequence

from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.plain import as_array
from coursekit.exercises.engine.verdict import CaseResult

HALF_ANSWER = 0.5  # what points count where at most half of all are earned


def earned(exercise: Exercise, right: Collection[str], results: Sequence[CaseResult]) -> float:
    """Return the points of an answer: those of the groups that are right, with two exceptions.

    An answer that gives the same for every input earns nothing where the right results differ:
    `return 0` has not answered the one input whose result is 0. And half an answer counts half:
    whoever is right only where the difficulty does not arise ("divide by K", where all pieces are
    equally long) has most of the work left.

    Args:
        exercise: What was asked.
        right: Groups of which every case is right.
        results: All cases that were asked.
    """
    points = float(sum(exercise.points[group] for group in right))
    if set(right) == set(exercise.points):
        return points
    if never_changes(results):
        return 0.0
    return points * HALF_ANSWER if is_half(exercise, points) else points


def is_half(exercise: Exercise, points: float) -> bool:
    """Say whether these are at most half of all points."""
    return points <= exercise.max_score / 2


def never_changes(results: Sequence[CaseResult]) -> bool:
    """Say whether an answer gives one and the same for all cases, though the right results differ.

    Zeros are the same in every shape.
    """
    given = {signature(result.outcome.value, result.outcome.kind) for result in results}
    wanted = {signature(result.expected, "value") for result in results}
    return len(given) == 1 and len(wanted) > 1


def signature(value: object, kind: str) -> object:
    """Return something equal for equal results: the one number that fills an array, or its text."""
    if kind != "value":
        return kind
    array = as_array(value)
    if array is not None and array.size and (array == array.flat[0]).all():
        return float(array.flat[0])
    if array is not None:
        return array.shape, array.tobytes()
    return pickle.dumps(value)  # a whole number of thousands of digits has no repr
