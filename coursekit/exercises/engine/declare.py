"""What an exercise is: declared once, used for the check, the hint, the mark and the tests."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from coursekit.exercises.engine.adapters import ADAPTERS
from coursekit.exercises.engine.plain import Compare, close

CLOSE_IN_FLOAT32 = close(rtol=1e-4)


@dataclass(frozen=True)
class Case:
    """One call of the answer.

    ``args`` is plain data: numbers, strings, lists, dicts and numpy arrays. The adapter named by
    the exercise turns it into what the answer takes. ``group`` names the points it counts for.
    """

    group: str
    args: tuple[Any, ...]


@dataclass(frozen=True)
class Mistake:
    """A plausible wrong answer, as a short implementation, with the hint it deserves.

    The hint names the misconception as a question. It never contains the answer.
    """

    name: str
    hint: str
    answer: Callable[..., Any]


@dataclass(frozen=True)
class Exercise:
    """One exercise of the course.

    Args:
        id: Grade id, "u01_tr_cov"; letters, digits and underscores.
        call: How the learner calls the function, "tr_cov(per_example_grads)", for messages.
        points: Points for each group of cases; a group is earned when all its cases are right,
            with the two exceptions of points.py.
        by_hand: Small public cases, the smallest first. They are shown when they fail.
        draw: rng -> fresh random cases of every group.
        reference: The right answer, in float64 inside where rounding matters.
        mistakes: Wrong answers with their hints: four or more.
        accepted: Right answers that differ in algorithm: two or more.
        lesson: One or two sentences for the learner whose answer is right.
        run: Name of the adapter that carries ``args`` to the answer (adapters.py).
        same: Compares two plain results.
        answered_by: Library modules that give the answer away; the grader's sandbox lacks them.
        graded: False for a warm-up without marks.
    """

    id: str
    call: str
    points: Mapping[str, float]
    by_hand: tuple[Case, ...]
    draw: Callable[[np.random.Generator], list[Case]]
    reference: Callable[..., Any]
    mistakes: tuple[Mistake, ...]
    accepted: tuple[Callable[..., Any], ...]
    lesson: str
    run: str = "call"
    same: Compare = CLOSE_IN_FLOAT32
    answered_by: tuple[str, ...] = ()
    graded: bool = True

    def __post_init__(self) -> None:
        """Refuse a declaration that could not work; a typing slip should fail at import."""
        if not self.id.replace("_", "").isalnum():
            raise ValueError(f"exercise id {self.id!r}: use letters, digits and underscores")
        groups = {case.group for case in self.by_hand}
        if not groups <= set(self.points):
            raise ValueError(f"{self.id}: by_hand names {groups}, points only {set(self.points)}")
        if not self.points or not all(0 < p < math.inf for p in self.points.values()):
            raise ValueError(f"{self.id}: each group needs points above 0, got {self.points}")
        if self.run not in ADAPTERS:
            raise ValueError(f"{self.id}: no adapter {self.run!r}, there are {list(ADAPTERS)}")

    @property
    def max_score(self) -> float:
        """Sum of the points of all groups."""
        return float(sum(self.points.values()))
