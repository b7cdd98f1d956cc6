"""Slips that nobody foresaw: the right answer to other arguments, or the right answer altered.

Many a wrong answer is the right one with n - 1 in place of n, without the last entry of a list, or
with a root forgotten. Which argument or which step it is can be found out by trying, in every
exercise alike. The bank's own mistakes say why, and go first.
"""

import copy
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations, permutations
from typing import Any

import numpy as np

from coursekit.exercises.engine.alterations import (
    LISTS,
    RESULTS,
    SCALARS,
    SCALED,
    DoesNotApply,
    each,
    listed,
    number,
    table,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.points import signature
from coursekit.exercises.engine.verdict import CaseResult

FEWEST = 3  # failing cases that must agree; fewer can agree by chance
MOST_SECONDS = 1.0  # of trying; the bank's references take a millisecond
MOST_ENTRIES = 4  # of a result, looked at one by one
HANDED_AS_THEY_ARE = ("call", "refusing")  # elsewhere the first argument is a model or a function
Right = Callable[[Case], Any]  # what the reference gives for a case
Slip = Callable[[CaseResult], Any]  # what it gives for a case
Change = Callable[[Case, Any], Any]  # of the right result for a case


def as_if(exercise: Exercise, results: Sequence[CaseResult], right: Right) -> Mistake | None:
    """Return the first slip that gives what the answer gave in every case, or None.

    It has to agree in all cases, the right ones included, and in three failing ones at least.

    Args:
        exercise: The declaration.
        results: What the answer gave, case by case.
        right: What the reference gives for a case.
    """
    failing = [r for r in results if not r.passed]
    if len(failing) < FEWEST or any(r.only_changed for r in results):
        return None
    if len({signature(r.outcome.value, r.outcome.kind) for r in failing}) < 2:
        return None  # the same each time, such as 0: that agrees with many a slip
    if not any(r.outcome.kind == "value" for r in failing):
        return None  # what stops each time is told by its error
    ordered = [*failing, *(r for r in results if r.passed)]  # most slips fall at the first
    began = time.process_time()
    for name, hint, gives in slips(exercise, right):
        if time.process_time() - began > MOST_SECONDS:
            return None
        if all(agrees(exercise, gives, result) for result in ordered):
            return Mistake(name, hint, answer=_no_function)
    return None


def _no_function(*args: Any) -> Any:
    raise NotImplementedError("a slip found by trying has no function of its own")


def agrees(exercise: Exercise, gives: Slip, result: CaseResult) -> bool:
    """Tell whether a slip gives what the answer gave for a case."""
    if result.outcome.kind not in ("value", "raised"):
        return False
    try:
        theirs = gives(result)
    except DoesNotApply:
        return result.passed  # a number where there are lists elsewhere: nothing to alter
    except Exception:
        return result.outcome.kind == "raised"
    return result.outcome.kind == "value" and exercise.same(result.outcome.value, theirs)


def slips(exercise: Exercise, right: Right) -> Iterator[tuple[str, str, Slip]]:
    """Yield (name, hint, what it gives for a case)."""
    first = 0 if exercise.run in HANDED_AS_THEY_ARE else 1
    places = list(enumerate(exercise.parameters))[first:]
    for place, parameter in places:
        for alteration in (*SCALARS, *LISTS):
            what = alteration.what.format(f"`{parameter}`")
            yield (
                f"as if {what}",
                f"Your results are the right ones for {what} in place of `{parameter}`. "
                f"{alteration.asks}",
                partial(_with_altered, right, place, alteration.change),
            )
    for (i, one), (j, other) in combinations(places, 2):
        yield (
            f"as if {one} and {other} exchanged",
            f"Your results are the right ones for `{one}` and `{other}` exchanged. Which is it?",
            partial(_with_exchanged, right, i, j),
        )
    for (i, one), (j, other) in permutations(places, 2):
        yield (
            f"as if {other} for {one}",
            f"Your results are the right ones for `{other}` in place of `{one}`. Which is asked?",
            partial(_with_another, right, i, j),
        )
    for what, asks, change in altered_results(places):
        yield f"as if {what}", f"Your results are {what}. {asks}", partial(_altered, change)
        for k in range(MOST_ENTRIES):
            yield (
                f"as if {what} in place {k}",
                f"Your results are right but for place {k}: there they are {what}. {asks}",
                partial(_altered_in_one_place, change, k),
            )


def altered_results(places: list[tuple[int, str]]) -> Iterator[tuple[str, str, Change]]:
    """Yield (what came, the question, the change of a case's right result)."""
    for alteration in RESULTS:
        yield alteration.what, alteration.asks, partial(_whatever_the_case, alteration.change)
    for place, parameter in places:
        for what, size in (
            (f"`{parameter}`", number),
            (f"the length of `{parameter}`", _length),
            (f"the number of columns of `{parameter}`", _columns),
        ):
            for scaled in SCALED:
                change = partial(_by_a_size, scaled.change, size, place)
                yield scaled.what.format(what), scaled.asks, change


def _with_altered(right: Right, i: int, change: Callable[[Any], Any], result: CaseResult) -> Any:
    return right(_with(result.case, {i: change(result.case.args[i])}))


def _with_exchanged(right: Right, i: int, j: int, result: CaseResult) -> Any:
    return right(_exchanged(result.case, i, j))


def _with_another(right: Right, i: int, j: int, result: CaseResult) -> Any:
    return right(_with(result.case, {i: _exchanged(result.case, i, j).args[i]}))


def _altered(change: Change, result: CaseResult) -> Any:
    return change(result.case, result.expected)


def _altered_in_one_place(change: Change, k: int, result: CaseResult) -> Any:
    value = listed(copy.deepcopy(result.expected))
    if len(value) > MOST_ENTRIES or k >= len(value) or np.ndim(value[k]) != 0:
        raise DoesNotApply
    entry = value[k].item() if isinstance(value, np.ndarray) else value[k]
    value[k] = change(result.case, entry)
    return value


def _whatever_the_case(change: Callable[[Any], Any], case: Case, value: Any) -> Any:
    return change(value)


def _by_a_size(
    change: Callable[[float, float], float],
    size: Callable[[Any], float],
    place: int,
    case: Case,
    value: Any,
) -> Any:
    n = size(case.args[place])
    return each(lambda x: change(x, n))(value)


def _length(value: Any) -> float:
    return len(listed(value))


def _columns(value: Any) -> float:
    return table(value).shape[1]


def _with(case: Case, changed: dict[int, Any]) -> Case:
    args = [changed.get(i, arg) for i, arg in enumerate(case.args)]
    return dataclasses.replace(case, args=tuple(copy.deepcopy(args)))


def _exchanged(case: Case, i: int, j: int) -> Case:
    kinds = [
        "number" if isinstance(a, int | float) else type(a) for a in (case.args[i], case.args[j])
    ]
    if kinds[0] != kinds[1] or np.shape(case.args[i]) != np.shape(case.args[j]):
        raise DoesNotApply
    return _with(case, {i: case.args[j], j: case.args[i]})
