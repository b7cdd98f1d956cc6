"""The largest learning rate that gradient descent stands on a quadratic."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def largest_stable_lr(hessian: Tensor, momentum: float) -> float:
    top = torch.linalg.eigvalsh(hessian.double())[-1].item()
    return 2 * (1 + momentum) / top


def stable_by_power_iteration(hessian, momentum):
    h, v = hessian.double(), torch.ones(len(hessian), dtype=torch.float64)
    v[0] += 0.5
    for _ in range(200):
        v = h @ v
        v = v / v.norm()
    return 2 * (1 + momentum) / float(v @ h @ v)


def stable_by_bisection(hessian, momentum):
    curvatures = np.linalg.eigvalsh(hessian.double().numpy())
    low, high = 0.0, 1e3
    for _ in range(60):
        lr = (low + high) / 2
        middle = (1 + momentum - lr * curvatures).astype(complex)
        root = np.sqrt(middle**2 - 4 * momentum)
        radius = max(abs(middle + root).max(), abs(middle - root).max()) / 2
        low, high = (lr, high) if radius <= 1 + 1e-12 else (low, lr)
    return low


def top(hessian: Tensor) -> float:
    return torch.linalg.eigvalsh(hessian.double())[-1].item()


def draw_quadratic(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("gradient descent", "momentum") * 3:
        p = int(rng.integers(3, 5))
        q, _ = np.linalg.qr(rng.normal(size=(p, p)))
        curvatures = np.cumprod([float(rng.uniform(0.5, 1.5)), *rng.uniform(1.5, 2.5, p - 1)])
        momentum = float(rng.uniform(0.3, 0.9)) if group == "momentum" else 0.0
        hessian = (q * curvatures) @ q.T
        cases.append(Case(group, ((hessian + hessian.T) / 2, momentum)))
    return cases


ROOT = "Put r = −1 into the equation for r."

U03_STABLE_LR = Exercise(
    id="u03_stable_lr",
    call="largest_stable_lr(hessian, momentum)",
    points={"gradient descent": 1.0, "momentum": 1.0},
    by_hand=(
        Case(
            "gradient descent",
            (np.array([[1.0, 0.0], [0.0, 8.0]]), 0.0),
            ("by hand", "range"),
            "At m = 0 it must give 2/λ.",
        ),
        Case(
            "gradient descent",
            (np.array([[3.0, 1.0], [1.0, 3.0]]), 0.0),
            ("uneven", "range"),
            "of them decides: the largest, λ_max.",
        ),
        Case("momentum", (np.array([[1.0, 0.0], [0.0, 8.0]]), 0.5), ("by hand",), ROOT),
        Case("momentum", (np.array([[2.0]]), 0.25), ("smallest",), ROOT),
    ),
    promises=(
        "by hand",
        "smallest",
        "range",
    ),
    draw=draw_quadratic,
    reference=largest_stable_lr,
    mistakes=(
        Mistake(
            "the trace",
            "You add all curvatures up. Each direction moves on its own: which one gets out of "
            "hand first?",
            lambda h, m: 2 * (1 + m) / h.trace(),
        ),
        Mistake(
            "the flattest direction",
            "You ask the flattest direction what it stands. Which direction is the first to "
            "overshoot?",
            lambda h, m: 2 * (1 + m) / torch.linalg.eigvalsh(h)[0],
        ),
        Mistake(
            "the average curvature",
            "You take the mean curvature. Is it enough if the directions are stable on average?",
            lambda h, m: 2 * (1 + m) * len(h) / h.trace(),
        ),
        Mistake(
            "momentum forgotten",
            "Your limit does not feel the momentum. Put the step into the equation for r with "
            "momentum: at which r does it leave the stable range?",
            lambda h, m: 2 / top(h),
        ),
        Mistake(
            "one minus momentum",
            "You shrink the limit by the factor by which momentum lengthens a long run of equal "
            "steps. At the limit the steps alternate: do they add up?",
            lambda h, m: 2 * (1 - m) / top(h),
        ),
        Mistake(
            "over one minus momentum",
            "You let momentum stretch the limit as it stretches steps that all go one way. At the "
            "limit the steps alternate in sign: what does the old velocity do then?",
            lambda h, m: 2 / (top(h) * (1 - m)),
        ),
        Mistake(
            "momentum squared, added",
            "You add the square of the momentum. At r of minus one, which power of m is left?",
            lambda h, m: 2 * (1 + m**2) / top(h),
        ),
        Mistake(
            "over one plus momentum",
            "In your formula momentum lowers the limit. An overshoot is followed by a step back: "
            "does the old velocity push it further out, or hold it?",
            lambda h, m: 2 / (top(h) * (1 + m)),
        ),
        Mistake(
            "momentum added",
            "You add the momentum to the number for plain descent. At r of minus one, how often "
            "does the momentum stand in the equation?",
            lambda h, m: (2 + m) / top(h),
        ),
        Mistake(
            "the Newton step",
            "At your learning rate the steepest direction lands right in the minimum. How far may "
            "it overshoot and still come closer?",
            lambda h, m: (1 + m) / top(h),
        ),
        Mistake(
            "the fastest, not the largest",
            "You found the rate at which the two ends of the spectrum shrink equally fast. Is the "
            "best rate asked for, or the largest that is stable?",
            lambda h, m: 2 * (1 + m) / (top(h) + torch.linalg.eigvalsh(h)[0]),
        ),
        Mistake(
            "critical damping",
            "You found the rate at which momentum stops the swinging fastest. Is the best rate "
            "asked for, or the largest that is stable?",
            lambda h, m: (1 + m**0.5) ** 2 / top(h),
        ),
        Mistake(
            "the largest diagonal entry",
            "You read the diagonal. Is the steepest direction always one of the axes?",
            lambda h, m: 2 * (1 + m) / h.diagonal().max(),
        ),
        Mistake(
            "the Frobenius norm",
            "Your norm mixes all curvatures. Each direction moves on its own: which one gets out "
            "of hand first?",
            lambda h, m: 2 * (1 + m) / h.norm(),
        ),
        Mistake(
            "the largest row sum",
            "The largest row sum is a bound on the curvature, and a safe one. Is it reached?",
            lambda h, m: 2 * (1 + m) / h.abs().sum(dim=1).max(),
        ),
        Mistake(
            "the root of the curvature",
            "You take the root of the curvature, as if the matrix were a product with itself. "
            "What is the second derivative along an eigenvector?",
            lambda h, m: 2 * (1 + m) / top(h) ** 0.5,
        ),
        Mistake(
            "upside down",
            "Your limit grows with the curvature. In a steeper valley, do you need longer steps?",
            lambda h, m: top(h) / (2 * (1 + m)),
        ),
        Mistake(
            "the curvature itself",
            "You return a curvature. Which step makes the overshoot as long as the distance was?",
            lambda h, m: top(h),
        ),
        Mistake(
            "momentum squared",
            "You let the momentum count squared. At r of minus one, what is left of the equation?",
            lambda h, m: 2 * (1 - m**2) / top(h),
        ),
        Mistake(
            "an averaging velocity",
            "Your limit belongs to a velocity that is an average, with one minus m before the "
            "gradient. What stands before the gradient here?",
            lambda h, m: 2 * (1 + m) / ((1 - m) * top(h)),
        ),
        Mistake(
            "looking ahead",
            "Your limit belongs to Nesterov's form, which takes the gradient further ahead. Where "
            "is the gradient taken here?",
            lambda h, m: 2 * (1 + m) / ((1 + 2 * m) * top(h)),
        ),
        Mistake(
            "the square of minus one",
            "Your limit vanishes when there is no momentum. What is the square of r when r is "
            "minus one?",
            lambda h, m: 2 * m / top(h),
        ),
    ),
    accepted=(stable_by_power_iteration, stable_by_bisection),
    lesson="One direction decides: the steepest. Momentum raises the limit, since at the limit the "
    "steps alternate and the old velocity holds them back.",
    answered_by=("coursekit.curvature.sharpness_measures", "coursekit.toy.dynamics"),
)
