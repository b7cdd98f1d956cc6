"""GELU with a second derivative of few kernels."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from coursekit.curvature._servable import same_kind

aten = torch.ops.aten


class Gelu(Function):
    """y = x Phi(x), or its approximation by tanh."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, approximate: str) -> Tensor:
        """Return y."""
        ctx.save_for_backward(x)
        ctx.approximate = approximate
        return aten.gelu(x, approximate=approximate)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        """Return the gradient."""
        return GeluSlope.apply(g, *ctx.saved_tensors, ctx.approximate), None


class GeluSlope(Function):
    """g y'(x)."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, x: Tensor, approximate: str) -> Tensor:
        """Return it, and keep g y''(x): it is the same in every product."""
        ctx.approximate = approximate
        ctx.save_for_backward(g, x, g * bend(x, approximate))
        return aten.gelu_backward(g, x, approximate=approximate)

    @staticmethod
    def backward(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return u y'(x), and in x: u g y''(x)."""
        g, x, bent = ctx.saved_tensors
        if torch.is_grad_enabled():  # then it is to be a function of g and x
            bent = g * bend(x, ctx.approximate)
        return aten.gelu_backward(u, x, approximate=ctx.approximate), u * bent, None


def bend(x: Tensor, approximate: str) -> Tensor:
    """Return y''(x): (2 - x^2) phi(x), or that of x (1 + tanh(c (x + k x^3))) / 2."""
    if approximate == "none":
        return (2 - x * x) * torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    c, k = math.sqrt(2 / math.pi), 0.044715
    t = torch.tanh(c * (x + k * x**3))
    slope = c * (1 + 3 * k * x * x)
    return (1 - t * t) * (slope + 3 * c * k * x * x - x * t * slope * slope)


def gelu(input: Tensor, *, approximate: str = "none") -> Any:
    """Return what torch's gelu does; NotImplemented for what it can't serve."""
    if approximate not in ("none", "tanh") or not same_kind(input):
        return NotImplemented
    return Gelu.apply(input, approximate)
