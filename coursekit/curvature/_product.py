"""Layers that multiply by a matrix, with a second derivative of as few products as it takes."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from coursekit.curvature._servable import same_kind


class Product(Function):
    """y = x m + b for rows x; m is kept as it is stored: a layer's weight is m transposed."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, m: Tensor, b: Tensor | None) -> Tensor:
        """Return y."""
        ctx.save_for_backward(x, m)
        return x @ m if b is None else torch.addmm(b, x, m)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient: g m', x' g, and the sum of g."""
        x, m = ctx.saved_tensors
        if torch.is_grad_enabled():
            return ProductSlopes.apply(g, x, m, *ctx.needs_input_grad)
        return slopes(g, x, m, *ctx.needs_input_grad)


class ProductSlopes(Function):
    """g m', x' g, and the sum of g."""

    @staticmethod
    def forward(
        ctx: Any, g: Tensor, x: Tensor, m: Tensor, of_x: bool, of_m: bool, of_b: bool
    ) -> tuple[Tensor | None, ...]:
        """Return those that are asked."""
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(g, x, m)
        return slopes(g, x, m, of_x, of_m, of_b)

    @staticmethod
    def backward(
        ctx: Any, u: Tensor | None, v: Tensor | None, c: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return the derivative of <u, g m'> + <v, x' g> + <c, sum g>.

        In g: u m + x v + c, in x: g v', in m: u' g.
        """
        g, x, m = ctx.saved_tensors
        in_g, in_x, in_m = ctx.needs_input_grad[:3]
        dg = c
        for one, other in ((u, m), (x, v)):
            if in_g and one is not None and other is not None:
                dg = _plus(dg, one, other)
        dg = None if dg is None else dg.expand_as(g)
        dx = g @ v.mT if in_x and v is not None else None
        dm = outer(u, g, m) if in_m and u is not None else None
        return dg, dx, dm, None, None, None


def _plus(base: Tensor | None, a: Tensor, b: Tensor) -> Tensor:
    """Return base + a b; in the place of base, unless it is a shift or a graph is wanted."""
    if base is None:
        return a @ b
    if base.dim() == 1 or torch.is_grad_enabled():
        return torch.addmm(base, a, b)
    return base.addmm_(a, b)


def slopes(
    g: Tensor, x: Tensor, m: Tensor, of_x: bool, of_m: bool, of_b: bool
) -> tuple[Tensor | None, ...]:
    """Return g m', x' g, and the sum of g, or None for what is not asked."""
    return (
        g @ m.mT if of_x else None,
        outer(x, g, m) if of_m else None,
        g.sum(0) if of_b else None,
    )


def outer(x: Tensor, g: Tensor, like: Tensor) -> Tensor:
    """Return x' g, stored by columns where `like` is."""
    return (g.mT @ x).mT if like.stride(0) == 1 else x.mT @ g


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Any:
    """Return what torch's linear does; NotImplemented for what it can't serve."""
    parts = (input, weight) if bias is None else (input, weight, bias)
    if not same_kind(*parts) or input.dim() < 2 or weight.dim() != 2 or input.numel() == 0:
        return NotImplemented
    if input.shape[-1] != weight.shape[1] or not (bias is None or bias.shape == weight.shape[:1]):
        return NotImplemented  # torch says what is wrong
    y = Product.apply(input.flatten(0, -2), weight.mT, bias)
    return y if input.dim() == 2 else y.unflatten(0, input.shape[:-1])


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Any:
    """Return what torch's addmm does with a shift for each column; else NotImplemented."""
    if beta != 1 or alpha != 1 or not same_kind(input, mat1, mat2) or mat1.numel() == 0:
        return NotImplemented
    if mat1.dim() != 2 or mat2.dim() != 2 or mat1.shape[1] != mat2.shape[0]:
        return NotImplemented
    if input.shape != mat2.shape[1:]:
        return NotImplemented
    return Product.apply(mat1, mat2, input)
