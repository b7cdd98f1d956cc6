"""Functions of each number apart, with a second derivative of few kernels.

A gradient is g f'(x), and its derivative along u is u f'(x) in g and u g f''(x) in x. What needs no
u is the same in every product, so it is kept.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from coursekit.curvature._servable import same_kind

aten = torch.ops.aten


@dataclass(frozen=True)
class Curve:
    """A function y = f(x), with slopes by torch's kernels."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]  # (g, s) -> g f', where s is x, or y where that tells
    bend: Callable[[Tensor], Tensor]  # s -> the derivative of f' in s, in plain torch
    by_output: bool = False  # s is y


class Pointwise(Function):
    """y = f(x)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, curve: Curve) -> Tensor:
        """Return y."""
        ctx.curve = curve
        y = curve.value(x)
        ctx.save_for_backward(y if curve.by_output else x)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        """Return the gradient."""
        if torch.is_grad_enabled():
            return PointwiseSlope.apply(g, *ctx.saved_tensors, ctx.curve), None
        return ctx.curve.slope(g, *ctx.saved_tensors), None


class PointwiseSlope(Function):
    """g f', as a function of g and s."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, s: Tensor, curve: Curve) -> Tensor:
        """Return it."""
        ctx.curve = curve
        ctx.save_for_backward(g, s, g * curve.bend(s))
        return curve.slope(g, s)

    @staticmethod
    def backward(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return u f', and u g times the derivative of f' in s."""
        g, s, bent = ctx.saved_tensors
        if torch.is_grad_enabled():  # then these are to be functions of g and s
            return PointwiseSlope.apply(u, s, ctx.curve), u * (g * ctx.curve.bend(s)), None
        return ctx.curve.slope(u, s), u * bent, None


def _gelu_bend(x: Tensor) -> Tensor:
    square = x * x
    return torch.exp(-0.5 * square) * ((2 - square) / math.sqrt(2 * math.pi))


def _gelu_by_tanh_bend(x: Tensor) -> Tensor:
    """Return the second derivative of x (1 + tanh(c (x + k x^3))) / 2."""
    c, k = math.sqrt(2 / math.pi), 0.044715
    t = torch.tanh(c * (x + k * x**3))
    slope = c * (1 + 3 * k * x * x)
    return (1 - t * t) * (slope + 3 * c * k * x * x - x * t * slope * slope)


def _silu_bend(x: Tensor) -> Tensor:
    p = torch.sigmoid(x)
    return p * (1 - p) * (2 + x * (1 - 2 * p))


GELU = Curve(aten.gelu, aten.gelu_backward, _gelu_bend)
GELU_BY_TANH = Curve(
    lambda x: aten.gelu(x, approximate="tanh"),
    lambda g, x: aten.gelu_backward(g, x, approximate="tanh"),
    _gelu_by_tanh_bend,
)
SILU = Curve(aten.silu, aten.silu_backward, _silu_bend)
TANH = Curve(aten.tanh, aten.tanh_backward, lambda y: -2 * y, by_output=True)


def gelu(input: Tensor, *, approximate: str = "none") -> Any:
    """Return what torch's gelu does; NotImplemented for what it can't serve."""
    if approximate not in ("none", "tanh") or not same_kind(input):
        return NotImplemented
    return Pointwise.apply(input, GELU if approximate == "none" else GELU_BY_TANH)


def silu(input: Tensor, inplace: bool = False) -> Any:
    """Return what torch's silu does; NotImplemented for what it can't serve."""
    return Pointwise.apply(input, SILU) if same_kind(input) and not inplace else NotImplemented


def tanh(input: Tensor) -> Any:
    """Return what torch's tanh does; NotImplemented for what it can't serve."""
    return Pointwise.apply(input, TANH) if same_kind(input) else NotImplemented
