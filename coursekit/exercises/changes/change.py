"""Changes of an exercise's specification, for private releases.

A change says in one sentence what the learner shall return instead (another divisor, sign, unit,
axis, a sum in place of a mean), and the same as expressions. From those follow together: the text,
the reference, the mistakes, the accepted answers, the random cases, and the instructor's solution.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.hints import declared_result
from coursekit.exercises.engine.judge import judge
from coursekit.exercises.engine.plain import as_array, as_number, plain

NAMES = {"math": math, "torch": torch, "np": np}
SEEDS = (11, 12, 13)  # on which a change is tried before it is used
LEAST_MISTAKES = 3


@dataclass(frozen=True)
class Given:
    """How one parameter comes in this release.

    Args:
        make: Expression for it over the public parameters, plain data: "np.transpose(grads)".
        back: Expression for the public value over the parameters as they come now: "grads.T".
    """

    make: str
    back: str


@dataclass(frozen=True)
class Change:
    """One way in which a release differs from the public exercise.

    Args:
        name: Names it in a release's file; unique for an exercise.
        spec: One or two sentences for the learner.
        result: Expression over `value`, the public answer, and the parameters as they come now.
        given: Parameters that come in another way.
        rewrites: (old, new) texts of the public wording that would contradict `spec`.
        drop: Names of mistakes whose hint does not fit any more.
        solution: The instructor's answer in this release, lines of a function's body; "" where it
            follows from the public one.
        set_up: A line that the release runs below the prelude, "RELEASE = 7"; "" for none.
    """

    name: str
    spec: str
    result: str = "value"
    given: Mapping[str, Given] = field(default_factory=dict)
    rewrites: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()
    solution: str = ""
    set_up: str = ""


def changed_function(
    function: Callable[..., Any], exercise: Exercise, change: Change
) -> Callable[..., Any]:
    """Return what a function for the public exercise becomes under a change."""
    names = exercise.parameters
    back = {name: compile(given.back, name, "eval") for name, given in change.given.items()}
    result = compile(change.result, "result", "eval")

    def answer(*args: Any) -> Any:
        now = {**NAMES, **dict(zip(names, args, strict=True))}
        public = [eval(back[name], now) if name in back else now[name] for name in names]
        value = function(*public)
        if isinstance(value, list | tuple) and as_array(plain(value)) is not None:
            value = np.asarray(plain(value))
        now["value"] = value
        return eval(result, now)

    return answer


def changed_cases(exercise: Exercise, change: Change, cases: list[Case]) -> list[Case]:
    """Return cases with their arguments as they come in this release."""
    make = {name: compile(given.make, name, "eval") for name, given in change.given.items()}
    changed = []
    for case in cases:
        public = dict(zip(exercise.parameters, case.args, strict=True))
        args = [
            plain(eval(make[name], {**NAMES, **public})) if name in make else value
            for name, value in public.items()
        ]
        changed.append(Case(case.group, tuple(args), case.keeps))
    return changed


def changed_exercise(exercise: Exercise, change: Change) -> Exercise:
    """Return the exercise of a release: everything changed together.

    The public answer becomes a mistake with a hint of its own. Mistakes that are right here, or
    look like another one, are left out.
    """
    public = Mistake(
        "the public exercise",
        "This is what the public course asks for. What does the text of this release say at "
        '"In this release"?',
        exercise.reference,
    )

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        return changed_function(function, exercise, change)

    mistakes = tuple(
        dataclasses.replace(mistake, answer=wrap(mistake.answer))
        for mistake in exercise.mistakes
        if mistake.name not in change.drop
    )
    whole = dataclasses.replace(
        exercise,
        by_hand=tuple(changed_cases(exercise, change, list(exercise.by_hand))),
        draw=lambda rng: changed_cases(exercise, change, exercise.draw(rng)),
        reference=wrap(exercise.reference),
        accepted=tuple(wrap(answer) for answer in exercise.accepted),
        mistakes=(public, *mistakes),
    )
    kept = tuple(mistake for mistake in whole.mistakes if _is_told_apart(whole, mistake))
    return dataclasses.replace(whole, mistakes=kept)


def _is_told_apart(exercise: Exercise, mistake: Mistake) -> bool:
    """Say whether a mistake loses marks and gets its own hint at every seed that is tried."""
    for seed in SEEDS:
        verdict = judge(exercise, mistake.answer, seed=seed)
        if verdict.status == "passed" or verdict.mistake is not mistake:
            return False
    return True


def is_usable(exercise: Exercise, change: Change) -> bool:
    """Say whether a change makes a sound exercise that the public answer does not solve.

    The changed reference and every accepted answer earn all points, the public reference at most a
    third of them, and three mistakes at least are still told apart.
    """
    try:
        changed = changed_exercise(exercise, change)
        for seed in SEEDS:
            for answer in (changed.reference, *changed.accepted):
                if judge(changed, answer, seed=seed).status != "passed":
                    return False
            if judge(changed, exercise.reference, seed=seed).score > exercise.max_score / 3:
                return False
    except Exception:  # an expression that does not fit this exercise's data
        return False
    return len(changed.mistakes) > LEAST_MISTAKES


def result_kind(exercise: Exercise) -> str:
    """Return what the answer of an exercise is: "number", "row", "table" or "other"."""
    value = declared_result(exercise, exercise.reference, exercise.by_hand[-1])
    if isinstance(value, bool):
        return "other"
    if as_number(value) is not None and not isinstance(value, list | np.ndarray):
        return "number"
    array = as_array(value)
    return {1: "row", 2: "table"}.get(array.ndim, "other") if array is not None else "other"
