"""Slips that nobody foresaw: the right answer to other arguments, or the right answer altered.

Many a wrong answer is the right one with n - 1 in place of n, without the last entry of a list, or
with a root forgotten. Which argument or which step it is can be found out by trying, in every
exercise alike. The bank's own mistakes say why, and go first.
"""

import copy
import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Sequence
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
from coursekit.exercises.engine.verdict import CaseResult

FEWEST = 3  # failing cases that must agree; fewer can agree by chance
MOST_SECONDS = 1.0  # of trying; the bank's references take a millisecond
MOST_ENTRIES = 4  # of a result, looked at one by one
HANDED_AS_THEY_ARE = ("call", "refusing")  # elsewhere the first argument is a model or a function
Slip = Callable[[CaseResult], Any]  # what it gives for a case
Change = Callable[[Case, Any], Any]  # of the right result for a case


def as_if(
    exercise: Exercise, results: Sequence[CaseResult], right: Callable[[Case], Any]
) -> Mistake | None:
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


def slips(exercise: Exercise, right: Callable[[Case], Any]) -> Iterator[tuple[str, str, Slip]]:
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
                lambda r, p=place, a=alteration: right(
                    _with(r.case, {p: a.change(r.case.args[p])})
                ),
            )
    for (i, one), (j, other) in combinations(places, 2):
        yield (
            f"as if {one} and {other} exchanged",
            f"Your results are the right ones for `{one}` and `{other}` exchanged. Which is it?",
            lambda r, i=i, j=j: right(_exchanged(r.case, i, j)),
        )
    for (i, one), (j, other) in permutations(places, 2):
        yield (
            f"as if {other} for {one}",
            f"Your results are the right ones for `{other}` in place of `{one}`. Which is asked?",
            lambda r, i=i, j=j: right(_with(r.case, {i: _exchanged(r.case, i, j).args[i]})),
        )
    for what, asks, change in altered_results(places):
        yield (
            f"as if {what}",
            f"Your results are {what}. {asks}",
            lambda r, change=change: change(r.case, r.expected),
        )
        for k in range(MOST_ENTRIES):
            yield (
                f"as if {what} in place {k}",
                f"Your results are right but for place {k}: there they are {what}. {asks}",
                lambda r, change=change, k=k: _in_one_place(r.case, r.expected, k, change),
            )


def altered_results(places: list[tuple[int, str]]) -> Iterator[tuple[str, str, Change]]:
    """Yield (what came, the question, the change of a case's right result)."""
    for alteration in RESULTS:
        yield alteration.what, alteration.asks, lambda _, value, a=alteration: a.change(value)
    for place, parameter in places:
        for what, size in (
            (f"`{parameter}`", number),
            (f"the length of `{parameter}`", lambda v: len(listed(v))),
            (f"the number of columns of `{parameter}`", lambda v: table(v).shape[1]),
        ):
            for scaled in SCALED:
                yield (
                    scaled.what.format(what),
                    scaled.asks,
                    lambda case, value, p=place, s=size, c=scaled.change: each(
                        functools.partial(_scaled, c, s(case.args[p]))
                    )(value),
                )


def _scaled(change: Callable[[float, float], float], size: float, value: float) -> float:
    return change(value, size)


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


def _in_one_place(case: Case, value: Any, k: int, change: Change) -> Any:
    value = listed(copy.deepcopy(value))
    if len(value) > MOST_ENTRIES or k >= len(value) or np.ndim(value[k]) != 0:
        raise DoesNotApply
    entry = value[k].item() if isinstance(value, np.ndarray) else value[k]
    value[k] = change(case, entry)
    return value
