"""Runs for the claims about limits: where training breaks, and how wide the good rates are."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from coursekit.claims.rivals import compare
from coursekit.claims.second_set import of_digits
from coursekit.claims.tuning import resampled
from coursekit.claims.unit_02_lr_scaling.rule_runs import (
    DIGITS_SEEDS,
    Columns,
    column,
    device_for,
    seeds_for,
    sizes_for,
)
from coursekit.data.splits import load
from coursekit.experiments.flagship import CHANCE, SIZES
from coursekit.replicas.grid import run_grid
from coursekit.train.scaling import saturating_lr

SHARE = 0.6  # training counts as broken where accuracy has fallen to this share of the best
WITHIN = 2.0  # points below the best that still count as good


def fall(log2_lrs: np.ndarray, accuracy: np.ndarray) -> float:
    """Return log2 of the learning rate where accuracy falls to SHARE of its best; nan: nowhere."""
    top = int(accuracy.argmax())
    level = SHARE * accuracy[top]
    for i in range(top, len(accuracy) - 1):
        if accuracy[i] >= level > accuracy[i + 1]:
            part = (accuracy[i] - level) / (accuracy[i] - accuracy[i + 1])
            return float(log2_lrs[i] + part * (log2_lrs[i + 1] - log2_lrs[i]))
    return math.nan


def window(log2_lrs: np.ndarray, accuracy: np.ndarray) -> float:
    """Return the octaves of learning rate around the best where accuracy is within WITHIN points.

    Ends are interpolated between grid points; nan where the grid ends before the window does.
    """
    top = int(accuracy.argmax())
    level = accuracy[top] - WITHIN
    ends = []
    for step in (-1, 1):
        i = top
        while 0 <= i + step < len(accuracy) and accuracy[i + step] >= level:
            i += step
        if not 0 <= i + step < len(accuracy):
            return math.nan
        part = (accuracy[i] - level) / (accuracy[i] - accuracy[i + step])
        ends.append(log2_lrs[i] + part * (log2_lrs[i + step] - log2_lrs[i]))
    return float(ends[1] - ends[0])


def accuracy_table(
    size: str,
    batch_size: int,
    lrs: Sequence[float],
    *,
    first_seed: int = 0,
    num_seeds: int | None = None,
    name: str = "mnist1d",
) -> np.ndarray:
    """Return test accuracy in %, (seeds, learning rates), diverged runs at chance."""
    runs = column(size, batch_size, lrs, first_seed=first_seed, num_seeds=num_seeds, name=name)
    return 100 * runs.values("test_accuracy", diverged_as=CHANCE)


def half_octaves(low: float, high: float) -> list[float]:
    """Return learning rates 2^low, 2^(low + 1/2), ..., 2^high."""
    return [2.0 ** (k / 2) for k in range(round(2 * low), round(2 * high) + 1)]


def fit_saturating(batch_sizes: Sequence[int], log2_lrs: np.ndarray) -> tuple[float, float]:
    """Fit log2 lr = log2 max_lr - log2(1 + B_c / B) by least squares over a fine grid of B_c."""
    sizes = np.asarray(batch_sizes, dtype=float)
    candidates = 2.0 ** np.arange(0.0, 11.0, 0.02)
    shapes = -np.log2(1 + candidates[:, None] / sizes)
    offsets = (log2_lrs - shapes).mean(axis=1, keepdims=True)
    errors = ((log2_lrs - shapes - offsets) ** 2).sum(axis=1)
    best = int(errors.argmin())
    return float(2.0 ** offsets[best, 0]), float(candidates[best])


FRONTIER_SIZES = {"mnist1d": (16, 32, 64, 256, 2048), "digits": (16, 32, 64, 256, 1024)}


def measure_frontier(size: str) -> Columns:
    """F1: where training breaks at five batch sizes, and the saturating curve, on two data sets."""
    on_digits = of_digits(frontier(size, "digits", DIGITS_SEEDS[size]))
    return frontier(size, "mnist1d", seeds_for(size)) | on_digits


def frontier(size: str, name: str, num_seeds: int) -> Columns:
    """Return the quantities of F1 on one data set."""
    return frontier_quantities(
        {
            b: accuracy_table(size, b, frontier_grid(b), num_seeds=num_seeds, name=name)
            for b in FRONTIER_SIZES[name]
        },
        unbroken=1.0 if size == "tiny" else math.nan,  # two epochs: exercise the code alone
    )


def frontier_quantities(tables: Mapping[int, np.ndarray], *, unbroken: float = math.nan) -> Columns:
    """Return what F1 says of accuracies (seeds, lrs) at each batch size, and the accuracies.

    Args:
        tables: Batch size -> accuracies at `frontier_grid`.
        unbroken: log2 of the lr that stands for an edge that the grid does not reach.
    """
    sizes = list(tables)
    logs = {b: np.log2(frontier_grid(b)) for b in sizes}
    stacked = np.concatenate([tables[b] for b in sizes], axis=1)

    def edges(means: np.ndarray) -> np.ndarray:
        return np.nan_to_num(edges_of(means, logs), nan=unbroken)

    found = resampled(stacked, lambda means: curve_of(sizes, edges(means)))
    names = ["max_lr", "critical_batch", "misfit_octaves", "slope_small", "slope_large"]
    names += [f"edge_{b}" for b in sizes]
    values = dict(zip(names, found.T.tolist(), strict=True))
    for b in sizes:
        for k, cell in enumerate(tables[b].T):
            values[f"accuracy_{b}_{k}"] = cell.tolist()
    return values | compare(sizes, resampled(stacked, edges) * math.log(2))


def frontier_grid(batch_size: int) -> list[float]:
    """Return half octaves of lr around where training was seen to break before."""
    middle = round(2 * math.log2(saturating_lr(3.4, 47.0, batch_size))) / 2
    return half_octaves(middle - 2, middle + 1)


def edges_of(means: np.ndarray, logs: Mapping[int, np.ndarray]) -> np.ndarray:
    """Return log2 of the lr where training breaks, (draws, sizes), of accuracies (draws, lrs)."""
    tables = np.split(means, np.cumsum([len(grid) for grid in logs.values()])[:-1], axis=1)
    return np.array(
        [
            [fall(grid, row) for grid, row in zip(logs.values(), rows, strict=True)]
            for rows in zip(*tables, strict=True)
        ]
    )


def curve_of(sizes: Sequence[int], edges: np.ndarray) -> np.ndarray:
    """Return max_lr, B_c, the fit's misfit in octaves, both slopes and lrs of edges (draws, B)."""
    rows = []
    for row in edges:
        max_lr, crit = fit_saturating(sizes, row)
        fitted = np.log2([saturating_lr(max_lr, crit, b) for b in sizes])
        misfit = float(np.sqrt(((row - fitted) ** 2).mean()))
        last = (row[-1] - row[-2]) / math.log2(sizes[-1] / sizes[-2])
        rows.append([max_lr, crit, misfit, row[1] - row[0], last, *2.0**row])
    return np.array(rows)


def measure_full_batch(size: str) -> Columns:
    """L5: where training breaks for each seed at B=16 and with the full batch, B=N."""
    values: Columns = {}
    for name, b, low in (("small", 16, -2.0), ("full", 2048, -0.5)):
        lrs = half_octaves(low, low + 3)
        table = accuracy_table(size, b, lrs)
        edges = [fall(np.log2(lrs), row) for row in table]
        values[f"edge_{name}"] = [2.0 ** (low + 3 if math.isnan(e) else e) for e in edges]
        values[f"unbroken_{name}"] = [float(math.isnan(e)) for e in edges]
    pair = zip(values["edge_full"], values["edge_small"], strict=True)
    values["ratio"] = [full / small for full, small in pair]
    return values


def measure_one_example(size: str) -> Columns:
    """L6: where training breaks at B=1, 16 and 128, after two passes over 2,048 examples."""
    values: Columns = {}
    data = load("mnist1d", num_train=256 if size == "tiny" else 2048, device=device_for(size))
    for b, low in ((1, -7), (16, -3), (128, -1)):
        (fitting,) = sizes_for(size, [b])
        lrs = [2.0**k for k in range(low, low + 6)]
        runs = run_grid(
            SIZES,
            data,
            seeds=range(seeds_for(size)),
            batch_sizes=(fitting,),
            lrs=lrs,
            num_epochs=2,
            device=device_for(size),
            progress=False,
        ).at(batch_size=fitting)
        table = 100 * runs.values("test_accuracy", diverged_as=CHANCE)
        edges = [fall(np.log2(lrs), row) for row in table]
        values[f"edge_{b}"] = [2.0 ** (low + 5 if math.isnan(e) else e) for e in edges]
        values[f"unbroken_{b}"] = [float(math.isnan(e)) for e in edges]
    pair = zip(values["edge_16"], values["edge_1"], strict=True)
    values["ratio_16_over_1"] = [a / c for a, c in pair]
    return values


WINDOWS = {16: (-6, -0.5), 1024: (-2.5, 2)}
DIGITS_WINDOWS = {32: (-7.5, 1), 128: (-5.5, 2), 512: (-3.5, 2.5)}
FRESH_SEEDS = 8  # the smoothing was chosen on seeds 0 to 7; these are measured on later ones


def smoothed(accuracy: np.ndarray) -> np.ndarray:
    """Return (left + 2 middle + right) / 4 along a grid, ends repeated: less noise of few seeds."""
    padded = np.concatenate([accuracy[:1], accuracy, accuracy[-1:]])
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4


def named(lr: float) -> str:
    """Write a learning rate in half octaves, as a part of a name: 2^-1.5 is m3, 2^0.5 is 1."""
    return str(round(2 * math.log2(lr))).replace("-", "m")


def window_columns(
    table: np.ndarray, lrs: Sequence[float], *, batch_size: int, prefix: str, size: str
) -> Columns:
    """Return the width of one window, `resampled`, and the accuracies it was read from.

    The mean over seeds is smoothed over neighbouring rates first: the highest of a dozen noisy
    points is too high, and which neighbours pass two points below it is then chance. All values
    are nan where the window of the mean of some resample reaches the grid's end.
    """
    logs = np.log2(lrs)

    def statistic(means: np.ndarray) -> np.ndarray:
        wide = np.array([window(logs, smoothed(mean)) for mean in means])
        return np.nan_to_num(wide, nan=1.0) if size == "tiny" else wide

    values = {f"{prefix}octaves_{batch_size}": resampled(table, statistic).tolist()}
    for lr, cell in zip(lrs, table.T, strict=True):
        values[f"{prefix}accuracy_{batch_size}_{named(lr)}"] = cell.tolist()
    return values


def digits_table(size: str, batch_size: int, lrs: Sequence[float]) -> np.ndarray:
    """Return test accuracy on digits in %, (seeds, learning rates), diverged runs at chance."""
    data = load("digits", num_train=128 if size == "tiny" else 1024, device=device_for(size))
    (fitting,) = sizes_for(size, [batch_size])
    runs = run_grid(
        (64, 48, 10),
        data,
        seeds=range(FRESH_SEEDS, FRESH_SEEDS + seeds_for(size)),
        batch_sizes=(fitting,),
        lrs=lrs,
        num_epochs=1 if size == "tiny" else 15,
        device=device_for(size),
        progress=False,
    ).at(batch_size=fitting)
    return 100 * runs.values("test_accuracy", diverged_as=CHANCE)


def measure_window(size: str) -> Columns:
    """L13: octaves of learning rate within two points of the best, on two tasks."""
    values: Columns = {}
    for b, ends in WINDOWS.items():
        lrs = half_octaves(*ends)
        table = accuracy_table(size, b, lrs, first_seed=FRESH_SEEDS)
        values |= window_columns(table, lrs, batch_size=b, prefix="", size=size)
        values[f"best_accuracy_{b}"] = table[:, int(table.mean(axis=0).argmax())].tolist()
    for b, ends in DIGITS_WINDOWS.items():
        lrs = half_octaves(*ends)
        table = digits_table(size, b, lrs)
        values |= window_columns(table, lrs, batch_size=b, prefix="digits_", size=size)
    for name, last, first in (
        ("change_16_to_1024", "octaves_1024", "octaves_16"),
        ("digits_change_32_to_512", "digits_octaves_512", "digits_octaves_32"),
    ):
        pair = zip(values[last], values[first], strict=True)
        values[name] = [large - small for large, small in pair]
    return values
