"""Answers for exercise 4: clip_accumulated(micro_grads, max_norm)."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


# ---------------------------------------------------------------- right
def right_if(micro_grads, max_norm):
    g = micro_grads.mean(dim=0)
    norm = g.norm()
    if norm > max_norm:
        g = g * (max_norm / norm)
    return g


def right_min(micro_grads, max_norm):
    g = micro_grads.sum(0) / len(micro_grads)
    length = math.sqrt((g * g).sum().item())
    return g * min(1.0, max_norm / length) if length > 0 else g


def right_clamp(micro_grads, max_norm):
    g = torch.mean(micro_grads, 0)
    return g * (max_norm / torch.linalg.vector_norm(g)).clamp(max=1.0)


def right_loop(micro_grads, max_norm):
    K, P = micro_grads.shape
    g = torch.zeros_like(micro_grads[0])
    for k in range(K):
        g = g + micro_grads[k] / K
    sq = 0.0
    for i in range(P):
        sq += float(g[i]) ** 2
    if sq <= max_norm**2:
        return g
    return g / sq**0.5 * max_norm


def right_numpy(micro_grads, max_norm):
    a = np.asarray(micro_grads.detach().cpu().numpy(), dtype=np.float64)
    g = a.mean(axis=0)
    g = g / max(1.0, np.linalg.norm(g) / max_norm)
    return torch.as_tensor(g, dtype=micro_grads.dtype)


def right_einsum(micro_grads, max_norm):
    K = micro_grads.shape[0]
    w = torch.full((K,), 1 / K, dtype=micro_grads.dtype, device=micro_grads.device)
    g = torch.einsum("k,kp->p", w, micro_grads)
    sq = torch.einsum("p,p->", g, g)
    scale = torch.where(
        sq > max_norm**2,
        max_norm * torch.rsqrt(sq.clamp_min(1e-300 if sq.dtype == torch.float64 else 1e-38)),
        torch.ones_like(sq),
    )
    return scale * g


def right_normalize(micro_grads, max_norm):
    g = micro_grads.mean(0)
    return F.normalize(g, dim=0) * min(g.norm().item(), max_norm)


def right_torch_clip(micro_grads, max_norm):
    """What most people would call; torch's 1e-6 beside the norm is rounding here."""
    p = nn.Parameter(torch.zeros_like(micro_grads[0]))
    p.grad = micro_grads.mean(dim=0)
    nn.utils.clip_grad_norm_([p], max_norm)
    return p.grad


# ---------------------------------------------------------------- wrong
def wrong_clip_inside(micro_grads, max_norm):
    """Clip each micro-batch's gradient, then average: same thing."""
    rows = [g * min(1.0, max_norm / g.norm().item()) for g in micro_grads]
    return torch.stack(rows).mean(dim=0)


def wrong_clip_inside_and_after(micro_grads, max_norm):
    """Clipping twice is safer: each micro-batch, and the sum again."""
    rows = torch.stack([g * min(1.0, max_norm / g.norm().item()) for g in micro_grads])
    g = rows.sum(dim=0)
    return g * min(1.0, max_norm / g.norm().item())


def wrong_sum_then_clip(micro_grads, max_norm):
    """Accumulating is adding, so the accumulated gradient is the sum."""
    g = micro_grads.sum(dim=0)
    return g * min(1.0, max_norm / g.norm().item())


def wrong_clip_sum_then_divide(micro_grads, max_norm):
    """Clip what is in .grad (the sum), divide by K afterwards."""
    g = micro_grads.sum(dim=0)
    g = g * min(1.0, max_norm / g.norm().item())
    return g / micro_grads.shape[0]


def wrong_always_rescale(micro_grads, max_norm):
    """Clipping gives the gradient the norm max_norm, always."""
    g = micro_grads.mean(dim=0)
    return g / g.norm() * max_norm


def wrong_clip_value(micro_grads, max_norm):
    """Clipping cuts each coordinate to [-c, c]."""
    return micro_grads.mean(dim=0).clamp(-max_norm, max_norm)


def wrong_squared_norm(micro_grads, max_norm):
    """The norm is the sum of squares (no root)."""
    g = micro_grads.mean(dim=0)
    return g * min(1.0, max_norm / (g * g).sum().item())


def wrong_l1_norm(micro_grads, max_norm):
    """The norm is the sum of absolute values."""
    g = micro_grads.mean(dim=0)
    return g * min(1.0, max_norm / g.abs().sum().item())


def wrong_max_norm(micro_grads, max_norm):
    """The norm is the largest coordinate."""
    g = micro_grads.mean(dim=0)
    return g * min(1.0, max_norm / g.abs().max().item())


def wrong_frobenius(micro_grads, max_norm):
    """The norm to compare is that of all micro-gradients together."""
    g = micro_grads.mean(dim=0)
    return g * min(1.0, max_norm / micro_grads.norm().item())


def wrong_mean_of_norms(micro_grads, max_norm):
    """The accumulated gradient's norm is the mean of the micro-gradients' norms."""
    g = micro_grads.mean(dim=0)
    return g * min(1.0, max_norm / micro_grads.norm(dim=1).mean().item())


def wrong_no_clip(micro_grads, max_norm):
    """The mean of many is short enough already."""
    return micro_grads.mean(dim=0)


def wrong_unit_when_too_long(micro_grads, max_norm):
    """Too long: make it a unit vector (c forgotten)."""
    g = micro_grads.mean(dim=0)
    return g / g.norm() if g.norm() > max_norm else g


def wrong_limit_times_K(micro_grads, max_norm):
    """K micro-batches may have K times the limit."""
    g = micro_grads.mean(dim=0)
    return g * min(1.0, max_norm * len(micro_grads) / g.norm().item())


def wrong_limit_over_sqrt_K(micro_grads, max_norm):
    """Averaging shrinks noise by sqrt K, so the limit shrinks too."""
    g = micro_grads.mean(dim=0)
    return g * min(1.0, max_norm / math.sqrt(len(micro_grads)) / g.norm().item())


def wrong_max_for_min(micro_grads, max_norm):
    """Factor max(1, c/|g|): lifts the short, leaves the long."""
    g = micro_grads.mean(dim=0)
    return g * max(1.0, max_norm / g.norm().item())


def wrong_zero_when_too_long(micro_grads, max_norm):
    """A gradient beyond the limit is discarded."""
    g = micro_grads.mean(dim=0)
    return g if g.norm() <= max_norm else torch.zeros_like(g)


def wrong_mean_over_parameters(micro_grads, max_norm):
    """Averages over the wrong axis."""
    g = micro_grads.mean(dim=1)
    return g * min(1.0, max_norm / g.norm().item())


def wrong_rms(micro_grads, max_norm):
    """The norm is the root mean square, not the root of the sum."""
    g = micro_grads.mean(dim=0)
    return g * min(1.0, max_norm / g.square().mean().sqrt().item())


RIGHT = [
    right_if,
    right_min,
    right_clamp,
    right_loop,
    right_numpy,
    right_einsum,
    right_normalize,
    right_torch_clip,
]
WRONG = [
    wrong_clip_inside,
    wrong_clip_inside_and_after,
    wrong_sum_then_clip,
    wrong_clip_sum_then_divide,
    wrong_always_rescale,
    wrong_clip_value,
    wrong_squared_norm,
    wrong_l1_norm,
    wrong_max_norm,
    wrong_frobenius,
    wrong_mean_of_norms,
    wrong_no_clip,
    wrong_unit_when_too_long,
    wrong_limit_times_K,
    wrong_limit_over_sqrt_K,
    wrong_max_for_min,
    wrong_zero_when_too_long,
    wrong_mean_over_parameters,
    wrong_rms,
]
