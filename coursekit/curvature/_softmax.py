"""Softmax, in attention and in the loss, with a second derivative of few kernels."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from coursekit.curvature._servable import same_kind

aten = torch.ops.aten


class Attention(Function):
    """o = p v with p = softmax(factor q k' + mask), for every head apart.

    p is an output too: what the slopes below do to it comes back here, and is added in place.
    """

    @staticmethod
    def forward(
        ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, factor: float
    ) -> tuple[Tensor, Tensor]:
        """Return o and p."""
        ctx.set_materialize_grads(False)
        p = torch.softmax(torch.baddbmm(mask, q, k.mT, alpha=factor), -1)
        ctx.save_for_backward(q, k, v, p)
        ctx.factor = factor
        return torch.bmm(p, v), p

    @staticmethod
    def backward(ctx: Any, g: Any, to_p: Any) -> tuple[Tensor | None, ...]:
        """Return the gradient; `to_p` is known to nobody else."""
        q, k, v, p = ctx.saved_tensors
        if g is None and to_p is None:
            return (None,) * 5
        if torch.is_grad_enabled() and to_p is None:
            return *AttentionSlopes.apply(g, q, k, v, p, ctx.factor), None, None
        s = through_softmax(to_p if g is None else onto(to_p, g, v.mT), p)
        dv = None if g is None else torch.bmm(p.mT, g)
        return onto(None, s, k, ctx.factor), onto(None, s.mT, q, ctx.factor), dv, None, None


class AttentionSlopes(Function):
    """Its gradient, with a = g v' and s = J a = p (a - <p, a>): factor s k, factor s' q, p' g."""

    @staticmethod
    def forward(
        ctx: Any, g: Tensor, q: Tensor, k: Tensor, v: Tensor, p: Tensor, factor: float
    ) -> tuple[Tensor, ...]:
        """Return the three, and keep s and a - <p, a>: they are the same in every product."""
        ctx.set_materialize_grads(False)
        ctx.factor = factor
        a = torch.bmm(g, v.mT)
        s, mean = through_softmax(a, p), _row_product(p, a)
        ctx.save_for_backward(g, q, k, v, p, s, a.sub_(mean), mean)
        return onto(None, s, k, factor), onto(None, s.mT, q, factor), torch.bmm(p.mT, g)

    @staticmethod
    def backward(
        ctx: Any, uq: Tensor | None, uk: Tensor | None, uv: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return the derivative along cotangents of the three.

        That of s along w is J w in a, and (w - <p, w>) (a - <p, a>) - <p, a> <p, w> in p.
        """
        g, q, k, v, p, s, centred, mean = ctx.saved_tensors
        factor = ctx.factor
        if torch.is_grad_enabled():  # then these are to be functions of g, v and p
            a = torch.bmm(g, v.mT)
            mean = _row_product(p, a)
            centred = a - mean
            s = p * centred
        w = dg = dq = dk = dv = dp = None
        if uq is not None:
            w = onto(None, uq, k.mT, factor)
            dk = onto(None, s.mT, uq, factor)
        if uk is not None:
            w = onto(w, q, uk.mT, factor)
            dq = onto(None, s, uk, factor)
        if w is not None:
            rows = _row_product(p, w)
            w = w - rows if torch.is_grad_enabled() else w.sub_(rows)
            dp = torch.addcmul(-mean * rows, w, centred)
            to_a = p * w
            dg, dv = torch.bmm(to_a, v), torch.bmm(to_a.mT, g)
        if uv is not None:
            dp, dg = onto(dp, g, uv.mT), onto(dg, p, uv)
        return dg, dq, dk, dv, dp, None


def onto(base: Tensor | None, a: Tensor, b: Tensor, factor: float = 1.0) -> Tensor:
    """Return base + factor a b, in the place of base where no graph is wanted."""
    if base is None:
        return torch.baddbmm(a.new_empty(1, 1, 1), a, b, beta=0, alpha=factor)
    if torch.is_grad_enabled():
        return torch.baddbmm(base, a, b, alpha=factor)
    return base.baddbmm_(a, b, alpha=factor)


def _row_product(p: Tensor, h: Tensor) -> Tensor:
    return (p * h).sum(-1, keepdim=True)


def through_softmax(h: Tensor, p: Tensor) -> Tensor:
    """Return J h = p (h - <p, h>), the derivative of softmax; J is symmetric."""
    return aten._softmax_backward_data(h, p, -1, p.dtype)


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """Return scaled dot product attention; NotImplemented with a mask of one's own or dropout."""
    if attn_mask is not None or dropout_p or enable_gqa or not same_kind(query, key, value):
        return NotImplemented
    if query.dim() != 4 or query.shape[:2] != key.shape[:2] or query.shape[-2] * key.shape[-2] == 0:
        return NotImplemented
    rows, columns = query.shape[-2], key.shape[-2]
    if is_causal and rows > columns:
        return NotImplemented
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    q, k, v = (t.flatten(0, 1) for t in (query, key, value))
    later = q.new_zeros(rows, columns)
    if is_causal:
        later = later.fill_(-math.inf).triu_(1)
    return Attention.apply(q, k, v, later, factor)[0].unflatten(0, query.shape[:2])


class CrossEntropy(Function):
    """The mean of log sum exp z - z[target] over the targets that are not to be ignored."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, target: Tensor, ignored: int) -> Tensor:
        """Return the mean."""
        ctx.save_for_backward(z, target)
        ctx.ignored = ignored
        return F.cross_entropy(z, target, ignore_index=ignored)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient."""
        return CrossEntropySlope.apply(g, *ctx.saved_tensors, ctx.ignored), None, None


class CrossEntropySlope(Function):
    """Its gradient: g n (p - onehot) with p = softmax z and n = 1/targets, or 0 where ignored."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, z: Tensor, target: Tensor, ignored: int) -> Tensor:
        """Return it."""
        kept = target != ignored
        weights = (kept.to(z.dtype) / kept.sum()).unsqueeze(-1)
        rows = target.where(kept, 0).unsqueeze(-1)
        p = torch.softmax(z, -1)
        ctx.save_for_backward(g, z, p, weights, rows)
        return (p * (g * weights)).scatter_add_(-1, rows, -g * weights)

    @staticmethod
    def backward(ctx: Any, u: Tensor) -> tuple[Tensor | None, ...]:
        """Return the derivative of <u, slope>: <u, n (p - onehot)>, and in z: g n J u."""
        g, z, p, weights, rows = ctx.saved_tensors
        if torch.is_grad_enabled():  # then it is to be a function of z
            p = torch.softmax(z, -1)
        dg = None
        if ctx.needs_input_grad[0]:
            gaps = (u * p).sum(-1, keepdim=True) - u.gather(-1, rows)
            dg = (weights * gaps).sum()
        bent, scale = through_softmax(u, p), g * weights
        return dg, bent * scale if torch.is_grad_enabled() else bent.mul_(scale), None, None


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Return the mean cross-entropy of class numbers; NotImplemented for other forms."""
    asked = weight is None and size_average is None and reduce is None and label_smoothing == 0
    if not asked or reduction != "mean" or not same_kind(input):
        return NotImplemented
    if type(target) is not Tensor or target.dtype != torch.int64:
        return NotImplemented
    if input.dim() != 2 or target.shape != input.shape[:1] or input.numel() == 0:
        return NotImplemented
    return CrossEntropy.apply(input, target, ignore_index)
