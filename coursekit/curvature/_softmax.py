"""Softmax, in attention and in the loss, with a second derivative of few kernels."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from coursekit.curvature._servable import same_kind

aten = torch.ops.aten


class Softmax(Function):
    """p = softmax(x) over the last dimension; its derivative J h = p (h - <p, h>) is symmetric."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Return p."""
        p = torch.softmax(x, -1)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        """Return J g."""
        return SoftmaxSlope.apply(g, *ctx.saved_tensors)


class SoftmaxSlope(Function):
    """J g, as a function of g and p."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, p: Tensor) -> Tensor:
        """Return it."""
        ctx.save_for_backward(g, p, _row_product(p, g))
        return projected(g, p)

    @staticmethod
    def backward(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
        """Return J u, and in p: u (g - <p, g>) - g <p, u>."""
        g, p, first = ctx.saved_tensors
        if torch.is_grad_enabled():  # then it is to be a function of g and p
            first = _row_product(p, g)
        return projected(u, p), torch.addcmul(u * (g - first), g, _row_product(p, u), value=-1)


def _row_product(p: Tensor, h: Tensor) -> Tensor:
    return (p * h).sum(-1, keepdim=True)


def projected(h: Tensor, p: Tensor) -> Tensor:
    """Return J h."""
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
    scores = torch.baddbmm(later, q, k.mT, alpha=factor)
    return torch.bmm(Softmax.apply(scores), v).unflatten(0, query.shape[:2])


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
        return dg, projected(u, p) * (g * weights), None, None


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
