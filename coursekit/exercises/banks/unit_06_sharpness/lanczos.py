"""Build it: Lanczos iteration with its residual."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_06_sharpness.lanczos_slips import (
    MISTAKES,
    lanczos,
    top_pair,
)
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import close

Product = Callable[[Tensor], Tensor]


def lanczos_by_recurrence(product, start, num_steps):
    """Keep the three-term recurrence's coefficients; the residual is |beta * last entry|."""
    v, before, beta, alphas, betas = start / start.norm(), torch.zeros_like(start), 0.0, [], []
    for _ in range(num_steps):
        new = product(v) - beta * before
        scale = product(v).norm()
        alphas.append(float(new @ v))
        new = new - alphas[-1] * v
        beta = float(new.norm())
        if beta <= 1e-8 * float(scale):
            beta = 0.0
            break
        before, v = v, new / beta
        betas.append(beta)
    off = betas[: len(alphas) - 1]
    values, vectors = np.linalg.eigh(np.diag(alphas) + np.diag(off, 1) + np.diag(off, -1))
    return [values[-1], beta * abs(vectors[-1, -1])]


def lanczos_by_krylov(product, start, num_steps):
    """Orthogonalise all powers A^k v at once, by a QR decomposition."""
    powers = [start / start.norm()]
    for _ in range(num_steps - 1):
        powers.append(product(powers[-1]))
        powers[-1] = powers[-1] / powers[-1].norm()
    left, sizes, _ = torch.linalg.svd(torch.stack(powers, dim=1), full_matrices=False)
    rows = left[:, sizes > 1e-7 * sizes[0]].T
    return list(top_pair(rows, torch.stack([product(q) for q in rows])))


def draw_lanczos(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("one product", "a few products", "no new direction") * 2:
        p = int(rng.integers(5, 8))
        axes = np.linalg.qr(rng.normal(size=(p, p)))[0]
        values = rng.uniform(0.5, 2.0, p) * rng.choice([-1.0, 1.0], p)
        values[:3] = -rng.uniform(3.0, 3.5), rng.uniform(2.2, 2.7), -rng.uniform(0.5, 1.0)
        shares = rng.uniform(0.6, 1.0, p)
        num_steps = {"one product": 1, "a few products": int(rng.integers(2, 5))}.get(group, 6)
        if group == "no new direction":  # the start holds three eigenvectors, one of them high
            shares[3:] = 0.0
        if group == "one product" and cases:  # every direction curves down
            values = -abs(values)
        matrix = axes @ np.diag(values) @ axes.T
        start = axes @ shares * rng.uniform(1.5, 3.0)
        cases.append(Case(group, ((matrix + matrix.T) / 2, start, num_steps)))
    return cases


# an eigenvalue so far from the rest that rounding brings its direction back into later rows
FAR_APART = np.diag([1e4, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0])

U06_LANCZOS = Exercise(
    id="u06_lanczos",
    call="lanczos(product, start, num_steps)",
    points={"one product": 1.0, "a few products": 2.0, "no new direction": 1.0},
    by_hand=(
        Case(
            "one product",
            (np.array([[2.0, 1.0], [1.0, 0.0]]), np.array([3.0, 0.0]), 1),
            keeps=("smallest",),
        ),
        Case(
            "a few products",
            (np.diag([-3.0, 2.0, 1.0]), np.array([1.0, 2.0, 2.0]), 2),
            keeps=("sign",),
        ),
        Case(
            "a few products",
            (np.diag([-5.0, 4.0, 1.0, 2.5]), np.array([1.0, 1.0, 1.0, 1.0]), 3),
            keeps=("sign",),
        ),
        Case(
            "a few products",
            (np.diag([1.0, 4.0]), np.array([1.0, 0.002]), 2),
            keeps=("range",),
            quotes="the rows hold all there is to find from this start",
        ),
        Case(
            "a few products",
            (FAR_APART, np.ones(8), 8),
            keeps=("order",),
            quotes="subtract its parts along all rows so far",
        ),
        Case(
            "no new direction",
            (np.diag([2.0, 1.0, 4.0]), np.array([2.0, 2.0, 0.0]), 3),
            keeps=("boundary",),
            quotes="Make no further row.",
        ),
        Case(
            "no new direction",
            (np.diag([-2.5, 6.0]), np.array([3.0, 0.0]), 2),
            keeps=("boundary", "sign"),
            quotes="Make no further row.",
        ),
    ),
    promises=("boundary", "order", "range", "sign", "smallest"),
    draw=draw_lanczos,
    run="product",
    same=close(rtol=1e-4, atol=1e-5),
    reference=lanczos,
    mistakes=MISTAKES,
    accepted=(lanczos_by_recurrence, lanczos_by_krylov),
    lesson="All directions met so far, and the highest quotient among their combinations: never "
    "worse than the last one alone, and it says itself how far off it can be.",
    answered_by=(
        "coursekit.curvature.lanczos",
        "coursekit.curvature.hessian",
        "coursekit.curvature.sharpness_measures",
    ),
    graded=False,
)
