"""Convolutions that can be differentiated as often as one likes, each derivative a convolution.

A convolution is linear in its input x and in its kernel w. So the sum of its output times a
cotangent g, T(x, w, g), is linear in each of the three, and each of its slopes in the two others:

    dT/dg = the output,   dT/dx = the input's gradient,   dT/dw = the kernel's

Thus the derivative of any of them is again one of them, and for these torch has fast kernels. Its
own second derivative goes another way round: the gradient's part that belongs to the kernel is
there a convolution whose kernel is as large as the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from coursekit.curvature._servable import servable

FACTORS = ("input", "kernel", "slope")  # x, w and g
OTHERS = {missing: [name for name in FACTORS if name != missing] for missing in FACTORS}
aten = torch.ops.aten


@dataclass(frozen=True)
class Geometry:
    """How a kernel moves over an input, and the shapes of both."""

    moves: tuple[Any, ...]  # stride, padding, dilation, transposed, output_padding, groups
    shapes: dict[str, torch.Size]
    layout: torch.memory_format  # of the input

    def slope_in(self, missing: str, known: dict[str, Tensor]) -> Tensor:
        """Return dT/d(missing) from the two other factors."""
        if missing == "slope":
            return aten.convolution(known["input"], known["kernel"], None, *self.moves)
        slope = known["slope"]
        layout = self.layout if missing == "input" else torch.contiguous_format
        # torch asks for the missing factor too, but looks at nothing else than its shape
        like = torch.empty(
            self.shapes[missing], dtype=slope.dtype, device=slope.device, memory_format=layout
        )
        x, w = (like if name == missing else known[name] for name in ("input", "kernel"))
        mask = [missing == "input", missing == "kernel", False]
        return aten.convolution_backward(slope, x, w, None, *self.moves, mask)[mask.index(True)]


class Convolved(Function):
    """One of the three slopes of T as a function of the two other factors."""

    @staticmethod
    def forward(ctx: Any, geometry: Geometry, missing: str, *given: Tensor) -> Tensor:
        """Return dT/d(missing); the two others come in the order of FACTORS."""
        ctx.geometry, ctx.missing = geometry, missing
        ctx.save_for_backward(*given)
        return geometry.slope_in(missing, dict(zip(OTHERS[missing], given, strict=True)))

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        """Return its derivatives: now the cotangent is the factor that was missing."""
        given, geometry = OTHERS[ctx.missing], ctx.geometry
        known = dict(zip(given, ctx.saved_tensors, strict=True)) | {ctx.missing: cotangent}
        differentiable = torch.is_grad_enabled()  # or else it costs the host less

        def slope_in(name: str) -> Tensor:
            if differentiable:
                return Convolved.apply(geometry, name, *(known[other] for other in OTHERS[name]))
            return geometry.slope_in(name, known)

        wanted = zip(given, ctx.needs_input_grad[2:], strict=True)
        return None, None, *(slope_in(name) if needed else None for name, needed in wanted)


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
    if not servable(x, kernel):
        return NotImplemented
    if isinstance(padding, str) or x.dim() != kernel.dim() or x.numel() == 0:
        return NotImplemented
    if torch.is_autocast_enabled(x.device.type) and torch.float64 not in (x.dtype, kernel.dtype):
        kind = torch.get_autocast_dtype(x.device.type)
        x, kernel = x.to(kind), kernel.to(kind)
    if x.dtype != kernel.dtype:
        return NotImplemented  # torch says what is wrong
    dims = kernel.dim() - 2
    settings = (_each(value, dims) for value in (stride, padding, dilation))
    geometry = Geometry(
        (*settings, transposed, _each(output_padding, dims), groups),
        {"input": x.shape, "kernel": kernel.shape},
        _layout(x),
    )
    output = Convolved.apply(geometry, "slope", x, kernel)
    return output if bias is None else output + bias.to(output.dtype).view(-1, *[1] * dims)


def _each(value: int | Sequence[int], dims: int) -> list[int]:
    """Return a setting for each dimension, given for all at once or one by one."""
    values = [value] if isinstance(value, int) else list(value)
    return values * dims if len(values) == 1 else values


def _layout(x: Tensor) -> torch.memory_format:
    last = {4: torch.channels_last, 5: torch.channels_last_3d}.get(x.dim())
    if last and not x.is_contiguous() and x.is_contiguous(memory_format=last):
        return last
    return torch.contiguous_format
