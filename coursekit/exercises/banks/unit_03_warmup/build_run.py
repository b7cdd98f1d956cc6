"""Build it: the largest curvature by power iteration, measured inside a run."""

import numpy as np
import torch

from coursekit.exercises.banks.unit_03_warmup.build_run_slips import (
    RUN_SLIPS,
    TOP_SLIPS,
    curvature_along,
    top_curvature,
)
from coursekit.exercises.engine.declare import Case, Exercise


def top_without_norms(product, start, num_products):
    v = start
    for _ in range(num_products - 1):
        v = product(v)
    return (v @ product(v)) / (v @ v)


def top_by_last_two(product, start, num_products):
    """Compare the last two vectors, kept at a length that no number overflows at."""
    chain = [np.asarray(start) / abs(np.asarray(start)).max()]
    while len(chain) <= num_products:
        following = np.asarray(product(torch.from_numpy(chain[-1])))
        size = abs(following).max() if len(chain) < num_products else 1.0
        chain.append(following / size)
    before, last = chain[-2:]
    return before @ last / (before @ before)


def draw_matrices(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("one product", "more products") * 3:
        p = int(rng.integers(3, 5))
        q, _ = np.linalg.qr(rng.normal(size=(p, p)))
        sign = -1.0 if len(cases) >= 4 else 1.0  # also downwards
        matrix = sign * (q * rng.uniform(0.5, 4.0, p)) @ q.T
        count = 1 if group == "one product" else int(rng.integers(3, 6))
        cases.append(Case(group, ((matrix + matrix.T) / 2, 2.0 * rng.normal(size=p), count)))
    return cases


SIGN = "Rayleigh quotient v'Hv after power iteration, one number; it keeps its sign."
POINTS = "list of num_steps + 1 numbers, the start first."

U03_BUILD_TOP = Exercise(
    id="u03_build_top",
    call="top_curvature(product, start, num_products)",
    points={"one product": 1.0, "more products": 1.0},
    by_hand=(
        Case(
            "one product",
            (np.diag([3.0, 1.0]), np.array([2.0, 2.0]), 1),
            ("smallest",),
            "With one product there is no round: only v'Hv.",
        ),
        Case(
            "more products",
            (np.diag([3.0, 1.0]), np.array([2.0, 2.0]), 3),
            ("by hand",),
            "each round multiplies by H and makes the length one again.",
        ),
        Case("more products", (np.diag([-2.0, 1.0]), np.array([1.0, 0.0]), 2), ("sign",), SIGN),
    ),
    promises=("by hand", "smallest", "sign"),
    draw=draw_matrices,
    reference=top_curvature,
    run="few_products",
    mistakes=TOP_SLIPS,
    accepted=(top_without_norms, top_by_last_two),
    lesson="A few products with the Hessian, and no Hessian: that is how the curves of this unit "
    "were measured.",
    answered_by=("coursekit.curvature.lanczos",),
    graded=False,
)

# --- second milestone: inside a run ------------------------------------------------------------


def along_by_hessians(loss, weights, lr, num_steps, start, num_products):
    found, w = [], weights.detach().clone()
    for step in range(num_steps + 1):
        hessian = torch.autograd.functional.hessian(loss, w)
        v = torch.linalg.matrix_power(hessian, num_products - 1) @ start
        found.append(v @ hessian @ v / (v @ v))
        if step < num_steps:
            w = w - lr * torch.autograd.functional.jacobian(loss, w)
    return found


def along_by_func(loss, weights, lr, num_steps, start, num_products):
    slope = torch.func.grad(loss)
    w = weights.detach().clone()
    found: list[float] = []
    while len(found) <= num_steps:
        v = start
        for _ in range(num_products):
            before, v = v, torch.func.jvp(slope, (w,), (v,))[1]
        found.append(float(before @ v / (before @ before)))
        w = w - lr * slope(w)
    return found


def draw_runs(rng: np.random.Generator) -> list[Case]:
    cases = []
    for k in range(2):
        for group, steps in (("before the first step", 0), ("along the run", 2 + k)):
            text = ("0.5*w0**2*w1**2", "tanh network 5")[k]
            size = (2, 8)[k]
            weights = rng.uniform(0.4, 1.3, size)
            lr = float(rng.uniform(0.1, 0.3))
            cases.append(Case(group, (text, weights, lr, steps, rng.normal(size=size), 2 + k)))
    for group, steps in (("before the first step", 0), ("along the run", 2)):  # steepest downwards
        weights, start = rng.uniform(0.4, 1.3, 2), rng.uniform(1.0, 2.0, 2)
        args = (float(rng.uniform(0.1, 0.3)), steps, start, 3)
        cases.append(Case(group, ("0.25*w0**2*w1 - w1**2", weights, *args)))
    return cases


U03_BUILD_RUN = Exercise(
    id="u03_build_run",
    call="curvature_along(loss, weights, lr, num_steps, start, num_products)",
    points={"before the first step": 1.0, "along the run": 2.0},
    by_hand=(
        Case(
            "before the first step",
            ("0.5*w0**2*w1**2", np.array([2.0, 1.0]), 0.25, 0, np.array([1.0, 0.0]), 1),
            ("smallest",),
            POINTS,
        ),
        Case(  # between the two axes of a saddle
            "before the first step",
            ("0.5*w0**2*w1**2", np.array([1.0, 1.0]), 0.25, 0, np.array([1.0, -1.0]), 1),
            ("sign",),
            SIGN,
        ),
        Case(
            "along the run",
            ("0.5*w0**2*w1**2", np.array([2.0, 1.0]), 0.125, 2, np.array([1.0, 0.0]), 2),
            ("by hand",),
            "before the first step, and after every step.",
        ),
        Case(  # where the gradient is zero the run goes on
            "along the run",
            ("0.5*w0**2*w1**2", np.array([0.0, 2.0]), 0.25, 2, np.array([1.0, 0.0]), 1),
            ("range",),
            POINTS,
        ),
    ),
    promises=("by hand", "range", "sign", "smallest"),
    draw=draw_runs,
    reference=curvature_along,
    run="loss",
    mistakes=RUN_SLIPS,
    accepted=(along_by_hessians, along_by_func),
    lesson="You have watched the curvature of a run with your own instrument.",
    answered_by=("coursekit.curvature.lanczos", "coursekit.curvature.products"),
    graded=False,
)
