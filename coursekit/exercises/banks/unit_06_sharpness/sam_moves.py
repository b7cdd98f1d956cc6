"""A step uphill by the weights' own gradient, and wrong steps."""

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from coursekit.exercises.banks.unit_06_sharpness.hvp import gradient, height

Move = Callable[[list[Tensor], list[Tensor]], list[Tensor]]


def rise(
    loss: functools.partial, params: list[Tensor], move: Move, *, restore: bool = True
) -> tuple[float, float]:
    """Return the loss at the parameters and after a move; restore them from copies.

    What it needs is remembered by the function of all weights behind ``loss``: the mistakes ask
    for the same few derivatives.
    """
    of_weights, kept = loss.args[0], [p.detach().clone() for p in params]
    flat = torch.cat(kept)
    grads = gradient(of_weights, flat).split([len(p) for p in params])
    moved = [p + step for p, step in zip(kept, move(list(grads), kept), strict=True)]
    with torch.no_grad():
        for p, now in zip(params, kept if restore else moved, strict=True):
            p.copy_(now)
    return float(height(of_weights, flat)), float(height(of_weights, torch.cat(moved)))


def length(tensors: list[Tensor]) -> Tensor:
    return torch.cat([t.reshape(-1) for t in tensors]).norm()


def uphill(rho: float) -> Move:
    return lambda grads, kept: [rho * g / length(grads) for g in grads]


def with_move(move: Callable[[float], Move], *, restore: bool = True) -> Callable[..., float]:
    def answer(loss, params, rho):
        before, after = rise(loss, params, move(rho), restore=restore)
        return after - before

    return answer


def of_losses(formula: Callable[[float, float], float]) -> Callable[..., float]:
    def answer(loss, params, rho):
        return formula(*rise(loss, params, uphill(rho)))

    return answer


def first_order(loss, params, rho):
    return rho * length(list(torch.autograd.grad(loss(), params)))


def restored_by_the_gradient_there(loss, params, rho):
    """Step back along the gradient at the upper point, which points elsewhere."""
    before, after = rise(loss, params, uphill(rho), restore=False)
    grads = list(torch.autograd.grad(loss(), params))
    with torch.no_grad():
        for p, g in zip(params, grads, strict=True):
            p.sub_(rho * g / length(grads))
    return after - before


def gradient_left_in_place(loss, params, rho):
    """Leave a SAM training step behind: gradients pile up in .grad from call to call."""
    before = loss()
    before.backward()
    kept = [p.detach().clone() for p in params]
    with torch.no_grad():
        for p in params:
            p.add_(rho * p.grad / length([q.grad for q in params]))
    after = loss()
    after.backward()
    with torch.no_grad():
        for p, old in zip(params, kept, strict=True):
            p.copy_(old)
    return after.item() - before.item()


def added_to_an_old_one(loss, params, rho):
    """Call backward() on whatever lies in .grad, and take one gradient a call."""
    before = loss()
    before.backward()
    kept = [p.detach().clone() for p in params]
    with torch.no_grad():
        for p in params:
            p.add_(rho * p.grad / length([q.grad for q in params]))
        after = loss()
        for p, old in zip(params, kept, strict=True):
            p.copy_(old)
    return after.item() - before.item()


def only_first_restored(loss, params, rho):
    kept = params[0].detach().clone()
    before, after = rise(loss, params, uphill(rho), restore=False)
    with torch.no_grad():
        params[0].copy_(kept)
    return after - before


def before_read_too_late(loss, params, rho):
    """Read the loss before the step only after it, and take the step twice."""
    base, high = (rise(loss, params, uphill(r))[1] for r in (rho, 2 * rho))
    return high - base


def first_part(rho: float) -> Move:
    return lambda grads, kept: [rho * grads[0] / length(grads), *(0 * g for g in grads[1:])]


def only_first(rho: float) -> Move:
    return lambda grads, kept: [rho * grads[0] / grads[0].norm(), *(0 * g for g in grads[1:])]
