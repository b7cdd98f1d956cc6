import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from coursekit.hardware import (
    Peaks,
    linear_bytes,
    linear_flops,
    measure_peaks,
    roofline_knee,
    roofline_seconds,
)

pytestmark = pytest.mark.quick


def test_operations_are_those_that_torch_counts():
    with FlopCounterMode(display=False) as counter:
        torch.ones(7, 30) @ torch.ones(30, 11)
    assert counter.get_total_flops() == linear_flops(30, 11, 7)


def test_bytes_are_those_of_the_three_arrays():
    for dtype in (torch.float32, torch.float16):
        x, w = torch.ones(7, 30, dtype=dtype), torch.ones(30, 11, dtype=dtype)
        arrays = (x, w, x.float() @ w.float())
        moved = sum(a.numel() * x.element_size() for a in arrays)
        assert moved == linear_bytes(30, 11, 7, x.element_size())


def test_the_knee_is_where_both_take_as_long():
    peaks = Peaks(flops=4e10, bandwidth=1.5e10)
    knee = roofline_knee(512, 2048, peaks)
    for b, binds in ((0.9 * knee, "move"), (1.1 * knee, "compute")):
        compute = linear_flops(512, 2048, b) / peaks.flops
        move = linear_bytes(512, 2048, b) / peaks.bandwidth
        assert ("move" if move > compute else "compute") == binds
        assert roofline_seconds(512, 2048, b, peaks) == max(compute, move)


def test_wide_layers_need_as_many_examples_as_operations_fit_into_a_byte():
    """989e12 over 3.35e12, an H100's data sheet for 16-bit numbers: 295."""
    peaks = Peaks(989e12, 3.35e12)
    assert roofline_knee(10**7, 10**7, peaks, 2) == pytest.approx(peaks.balance, rel=1e-3)


def test_a_narrow_layer_is_never_limited_by_computing():
    assert math.isnan(roofline_knee(64, 64, Peaks(989e12, 3.35e12), 2))


def test_measured_peaks_are_positive():
    found = measure_peaks(torch.device("cpu"), size=64, megabytes=0.25, rounds=1)
    assert found.flops > 0
    assert found.bandwidth > 0
