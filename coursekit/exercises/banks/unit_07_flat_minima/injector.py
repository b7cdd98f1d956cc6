"""Build it: SGD at a large batch size with the noise of a small one put in."""

import math
from collections.abc import Sequence

import numpy as np
import torch

from coursekit.exercises.banks.unit_07_flat_minima.further_slips import INJECTOR as FURTHER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.injector_more_slips import MORE
from coursekit.exercises.banks.unit_07_flat_minima.injector_slips import (
    MISTAKES,
    descend_with_noise,
)
from coursekit.exercises.banks.unit_07_flat_minima.later_slips import INJECTOR as LATER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.tried_slips import INJECTOR as TRIED_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import close

Pairs = Sequence[Sequence[Sequence[int]]]


def by_example_weights(inputs, targets, start, lr, batches, pairs, small_size):
    """One weight for each example of the set, and one weighted gradient a step."""
    big, b = len(batches[0]), len(pairs[0][0])
    if small_size > big:
        raise ValueError("noise can be added, not taken away")
    kick = math.sqrt((1 / small_size - 1 / big) / (2 * b))
    path = [start]
    for batch, (plus, minus) in zip(batches, pairs, strict=True):
        share = torch.zeros(len(inputs))
        for indices, weight in ((batch, 1 / big), (plus, kick), (minus, -kick)):
            share.index_add_(0, torch.tensor(indices), torch.full((len(indices),), weight))
        w = path[-1]
        path.append(w - lr * inputs.T @ (share * (inputs @ w - targets)))
    return torch.stack(path)


def by_autograd(inputs, targets, start, lr, batches, pairs, small_size):
    """Three losses, combined before one backward pass."""
    big, b = len(batches[0]), len(pairs[0][0])
    if big < small_size:
        raise ValueError(f"cannot take noise away: {small_size} > {big}")
    scale = (b * (big - small_size) / (2 * small_size * big)) ** 0.5
    w, rows = start.clone(), [start]
    for batch, (plus, minus) in zip(batches, pairs, strict=True):
        leaf = w.clone().requires_grad_()
        halves = [((inputs[i] @ leaf - targets[i]) ** 2).mean() / 2 for i in (batch, plus, minus)]
        (slope,) = torch.autograd.grad(halves[0] + scale * (halves[1] - halves[2]), leaf)
        w = w - lr * slope
        rows.append(w)
    return torch.stack(rows)


def draw_injector(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("no noise asked", "one step", "a run", "less noise asked"):
        n, p, big = int(rng.integers(8, 11)), int(rng.integers(2, 4)), int(rng.choice([4, 6]))
        b, small = int(rng.choice([2, 3, 5])), {4: 3, 6: 2}[big]
        # never half of the batch, where two wrong scales are equal
        if group == "a run":
            small = int(rng.choice([1, small]))
        steps = 1 if group == "one step" else 3
        if group == "no noise asked":
            small = big
        if group == "less noise asked":
            small = big + int(rng.integers(1, 4))
        args = (
            rng.normal(size=(n, p)).round(2),
            (2 * rng.normal(size=n)).round(2),
            rng.normal(size=p).round(2),
            float(rng.choice([0.05, 0.1, 0.2])),
            [[int(i) for i in rng.integers(0, n, big)] for _ in range(steps)],
            [
                [[int(i) for i in rng.choice(n, b, replace=False)] for _ in range(2)]
                for _ in range(steps)
            ],
            small,
        )
        cases.append(Case(group, args))
    return cases


X = np.array([[1.0], [2.0], [1.0], [3.0]])
Y = np.array([1.0, 0.0, -1.0, 2.0])
ZERO = np.array([1.0])
WIDE = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0], [2.0, -1.0]])

U07_INJECTOR = Exercise(
    id="u07_injector",
    call="descend_with_noise(inputs, targets, start, lr, batches, pairs, small_size)",
    points={"no noise asked": 1.0, "one step": 2.0, "a run": 2.0, "less noise asked": 1.0},
    by_hand=(
        Case("no noise asked", (X, Y, ZERO, 0.5, [[0, 1]], [[[2], [3]]], 2), keeps=("boundary",)),
        Case(  # an example that comes twice counts twice
            "no noise asked", (X, Y, ZERO, 0.5, [[0, 1, 1]], [[[2], [3]]], 3), keeps=("order",)
        ),
        Case("one step", (X, Y, ZERO, 0.5, [[0, 1]], [[[2], [3]]], 1), keeps=("smallest",)),
        Case(
            "one step",
            (WIDE, Y, np.array([1.0, -1.0]), 0.5, [[0, 1, 2, 3]], [[[0, 3], [1, 2]]], 1),
            keeps=("by hand",),
        ),
        Case(  # asked is more than a half of a pair has, and less than the batch
            "one step",
            (WIDE, Y, np.array([1.0, -1.0]), 0.5, [[0, 1, 2, 3]], [[[0], [1]]], 3),
            keeps=("uneven",),
        ),
        Case(
            "a run",
            (
                WIDE,
                Y,
                np.array([1.0, -1.0]),
                0.25,
                [[0, 1], [2, 3]],
                [[[0, 3], [1, 2]], [[2, 0], [3, 3]]],
                1,
            ),
            keeps=("by hand",),
        ),
        Case("less noise asked", (X, Y, ZERO, 0.5, [[0, 1]], [[[2], [3]]], 3), keeps=("refused",)),
    ),
    promises=("boundary", "by hand", "order", "refused", "smallest", "uneven"),
    draw=draw_injector,
    run="refusing",
    same=close(rtol=1e-4, atol=1e-5),
    reference=descend_with_noise,
    mistakes=(*MISTAKES, *MORE, *FURTHER_SLIPS, *LATER_SLIPS, *TRIED_SLIPS),
    accepted=(by_example_weights, by_autograd),
    lesson="The difference of two batches has mean zero and the shape of SGD's own noise; a scale "
    "gives it the size that a smaller batch would have had.",
    answered_by=("coursekit.experiments.arms",),
    graded=False,
)
