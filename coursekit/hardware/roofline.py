"""The roofline of one layer: what it computes, what it moves, and which of the two takes longer."""

import math
from dataclasses import dataclass

import torch

from coursekit.hardware.timing import seconds_in_rounds


@dataclass(frozen=True)
class Peaks:
    """What a machine can do at most.

    Attributes:
        flops: Floating-point operations per second, of a large product.
        bandwidth: Bytes per second, read and written, of a copy.
    """

    flops: float
    bandwidth: float

    @property
    def balance(self) -> float:
        """Operations that the machine does while it moves one byte."""
        return self.flops / self.bandwidth


def linear_flops(fan_in: int, fan_out: int, batch_size: int) -> float:
    """Return the operations of x W for B rows: a product and a sum for each pair, 2 B n m."""
    return 2.0 * batch_size * fan_in * fan_out


def linear_bytes(fan_in: int, fan_out: int, batch_size: int, bytes_per_number: int = 4) -> float:
    """Return the bytes that x W has to move once: weights, inputs, outputs, s (n m + B (n + m))."""
    return bytes_per_number * float(fan_in * fan_out + batch_size * (fan_in + fan_out))


def roofline_seconds(
    fan_in: int, fan_out: int, batch_size: int, peaks: Peaks, bytes_per_number: int = 4
) -> float:
    """Return the least time of x W: the longer of computing and moving."""
    compute = linear_flops(fan_in, fan_out, batch_size) / peaks.flops
    move = linear_bytes(fan_in, fan_out, batch_size, bytes_per_number) / peaks.bandwidth
    return max(compute, move)


def roofline_knee(fan_in: int, fan_out: int, peaks: Peaks, bytes_per_number: int = 4) -> float:
    """Return the batch size from which on x W is limited by computing, not by moving.

        2 B n m / F = s (n m + B (n + m)) / W
        B = s n m / (2 n m W/F - s (n + m))

    For wide layers that is s F / (2 W): with 16-bit numbers, F/W examples.

    Args:
        fan_in: n.
        fan_out: m.
        peaks: F operations and W bytes per second.
        bytes_per_number: s.

    Returns:
        B, a real number; nan where inputs and outputs alone already take longer to move than the
        layer takes to compute, so that no batch is large enough.
    """
    weights = fan_in * fan_out
    left = 2 * weights / peaks.balance - bytes_per_number * (fan_in + fan_out)
    return bytes_per_number * weights / left if left > 0 else math.nan


def measure_peaks(
    device: torch.device,
    *,
    dtype: torch.dtype = torch.float32,
    size: int = 1024,
    megabytes: float = 64.0,
    rounds: int = 5,
) -> Peaks:
    """Measure what this machine does: a square product, and a copy.

    Args:
        device: Where.
        dtype: Of the numbers.
        size: Rows of the product.
        megabytes: Of the array that is copied. One that fits into a cache is faster: choose the
            size of what you compare with.
        rounds: The best of this many counts: a peak is what the machine can do undisturbed.
    """
    a = torch.ones(size, size, dtype=dtype, device=device)
    source = torch.ones(
        max(1, int(megabytes * 2**20 / a.element_size())), dtype=dtype, device=device
    )
    target = torch.empty_like(source)
    found = seconds_in_rounds(
        {"product": lambda: a @ a, "copy": lambda: target.copy_(source)},
        rounds=rounds,
        device=device,
    )
    moved = 2 * source.numel() * source.element_size()
    return Peaks(2.0 * size**3 / min(found["product"]), moved / min(found["copy"]))
