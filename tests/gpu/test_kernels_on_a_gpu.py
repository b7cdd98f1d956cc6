"""Our own operations of stacks as kernels on a real GPU; by `-m gpu`.

Each is compared with its own formula in float64 on the CPU, which
tests/replicas/test_replicas_operations.py compares with torch's layers.
"""

import pytest
import torch

from coursekit.replicas._operations import (
    attention,
    attention_gradient,
    convolution,
    convolution_weight,
)
from coursekit.replicas._row_operations import layer_norm, layer_norm_gradient, linear_weight

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
# dtype, factors, error allowed over the norm: some roundings of 2^-24, 2^-11, 2^-9
WAYS = [
    (torch.float32, "tf32x3", 3e-6),
    (torch.float32, "tf32", 4e-3),
    (torch.bfloat16, "tf32", 1.5e-2),
]
SHAPES = {  # B, H, W, C, O; height, width, stride down, across, padding above, left
    "first layer": ((9, 32, 32, 3, 32), (3, 3, 1, 1, 1, 1)),
    "middle": ((5, 16, 16, 32, 64), (3, 3, 1, 1, 1, 1)),
    "stride": ((4, 13, 9, 24, 40), (3, 3, 2, 2, 1, 1)),
    "series": ((6, 1, 40, 16, 96), (1, 5, 1, 2, 0, 2)),
}


def as_several(found):
    return (found,) if isinstance(found, torch.Tensor) else found


def error(found, exact):
    return ((found.double().cpu() - exact).norm() / exact.norm()).item()


@pytest.mark.parametrize(("dtype", "factors", "most"), WAYS)
@pytest.mark.parametrize("length", [64, 50])
def test_attention(dtype, factors, most, length):
    generator = torch.Generator().manual_seed(1)
    qkv = torch.randn(7, length, 3, 2, 16, generator=generator).to(dtype)
    g = torch.randn(7, length, 2, 16, generator=generator).to(dtype)
    for operation, inputs in ((attention, (qkv,)), (attention_gradient, (qkv, g))):
        exact = operation(*(t.double() for t in inputs), factors)
        assert error(operation(*(t.cuda() for t in inputs), factors), exact) < most


@pytest.mark.parametrize(("rows", "width"), [(1000, 64), (37, 48), (5000, 3)])
@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 4e-6), (torch.bfloat16, 1e-2)])
def test_layer_norm(dtype, most, rows, width):
    """Rows of three nearly equal numbers are the hard ones: torch's own float32 errs by 2e-6."""
    generator = torch.Generator().manual_seed(3)
    x, g = (torch.randn(3, rows, width, generator=generator).to(dtype) for _ in range(2))
    scale, shift = (torch.randn(3, width, generator=generator) for _ in range(2))
    for operation, inputs in (
        (layer_norm, (x, scale, shift)),
        (layer_norm_gradient, (x, scale, g)),
    ):
        exact = as_several(operation(*(t.double() for t in inputs), 1e-5))
        found = as_several(operation(*(t.cuda() for t in inputs), 1e-5))
        for one, other in zip(found, exact, strict=True):
            assert error(one, other) < most


@pytest.mark.parametrize("shape", [(8, 32768, 64, 96), (2, 1000, 5, 7)])
def test_sums_over_rows_in_parts(shape):
    replicas, rows, wide, out = shape
    generator = torch.Generator().manual_seed(4)
    x, g = (torch.randn(replicas, rows, n, generator=generator) for n in (wide, out))
    assert error(linear_weight(x.cuda(), g.cuda()), g.double().mT @ x.double()) < 2e-6


@pytest.mark.parametrize(("dtype", "factors", "most"), WAYS)
@pytest.mark.parametrize("name", SHAPES)
def test_convolution_and_its_gradients(dtype, factors, most, name):
    (batch, height, width, c, o), shape = SHAPES[name]
    generator = torch.Generator().manual_seed(2)
    sides = zip((height, width), shape[:2], shape[2:4], shape[4:], strict=True)
    size = [(n + 2 * p - k) // s + 1 for n, k, s, p in sides]
    taps = shape[0] * shape[1]
    x, g, w, turned = (
        torch.randn(3, *sizes, generator=generator).to(dtype)
        for sizes in ((batch, height, width, c), (batch, *size, o), (taps * c, o), (taps * o, c))
    )
    bias, back = torch.randn(3, o, generator=generator), [height, width]
    for operation, inputs, settings in (
        (convolution, (x, w, bias), (size, list(shape), False, factors)),
        (convolution, (g, turned), (None, back, list(shape), True, factors)),
        (convolution_weight, (x, g), (list(shape), factors)),
    ):
        pairs = zip(
            as_several(operation(*(t.cuda() for t in inputs), *settings)),
            as_several(operation(*(t.double() for t in inputs), *settings)),
            strict=True,
        )
        for found, exact in pairs:
            assert error(found, exact) < most
