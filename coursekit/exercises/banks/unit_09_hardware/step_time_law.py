"""The law of a step's time, fitted by the best split."""

from collections.abc import Sequence

import numpy as np


def misfits(batch_sizes: Sequence[float], seconds: Sequence[float]) -> dict[int, float]:
    """Return the sum of squares at each number of batch sizes on the floor."""
    flat, sloped = np.log(seconds), np.log(np.divide(seconds, batch_sizes))
    return {
        k: float(flat[:k].var() * k + sloped[k:].var() * (len(flat) - k))
        for k in range(2, len(batch_sizes) - 1)
    }


def fit_step_time(batch_sizes: Sequence[float], seconds: Sequence[float]) -> list[float]:
    errors = misfits(batch_sizes, seconds)
    k = min(errors, key=errors.__getitem__)
    sizes, times = np.array(batch_sizes, dtype=float), np.array(seconds, dtype=float)
    floor = np.exp(np.log(times[:k]).mean())
    return [float(floor), float(np.exp(np.log(sizes[k:] / times[k:]).mean()))]
