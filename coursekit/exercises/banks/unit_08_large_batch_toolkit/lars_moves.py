"""A step of LARS, and steps that differ in one part."""

from collections.abc import Callable

import torch
from torch import Tensor


def lars_step(weight, grad, velocity, lr, momentum, weight_decay):
    ratio = 1.0
    if weight.ndim > 1 and weight.norm() > 0 and grad.norm() > 0:
        ratio = weight.norm() / (grad.norm() + weight_decay * weight.norm())
    velocity = momentum * velocity + lr * ratio * (grad + weight_decay * weight)
    return torch.stack([weight - velocity, velocity])


def with_ratio(ratio: Callable[..., Tensor | float], *, vectors: bool = False):
    """Return an answer with another ratio for matrices (and vectors): (w, g, decay) -> number."""

    def answer(w, g, v, lr, momentum, decay):
        usual = w.ndim > 1 or vectors
        r = ratio(w, g, decay) if usual and w.norm() > 0 and g.norm() > 0 else 1.0
        v = momentum * v + lr * r * (g + decay * w)
        return [w - v, v]

    return answer


def right_ratio(w, g, decay):
    return w.norm() / (g.norm() + decay * w.norm())


def ratio_of(w, g, decay):
    """Return the ratio as it should be: 1 where there is nothing to compare."""
    ok = w.ndim > 1 and w.norm() > 0 and g.norm() > 0
    return right_ratio(w, g, decay) if ok else torch.tensor(1.0)


def moved(update: Callable[..., tuple[Tensor, Tensor]]):
    """Return an answer with the right ratio and another update: (w, g, v, lr ratio, m, decay)."""

    def answer(w, g, v, lr, momentum, decay):
        new_w, new_v = update(w, g, v, lr * ratio_of(w, g, decay), momentum, decay)
        return [new_w, new_v]

    return answer


def outside(w, g, v, lr, momentum, decay):
    """Keep the rate out of the velocity, as torch's SGD does."""
    v = momentum * v + ratio_of(w, g, decay) * (g + decay * w)
    return [w - lr * v, v]


def raw_when_empty(w, g, v, lr, momentum, decay):
    """Divide whatever the norms are: a matrix of zeros then never moves."""
    r = right_ratio(w, g, decay) if w.ndim > 1 else 1.0
    r = torch.as_tensor(r).nan_to_num(0.0)
    v = momentum * v + lr * r * (g + decay * w)
    return [w - v, v]


def zero_gradient_too(w, g, v, lr, momentum, decay):
    """Look at the weight alone; a gradient of zeros is then scaled up by the decay."""
    r = torch.tensor(1.0)
    if w.ndim > 1 and w.norm() > 0:
        r = right_ratio(w, g, decay)
    v = momentum * v + lr * r * (g + decay * w)
    return [w - v, v]


def small_as_zero(w, g, v, lr, momentum, decay):
    """Count any short matrix as one of zeros."""
    r = right_ratio(w, g, decay) if w.ndim > 1 and min(w.norm(), g.norm()) > 1e-3 else 1.0
    v = momentum * v + lr * r * (g + decay * w)
    return [w - v, v]


def weight_of_zeros_stays(w, g, v, lr, momentum, decay):
    """Catch a gradient of zeros alone; a matrix of zeros has then ratio 0."""
    r = right_ratio(w, g, decay) if w.ndim > 1 and g.norm() > 0 else 1.0
    v = momentum * v + lr * r * (g + decay * w)
    return [w - v, v]


def rate_twice(w, g, v, lr, momentum, decay):
    v = momentum * v + lr * ratio_of(w, g, decay) * (g + decay * w)
    return [w - lr * v, v]


def decoupled(w, g, v, lr, momentum, decay):
    """Keep the decay out of the ratio's reach."""
    v = momentum * v + lr * (ratio_of(w, g, decay) * g + decay * w)
    return [w - v, v]


def ratio_last(w, g, v, lr, momentum, decay):
    """Scale the whole velocity, as LAMB scales its step."""
    v = momentum * v + lr * (g + decay * w)
    return [w - ratio_of(w, g, decay) * v, v]


def row_ratio(w, g, decay):
    a, b = w.norm(dim=1, keepdim=True), g.norm(dim=1, keepdim=True)
    return a / (b + decay * a)


def sum_ratio(w, g, decay):
    return w.abs().sum() / (g.abs().sum() + decay * w.abs().sum())
