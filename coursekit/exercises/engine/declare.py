"""What an exercise is: declared once, used for the check, the hint, the mark and the tests."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from coursekit.exercises.engine.adapters import ONCE
from coursekit.exercises.engine.plain import Compare, close

CLOSE_IN_FLOAT32 = close(rtol=1e-4)

PROMISES = {  # what a task or a docstring can say, and what the case that keeps it looks like
    "by hand": "an input that a person works out on paper, nothing special in it",
    "boundary": '"at or below", "at least", "exactly": a value that stands on the limit itself',
    "nan": "an input without an answer, for which nan (or what is agreed) is right",
    "refused": "an input that has to be refused with a ValueError",
    "range": "either end of a parameter's range: 0, 1, the whole data set",
    "smallest": "the smallest size: one row, one batch, one step, one seed",
    "uneven": "sizes or distances that differ from one another",
    "order": "values out of order, repeated, or equal: which one counts",
    "average": "an average over all, where the luckiest, the median or the first differs",
    "sign": "a value or a result that is negative or exactly zero",
    "missing": "entries that are missing, diverged or to be left out",
}


@dataclass(frozen=True)
class Case:
    """One call of the answer.

    ``args`` is plain data: numbers, strings, lists, dicts and numpy arrays. The adapter named by
    the exercise turns it into what the answer takes. ``group`` names the points it counts for.
    ``keeps`` says which promises of the exercise's text a by-hand case tries (see PROMISES): that
    is what it is there for, so that nobody takes it away. ``quotes`` is the sentence of the task or
    docstring that it is there for, word by word: who fails here first, with a slip that has no
    name, reads it.
    """

    group: str
    args: tuple[Any, ...]
    keeps: tuple[str, ...] = ()
    quotes: str = ""


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
        promises: What the task and the docstring promise, by the names in PROMISES. Each needs a
            by-hand case with it in `keeps`; `tests/exercises/test_promises.py` demands that, and
            that words such as "at least" or "nan" in the docstring are promised here.
        may_change: Arguments that the answer may change: a name of `call` ("optimizer"), or one
            aspect of it ("model.grad"; the others are "values", "mode" and "requires_grad").
            Anything else that it changes is told, and the case fails.
        nan_says: Where nan is an answer ("the run never gets there"): what a learner reads who
            returns it for an input that has a number, "You say that the run never gets there. It
            does: when?"
        no_match: Asked where no mistake explains an answer, in place of the general question;
            for answers that have no steps to print.
        revealed: False where the right result is never told after some tries: it is the whole
            answer, not one input's.
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
    promises: tuple[str, ...] = ()
    may_change: tuple[str, ...] = ()
    nan_says: str = ""
    no_match: str = ""
    revealed: bool = True

    def __post_init__(self) -> None:
        """Refuse a declaration that could not work; a typing slip should fail at import."""
        if not self.id.replace("_", "").isalnum():
            raise ValueError(f"exercise id {self.id!r}: use letters, digits and underscores")
        groups = {case.group for case in self.by_hand}
        if not groups <= set(self.points):
            raise ValueError(f"{self.id}: by_hand names {groups}, points only {set(self.points)}")
        if not self.points or not all(0 < p < math.inf for p in self.points.values()):
            raise ValueError(f"{self.id}: each group needs points above 0, got {self.points}")
        if self.run not in ONCE:
            raise ValueError(f"{self.id}: no adapter {self.run!r}, there are {list(ONCE)}")
        kept = {name for case in self.by_hand for name in case.keeps}
        unknown = (kept | set(self.promises)) - set(PROMISES)
        if unknown:
            raise ValueError(f"{self.id}: no promise {unknown}, there are {list(PROMISES)}")
        strange = {name.split(".")[0] for name in self.may_change} - set(self.parameters)
        if strange:
            raise ValueError(f"{self.id}: may_change names {strange}, the call {self.call}")

    @property
    def parameters(self) -> list[str]:
        """Names of what the answer takes, as `call` has them."""
        return self.call.partition("(")[2].rstrip(")").split(", ")

    @property
    def max_score(self) -> float:
        """Sum of the points of all groups."""
        return float(sum(self.points.values()))
