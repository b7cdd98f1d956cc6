"""The interval that every figure and every printed number carries."""

import functools
import math
from collections.abc import Iterable

import numpy as np


def t_interval(values: Iterable[float], *, level: float = 0.95) -> tuple[float, float]:
    """Return the mean of per-seed values and the half-width of its t-interval.

        mean +- t_{n-1} s / sqrt(n)

    Args:
        values: One number a seed.
        level: Coverage.

    Returns:
        (mean, half_width). A single value has no interval: its half-width is nan. A value that
        is not finite makes both nan.

    Assumes roughly normal values from independent seeds; what all seeds share (the data set) is
    not in the interval.
    """
    array = np.asarray(list(values), dtype=np.float64)
    if len(array) < 2:
        return (float(array[0]) if len(array) else math.nan), math.nan
    half = _quantile(level, len(array) - 1) * array.std(ddof=1) / math.sqrt(len(array))
    return float(array.mean()), float(half)


@functools.cache
def _quantile(level: float, freedom: int) -> float:
    from scipy import stats  # takes 0.3 s, only needed here

    return float(stats.t.ppf(0.5 + level / 2, freedom))
