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
        x, w, mean, var = ctx.saved_tensors
        slopes = AffineSlopes.apply if torch.is_grad_enabled() else affine_slopes
        return *slopes(g, x, w, mean, var, ctx.eps), None, None, None


class AffineSlopes(Function):
    """Its gradient: g w r,  sum g r (x - m),  sum g."""

    @staticmethod
    def forward(
        ctx: Any, g: Tensor, x: Tensor, w: Tensor, mean: Tensor, var: Tensor, eps: float
    ) -> tuple[Tensor, ...]:
        """Return the three."""
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(g, x, w, mean, (var + eps).rsqrt())
        return affine_slopes(g, x, w, mean, var, eps)

    @staticmethod
    def backward(
        ctx: Any, u: Tensor | None, v: Tensor | None, c: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return the derivative of <u, g w r> + <v, sum g r (x - m)> + <c, sum g>."""
        g, x, w, mean, r = ctx.saved_tensors
        column = (-1, *[1] * (g.dim() - 2))
        dg = dx = dw = None
        if v is not None:
            slope = v * r
            start = -mean * slope if c is None else torch.addcmul(c, mean, slope, value=-1)
            slope = slope.view(column)
            dg = torch.addcmul(start.view(column), x, slope)
            dx = g * slope if ctx.needs_input_grad[1] else None
        elif c is not None:
            dg = c.view(column).expand_as(g)
        if u is not None:
            scale = (w * r).view(column)
            if dg is None:
                dg = u * scale
            elif v is None or torch.is_grad_enabled():
                dg = torch.addcmul(dg, u, scale)
            else:
                dg.addcmul_(u, scale)
            dw = (g * u).sum([0, *range(2, g.dim())]) * r if ctx.needs_input_grad[2] else None
        return dg, dx, dw, None, None, None


def affine_slopes(
    g: Tensor, x: Tensor, w: Tensor, mean: Tensor, var: Tensor, eps: float
) -> tuple[Tensor, ...]:
    """Return g w r,  sum g r (x - m),  sum g."""
    none = mean.new_empty(0)  # the batch's own statistics: eval mode has none
    return aten.native_batch_norm_backward(g, x, w, mean, var, none, none, False, eps, MASK)


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
        x, w, mean, r = ctx.saved_tensors
        g, mask = g.contiguous(), [*ctx.needs_input_grad[:2], ctx.shifted]
        if torch.is_grad_enabled():
            found = LayerNormSlopes.apply(g, x, w, mean, r, ctx.shape, ctx.eps, ctx.shifted)
        else:
            found = aten.native_layer_norm_backward(g, x, ctx.shape, mean, r, w, w, mask)
        return *found, *[None] * (5 - len(found))


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
        """Return the two, or three with a shift b; keep what is the same in every product."""
        ctx.set_materialize_grads(False)
        ctx.shape, ctx.eps = shape, eps
        found = aten.native_layer_norm_backward(g, x, shape, mean, r, w, w, [True, True, shifted])
        z = (x - mean).mul_(r)
        q = (g * w).mul_(z).mean(tuple(range(-len(shape), 0)), keepdim=True)
        ctx.save_for_backward(g, x, w, mean, r, found[0], z, q)
        return found if shifted else found[:2]

    @staticmethod
    def backward(
        ctx: Any, u: Tensor | None, v: Tensor | None = None, c: Tensor | None = None
    ) -> tuple[Tensor | None, ...]:
        """Return the derivative of <u, P(g w)> + <v, sum g z> + <c, sum g>.

        In x, P itself bends: with a = g w, q = mean(a z), p = mean(u z),
        d<u, P(a)>/dx = -r (q P(u) + p P(a) + z mean(u P(a))).
        """
        g, x, w, mean, r, pa, z, q = ctx.saved_tensors
        shape, kept = ctx.shape, not torch.is_grad_enabled()
        dims = tuple(range(-len(shape), 0))

        def over_row(t: Tensor) -> Tensor:
            return t.mean(dims, keepdim=True)

        def plus(base: Tensor | None, a: Tensor, b: Tensor) -> Tensor:
            if base is None:
                return a * b
            return base.addcmul_(a, b) if kept and base.shape == a.shape else base.addcmul(a, b)

        def project(h: Tensor) -> Tensor:
            if kept:
                return aten.native_layer_norm_backward(
                    h.contiguous(), x, shape, mean, r, None, None, [True, False, False]
                )[0]
            return r * (h - over_row(h) - z * over_row(h * z))

        # To autograd all of these are to be functions of x, w and g: torch's kernel takes the mean
        # and r for constants from the third derivative on
        if not kept:
            mean = over_row(x)
            r = ((x - mean).square().mean(dims, keepdim=True) + ctx.eps).rsqrt()
            z, a = (x - mean) * r, g * w
            pa, q = project(a), over_row(a * z)
        dg = dx = dw = bent = None
        if v is not None:
            dg = z * v if c is None else torch.addcmul(c, z, v)
            bent = g * v
        elif c is not None:
            dg = c
        if u is not None:
            pu = project(u)
            dg = plus(dg, pu, w)
            if ctx.needs_input_grad[2]:
                dw = (g * pu).sum(tuple(range(x.dim() - len(shape))))
            bent = project(plus(bent, u, -r * q))
            dx = plus(plus(bent, pa, -r * over_row(u * z)), z, -r * over_row(u * pa))
        elif bent is not None:
            dx = project(bent)
        if dg is not None:
            dg = dg.expand_as(g)
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
