"""One optimizer step for a stack of replicas, each with its own learning rate.

Every parameter carries the replicas in its first dimension: a weight (out, in) of R replicas is
one tensor (R, out, in). Norms are taken within a replica, so replicas never meet; one that has
diverged harms no other.
"""

import torch
from torch import Tensor

from coursekit.train._orthogonal import is_matrix, muon_direction
from coursekit.train.optim import LAMB, LARS, SGD, Adam, Muon, Settings

State = list[list[Tensor]]  # for each of the optimizer's averages, a tensor like each parameter


def stacked_state(settings: Settings, params: list[Tensor]) -> State:
    """Return the state before the first step: one, two or no average of each parameter."""
    match settings:
        case SGD(momentum=0.0):
            count = 0
        case SGD() | LARS():
            count = 1
        case Adam() | LAMB() | Muon():  # of Muon's two a matrix needs only the first
            count = 2
    return [[torch.zeros_like(p) for p in params] for _ in range(count)]


def stacked_step(
    settings: Settings,
    params: list[Tensor],
    grads: list[Tensor],
    state: State,
    lr: Tensor,
    num_updates: int | Tensor,
) -> None:
    """Take one optimizer step in place; equal to torch's for each replica.

    Args:
        settings: See `coursekit.train.optim`.
        params: Shapes (R, ...).
        grads: Same shapes; overwritten.
        state: From `stacked_state`; changed in place.
        lr: Shape (R,).
        num_updates: t, counting this step, from 1; a 0-d float64 tensor inside a CUDA graph.
    """
    if isinstance(settings, Adam):
        _adam(settings, params, grads, state, lr, num_updates)
        return
    for i, (w, g) in enumerate(zip(params, grads, strict=True)):
        averages = [average[i] for average in state]
        rate = _beside(w, lr)
        match settings:
            case SGD():
                _sgd(settings, w, g, averages, rate)
            case LARS():
                _lars(settings, w, g, averages, rate)
            case LAMB():
                _lamb(settings, w, g, averages, rate, num_updates)
            case Muon():
                _muon(settings, w, g, averages, rate, num_updates)


def _beside(w: Tensor, lr: Tensor) -> Tensor:
    """Return lr (R,) in as many dimensions as a parameter has."""
    return lr.view(-1, *[1] * (w.dim() - 1))


def _sgd(s: SGD, w: Tensor, g: Tensor, averages: list[Tensor], lr: Tensor) -> None:
    if s.weight_decay:
        g.add_(w, alpha=s.weight_decay)
    if s.momentum:
        velocity = averages[0].mul_(s.momentum).add_(g)
        g = g.add_(velocity, alpha=s.momentum) if s.nesterov else velocity
    w.addcmul_(lr, g, value=-1.0)


def _adam(
    s: Adam, weights: list[Tensor], grads: list[Tensor], state: State, lr: Tensor, t: int | Tensor
) -> None:
    """Take the step of all parameters, operation by operation: on a GPU each is one launch.

    One parameter after another they were half of all launches in a step of a small transformer.
    """
    if s.decoupled:
        for w in weights:
            w.mul_(1 - _beside(w, lr) * s.weight_decay)
    elif s.weight_decay:
        torch._foreach_add_(grads, weights, alpha=s.weight_decay)
    m, v = state
    torch._foreach_mul_(m, s.beta1)
    torch._foreach_add_(m, grads, alpha=1 - s.beta1)
    torch._foreach_mul_(v, s.beta2)
    torch._foreach_addcmul_(v, grads, grads, value=1 - s.beta2)
    directions = torch._foreach_div(m, _as_tensor(1 - s.beta1**t, lr))
    roots = torch._foreach_div(v, _as_tensor(1 - s.beta2**t, lr))
    torch._foreach_sqrt_(roots)
    torch._foreach_add_(roots, s.eps)
    torch._foreach_div_(directions, roots)
    for w, direction in zip(weights, directions, strict=True):
        w.addcmul_(_beside(w, lr), direction, value=-1.0)


def _as_tensor(number: float | Tensor, like: Tensor) -> Tensor:
    return torch.as_tensor(number, dtype=like.dtype, device=like.device)


def _lars(s: LARS, w: Tensor, g: Tensor, averages: list[Tensor], lr: Tensor) -> None:
    ratio = torch.ones_like(lr)
    if w.dim() > 2:
        norm, grad_norm = _norm(w), _norm(g)
        scaled = norm / (grad_norm + s.weight_decay * norm)
        ratio = torch.where((norm > 0) & (grad_norm > 0), scaled, ratio)
    if s.weight_decay:
        g.add_(w, alpha=s.weight_decay)
    w.sub_(averages[0].mul_(s.momentum).addcmul_(g, lr * s.trust * ratio))


def _lamb(
    s: LAMB, w: Tensor, g: Tensor, averages: list[Tensor], lr: Tensor, t: int | Tensor
) -> None:
    r = _adam_direction(s, g, averages, t)
    if s.weight_decay:
        r.add_(w, alpha=s.weight_decay)
    ratio = torch.ones_like(lr)
    if w.dim() > 2:
        norm, r_norm = _norm(w), _norm(r)
        ratio = torch.where((norm > 0) & (r_norm > 0), norm / r_norm, ratio)
    w.addcmul_(lr * ratio, r, value=-1.0)


def _muon(
    s: Muon, w: Tensor, g: Tensor, averages: list[Tensor], lr: Tensor, t: int | Tensor
) -> None:
    by_muon = s.orthogonal and is_matrix(w, stacked=True)
    rate = lr if by_muon else lr * s.adam_lr
    if s.weight_decay:
        w.mul_(1 - rate * s.weight_decay)
    step = muon_direction(s, g, averages[0]) if by_muon else _adam_direction(s, g, averages, t)
    w.addcmul_(rate, step, value=-1.0)


def _adam_direction(s: LAMB | Muon, g: Tensor, averages: list[Tensor], t: int | Tensor) -> Tensor:
    """Update both averages; return m_hat / (sqrt(v_hat) + eps)."""
    m, v = averages
    m.mul_(s.beta1).add_(g, alpha=1 - s.beta1)
    v.mul_(s.beta2).addcmul_(g, g, value=1 - s.beta2)
    return (m / (1 - s.beta1**t)).div_((v / (1 - s.beta2**t)).sqrt_().add_(s.eps))


def _norm(stacked: Tensor) -> Tensor:
    """Return each replica's norm of one parameter, shape (R, 1, ..., 1)."""
    dims = tuple(range(1, stacked.dim()))
    return torch.linalg.vector_norm(stacked, dim=dims, keepdim=True)
