"""Searches in Keskar's box, right and wrong ones."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_06_sharpness.hvp import gradient, height

Loss = Callable[[Tensor], Tensor]


def losses_on_the_way(
    loss: Loss, weights: Tensor, box: Tensor, num_steps: int, *, downhill: bool = False
) -> list[float]:
    point, found = weights, [float(height(loss, weights))]
    for _ in range(num_steps):
        sign = gradient(loss, point).sign()
        point = weights + (-box if downhill else box) * sign
        found.append(float(height(loss, point)))
    return found


def with_box(make: Callable[[Tensor, float], Tensor]) -> Callable[..., float]:
    """Return an answer that climbs in another box."""

    def answer(loss, weights, epsilon, num_steps):
        found = losses_on_the_way(loss, weights, make(weights, epsilon), num_steps)
        return 100 * (max(found) - found[0]) / (1 + found[0])

    return answer


def of_losses(formula: Callable[[list[float]], float]) -> Callable[..., float]:
    """Return an answer that makes another number of the losses on the way."""

    def answer(loss, weights, epsilon, num_steps):
        box = epsilon * (weights.abs() + 1)
        return formula(losses_on_the_way(loss, weights, box, num_steps))

    return answer


climbs = with_box(lambda weights, epsilon: epsilon * (weights.abs() + 1))


def keskar_downhill(loss, weights, epsilon, num_steps):
    box = epsilon * (weights.abs() + 1)
    found = losses_on_the_way(loss, weights, box, num_steps, downhill=True)
    return 100 * (max(found) - found[0]) / (1 + found[0])


def with_walk(move: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> Callable[..., float]:
    """Return an answer whose next point is move(weights, point, slope, epsilon)."""

    def answer(loss, weights, epsilon, num_steps):
        point, found = weights, [float(height(loss, weights))]
        for _ in range(num_steps):
            point = move(weights, point, gradient(loss, point), epsilon)
            found.append(float(height(loss, point)))
        return 100 * (max(found) - found[0]) / (1 + found[0])

    return answer


def half_widths(weights: Tensor, epsilon: float) -> Tensor:
    return epsilon * (weights.abs() + 1)


def small_steps(loss, weights, epsilon, num_steps):
    return with_walk(lambda w, p, g, e: p + half_widths(w, e) / num_steps * g.sign())(
        loss, weights, epsilon, num_steps
    )


def first_gradient_only(loss, weights, epsilon, num_steps):
    return climbs(loss, weights, epsilon, 1)


def until_not_higher(loss, weights, epsilon, num_steps):
    """Stop at the first corner that is not higher than all before."""
    found = losses_on_the_way(loss, weights, half_widths(weights, epsilon), num_steps)
    best = found[0]
    for height_there in found[1:]:
        if height_there <= best:
            break
        best = height_there
    return 100 * (best - found[0]) / (1 + found[0])


def keskar_by_differences(loss, weights, epsilon, num_steps):
    """Find the sign of each slope by trying a tiny step either way; no autograd."""
    w, start = weights.numpy(), float(loss(weights))
    point, highest = w.copy(), start
    for _ in range(num_steps):
        tries = 1e-6 * np.eye(len(w))
        rise = [
            float(loss(torch.tensor(point + t))) - float(loss(torch.tensor(point - t)))
            for t in tries
        ]
        point = w + epsilon * (np.abs(w) + 1) * np.sign(rise)
        highest = max(highest, float(loss(torch.tensor(point))))
    return 100 * (highest - start) / (1 + start)
