"""Normalisations whose second derivative takes few kernels, and not dozens.

Each is a function with a gradient by torch's own kernel, and a derivative of that gradient by the
formulas below. Those are plain torch, so that they can be differentiated further.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from coursekit.curvature._servable import same_kind

aten = torch.ops.aten
MASK = [True, True, True]


class Affine(Function):
    """Batch norm in eval mode: y = w r (x - m) + b with r = 1/sqrt(var + eps), per channel."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, w: Tensor, b: Tensor, mean: Tensor, var: Tensor, eps: float
    ) -> Tensor:
        """Return y."""
        ctx.save_for_backward(x, w, mean, var)
        ctx.eps = eps
        return torch.batch_norm(x, w, b, mean, var, False, 0.0, eps, torch.backends.cudnn.enabled)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient."""
        return *AffineSlopes.apply(g, *ctx.saved_tensors, ctx.eps), None, None, None


class AffineSlopes(Function):
    """Its gradient: g w r,  sum g r (x - m),  sum g."""

    @staticmethod
    def forward(
        ctx: Any, g: Tensor, x: Tensor, w: Tensor, mean: Tensor, var: Tensor, eps: float
    ) -> tuple[Tensor, ...]:
        """Return the three."""
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(g, x, w, mean, var)
        ctx.eps = eps
        none = mean.new_empty(0)  # the batch's own statistics: eval mode has none
        return aten.native_batch_norm_backward(g, x, w, mean, var, none, none, False, eps, MASK)

    @staticmethod
    def backward(
        ctx: Any, u: Tensor | None, v: Tensor | None, c: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return the derivative of <u, g w r> + <v, sum g r (x - m)> + <c, sum g>."""
        g, x, w, mean, var = ctx.saved_tensors
        column = (-1, *[1] * (g.dim() - 2))
        others = [0, *range(2, g.dim())]
        r = (var + ctx.eps).rsqrt()
        dg = dx = dw = None
        if v is not None:
            slope = v * r
            start = -mean * slope if c is None else c - mean * slope
            dg = torch.addcmul(start.view(column), x, slope.view(column))
            dx = g * slope.view(column) if ctx.needs_input_grad[1] else None
        elif c is not None:
            dg = c.view(column).expand_as(g)
        if u is not None:
            scale = (w * r).view(column)
            dg = u * scale if dg is None else torch.addcmul(dg, u, scale)
            dw = (g * u).sum(others) * r if ctx.needs_input_grad[2] else None
        return dg, dx, dw, None, None, None


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Return what torch's batch_norm does in eval mode; NotImplemented for what it can't serve."""
    parts = (input, weight, bias, running_mean, running_var)
    if training or not same_kind(*parts) or input.dim() < 2 or input.numel() == 0:
        return NotImplemented
    if any(part is None or part.shape != input.shape[1:2] for part in parts[1:]):
        return NotImplemented  # torch says what is wrong
    return Affine.apply(input, weight, bias, running_mean, running_var, eps)


class LayerNorm(Function):
    """y = w z + b with z = (x - mean) r over the last dimensions of `shape`."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, w: Tensor, b: Tensor | None, shape: list[int], eps: float
    ) -> Tensor:
        """Return y."""
        y, mean, r = aten.native_layer_norm(x, shape, w, b, eps)
        ctx.save_for_backward(x, w, mean, r)
        ctx.shape, ctx.eps, ctx.shifted = shape, eps, b is not None
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient."""
        slopes = LayerNormSlopes.apply(
            g.contiguous(), *ctx.saved_tensors, ctx.shape, ctx.eps, ctx.shifted
        )
        return *slopes, *[None] * (5 - len(slopes))


class LayerNormSlopes(Function):
    """Its gradient: P(g w),  sum g z,  sum g, with P(h) = r (h - mean h - z mean(h z)).

    P is the derivative of z: symmetric, and linear in h. Means are over a row.
    """

    @staticmethod
    def forward(
        ctx: Any,
        g: Tensor,
        x: Tensor,
        w: Tensor,
        mean: Tensor,
        r: Tensor,
        shape: list[int],
        eps: float,
        shifted: bool,
    ) -> tuple[Tensor, ...]:
        """Return the two, or three with a shift b."""
        ctx.set_materialize_grads(False)
        ctx.shape, ctx.eps = shape, eps
        found = aten.native_layer_norm_backward(g, x, shape, mean, r, w, w, [True, True, shifted])
        # What needs no u is the same in every product: sums over rows are kept
        a, dims = g * w, tuple(range(-len(shape), 0))
        q = (a * (x - mean)).mean(dims, keepdim=True) * r
        rows = torch.cat([q, a.mean(dims, keepdim=True)])
        ctx.save_for_backward(g, x, w, mean, r, found[0], rows)
        return found if shifted else found[:2]

    @staticmethod
    def backward(
        ctx: Any, u: Tensor | None, v: Tensor | None = None, c: Tensor | None = None
    ) -> tuple[Tensor | None, ...]:
        """Return the derivative of <u, P(g w)> + <v, sum g z> + <c, sum g>.

        In x, P itself bends: with a = g w, q = mean(a z), p = mean(u z),
        d<u, P(a)>/dx = -r (q P(u) + p P(a)) - r^2 z (mean(u a) - mean u mean a - p q).
        """
        g, x, w, mean, r, pa, rows = ctx.saved_tensors
        shape, (q, a_mean) = ctx.shape, rows.chunk(2)
        dims = tuple(range(-len(shape), 0))
        outer = tuple(range(x.dim() - len(shape)))

        def over_row(t: Tensor) -> Tensor:
            return t.mean(dims, keepdim=True)

        # To autograd all of these are to be functions of x and g: torch's kernel takes the mean and
        # r for constants from the third derivative on
        differentiable = torch.is_grad_enabled()
        if differentiable:
            mean = over_row(x)
            r = ((x - mean).square().mean(dims, keepdim=True) + ctx.eps).rsqrt()
        z = (x - mean) * r

        def project(h: Tensor) -> Tensor:
            if differentiable:
                return r * (h - over_row(h) - z * over_row(h * z))
            return aten.native_layer_norm_backward(
                h.contiguous(), x, shape, mean, r, None, None, [True, False, False]
            )[0]

        a = g * w
        if differentiable:
            pa, a_mean, q = project(a), over_row(a), over_row(a * z)
        dg = dx = dw = bent = None
        if v is not None:
            dg = z * v if c is None else torch.addcmul(c, z, v)
            bent = g * v
        elif c is not None:
            dg = c.expand_as(g)
        if u is not None:
            pu = project(u)
            dg = pu * w if dg is None else torch.addcmul(dg, pu, w)
            dw = (g * pu).sum(outer) if ctx.needs_input_grad[2] else None
            p = over_row(u * z)
            curved = over_row(u * a) - over_row(u) * a_mean - p * q
            pull = -r * q
            bent = pull * u if bent is None else torch.addcmul(bent, pull, u)
            dx = torch.addcmul(torch.addcmul(project(bent), -r * p, pa), -r * r * curved, z)
        elif bent is not None:
            dx = project(bent)
        return dg, dx, dw, *[None] * 5


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Any:
    """Return what torch's layer_norm does; NotImplemented for what it can't serve."""
    shape = [normalized_shape] if isinstance(normalized_shape, int) else list(normalized_shape)
    parts = (input, weight) if bias is None else (input, weight, bias)
    if not same_kind(*parts) or input.numel() == 0 or len(shape) >= input.dim():
        return NotImplemented
    if list(input.shape[-len(shape) :]) != shape or any(
        t is None or list(t.shape) != shape for t in parts[1:]
    ):
        return NotImplemented  # torch says what is wrong
    return LayerNorm.apply(input.contiguous(), weight, bias, shape, eps)
