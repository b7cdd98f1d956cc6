"""Convolutions that can be differentiated as often as one likes, each derivative a convolution.

A convolution is linear in its input x and in its kernel w. So the sum of its output times a
cotangent g, T(x, w, g) = <conv(x, w), g>, is linear in each of the three. Its slopes in x and w
are the gradient S(g, x, w), and the derivative of <u, S_x> + <v, S_w> is made of the same two:

    in g: conv(u, w) + conv(x, v),    in x and w: S(g, u, v)

A bias b adds sum g to the gradient, and its cotangent c is a bias again. For all of these torch has
fast kernels. Its own second derivative goes another way round: the gradient's part that belongs to
the kernel is there a convolution whose kernel is as large as the image.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from coursekit.curvature._servable import servable

aten = torch.ops.aten
Moves = tuple[Any, ...]  # stride, padding, dilation, transposed, output_padding, groups
Slopes = tuple[Tensor | None, Tensor | None, Tensor | None]  # in x, w and b


class Convolved(Function):
    """conv(x, w) + b."""

    @staticmethod
    def forward(ctx: Any, moves: Moves, x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
        """Return it."""
        ctx.moves = moves
        ctx.save_for_backward(x, w)
        return torch.convolution(x, w, b, *moves)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """Return S(g, x, w) and the sum of g."""
        return None, *slopes(ctx.moves, ctx.needs_input_grad[1:], g, *ctx.saved_tensors)


class ConvolvedSlopes(Function):
    """S(g, x, w) and the sum of g, or some of these alone."""

    @staticmethod
    def forward(
        ctx: Any, moves: Moves, wanted: Sequence[bool], g: Tensor, x: Tensor, w: Tensor
    ) -> Slopes:
        """Return the slopes in x, w and b; None for what is not asked."""
        ctx.set_materialize_grads(False)
        ctx.moves = moves
        ctx.save_for_backward(g, x, w)
        return _slopes(moves, wanted, g, x, w)

    @staticmethod
    def backward(
        ctx: Any, u: Tensor | None, v: Tensor | None, c: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return the derivative of <u, S_x> + <v, S_w> + <c, sum g>."""
        g, x, w = ctx.saved_tensors
        _, _, in_g, in_x, in_w = ctx.needs_input_grad
        dg = None
        for one, other in ((u, w), (x, v)):
            if not in_g or one is None or other is None:
                continue
            if torch.is_grad_enabled():
                part = Convolved.apply(ctx.moves, one, other, c if dg is None else None)
                dg = part if dg is None else dg + part
            else:
                part = torch.convolution(one, other, c if dg is None else None, *ctx.moves)
                dg = part if dg is None else dg.add_(part)
        if in_g and dg is None and c is not None:
            dg = c.view(-1, *[1] * (g.dim() - 2)).expand_as(g)
        # S_x(g, w) needs v in w's place, and S_w(g, x) needs u in x's
        wanted = (in_x and v is not None, in_w and u is not None, False)
        dx, dw, _ = slopes(ctx.moves, wanted, g, x if u is None else u, w if v is None else v)
        return None, None, dg, dx, dw


def slopes(moves: Moves, wanted: Sequence[bool], g: Tensor, x: Tensor, w: Tensor) -> Slopes:
    """Return the slopes in x, w and b, as functions of g, x and w where a graph is wanted."""
    if not any(wanted):
        return None, None, None
    make = ConvolvedSlopes.apply if torch.is_grad_enabled() else _slopes
    return make(moves, wanted, g, x, w)


def _slopes(moves: Moves, wanted: Sequence[bool], g: Tensor, x: Tensor, w: Tensor) -> Slopes:
    return aten.convolution_backward(g, x, w, [g.shape[1]], *moves, list(wanted))


def convolution(
    input: Tensor,  # named as torch names them
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Return what torch.conv1d, conv2d and conv3d do; NotImplemented for what it can't serve."""
    return _convolution(input, weight, bias, stride, padding, dilation, False, 0, groups)


def transposed_convolution(
    input: Tensor,  # named as torch names them
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Return what torch.conv_transpose1d, 2d and 3d do; NotImplemented as `convolution`."""
    return _convolution(
        input, weight, bias, stride, padding, dilation, True, output_padding, groups
    )


def _convolution(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Any:
    """Convolve; padding by name, an input without a batch and rare tensors are left to torch."""
    if not servable(*((x, kernel) if bias is None else (x, kernel, bias))):
        return NotImplemented
    if isinstance(padding, str) or x.dim() != kernel.dim() or x.numel() == 0:
        return NotImplemented
    if torch.is_autocast_enabled(x.device.type) and torch.float64 not in (x.dtype, kernel.dtype):
        kind = torch.get_autocast_dtype(x.device.type)
        x, kernel = x.to(kind), kernel.to(kind)
        bias = None if bias is None else bias.to(kind)
    if any(t is not None and t.dtype != x.dtype for t in (kernel, bias)):
        return NotImplemented  # torch says what is wrong
    dims = kernel.dim() - 2
    stride, padding, dilation = (_each(value, dims) for value in (stride, padding, dilation))
    moves = (stride, padding, dilation, transposed, _each(output_padding, dims), groups)
    return Convolved.apply(moves, x, kernel, bias)


def _each(value: int | Sequence[int], dims: int) -> list[int]:
    """Return a setting for each dimension, given for all at once or one by one."""
    values = [value] if isinstance(value, int) else list(value)
    return values * dims if len(values) == 1 else values
