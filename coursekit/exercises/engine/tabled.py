"""Runs that are read from a table: an answer trains, and no network does."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from coursekit.exercises.engine.plain import plain


def tabled_runs(
    answer: Callable[..., Any],
    tables: np.ndarray,
    batch_sizes: list[int],
    lrs: list[float],
    seeds: list[int],
    num_steps: int,
) -> Any:
    """Call ``answer(run, batch_sizes, lrs, seeds, num_steps)``, with training read from tables.

    ``run(batch_size, lr, seed, num_steps)`` gives (validation accuracy, test accuracy): entries
    [0 or 1, seed, lr, batch size] of the tables, times a share that grows with the steps. Before
    ``num_steps`` smaller rates (``lrs`` ascend) are further behind: short runs prefer larger ones.
    """
    full = num_steps

    def run(batch_size: int, lr: float, seed: int, num_steps: int) -> tuple[float, float]:
        wanted: tuple[tuple[str, Any, list[Any]], ...] = (
            ("seed", seed, list(seeds)),
            ("lr", lr, list(lrs)),
            ("batch_size", batch_size, list(batch_sizes)),
        )
        for name, value, known in wanted:
            if value not in known:
                raise ValueError(f"run has no {name}={value!r}: there are {known}")
        if not num_steps > 0:
            raise ValueError(f"run needs num_steps above 0, got {num_steps!r}")
        place = tuple(known.index(value) for _, value, known in wanted)
        slower = 1 - (1 + place[1]) / len(lrs)  # 0 for the largest, which stands last
        behind = 0.4 * max(0.0, 1 - num_steps / full) * slower
        share = num_steps / (num_steps + 40) * (1 - behind)
        return share * float(tables[(0, *place)]), share * float(tables[(1, *place)])

    return plain(answer(run, list(batch_sizes), list(lrs), list(seeds), num_steps))


def tabled_arms(
    answer: Callable[..., Any], table: np.ndarray, arms: list, seeds: list[int], *others: Any
) -> Any:
    """Call ``answer(run, arms, seeds, ...)`` with ``run(arm, seed)`` read from a table.

    The table has a row for each arm and a column for each seed; below 0: the run diverged, nan.
    """

    def run(arm: Any, seed: int) -> float:
        if list(arm) not in [list(a) for a in arms] or seed not in seeds:
            raise ValueError(f"run has no arm {arm!r} with seed {seed!r}: see arms and seeds")
        row = [list(a) for a in arms].index(list(arm))
        value = float(table[row, list(seeds).index(seed)])
        return value if value >= 0 else math.nan

    return plain(answer(run, [list(arm) for arm in arms], list(seeds), *others))
