"""Attention and convolution of R models, each one operation with a gradient and a rule for vmap.

    attention     out = softmax( q k^T / sqrt(d) + mask ) v                      for every head
    convolution   y[b, i, j] = sum_{u, v} x[b, i s + u - p, j s + v - p] w[u, v] + bias
                                                                              for every replica

On a GPU all but linear are kernels of `_kernels`, elsewhere the formula as it stands here.
``factors`` says how a kernel multiplies float32 numbers: "tf32" or "tf32x3".
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad


def by_kernel(x: Tensor) -> bool:
    return x.is_cuda and x.dtype in (torch.float32, torch.bfloat16)


def in_front(tensors: Sequence[Tensor], dims: Sequence[int | None], size: int) -> list[Tensor]:
    """Put the replicas first; a tensor that all share is seen by each."""
    pairs = zip(tensors, dims, strict=False)
    return [t.expand(size, *t.shape) if d is None else t.movedim(d, 0) for t, d in pairs]


# ------------------------------------------------------------------------------------ attention
@torch.library.custom_op("coursekit::attention", mutates_args=())
def attention(qkv: Tensor, factors: str) -> Tensor:
    """Return what attention mixes, (n, T, heads, d), from qkv (n, T, 3, heads, d)."""
    if by_kernel(qkv):
        from coursekit.replicas._kernels import attention as kernel

        return kernel(qkv.contiguous(), factors)
    weights, _, _, v = _weights(qkv)
    return (weights @ v).transpose(1, 2).contiguous()


@torch.library.custom_op("coursekit::attention_gradient", mutates_args=())
def attention_gradient(qkv: Tensor, g: Tensor, factors: str) -> Tensor:
    """Return the gradient by qkv, given that by the output."""
    if by_kernel(qkv):
        from coursekit.replicas._kernels import attention_gradient as kernel

        return kernel(qkv.contiguous(), g.contiguous(), factors)
    a, q, k, v = _weights(qkv)
    g = g.transpose(1, 2)
    by_weight = g @ v.mT
    by_score = a * (by_weight - (by_weight * a).sum(-1, keepdim=True)) / q.shape[-1] ** 0.5
    found = torch.stack([by_score @ k, by_score.mT @ q, a.mT @ g])
    return found.permute(1, 3, 0, 2, 4).contiguous()


def _weights(qkv: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (n, heads, T, d) each
    future = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool, device=q.device).triu(1)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf)
    return scores.softmax(-1), q, k, v


@attention.register_fake
def _(qkv: Tensor, factors: str) -> Tensor:
    return qkv.new_empty(*qkv.shape[:2], *qkv.shape[3:])


@attention_gradient.register_fake
def _(qkv: Tensor, g: Tensor, factors: str) -> Tensor:
    return qkv.new_empty(qkv.shape)


@attention.register_vmap
def _(info: Any, dims: Any, qkv: Tensor, factors: str) -> tuple[Tensor, int]:
    """Attention has no weights, so replicas are more examples."""
    (qkv,) = in_front([qkv], dims, info.batch_size)
    return attention(qkv.flatten(0, 1), factors).unflatten(0, (info.batch_size, -1)), 0


def _keep_attention(ctx: Any, inputs: Any, output: Tensor) -> None:
    ctx.save_for_backward(inputs[0])
    ctx.factors = inputs[1]


def _attention_backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
    return attention_gradient(*ctx.saved_tensors, g.contiguous(), ctx.factors), None


attention.register_autograd(_attention_backward, setup_context=_keep_attention)


# ---------------------------------------------------------------------------------- convolution
@torch.library.custom_op("coursekit::convolution", mutates_args=())
def convolution(
    x: Tensor,
    w: Tensor,
    bias: Tensor | None,
    size: list[int],
    shape: list[int],
    turned: bool,
    factors: str,
) -> Tensor:
    """Return y (R, B, *size, O) of x (R, B, H, W, C), w (R, taps C, O) and bias (R, O).

    Args:
        x: Images, channels last.
        w: Weights: the taps row by row, the channels of each.
        bias: In float32, whatever rounds x and w; or none.
        size: Height and width of y.
        shape: Of the kernel: height, width, stride down, across, padding above, left.
        turned: Compute the gradient by the images instead: x is that by the output, and w has the
            channels' two sides exchanged.
        factors: See above.
    """
    if by_kernel(x):
        from coursekit.replicas._kernels import convolution as kernel

        return kernel(x.contiguous(), w.contiguous(), bias, size, shape, turned, factors)
    height, width, down, across, above, left = shape
    taps = w.view(len(w), height, width, 1, x.shape[-1], -1)
    if not turned:
        parts = (seen @ taps[:, u, v, None] for u, v, seen in _seen(x, size, shape))
        y = sum(parts, start=x.new_zeros(()))
        return y if bias is None else y + bias[:, None, None, None].to(y.dtype)
    rows, columns = size[0] + 2 * above, size[1] + 2 * left
    padded = x.new_zeros(*x.shape[:2], rows + down, columns + across, taps.shape[-1])
    for u in range(height):
        for v in range(width):
            end = (u + down * x.shape[2], v + across * x.shape[3])
            padded[:, :, u : end[0] : down, v : end[1] : across] += x @ taps[:, u, v, None]
    return padded[:, :, above : above + size[0], left : left + size[1]].contiguous()


@torch.library.custom_op("coursekit::convolution_weight", mutates_args=())
def convolution_weight(
    x: Tensor, g: Tensor, shape: list[int], factors: str
) -> tuple[Tensor, Tensor]:
    """Return the gradients by w (R, taps C, O) and by bias, given that by y (R, B, *size, O)."""
    if by_kernel(x):
        from coursekit.replicas._kernels import convolution_weight as kernel

        return kernel(x.contiguous(), g.contiguous(), shape, factors)
    size = [g.shape[2], g.shape[3]]
    found = [seen.flatten(1, 3).mT @ g.flatten(1, 3) for _, _, seen in _seen(x, size, shape)]
    return torch.cat(found, dim=1), g.sum(dim=(1, 2, 3), dtype=_unrounded(g))


def _unrounded(g: Tensor) -> torch.dtype:
    return torch.float32 if g.dtype == torch.bfloat16 else g.dtype


def _seen(x: Tensor, size: list[int], shape: list[int]) -> Iterator[tuple[int, int, Tensor]]:
    """Yield every tap (u, v) and what each pixel of the output sees through it."""
    height, width, down, across, above, left = shape
    x = pad(x, (0, 0, left, left, above, above))
    for u in range(height):
        for v in range(width):
            rows = slice(u, u + (size[0] - 1) * down + 1, down)
            yield u, v, x[:, :, rows, v : v + (size[1] - 1) * across + 1 : across]


@convolution.register_fake
def _(x: Tensor, w: Tensor, bias: Tensor | None, size: list[int], *settings: Any) -> Tensor:
    return x.new_empty(*x.shape[:2], *size, w.shape[2])


@convolution_weight.register_fake
def _(x: Tensor, g: Tensor, shape: list[int], factors: str) -> tuple[Tensor, Tensor]:
    by_bias = g.new_empty(len(x), g.shape[-1], dtype=_unrounded(g))
    return x.new_empty(len(x), shape[0] * shape[1] * x.shape[-1], g.shape[-1]), by_bias


@convolution.register_vmap
def _(
    info: Any, dims: Any, x: Tensor, w: Tensor, bias: Tensor | None, *settings: Any
) -> tuple[Tensor, int]:
    x, w = in_front([x, w], dims, info.batch_size)
    if bias is not None:
        (bias,) = in_front([bias], dims[2:], info.batch_size)
        bias = bias.contiguous()
    return convolution(x, w, bias, *settings), 0


def _keep_convolution(ctx: Any, inputs: Any, output: Tensor) -> None:
    x, w, bias, _, ctx.shape, _, ctx.factors = inputs
    ctx.biased = bias is not None
    ctx.save_for_backward(x, w)


def _convolution_backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    x, w = ctx.saved_tensors
    g = g.contiguous()  # here, where the compiler sees it: channels last from where g comes
    by_x = None
    if ctx.needs_input_grad[0]:  # not the first layer's
        sides = w.unflatten(1, (-1, x.shape[-1])).transpose(2, 3).flatten(1, 2)
        by_x = convolution(g, sides, None, list(x.shape[2:4]), ctx.shape, True, ctx.factors)
    by_w, by_bias = convolution_weight(x, g, ctx.shape, ctx.factors)
    return by_x, by_w, by_bias if ctx.biased else None, None, None, None, None


convolution.register_autograd(_convolution_backward, setup_context=_keep_convolution)
