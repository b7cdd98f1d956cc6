"""Seconds of a step against batch size: a floor, then a slope."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StepTime:
    """The law t(B) = max(floor, B/rate), fitted.

    Attributes:
        floor: t_0, the shortest step, seconds; nan where no batch size tried was on the floor.
        rate: r, examples per second when the hardware is full; nan where it never was.
        misfit: Root mean square of the natural logarithm of measured over fitted time.
    """

    floor: float
    rate: float
    misfit: float

    @property
    def knee(self) -> float:
        """The batch that just fills the hardware, floor times rate, examples."""
        return self.floor * self.rate

    def seconds(self, batch_size: float) -> float:
        """Return t(B); where one of the two was never seen, the other alone."""
        return float(np.nanmax([self.floor, batch_size / self.rate]))


def fit_step_time(batch_sizes: Sequence[int], seconds: Sequence[float]) -> StepTime:
    """Fit t(B) = max(t_0, B/r) by the best split into a floor and a slope.

        log t = log t_0            for the k smallest batches
        log t = log B - log r      for the others

    Least squares in log t at every k; the k with the smallest sum of squares wins. A branch holds
    no batch or at least two: a single point would fit itself.

    Args:
        batch_sizes: Distinct B, ascending, at least four.
        seconds: Time of a step at each, such as a median over rounds.

    Returns:
        The law. Real steps turn slowly: near the knee they take up to twice as long as this says,
        as a step of floor + B/rate would.

    Raises:
        ValueError: If there are fewer than four sizes, they do not ascend, or a number is not
            positive.
    """
    sizes, times = np.asarray(batch_sizes, dtype=float), np.asarray(seconds, dtype=float)
    if sizes.ndim != 1 or sizes.shape != times.shape or len(sizes) < 4:
        raise ValueError(f"need four or more sizes, one time each, got {sizes.shape} {times.shape}")
    if not (np.diff(sizes) > 0).all() or not (np.minimum(sizes, times) > 0).all():
        raise ValueError("batch sizes must ascend, and sizes and times be positive")
    flat, sloped = np.log(times), np.log(times / sizes)
    best = (math.inf, 0)
    for k in (0, *range(2, len(sizes) - 1), len(sizes)):
        parts = [part - part.mean() for part in (flat[:k], sloped[k:]) if len(part)]
        best = min(best, (float(sum((part**2).sum() for part in parts)), k))
    error, k = best
    floor = math.exp(flat[:k].mean()) if k else math.nan
    rate = math.exp(-sloped[k:].mean()) if k < len(sizes) else math.nan
    return StepTime(floor, rate, math.sqrt(error / len(sizes)))
