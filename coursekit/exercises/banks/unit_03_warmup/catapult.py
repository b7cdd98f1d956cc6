"""The curvature after a few steps on the smallest model that can catapult."""

import numpy as np
import torch

from coursekit.exercises.banks.unit_03_warmup.catapult_slips import MISTAKES
from coursekit.exercises.engine.declare import Case, Exercise


def sharpness_after(u: float, v: float, lr: float, num_steps: int) -> float:
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return u**2 + v**2


def sharpness_by_recurrence(u, v, lr, num_steps):
    curvature, f = u * u + v * v, u * v
    for _ in range(num_steps):
        curvature, f = (
            curvature + lr * f**2 * (lr * curvature - 4),
            f * (1 - lr * curvature + lr**2 * f**2),
        )
    return curvature


def sharpness_by_autograd(u, v, lr, num_steps):
    w = torch.tensor([u, v], dtype=torch.float64, requires_grad=True)
    for _ in range(num_steps):
        (grad,) = torch.autograd.grad(0.5 * w.prod() ** 2, w)
        w = (w - lr * grad).detach().requires_grad_()
    return w.detach().square().sum()


def sharpness_by_matrix(u, v, lr, num_steps):
    w = np.array([u, v])
    for _ in range(num_steps):
        f = w[0] * w[1]
        w = np.array([[1.0, -lr * f], [-lr * f, 1.0]]) @ w
    return w @ w


def draw_walks(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one step", "several steps") * 3:
        u, v = float(rng.uniform(1.2, 2.2)), float(rng.uniform(0.3, 0.8))
        lr = float(rng.uniform(2.3, 3.3)) / (u * u + v * v)
        steps = int(rng.integers(2, 5)) if group == "several steps" else 1
        cases.append(Case(group, (u, v, lr, steps)))
    return cases


CHAIN_RULE = "the derivative of the loss with respect to u is f · v."
SAME_POINT = "Both weights move at the same time, from the same point."

U03_CATAPULT = Exercise(
    id="u03_catapult",
    call="sharpness_after(u, v, lr, num_steps)",
    points={"one step": 1.0, "several steps": 1.0},
    by_hand=(
        Case("one step", (2.0, 1.0, 0.25, 1), ("by hand", "smallest"), SAME_POINT),
        Case(
            "several steps", (2.0, 1.0, 0.5, 2), ("by hand",), "After every step f is a new number."
        ),
        Case(
            "several steps",
            (2.0, -1.0, 0.25, 3),
            ("sign",),
            CHAIN_RULE,
        ),
    ),
    promises=(
        "by hand",
        "smallest",
        "sign",
    ),
    draw=draw_walks,
    reference=sharpness_after,
    mistakes=MISTAKES,
    accepted=(sharpness_by_recurrence, sharpness_by_autograd, sharpness_by_matrix),
    lesson="Above 2/lr the output grows, and the larger it is the more each step lowers the "
    "curvature. That is the catapult: the run throws itself into a flatter place.",
)
