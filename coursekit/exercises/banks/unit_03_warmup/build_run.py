"""Build it: the largest curvature by power iteration, measured inside a run."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def top_curvature(product: Callable[[Tensor], Tensor], start: Tensor, num_products: int) -> float:
    v = start / start.norm()
    for _ in range(num_products - 1):
        v = product(v)
        v = v / v.norm()
    return float(v @ product(v))


def top_without_norms(product, start, num_products):
    v = start
    for _ in range(num_products - 1):
        v = product(v)
    return (v @ product(v)) / (v @ v)


def top_by_matrix(product, start, num_products):
    matrix = np.stack([product(e).numpy() for e in torch.eye(len(start), dtype=torch.float64)])
    v = np.linalg.matrix_power(matrix, num_products - 1) @ start.numpy()
    return v @ matrix @ v / (v @ v)


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


def grown(product, start, count):
    """Return how much longer the last product made the vector."""
    v = start / start.norm()
    for _ in range(count - 1):
        v = product(v)
        v = v / v.norm()
    return float(product(v).norm())


U03_BUILD_TOP = Exercise(
    id="u03_build_top",
    call="top_curvature(product, start, num_products)",
    points={"one product": 1.0, "more products": 1.0},
    by_hand=(
        Case("one product", (np.diag([3.0, 1.0]), np.array([2.0, 2.0]), 1), ("smallest",)),
        Case("more products", (np.diag([3.0, 1.0]), np.array([2.0, 2.0]), 3), ("by hand",)),
        Case("more products", (np.diag([-2.0, 1.0]), np.array([1.0, 0.0]), 2), ("sign",)),
    ),
    promises=("by hand", "smallest", "sign"),
    draw=draw_matrices,
    reference=top_curvature,
    run="product",
    mistakes=(
        Mistake(
            "length of the product",
            "You return how much longer the vector gets. Which sign has that for a direction that "
            "curves downwards, and is it the v'Av that is asked?",
            grown,
        ),
        Mistake(
            "a product too many",
            "You make a product more than you may. Is the last one, for v'Av, counted too?",
            lambda a, s, n: top_curvature(a, s, n + 1),
        ),
        Mistake(
            "a product too few",
            "You make a product less than you may. How many are left after the last division?",
            lambda a, s, n: top_curvature(a, s, max(1, n - 1)),
        ),
        Mistake(
            "length forgotten",
            "Your start has its own length in the result. By what is v'Av divided for a v that is "
            "not of length one?",
            lambda a, s, n: top_curvature(a, s, n) * float(s @ s),
        ),
        Mistake(
            "the start alone",
            "You never follow the product. Which vector does the next round begin with?",
            lambda a, s, n: top_curvature(a, s, 1),
        ),
        Mistake(
            "size without sign",
            "You drop the sign. Which curvature has a direction in which the loss falls away?",
            lambda a, s, n: abs(top_curvature(a, s, n)),
        ),
    ),
    accepted=(top_without_norms, top_by_matrix),
    lesson="A few products with the Hessian, and no Hessian: that is how the curves of this unit "
    "were measured.",
    answered_by=("coursekit.curvature.lanczos",),
    graded=False,
)

# --- second milestone: inside a run ------------------------------------------------------------


def curvature_along(
    loss: Callable[[Tensor], Tensor],
    weights: Tensor,
    lr: float,
    num_steps: int,
    start: Tensor,
    num_products: int,
) -> list[float]:
    found: list[float] = []
    w = weights.detach().clone().requires_grad_()
    for step in range(num_steps + 1):
        (grad,) = torch.autograd.grad(loss(w), w, create_graph=True)

        def product(v: Tensor, grad: Tensor = grad, w: Tensor = w) -> Tensor:
            if not grad.requires_grad:
                return torch.zeros_like(v)
            (hv,) = torch.autograd.grad(grad @ v, w, retain_graph=True, allow_unused=True)
            return torch.zeros_like(v) if hv is None else hv

        found.append(top_curvature(product, start, num_products))
        if step < num_steps:
            w = (w - lr * grad).detach().requires_grad_()
    return found


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
    return cases


def late(loss, weights, lr, num_steps, start, count):
    """Measure after each step instead of before."""
    return curvature_along(loss, weights, lr, num_steps + 1, start, count)[1:]


U03_BUILD_RUN = Exercise(
    id="u03_build_run",
    call="curvature_along(loss, weights, lr, num_steps, start, num_products)",
    points={"before the first step": 1.0, "along the run": 2.0},
    by_hand=(
        Case(
            "before the first step",
            ("0.5*w0**2*w1**2", np.array([2.0, 1.0]), 0.25, 0, np.array([1.0, 0.0]), 1),
            ("smallest",),
        ),
        Case(
            "along the run",
            ("0.5*w0**2*w1**2", np.array([2.0, 1.0]), 0.125, 1, np.array([1.0, 0.0]), 2),
            ("by hand",),
        ),
    ),
    promises=("by hand", "smallest"),
    draw=draw_runs,
    reference=curvature_along,
    run="loss",
    mistakes=(
        Mistake(
            "measured after the step",
            "Your first number belongs to the weights after a step. Which curvature comes first?",
            late,
        ),
        Mistake(
            "one number short",
            "Your list ends before the last step. How many weights does a run of that many steps "
            "pass, its start counted?",
            lambda f, w, lr, n, s, k: curvature_along(f, w, lr, max(0, n - 1), s, k) if n else [],
        ),
        Mistake(
            "weights never moved",
            "All your numbers are that of the start. Where does your run move the weights?",
            lambda f, w, lr, n, s, k: curvature_along(f, w, lr, 0, s, k) * (n + 1),
        ),
        Mistake(
            "uphill",
            "Your run climbs. Which sign has a step of descent?",
            lambda f, w, lr, n, s, k: curvature_along(f, w, -lr, n, s, k),
        ),
        Mistake(
            "in units of 2/lr",
            "You return curvatures in units of 2/lr. Is that asked here?",
            lambda f, w, lr, n, s, k: [c * lr / 2 for c in curvature_along(f, w, lr, n, s, k)],
        ),
        Mistake(
            "the last number alone",
            "You return one number. How did the curvature get there?",
            lambda f, w, lr, n, s, k: curvature_along(f, w, lr, n, s, k)[-1],
        ),
        Mistake(
            "a product too many",
            "You make a product more at each point than you may. Is the last one, for v'Av, "
            "counted too?",
            lambda f, w, lr, n, s, k: curvature_along(f, w, lr, n, s, k + 1),
        ),
    ),
    accepted=(along_by_hessians, along_by_func),
    lesson="You have watched the curvature of a run with your own instrument.",
    answered_by=("coursekit.curvature.lanczos", "coursekit.curvature.products"),
    graded=False,
)
