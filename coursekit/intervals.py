"""The interval that every figure and every printed number carries, over seeds and test examples.

Accuracies of several seeds are measured on one test set. Seeds (rows) are then crossed with
examples (columns) in a table of what was right, and the mean of the table errs twice: other seeds
would give another, and so would other examples.

    x_sn = mu + a_s + b_n + e_sn      seed s of S, example n of N
    Var(mean) = var(a)/S + var(b)/N + var(e)/(SN)
"""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np


class Crossed(list[float]):
    """Values of a quantity, one a seed, that were all measured on one set of test examples.

    Attributes:
        shared: A vector whose length is the standard error over the examples. Vectors of several
            quantities fit together: the error of a - c b is the length of a.shared - c b.shared.
    """

    def __init__(self, values: Iterable[float], shared: Sequence[float] | np.ndarray) -> None:
        super().__init__(float(v) for v in values)
        self.shared = np.asarray(shared, dtype=float)

    @property
    def shared_error(self) -> float:
        """The standard error over test examples, in the quantity's own unit."""
        return float(np.linalg.norm(self.shared))


def like(column: Iterable[float], values: Iterable[float]) -> list[float]:
    """Return values as a column with the error over test examples, if any, of another."""
    return Crossed(values, column.shared) if isinstance(column, Crossed) else list(values)


def t_interval(values: Iterable[float], *, level: float = 0.95) -> tuple[float, float]:
    """Return the mean of per-seed values and the half-width of its t-interval.

        mean +- t_{n-1} s / sqrt(n)                       over seeds
        mean +- t_nu sqrt(s^2 / n + shared_error^2)       over seeds and test examples

    The second is that of a `Crossed` column; nu is Welch's, (s^2/n + shared_error^2)^2 (n-1) /
    (s^2/n)^2, and the interval is never shorter than the first.

    Args:
        values: One number a seed.
        level: Coverage.

    Returns:
        (mean, half_width). A single value has no interval: its half-width is nan. A value that
        is not finite makes both nan.

    Assumes roughly normal values from independent seeds. What all seeds share beside the test
    examples (the training set) is not in the interval, and where ``values`` is no `Crossed`
    neither are the test examples.
    """
    array = np.asarray(list(values), dtype=np.float64)
    if len(array) < 2:
        return (float(array[0]) if len(array) else math.nan), math.nan
    freedom = len(array) - 1
    of_seeds = array.var(ddof=1) / len(array)
    half = _quantile(level, freedom) * math.sqrt(of_seeds)
    shared = values.shared_error if isinstance(values, Crossed) else 0.0
    if shared > 0:
        both = of_seeds + shared**2
        welch = freedom * (both / of_seeds) ** 2 if of_seeds > 0 else math.inf
        half = max(half, _quantile(level, welch) * math.sqrt(both))
    return float(array.mean()), float(half)


def example_covariance(tables: np.ndarray) -> np.ndarray:
    """Estimate how the means of several quantities move when other test examples are drawn.

        cov = (C_b - C_e / S) / N

    C_b is the covariance over examples of the quantities' means over seeds, C_e that of what is
    left when row and column means are taken out; C_e / S is its share in C_b. The diagonal is the
    squared standard error over test examples alone; that over seeds, s^2/S, holds the rest.

    Args:
        tables: What each quantity is for each seed and example, shape (quantities, S, N): 100
            where right and 0 where wrong for an accuracy in %, the difference of two such for a
            change.

    Returns:
        Unbiased, shape (quantities, quantities). A variance can be negative where the truth is
        near zero.

    Raises:
        ValueError: If there are fewer than two seeds or examples.

    Assumes seeds and examples drawn independently. Source: the variance components of a crossed
    table; Owen 2007, "The pigeonhole bootstrap", doi:10.1214/07-AOAS122; Bouthillier et al. 2021,
    arXiv:2103.03098, for their size in machine learning.
    """
    tables = np.asarray(tables, dtype=float)
    num_seeds, num_examples = tables.shape[1:]
    if min(num_seeds, num_examples) < 2:
        raise ValueError(
            f"need 2 seeds and 2 examples or more to see both errors, got a table of "
            f"{num_seeds} x {num_examples}"
        )
    columns = tables.mean(axis=1) - tables.mean(axis=(1, 2))[:, None]
    rest = tables - tables.mean(axis=2, keepdims=True) - columns[:, None]
    rest = rest.reshape(len(tables), -1)
    of_columns = columns @ columns.T / (num_examples - 1)
    of_rest = rest @ rest.T / ((num_seeds - 1) * (num_examples - 1))
    return (of_columns - of_rest / num_seeds) / num_examples


def crossed(tables: Mapping[str, np.ndarray]) -> dict[str, Crossed]:
    """Return per-seed means of tables (S, N), each with its vector of errors over examples.

    The vectors are a root of `example_covariance`, its negative eigenvalues set to zero. Tables
    of another shape have other seeds or examples: their vectors are orthogonal. A table with
    values that are not finite has no interval; its vector is zero.

    Raises:
        ValueError: If a table has fewer than two seeds or examples.
    """
    groups: dict[tuple[int, ...], list[str]] = {}
    found: dict[str, Crossed] = {}
    for name, table in tables.items():
        if np.isfinite(table).all():
            groups.setdefault(np.shape(table), []).append(name)
        else:
            found[name] = Crossed(np.mean(table, axis=1), [0.0])
    width = 0
    for names in groups.values():
        group = np.stack([np.asarray(tables[name], dtype=float) for name in names])
        sizes, directions = np.linalg.eigh(example_covariance(group))
        kept = sizes > 1e-9 * sizes.max(initial=0.0)
        roots = directions[:, kept] * np.sqrt(sizes[kept])
        for name, values, root in zip(names, group.mean(axis=2), roots, strict=True):
            found[name] = Crossed(values, np.concatenate([np.zeros(width), root]))
        width += int(kept.sum())
    for column in found.values():
        column.shared = np.pad(column.shared, (0, width - len(column.shared)))
    return {name: found[name] for name in tables}


@functools.lru_cache(maxsize=4096)
def _quantile(level: float, freedom: float) -> float:
    from scipy import stats  # takes 0.3 s, only needed here

    return float(stats.t.ppf(0.5 + level / 2, freedom))
