"""Sequences with padding, by hand and drawn."""

import numpy as np

from coursekit.exercises.banks.unit_04_accumulation.loop_cases import HAND_WEIGHTS
from coursekit.exercises.banks.unit_04_accumulation.token_slips import PAD
from coursekit.exercises.engine.declare import Case

MEAN = "The same loop, for a mean over real tokens."
PLACES = "-100 for padding, which may stand anywhere and does not count."

BY_HAND = (
    Case(
        "equal counts",
        (
            HAND_WEIGHTS,
            [
                [np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[0, 2]])],
                [np.array([[[2.0, 1.0], [1.0, 1.0], [0.0, 2.0]]]), np.array([[1, 0, PAD]])],
            ],
        ),
        keeps=("by hand",),
        quotes=MEAN,
    ),
    Case(
        "unequal counts",
        (
            HAND_WEIGHTS,
            [
                [np.array([[[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]]]), np.array([[0, 2, 1]])],
                [np.array([[[2.0, 1.0], [1.0, 1.0]]]), np.array([[0, PAD]])],
            ],
        ),
        keeps=("smallest",),
        quotes=MEAN,
    ),
    Case(  # one micro-batch of one token, the least there can be
        "equal counts",
        (HAND_WEIGHTS, [[np.array([[[1.0, 2.0]]]), np.array([[1]])]]),
        keeps=("uneven",),
        quotes=MEAN,
    ),
    Case(  # class 0 is a class; what comes after padding counts
        "padding only",
        (
            HAND_WEIGHTS,
            [
                [np.array([[[2.0, 1.0], [1.0, 1.0]]]), np.array([[0, PAD]])],
                [np.array([[[1.0, 1.0]]]), np.array([[PAD]])],
                [np.array([[[0.0, 1.0]]]), np.array([[0]])],
            ],
        ),
        keeps=("missing", "order"),
        quotes="some may be padding only, not all.",
    ),
    Case(
        "padding only",
        (
            HAND_WEIGHTS,
            [
                [np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[2, 1]])],
                [np.array([[[2.0, 1.0], [1.0, 1.0]]]), np.array([[PAD, PAD]])],
            ],
        ),
        keeps=("missing",),
        quotes="A micro-batch may consist of padding alone.",
    ),
    Case(  # padding in front, and between
        "unequal counts",
        (
            HAND_WEIGHTS,
            [
                [
                    np.array([[[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]]] * 2),
                    np.array([[PAD, 2, 1], [1, PAD, 0]]),
                ],
                [np.array([[[2.0, 1.0], [1.0, 1.0]]]), np.array([[0, 1]])],
            ],
        ),
        keeps=("missing", "order"),
        quotes=PLACES,
    ),
)


def draw_sequences(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("equal counts", "unequal counts", "padding only"):
        first = int(rng.integers(6, 9))
        micro_batches = []
        for i in range(3):
            n = 2 + i % 2
            count = first if group == "equal counts" else (first, first - 3, first + 2)[i]
            keeps = np.full(n, count // n)
            keeps[: count % n] += 1
            keeps[0], keeps[1] = keeps[0] + 1, keeps[1] - 1  # sequences differ in length
            length = int(keeps.max()) + i % 2  # the longest sequence of some is padded too
            targets = rng.integers(0, 3, (n, length))
            targets[0, 0], targets[1, 0] = 0, 1
            targets[np.arange(length) >= keeps[:, None]] = PAD
            if i == 2:  # padding in front
                targets = targets[:, ::-1].copy()
            if group == "padding only" and i == 1:
                targets[:] = PAD
            micro_batches.append([rng.normal(size=(n, length, 2)) + 0.5, targets])
        cases.append(Case(group, (rng.normal(size=(3, 2)), micro_batches)))
    return cases
