"""Curvature by power iteration, alone and along a run, and what goes wrong with it."""

from collections.abc import Callable

import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Mistake


def top_curvature(product: Callable[[Tensor], Tensor], start: Tensor, num_products: int) -> float:
    v = start / start.norm()
    for _ in range(num_products - 1):
        v = product(v)
        v = v / v.norm()
    return float(v @ product(v))


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


def grown(product, start, count):
    """Return how much longer the last product made the vector."""
    v = start / start.norm()
    for _ in range(count - 1):
        v = product(v)
        v = v / v.norm()
    return float(product(v).norm())


def with_length(length: Callable[[Tensor], Tensor]) -> Callable[..., float]:
    """Return power iteration with another length; v'Hv is not divided again."""

    def answer(product: Callable[[Tensor], Tensor], start: Tensor, num_products: int) -> float:
        v = start / length(start)
        for _ in range(num_products - 1):
            v = product(v)
            v = v / length(v)
        return float(v @ product(v))

    return answer


def quotients(product: Callable[[Tensor], Tensor], start: Tensor, num_products: int) -> Tensor:
    """Return v'Hv of every round."""
    v, found = start / start.norm(), []
    for _ in range(num_products):
        product_of_v = product(v)
        found.append(v @ product_of_v)
        v = product_of_v / product_of_v.norm()
    return torch.stack(found)


def square_of_the_last(product, start, num_products):
    v = start
    for _ in range(num_products):
        v = product(v / v.norm())
    return float(v @ v)


TOP_SLIPS: tuple[Mistake, ...] = (
    Mistake(
        "length of the product",
        "You return how much longer the vector gets. Which sign has that for a direction that "
        "curves downwards, and is it the v'Hv that is asked?",
        grown,
    ),
    Mistake(
        "a product too few",
        "You make a product less than you may. How many are left after the last division?",
        lambda a, s, n: top_curvature(a, s, max(1, n - 1)),
    ),
    Mistake(
        "length forgotten",
        "Your start has its own length in the result. By what is v'Hv divided for a v that is "
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
    Mistake(
        "divided by the square",
        "You divide a vector by its length squared. How long is it then?",
        with_length(lambda v: v @ v),
    ),
    Mistake(
        "divided by the largest entry",
        "You divide by the largest entry. Is the vector of length one then, as v'Hv needs it?",
        with_length(lambda v: v.abs().max()),
    ),
    Mistake(
        "divided by the sum of sizes",
        "You divide by the sum of the entries' sizes. Which length does v'Hv need to be one?",
        with_length(lambda v: v.abs().sum()),
    ),
    Mistake(
        "average over the rounds",
        "You average v'Hv over the rounds. Which v is asked for?",
        lambda a, s, n: float(quotients(a, s, n).mean()),
    ),
    Mistake(
        "the largest of the rounds",
        "You keep the largest v'Hv on the way. Which v is asked for, and what if the steepest "
        "direction curves downwards?",
        lambda a, s, n: float(quotients(a, s, n).max()),
    ),
    Mistake(
        "start ignored",
        "Your result does not depend on `start`. With which vector does the first round begin?",
        lambda a, s, n: top_curvature(a, torch.ones_like(s), n),
    ),
    Mistake(
        "Hv times Hv",
        "You multiply Hv by itself, which is a curvature squared. Which two vectors make v'Hv?",
        square_of_the_last,
    ),
)

# --- along a run -------------------------------------------------------------------------------


def late(loss, weights, lr, num_steps, start, count):
    """Measure after each step instead of before."""
    return curvature_along(loss, weights, lr, num_steps + 1, start, count)[1:]


def run_with(step, start_of=lambda start, used: start):
    """Return an answer with another step from (gradient, memory), or another start vector."""

    def answer(loss, weights, lr, num_steps, start, num_products):
        found, w, memory, vector = [], weights.detach().clone(), torch.zeros_like(weights), start
        for _ in range(num_steps + 1):
            found += curvature_along(loss, w, lr, 0, vector, num_products)
            grad = torch.func.grad(loss)(w)
            hessian = torch.func.hessian(loss)(w)
            used = torch.linalg.matrix_power(hessian, num_products - 1) @ vector
            vector = start_of(start, used / used.norm())
            memory = step(grad, memory)
            w = w - lr * memory
        return found

    return answer


def exact_along(loss, weights, lr, num_steps, start, num_products):
    found, w = [], weights.detach().clone()
    for _ in range(num_steps + 1):
        found.append(float(torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, w))[-1]))
        w = w - lr * torch.autograd.functional.jacobian(loss, w)
    return found


RUN_SLIPS: tuple[Mistake, ...] = (
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
        "You make a product more at each point than you may. Is the last one, for v'Hv, "
        "counted too?",
        lambda f, w, lr, n, s, k: curvature_along(f, w, lr, n, s, k + 1),
    ),
    Mistake(
        "the start missing",
        "Your first number belongs to the weights after a step, and your list is a number short. "
        "Which point comes before the first step?",
        lambda f, w, lr, n, s, k: curvature_along(f, w, lr, n, s, k)[1:],
    ),
    Mistake(
        "a product too few",
        "You make a product less at each point than you may. How many rounds come before v'Hv?",
        lambda f, w, lr, n, s, k: curvature_along(f, w, lr, n, s, max(1, k - 1)),
    ),
    Mistake(
        "begins where the last point ended",
        "Your iteration begins with the vector that the point before left. Which vector is the "
        "same at each point, by the text?",
        run_with(lambda grad, memory: grad, lambda start, used: used),
    ),
    Mistake(
        "gradients add up",
        "Your steps hold the gradients of all the points before. What has to happen to a gradient "
        "that was used?",
        run_with(lambda grad, memory: grad + memory),
    ),
    Mistake(
        "momentum",
        "Your run has momentum. Which steps does gradient descent take?",
        run_with(lambda grad, memory: grad + 0.9 * memory),
    ),
    Mistake(
        "the top eigenvalue itself",
        "You return the largest eigenvalue of the Hessian. What do `num_products` products from "
        "`start` give?",
        exact_along,
    ),
)
