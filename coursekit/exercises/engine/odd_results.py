"""What is odd in a wrong result: its form, or what all wrong results have in common."""

from typing import Any

import numpy as np

from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.hints import steady_ratio
from coursekit.exercises.engine.plain import as_array, shape_of
from coursekit.exercises.engine.verdict import CaseResult, Verdict
from coursekit.languages import say

TOO_LARGE = (
    "Every wrong result is too large by one and the same factor. Which line of yours could bring "
    "in such a factor?"
)
TOO_SMALL = TOO_LARGE.replace("too large", "too small")


def is_refusal(value: Any) -> bool:
    """Tell the empty list by which the adapter "refusing" says that a ValueError came."""
    return isinstance(value, list) and not value


def what_is_odd(exercise: Exercise, result: CaseResult) -> str | None:
    """Name a defect of form (no number at all, shape, nan, inf), or return None."""
    if result.outcome.kind != "value" or result.outcome.value is None:
        return None
    got, want = result.outcome.value, result.expected
    got_shape, want_shape = shape_of(got), shape_of(want)
    if want_shape is None:
        return None
    if exercise.run == "refusing" and (is_refusal(want) or is_refusal(got)):
        return None  # what came says it all
    if got_shape is None:
        return say("That is not a number or a block of numbers. What does the docstring ask for?")
    if got_shape != want_shape and not (want_shape == () and np.prod(got_shape) == 1):
        return wrong_shape(got_shape, want_shape)
    got_array, want_array = as_array(got), as_array(want)
    if got_array is None or want_array is None:
        return None
    if np.isnan(got_array).any() and not np.isnan(want_array).any():
        if exercise.nan_says:
            return exercise.nan_says
        return say(
            "There is a nan in it, and the right result has none. At which step does it arise?"
        )
    if np.isinf(got_array).any() and not np.isinf(want_array).any():
        return say("There is an infinity in it. At which step does it arise?")
    if isinstance(got, np.ndarray) and got.dtype == np.float16:
        return say("Your numbers are in half precision, three digits. Why so few?")
    return None


def wrong_shape(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    """Say which shape came and which one is asked, and no more than the two shapes prove."""
    if len(got) == len(want) == 1:
        question = say("Which are missing?" if got < want else "Which are too many?")
        came = say("1 number") if got[0] == 1 else say("{n} numbers", n=got[0])
        return f"{say('You return {got}, asked are {want}.', got=came, want=want[0])} {question}"
    asked = say("one number") if want == () else say("the shape {shape}", shape=want)
    seen = say("one number") if got == () else say("numbers of shape {shape}", shape=got)
    said = say("You return {got}, asked is {want}.", got=seen, want=asked)
    return f"{said} {say(question_of_shapes(got, want))}"


def question_of_shapes(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    """Return what to ask of two shapes that differ."""
    if [n for n in got if n != 1] == [n for n in want if n != 1]:
        return "Where does the axis of length 1 come from, or go?"
    if len(got) < len(want):
        return "Which axis should stay?"
    if len(got) > len(want):
        return "Which axis is still to be added up, averaged or chosen from?"
    if sorted(got) == sorted(want):
        return "Are two axes exchanged?"
    return "Which of them has another length than you thought?"


def what_is_off(verdict: Verdict) -> str | None:
    """Name what all wrong results have in common, without giving the factor away."""
    ratio = steady_ratio(verdict.results)
    if ratio is None:
        return None
    if abs(ratio + 1) < 1e-3:
        return say("Every wrong result has the right size and the wrong sign. Which way round?")
    if ratio < 0:
        return None
    return say(TOO_LARGE if ratio > 1 else TOO_SMALL)
