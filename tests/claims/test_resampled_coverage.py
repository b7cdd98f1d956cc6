"""What is resampled covers: windows, the fall, exponents, edges, in worlds drawn from the ledger.

The seeds of a stored row are the population; an experiment draws as many as a measurement has, with
replacement, and the truth is the statistic of the whole population. The rule was set before any
run: of 2,000 experiments, seeded 0 to 1,999, 93 to 97 % of the 95 % intervals hold the truth.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from jackknife import leave_one_out

from coursekit.claims.ledger import load_entries
from coursekit.claims.tuning import resampled
from coursekit.claims.unit_02_lr_scaling import frontier_runs as frontier
from coursekit.claims.unit_02_lr_scaling import surge_claims as surge
from coursekit.claims.unit_02_lr_scaling.lr_verdicts import peak
from coursekit.claims.unit_08_toolkit import decay_claims as decay
from coursekit.intervals import t_interval

NUM_DRAWS = 400
Columns = dict[str, np.ndarray]
Way = Callable[..., np.ndarray]  # of a table and a statistic: a value a seed
World = tuple[np.ndarray, Callable[[np.ndarray, Way], Columns]]


def inside(table, statistic):
    return resampled(table, statistic, num_draws=NUM_DRAWS)


def as_given(table, statistic):
    """The statistic of the whole table, twice: the truth of a population."""
    return np.repeat(statistic(table.mean(axis=0)[None]), 2, axis=0)


def windows(prefix: str, small: int, large: int) -> World:
    """L13: how much wider the window of good rates is at the large batch."""
    values = load_entries("L13")["gpu"]["values"]
    ends = frontier.DIGITS_WINDOWS if prefix else frontier.WINDOWS
    grids = {b: frontier.half_octaves(*ends[b]) for b in (small, large)}
    tables = {
        b: np.array([values[f"{prefix}accuracy_{b}_{frontier.named(lr)}"] for lr in lrs]).T
        for b, lrs in grids.items()
    }
    cut = len(grids[small])

    def width(lrs):
        logs = np.log2(lrs)
        return lambda means: np.array(
            [frontier.window(logs, frontier.smoothed(mean)) for mean in means]
        )

    def columns(table, way):
        parts = {small: table[:, :cut], large: table[:, cut:]}
        wide, narrow = (way(parts[b], width(grids[b])) for b in (large, small))
        return {"change": wide - narrow}

    return np.concatenate([tables[small], tables[large]], axis=1), columns


def fall() -> World:
    """L15: how far the best rate at all examples lies below the highest, and its exponent."""
    curves = surge.curves_of(load_entries("L15")["gpu"]["values"], surge.BATCHES)
    shape = curves.shape[1:]

    def columns(table, way):
        mean = table.reshape(-1, *shape).mean(axis=0)
        highest = int(np.argmax(surge.places_of(mean)[:-1]))

        def numbers(means):
            places = surge.places_of(means.reshape(-1, *shape))
            first, fourth, top, last = places[:, [0, 3, highest, -1]].T
            return np.stack([top - last, (fourth - first) / 3], axis=1)

        found = way(table, numbers)
        return {"fall": found[:, 0], "exponent": found[:, 1]}

    return curves.reshape(len(curves), -1), columns


def exponent() -> World:
    """L16: with which the best weight decay grows."""
    values = load_entries("L16")["gpu"]["values"]
    octaves = range(len(decay.OCTAVES))
    tables = [
        np.array([values[f"validation_{name}_{i}"] for i in octaves]).T
        for name in ("small", "large")
    ]

    def of(means):
        one, two = (peak(half) for half in np.split(means, 2, axis=1))
        return (two - one) / math.log2(decay.LARGE / decay.SMALL)

    return np.concatenate(tables, axis=1), lambda table, way: {"exponent": way(table, of)}


def edges(prefix: str) -> World:
    """F1: the fitted curve, its misfit, its slopes and where training breaks."""
    values = load_entries("F1")["gpu"]["values"]
    sizes = frontier.FRONTIER_SIZES["digits" if prefix else "mnist1d"]
    logs = {b: np.log2(frontier.frontier_grid(b)) for b in sizes}
    cells = [f"{prefix}accuracy_{b}_{k}" for b in sizes for k in range(len(logs[b]))]
    names = ["max_lr", "critical_batch", "misfit", "slope_small", "slope_large"]

    def columns(table, way):
        found = way(table, lambda m: frontier.curve_of(sizes, frontier.edges_of(m, logs)))
        return dict(zip(names, found.T, strict=False))

    return np.array([values[cell] for cell in cells]).T, columns


def shares_covered(world: World, num_seeds: int, num_experiments: int) -> dict[str, list[float]]:
    """Return the shares of 95 % intervals that hold the truth: resampled, and by the jackknife."""
    population, columns = world
    truth = {name: column[0] for name, column in columns(population, as_given).items()}
    hits = {name: np.zeros(2) for name in truth}
    for experiment in range(num_experiments):
        rng = np.random.default_rng(experiment)
        table = population[rng.integers(len(population), size=num_seeds)]
        for i, way in enumerate((inside, leave_one_out)):
            for name, column in columns(table, way).items():
                mean, half = t_interval(column)
                hits[name][i] += abs(mean - truth[name]) <= half
    return {name: (found / num_experiments).tolist() for name, found in hits.items()}


CASES = {  # world, seeds of a measurement
    "L13, 8": (lambda: windows("", 16, 1024), 8),
    "L13, 32": (lambda: windows("", 16, 1024), 32),
    "L13 on digits, 8": (lambda: windows("digits_", 32, 512), 8),
    "L13 on digits, 32": (lambda: windows("digits_", 32, 512), 32),
    "L15, 32": (fall, 32),
    "L16, 16": (exponent, 16),
    "L16, 64": (exponent, 64),
    "F1, 8": (lambda: edges(""), 8),
    "F1, 32": (lambda: edges(""), 32),
    "F1 on digits, 32": (lambda: edges("digits_"), 32),
}


@pytest.mark.quick
def test_coverage_of_an_exponent_at_a_glance():
    """L16's of 16 seeds in 150 experiments, and its biased twin."""
    now, before = shares_covered(exponent(), 16, 150)["exponent"]
    assert now > 0.88
    assert before < 0.85


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_coverage_of_what_is_resampled(case):
    """2,000 experiments know a share to half a point, which is added to the bar."""
    make, num_seeds = CASES[case]
    shares = shares_covered(make(), num_seeds, 2000)
    assert all(0.925 <= now <= 0.975 for now, _ in shares.values()), shares
