"""Small and random micro-batches for the loops."""

import numpy as np

from coursekit.exercises.engine.declare import Case

HAND_WEIGHTS = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])


MEAN = "Leave the gradient of the batch's mean cross-entropy in the parameters' .grad."

BY_HAND = (
    Case(
        "equal micro-batches",
        (
            HAND_WEIGHTS,
            [
                [np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([0, 2])],
                [np.array([[2.0, 1.0], [1.0, 0.0]]), np.array([1, 1])],
            ],
        ),
        keeps=("by hand",),
        quotes=MEAN,
    ),
    Case(
        "ragged micro-batches",
        (
            HAND_WEIGHTS,
            [
                [np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), np.array([0, 2, 1])],
                [np.array([[3.0, 1.0]]), np.array([2])],
            ],
        ),
        keeps=("uneven",),
        quotes="The sizes n_k >= 1 may all differ.",
    ),
    Case(  # one example, then two: the first may be the short one
        "ragged micro-batches",
        (
            HAND_WEIGHTS,
            [
                [np.array([[1.0, 2.0]]), np.array([0])],
                [np.array([[2.0, 1.0], [0.0, 1.0]]), np.array([1, 1])],
            ],
        ),
        keeps=("uneven", "order"),
        quotes="The sizes n_k >= 1 may all differ.",
    ),
    Case(  # one micro-batch, the fewest there can be
        "ragged micro-batches",
        (HAND_WEIGHTS, [[np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([1, 2])]]),
        keeps=("smallest",),
        quotes=MEAN,
    ),
)


def draw_micro_batches(rng: np.random.Generator, counts: list[int]) -> tuple:
    weights = rng.normal(size=(3, 2))
    micro_batches = [[rng.normal(size=(n, 2)) + 0.5, rng.integers(0, 3, n)] for n in counts]
    return weights, micro_batches


def draw_loops(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("equal micro-batches", "ragged micro-batches") * 2:
        k, b = int(rng.integers(3, 6)), int(rng.integers(4, 9))
        counts = [b] * k
        if group == "ragged micro-batches":
            counts[-1] = int(rng.integers(1, b - 1)) if len(cases) > 1 else 1
            if len(cases) > 1:
                counts[1] = b + int(rng.integers(2, 5))
        cases.append(Case(group, draw_micro_batches(rng, counts)))
    return cases
