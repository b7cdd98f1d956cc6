"""Layers that see row after row, of R models: linear ones and LayerNorm, as those of `_operations`.

    linear        y = x w^T + bias                                              for every replica
    layer_norm    y = scale (x - mean) / sqrt(variance + eps) + shift           for every row

On a GPU LayerNorm is a kernel of `_kernels`: torch norms rows of 64 at a tenth of memory's rate.
"""

from typing import Any

import torch
from torch import Tensor

from coursekit.replicas._operations import by_kernel, in_front

# --------------------------------------------------------------------------------------- linear
ENOUGH = 256  # products side by side that keep a GPU busy; one alone runs on a few of its parts
SHORTEST = 512  # rows of a part


@torch.library.custom_op("coursekit::linear", mutates_args=())
def linear(x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
    """Return y (R, N, O) of x (R, N, K), w (R, O, K) and bias (R, O)."""
    y = x @ w.mT
    return y if bias is None else y.add_(bias[:, None])


@torch.library.custom_op("coursekit::linear_weight", mutates_args=())
def linear_weight(x: Tensor, g: Tensor) -> Tensor:
    """Return the gradient by w (R, O, K), given that by y (R, N, O).

    The sum over many rows is cut into parts: in a stack of few replicas each product has few
    entries, and so would keep few of a GPU's processors busy for long.
    """
    parts = parts_of(*g.shape[:2])
    if parts == 1:
        return g.mT @ x
    x, g = (t.unflatten(1, (parts, -1)) for t in (x, g))
    return (g.mT @ x).sum(dim=1)


def parts_of(replicas: int, rows: int) -> int:
    """Return into how many parts to cut sums over rows: a power of two that divides them."""
    parts = 1
    while parts * replicas < ENOUGH and rows % (2 * parts) == 0 and rows >= 2 * parts * SHORTEST:
        parts *= 2
    return parts


@linear.register_fake
def _(x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
    return x.new_empty(*x.shape[:2], w.shape[1])


@linear_weight.register_fake
def _(x: Tensor, g: Tensor) -> Tensor:
    return x.new_empty(len(x), g.shape[2], x.shape[2])


@linear.register_vmap
def _(info: Any, dims: Any, x: Tensor, w: Tensor, bias: Tensor | None) -> tuple[Tensor, int]:
    x, w = in_front([x, w], dims, info.batch_size)
    if bias is not None:
        (bias,) = in_front([bias], dims[2:], info.batch_size)
    return linear(x, w, bias), 0


def _keep_linear(ctx: Any, inputs: Any, output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:2])
    ctx.biased = inputs[2] is not None


def _linear_backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    x, w = ctx.saved_tensors
    g = g.contiguous()
    by_x = g @ w if ctx.needs_input_grad[0] else None
    return by_x, linear_weight(x, g), g.sum(dim=1) if ctx.biased else None


linear.register_autograd(_linear_backward, setup_context=_keep_linear)


# ----------------------------------------------------------------------------------- layer norm
@torch.library.custom_op("coursekit::layer_norm", mutates_args=())
def layer_norm(x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
    """Return y (R, N, W) of x (R, N, W), scale and shift (R, W)."""
    if by_kernel(x):
        from coursekit.replicas._kernels import layer_norm as kernel

        return kernel(x.contiguous(), scale.contiguous(), shift.contiguous(), eps)
    return _normed(x, eps)[0] * scale[:, None] + shift[:, None]


@torch.library.custom_op("coursekit::layer_norm_gradient", mutates_args=())
def layer_norm_gradient(
    x: Tensor, scale: Tensor, g: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients by x, scale and shift, given that by y."""
    if by_kernel(x):
        from coursekit.replicas._kernels import layer_norm_gradient as kernel

        return kernel(x.contiguous(), scale.contiguous(), g.contiguous(), eps)
    normed, inverse = _normed(x, eps)
    by_normed = g * scale[:, None]
    along = (by_normed * normed).mean(-1, keepdim=True)
    by_x = inverse * (by_normed - by_normed.mean(-1, keepdim=True) - normed * along)
    return by_x, (g * normed).sum(dim=1), g.sum(dim=1)


def _normed(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    inverse = (x.var(-1, correction=0, keepdim=True) + eps).rsqrt()
    return (x - x.mean(-1, keepdim=True)) * inverse, inverse


@layer_norm.register_fake
def _(x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
    return torch.empty_like(x)


@layer_norm_gradient.register_fake
def _(x: Tensor, scale: Tensor, g: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), torch.empty_like(scale), torch.empty_like(scale)


@layer_norm.register_vmap
def _(info: Any, dims: Any, *inputs: Any) -> tuple[Tensor, int]:
    return layer_norm(*in_front(inputs[:3], dims[:3], info.batch_size), inputs[3]), 0


def _keep_layer_norm(ctx: Any, inputs: Any, output: Tensor) -> None:
    x, scale, _, ctx.eps = inputs
    ctx.save_for_backward(x, scale)


def _layer_norm_backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    x, scale = ctx.saved_tensors
    return *layer_norm_gradient(x, scale, g.contiguous(), ctx.eps), None


layer_norm.register_autograd(_layer_norm_backward, setup_context=_keep_layer_norm)
