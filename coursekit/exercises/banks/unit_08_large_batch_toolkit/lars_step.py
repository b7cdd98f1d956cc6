"""One step of LARS on one parameter: a step relative to the parameter's own length."""

import numpy as np

from coursekit.exercises.banks.unit_08_large_batch_toolkit.further_slips import (
    LARS_STEP as FURTHER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.lars_moves import lars_step
from coursekit.exercises.banks.unit_08_large_batch_toolkit.lars_slips import MISTAKES
from coursekit.exercises.banks.unit_08_large_batch_toolkit.later_slips import (
    LARS_STEP as LATER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.tried_slips import (
    LARS_STEP as TRIED_SLIPS,
)
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import close


def by_numpy(weight, grad, velocity, lr, momentum, weight_decay):
    w, g, v = (t.numpy().astype(float) for t in (weight, grad, velocity))
    long, steep = np.sqrt((w**2).sum()), np.sqrt((g**2).sum())
    use = w.ndim == 2 and long * steep != 0
    rate = lr * long / (steep + weight_decay * long) if use else lr
    new = momentum * v + rate * (g + weight_decay * w)
    return [w - new, new]


def by_direction(weight, grad, velocity, lr, momentum, weight_decay):
    """Normalise the gradient first; its length then enters through the decay alone."""
    w, g = weight.double(), grad.double()
    size, slope = w.pow(2).sum().sqrt(), g.pow(2).sum().sqrt()
    if w.dim() == 1 or min(size, slope) == 0:
        move = lr * (g + weight_decay * w)
    else:
        shrink = weight_decay * size / slope
        move = lr * size * (g / slope + shrink * w / size) / (1 + shrink)
    velocity = velocity.double() * momentum + move
    return [w - velocity, velocity]


def draw_lars(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("matrix", "vector") * 5):
        rows, columns = int(rng.integers(2, 4)), int(rng.integers(2, 4))
        shape: tuple[int, ...] = (rows, columns) if group == "matrix" else (rows + columns,)
        if number >= 8:  # a side of one is a side; a vector may be one number
            shape = (1, columns)[:: int(rng.choice([-1, 1]))] if group == "matrix" else (1,)
        w, g, v = (rng.normal(0, s, shape) for s in (2.0, 0.3, 0.2))
        if number == 6:
            w = np.zeros(shape)
        if number == 4:
            g = np.zeros(shape)
        if number == 2:  # short, and not zero
            w = 1e-4 * w
        if number == 0:  # near a minimum: the ratio is large; one entry is zero
            g, w[0, 0] = 5e-4 * g, 0.0
        args = (w, g, v, float(rng.choice([0.05, 0.1, 0.2])), float(rng.choice([0.5, 0.8, 0.9])))
        decay = 0.02 if number == 0 else float(rng.choice([0.1, 0.3]))
        cases.append(Case(group, (*args, decay)))
    return cases


ALL_ZERO = "if all entries of weight, or all of grad, are exactly zero"
U08_LARS_STEP = Exercise(
    id="u08_lars_step",
    call="lars_step(weight, grad, velocity, lr, momentum, weight_decay)",
    points={"matrix": 2.0, "vector": 1.0},
    by_hand=(
        Case(
            "matrix",
            (
                np.array([[6.0, 0.0], [0.0, 8.0]]),
                np.array([[0.0, 3.0], [4.0, 0.0]]),
                np.array([[1.0, 0.0], [2.0, 0.0]]),
                0.1,
                0.5,
                0.0,
            ),
            keeps=("by hand", "range"),
        ),
        Case(
            "matrix",
            (
                np.array([[3.0, 4.0], [0.0, 0.0]]),
                np.array([[0.0, 0.0], [1.5, 0.0]]),
                np.array([[0.5, 0.25], [0.0, 1.0]]),
                0.25,
                0.5,
                0.2,
            ),
            keeps=("by hand",),
        ),
        Case(
            "matrix",  # a small gradient: a ratio of 200
            (
                np.array([[6.0, 0.0], [0.0, 8.0]]),
                np.array([[0.0, 0.03], [0.04, 0.0]]),
                np.zeros((2, 2)),
                0.1,
                0.5,
                0.0,
            ),
            keeps=("range",),
        ),
        Case(
            "matrix",  # a ratio of 20,000
            (
                np.array([[6.0, 0.0], [0.0, 8.0]]),
                np.array([[0.0, 3e-4], [4e-4, 0.0]]),
                np.zeros((2, 2)),
                0.05,
                0.5,
                0.0,
            ),
            keeps=("range",),
        ),
        Case(
            "matrix",  # entries that add up to zero, and are no zeros: of the gradient
            (
                np.array([[6.0, 0.0], [0.0, 8.0]]),
                np.array([[1.0, -1.0], [0.0, 0.0]]),
                np.zeros((2, 2)),
                0.1,
                0.5,
                0.2,
            ),
            keeps=("boundary",),
            quotes=ALL_ZERO,
        ),
        Case(
            "matrix",  # and of the weight
            (
                np.array([[3.0, -4.0], [1.0, 0.0]]),
                np.array([[0.0, 1.5], [1.0, 0.0]]),
                np.zeros((2, 2)),
                0.1,
                0.5,
                0.2,
            ),
            keeps=("boundary",),
            quotes=ALL_ZERO,
        ),
        Case(
            "matrix",
            (np.zeros((2, 2)), np.array([[3.0, 0.0], [4.0, 1.0]]), np.ones((2, 2)), 0.1, 0.5, 0.2),
            keeps=("boundary",),
            quotes=ALL_ZERO,
        ),
        Case(
            "matrix",
            (np.array([[3.0, 0.0], [4.0, 1.0]]), np.zeros((2, 2)), np.ones((2, 2)), 0.1, 0.5, 0.2),
            keeps=("boundary",),
            quotes=ALL_ZERO,
        ),
        Case(
            "matrix",
            (
                np.array([[3e-4, 0.0], [0.0, 4e-4]]),
                np.array([[0.0, 3.0], [4.0, 0.0]]),
                np.zeros((2, 2)),
                0.5,
                0.5,
                0.2,
            ),
            keeps=("boundary",),
        ),
        Case(
            "matrix",  # one row is a matrix as well, and so is one column
            (np.array([[3.0, 4.0]]), np.array([[0.0, 1.5]]), np.array([[1.0, 0.0]]), 0.1, 0.5, 0.2),
            keeps=("smallest",),
        ),
        Case(
            "matrix",
            (np.array([[3.0], [4.0]]), np.array([[2.0], [1.5]]), np.zeros((2, 1)), 0.1, 0.5, 0.0),
            keeps=("smallest",),
        ),
        Case(
            "vector",
            (np.array([2.0]), np.array([0.5]), np.array([1.0]), 0.1, 0.5, 0.2),
            keeps=("smallest",),
        ),
        Case(
            "vector",
            (np.array([3.0, 4.0]), np.array([0.5, 1.5]), np.array([1.0, 0.0]), 0.1, 0.5, 0.2),
            keeps=("by hand",),
        ),
    ),
    promises=("boundary", "by hand", "range", "smallest"),
    draw=draw_lars,
    same=close(rtol=1e-4, atol=1e-8),
    reference=lars_step,
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATER_SLIPS, *TRIED_SLIPS),
    accepted=(by_numpy, by_direction),
    lesson="The step's length is lr times the matrix's own length, whatever the gradient's size. "
    "That is all LARS does: whether it trains better is a question for a comparison.",
    answered_by=("coursekit.train._optim_layerwise", "coursekit.train._optim_stacked",
                 "coursekit.train._optim_settings", "coursekit.train.optim"),
)  # fmt: skip
