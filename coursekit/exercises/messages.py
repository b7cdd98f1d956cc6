"""The words a learner reads: what was seen, what it suggests, what to try."""

import inspect
from typing import Any

import numpy as np

from coursekit.exercises.declare import Exercise
from coursekit.exercises.plain import as_array, describe, shape_of
from coursekit.exercises.verdict import CaseResult, Verdict

NO_MATCH = (
    "This is none of the misconceptions we know. Work the input above out on paper, "
    "then print your intermediate values and see where they part."
)


def points(score: float, most: float) -> str:
    """Return "2 of 3 points"."""
    return f"{score:g} of {most:g} point{'' if most == 1 else 's'}"


def input_lines(exercise: Exercise, result: CaseResult) -> list[str]:
    """Write the arguments of a case, one a line, under the names of the exercise's call."""
    names = list(inspect.signature(exercise.reference).parameters)
    return [
        f"      {name} = {describe(value)}"
        for name, value in zip(names, result.case.args, strict=False)
    ]


def what_came(result: CaseResult) -> str:
    """Say in a sentence what the answer did with the failing input."""
    outcome = result.outcome
    if outcome.kind == "raised":
        return f"  Your function stopped with {outcome.detail}."
    if outcome.kind == "timeout":
        return f"  Your function ran for over {outcome.detail} and was stopped. Does a loop end?"
    if outcome.kind == "not_plain":
        return f"  Your function returned {outcome.detail}. Return a number or a tensor."
    if outcome.value is None:
        return "  Your function returned None. Does it end with a `return`?"
    return f"  Your function returned {describe(outcome.value)}."


def what_is_odd(result: CaseResult) -> str | None:
    """Name a defect of form (shape, NaN, no number at all), or return None."""
    if result.outcome.kind != "value" or result.outcome.value is None:
        return None
    got, want = result.outcome.value, result.expected
    got_shape, want_shape = shape_of(got), shape_of(want)
    if got_shape is None:
        return "That is not a number or a block of numbers. What does the docstring ask for?"
    if got_shape != want_shape and not (want_shape == () and np.prod(got_shape) == 1):
        named = "one number" if want_shape == () else f"the shape {want_shape}"
        return f"Its shape is {got_shape}; the docstring asks for {named}. Over which axis?"
    got_array, want_array = as_array(got), as_array(want)
    if got_array is None or want_array is None:
        return None
    if np.isnan(got_array).any() and not np.isnan(want_array).any():
        return "There is a nan in it. Which step divides zero by zero, or takes a root below zero?"
    return None


def explain(exercise: Exercise, verdict: Verdict) -> str:
    """Return the whole message for the learner; the expected value is not in it."""
    marks = points(verdict.score, verdict.points) if exercise.graded else "no marks here"
    if verdict.status == "passed":
        return f"[right] {exercise.call}: {marks}.\n  {exercise.lesson}"
    if verdict.status == "unfinished":
        return (
            f"[not done yet] {exercise.call}: {marks}.\n  Replace the line with "
            "`raise NotImplementedError` by your answer, run that cell, then this one."
        )
    failure = verdict.first_failure
    assert failure is not None
    if failure.outcome.kind == "not_callable":
        return (
            f"[not yet] {exercise.call}: {marks}.\n  check(...) got a {failure.outcome.detail}, "
            "not a function. Give it the function's name, without brackets after it."
        )
    failing = {r.case.group for r in verdict.results if not r.passed}
    lines = [f"[not yet] {exercise.call}: {marks}."]
    if len(exercise.points) > 1:
        lines[0] += " " + ", ".join(
            f"{group}: {'not yet' if group in failing else 'right'}" for group in exercise.points
        )
    lines += ["  The smallest input that fails:", *input_lines(exercise, failure)]
    lines.append(what_came(failure))
    if failure.outcome.printed.strip():
        lines.append(f"  It printed: {failure.outcome.printed.strip()[:300]}")
    odd = what_is_odd(failure)
    if verdict.mistake is not None:
        lines.append(f"  Think: {verdict.mistake.hint}")
    elif odd is not None:
        lines.append(f"  {odd}")
    elif failure.outcome.kind == "value" and failure.outcome.value is not None:
        lines.append(f"  {NO_MATCH}")
    return "\n".join(lines)


def reveal(result: CaseResult) -> str:
    """Return the line with the expected value, shown after the third try."""
    value: Any = result.expected
    return f"  After three tries: the right value for this input is {describe(value)}."
