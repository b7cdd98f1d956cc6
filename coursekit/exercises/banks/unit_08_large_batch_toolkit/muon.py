"""Build it: Muon for one matrix, from Newton-Schulz to a run of steps."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_08_large_batch_toolkit.further_slips import (
    MUON as FURTHER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.later_slips import MUON as LATER_SLIPS
from coursekit.exercises.banks.unit_08_large_batch_toolkit.muon_slips import MISTAKES
from coursekit.exercises.banks.unit_08_large_batch_toolkit.muon_ways import (
    muon,
    orthogonal,
    values_after,
)
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import close


def by_singular_values(weight, grads, lr, momentum, ns_steps):
    """Follow the singular values alone; directions stay."""
    w, m = weight.double(), torch.zeros_like(weight).double()
    for g in grads.double():
        m = momentum * m + (1 - momentum) * g
        u, s, vt = torch.linalg.svd((1 - momentum) * g + momentum * m, full_matrices=False)
        s = values_after(s, ns_steps)
        w = w - lr * max(1.0, w.shape[0] / w.shape[1]) ** 0.5 * (u * s) @ vt
    return w


def by_plain_momentum(weight, grads, lr, momentum, ns_steps):
    """Let the momentum add up instead of averaging: a step does not see the gradient's size."""
    w, v = weight.double(), torch.zeros_like(weight).double()
    for g in grads.double():
        v = momentum * v + g
        w = w - lr * max(1.0, len(w) / len(w.T)) ** 0.5 * orthogonal(g + momentum * v, ns_steps)
    return w


def by_columns(weight, grads, lr, momentum, ns_steps):
    """Multiply from the other side, X (X^T X), with no transpose at all."""
    w, m = weight.clone().double(), 0.0
    for g in grads.double():
        m = momentum * m + (1 - momentum) * g
        x: Tensor = (1 - momentum) * g + momentum * m
        x = x / x.norm().clamp(min=1e-7)
        for _ in range(ns_steps):
            gram = x.T @ x
            x = x @ (3.4445 * torch.eye(len(gram)) - 4.775 * gram + 2.0315 * gram @ gram)
        w -= lr * np.sqrt(max(1.0, w.shape[0] / w.shape[1])) * x
    return w


def draw_muon(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("a wide gradient", "a tall gradient", "several steps", "nothing to do") * 2:
        rows, columns = 2, int(rng.integers(3, 5))
        if group == "a tall gradient":
            rows, columns = columns + 1, 2
        count = int(rng.integers(3, 5)) if group == "several steps" else 1
        weight = rng.normal(size=(rows, columns))
        grads = rng.normal(size=(count, rows, columns)) * rng.uniform(0.2, 3.0, (count, 1, 1))
        momentum = float(rng.choice([0.6, 0.8]))
        if group == "nothing to do":
            grads = np.zeros_like(grads)
        if group == "several steps":
            grads[1] = 0.0  # the momentum goes on
        if group == "a wide gradient":
            grads *= 1e-3  # its size has no say
        lr = float(rng.choice([0.1, 0.2, 0.5]))
        cases.append(Case(group, (weight, grads, lr, momentum, int(rng.integers(2, 5)))))
    return cases


U08_MUON = Exercise(
    id="u08_muon",
    call="muon(weight, grads, lr, momentum, ns_steps)",
    points={
        "a wide gradient": 2.0,
        "a tall gradient": 1.0,
        "several steps": 2.0,
        "nothing to do": 1.0,
    },
    by_hand=(
        Case(
            "a wide gradient",
            (np.zeros((1, 2)), np.array([[[3.0, 4.0]]]), 1.0, 0.0, 1),
            keeps=("smallest", "range"),
        ),
        Case(
            "a wide gradient",
            (
                np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]),
                np.array([[[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]]]),
                0.5,
                0.5,
                2,
            ),
            keeps=("by hand",),
        ),
        Case(
            "a tall gradient",
            (np.zeros((4, 1)), np.array([[[3.0], [4.0], [0.0], [0.0]]]), 1.0, 0.0, 1),
            keeps=("uneven",),
        ),
        Case(
            "several steps",
            (
                np.zeros((2, 2)),
                np.array(
                    [[[1.0, 0.0], [0.0, 2.0]], [[0.0, 2.0], [1.0, 0.0]], [[4.0, 1.0], [0.0, 1.0]]]
                ),
                0.25,
                0.5,
                2,
            ),
            keeps=("order",),
        ),
        Case(
            "a tall gradient",  # a little taller than wide
            (
                np.zeros((3, 2)),
                np.array([[[3.0, 0.0], [0.0, 4.0], [1.0, 0.0]]]),
                0.5,
                0.5,
                2,
            ),
            keeps=("uneven",),
        ),
        Case(
            "several steps",  # nothing at first
            (np.zeros((1, 2)), np.array([[[0.0, 0.0]], [[3.0, 4.0]]]), 0.25, 0.5, 2),
            keeps=("boundary",),
            quotes="While all gradients so far were zeros, there is no step.",
        ),
        Case(
            "several steps",
            (
                np.zeros((1, 2)),
                np.array([[[3.0, 4.0]], [[0.0, 0.0]]]),
                0.25,
                0.5,
                2,
            ),
            keeps=("boundary",),
            quotes="While all gradients so far were zeros, there is no step.",
        ),
        Case(
            "a wide gradient",
            (np.zeros((1, 2)), np.array([[[0.0003, 0.0004]]]), 1.0, 0.0, 1),
            keeps=("range",),
        ),
        Case(
            "a wide gradient",  # its length is 5e-7, and then 5e-9
            (np.zeros((1, 2)), np.array([[[3e-7, 4e-7]]]), 1.0, 0.0, 1),
            keeps=("range",),
            quotes="Divide by a length of at least",
        ),
        Case(
            "a wide gradient",
            (np.zeros((1, 2)), np.array([[[3e-9, 4e-9]]]), 1.0, 0.0, 1),
            keeps=("range", "boundary"),
            quotes="Divide by a length of at least",
        ),
        Case(
            "nothing to do",
            (np.array([[1.0, 2.0]]), np.zeros((1, 1, 2)), 0.5, 0.5, 2),
            keeps=("boundary",),
        ),
    ),
    promises=("boundary", "by hand", "order", "range", "smallest", "uneven"),
    draw=draw_muon,
    same=close(rtol=1e-3, atol=1e-4),
    reference=muon,
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATER_SLIPS),
    accepted=(by_singular_values, by_plain_momentum, by_columns),
    lesson="Momentum, then all directions equally long, then a step. Muon forgets how large a "
    "gradient is in each direction and keeps which directions there are.",
    answered_by=(
        "coursekit.train._orthogonal",
        "coursekit.train._optim_layerwise",
        "coursekit.train._optim_stacked",
        "coursekit.train._optim_settings",
        "coursekit.train.optim",
    ),
    graded=False,
)
