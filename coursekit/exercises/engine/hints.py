"""Find the misconception behind a wrong answer."""

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from coursekit.exercises.engine.adapters import ONCE
from coursekit.exercises.engine.as_if import as_if
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import as_array
from coursekit.exercises.engine.verdict import CaseResult


def find_mistake(exercise: Exercise, results: Sequence[CaseResult]) -> Mistake | None:
    """Return the mistake whose output the answer shows, if one explains the first failing case.

    Where no declared one does, a slip found by trying may (`as_if`).

    A mistake matches where the answer equals its output on every case of that group in which the
    mistake differs from the reference. Other groups may be right, or show another mistake: the
    learner reads about one thing at a time. Of several, the one that foretells most of all the
    results wins, right ones included; the declared order breaks ties.
    """
    first = next(i for i, r in enumerate(results) if not r.passed)
    group = [i for i, r in enumerate(results) if r.case.group == results[first].case.group]
    told: dict[tuple[str, int], bool | None] = {}  # each mistake is asked about a case once

    def tells(mistake: Mistake, i: int) -> bool | None:
        if (mistake.name, i) not in told:
            told[mistake.name, i] = foretells(exercise, mistake, results[i])
        return told[mistake.name, i]

    def agreeing(mistake: Mistake) -> int:
        return [tells(mistake, i) for i in range(len(results))].count(True)

    fitting = [
        mistake
        for mistake in exercise.mistakes
        if tells(mistake, first) and not any(tells(mistake, i) is False for i in group)
    ]
    if not fitting:
        return as_if(exercise, results, functools.partial(_reference, exercise))
    return max(fitting, key=agreeing)  # the first of equals


def _reference(exercise: Exercise, case: Case) -> Any:
    return declared_result(exercise, exercise.reference, case)


def foretells(exercise: Exercise, mistake: Mistake, result: CaseResult) -> bool | None:
    """Tell whether the mistake gives what the answer gave; None where it would do no harm."""
    outcome = result.outcome
    try:
        theirs = declared_result(exercise, mistake.answer, result.case)
    except Exception as error:  # a mistake that stops here explains the same stop, and no result
        return outcome.kind == "raised" and outcome.detail.startswith(type(error).__name__)
    if exercise.same(theirs, result.expected):
        return True if result.passed else None
    if outcome.kind == "raised":  # a mistake that stops a learner's code is declared as nan or inf
        array = as_array(theirs)
        return array is not None and not bool(np.isfinite(array).all())
    return outcome.kind == "value" and exercise.same(outcome.value, theirs)


def declared_result(exercise: Exercise, function: Callable[..., Any], case: Case) -> Any:
    """Return what one of the declaration's own functions gives for a case.

    Their warnings (a variance of one number, a root below zero) are nothing to the learner, and
    on stderr nbgrader would take them for a failure.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return ONCE[exercise.run](function, *case.args)


def steady_ratio(results: Sequence[CaseResult]) -> float | None:
    """Return the factor by which every wrong result is off, if it is the same each time.

    None where fewer than three different results can tell, where they disagree, and where the
    factor is 0 or 1 but for a few digits: results that are zero, or slightly off, have no factor.
    """
    ratios: list[float] = []
    wanted: set[float] = set()
    for result in results:
        got, want = as_array(result.outcome.value), as_array(result.expected)
        if result.passed or result.only_changed:
            continue
        if got is None or want is None or got.shape != want.shape or not np.all(want):
            return None
        with np.errstate(all="ignore"):
            ratios.extend(np.ravel(got / want))
        wanted.update(np.ravel(want))
    if len(wanted) < 3 or not np.allclose(ratios, ratios[0], rtol=1e-3, atol=0.0):
        return None
    ratio = float(ratios[0])
    return ratio if abs(ratio) > 1e-3 and abs(ratio - 1) > 1e-3 else None
