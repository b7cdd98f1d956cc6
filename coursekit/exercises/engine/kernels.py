"""A product as fast machines make it: the order of its sums depends on how many rows there are."""

from collections.abc import Callable

import numpy as np
import torch


def kernel_of(weights: np.ndarray, allowed: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the function rows -> rows W in float32, its sums cut into as many parts as rows.

    Real kernels do likewise: few rows, and they cut the sums to keep all units at work. After
    ``allowed`` rows it refuses.
    """
    held = weights.astype(np.float32)
    served = 0

    def function(rows: torch.Tensor) -> torch.Tensor:
        nonlocal served
        served += len(rows)
        if served > allowed:
            raise ValueError(
                f"the function has computed {served} rows, far more than the blocks of this input "
                f"need (to try again in a cell of your own, fetch the input anew)"
            )
        values = rows.detach().numpy().astype(np.float32)
        parts = min(max(len(values), 1), len(held))
        total = np.zeros((len(values), held.shape[1]), dtype=np.float32)
        for columns in np.array_split(np.arange(len(held)), parts):
            part = np.zeros_like(total)
            for j in columns:
                part += values[:, j, None] * held[j]
            total += part
        return torch.from_numpy(total)

    return function
