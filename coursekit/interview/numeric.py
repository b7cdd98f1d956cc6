"""Numeric questions: parameters drawn afresh, judged with unit and tolerance, mistakes named."""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from coursekit.interview.quantity import in_unit

Params = Mapping[str, float]
REL_TOL = 0.02  # what mental arithmetic may lose


@dataclass(frozen=True)
class Slip:
    """A wrong way to compute it, with the question it deserves."""

    name: str
    hint: str
    value: Callable[[Params], float]


@dataclass(frozen=True)
class NumericTask:
    """A question with a number as its answer."""

    draw: Callable[[random.Random], dict[str, float]]
    value: Callable[[Params], float]
    unit: str  # "" for a pure number
    working: str  # how to get there; {names} stand for parameters
    slips: tuple[Slip, ...]
    rel_tol: float = REL_TOL


@dataclass(frozen=True)
class NumericVerdict:
    """What became of one numeric answer."""

    right: bool
    number: float  # as understood, in the task's unit; nan where it was not
    expected: float
    slips: tuple[Slip, ...]  # the mistakes that give this number
    message: str


def judge_number(task: NumericTask, params: Params, text: str) -> NumericVerdict:
    """Compare a written number with the right one, and with what each slip would give."""
    expected = task.value(params)
    try:
        number = in_unit(text, task.unit)
    except ValueError as error:
        return NumericVerdict(False, math.nan, expected, (), str(error))
    if math.isclose(number, expected, rel_tol=task.rel_tol):
        return NumericVerdict(True, number, expected, (), "right")
    slips = tuple(
        slip
        for slip in task.slips
        if math.isclose(number, slip.value(params), rel_tol=task.rel_tol)
    )
    message = " Or: ".join(slip.hint for slip in slips) or "not the number that follows"
    return NumericVerdict(False, number, expected, slips, message)


def write_number(value: float, unit: str = "") -> str:
    """Write a number for people: four digits, its unit after it."""
    text = f"{value:,.4g}" if 1e-3 <= abs(value) < 1e6 or value == 0 else f"{value:.3e}"
    if float(value).is_integer() and abs(value) < 1e9:
        text = f"{value:,.0f}"
    return f"{text} {unit}".strip()


def filled(text: str, params: Params) -> str:
    """Put parameters into the {names} of a prompt."""
    for name, value in params.items():
        text = text.replace("{" + name + "}", write_number(value))
    return text
