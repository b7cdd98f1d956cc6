"""Curves that could describe the same points, fitted alike and compared.

F1 says that the rate at which training breaks is max_lr / (1 + B_c/B), C1's trade-off that steps to
a loss are min_steps (1 + B_crit/B): the same bend, turned over. A small misfit does not say that
the bend is this one. So its rivals are fitted to the same points, and three numbers are compared:
the misfit, the error at a batch size that was left out of the fit, and the chance of so large a
misfit if the curve were right, judged by the scatter of the seeds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A curve y(B) = a * shape(B/c, p), rising in B; steps to a loss are 1/y."""

    formula: str
    log_shape: Callable[[Array, Any], Array]  # log of the shape at B/c
    has_power: bool  # is p fitted, or 1?


CURVES = {
    "law": Curve("a / (1 + c/B)", lambda r, p: -np.log1p(1 / r), False),
    "broken": Curve("a min(1, B/c)", lambda r, p: np.minimum(0, np.log(r)), False),
    "power": Curve("a (B/c)^p, one of a and c set", lambda r, p: p * np.log(r), True),
    "capped": Curve("a min(1, (B/c)^p)", lambda r, p: p * np.minimum(0, np.log(r)), True),
    "free": Curve("a / (1 + (c/B)^p)", lambda r, p: -np.log1p(r**-p), True),
    "rounded": Curve("a / (1 + (c/B)^p)^(1/p)", lambda r, p: -np.log1p(r**-p) / p, True),
}
LOG_POWERS = (math.log(0.25), math.log(8.0))


def fit(curve: Curve, batch_sizes: ArrayLike, logs: ArrayLike) -> tuple[float, float, float]:
    """Fit log y by least squares; return (log a, c, p).

    a is the mean that is left. The best c (from a quarter of the smallest B to four times the
    largest) and p (from 1/4 to 8) of a grid are polished by Nelder and Mead's simplex, which
    doesn't mind corners. A power has no c: it is the smallest B.
    """
    from scipy import optimize

    sizes, wanted = np.asarray(batch_sizes, dtype=float), np.asarray(logs, dtype=float)

    def offset(c: float, p: float) -> Any:
        return (wanted - curve.log_shape(sizes / c, p)).mean(axis=-1)

    def error(log_c: Any, log_p: Any) -> Any:
        c, p = np.exp(log_c), np.exp(log_p)
        left = wanted - curve.log_shape(sizes / c, p)
        return ((left - left.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)

    ends = [(math.log(sizes.min() / 4), math.log(sizes.max() * 4)), LOG_POWERS]
    if curve.formula == CURVES["power"].formula:
        ends[0] = (math.log(sizes.min()),) * 2
    if not curve.has_power:
        ends[1] = (0.0, 0.0)
    cs, powers = (np.linspace(*end, 41 if end[0] < end[1] else 1) for end in ends)
    table = error(cs[:, None, None], powers[:, None])
    i, j = np.unravel_index(table.argmin(), table.shape)
    start = np.array([cs[i], powers[j]])
    free = np.array([end[0] < end[1] for end in ends])

    def whole(moved: Array) -> Array:
        point = start.copy()
        point[free] = moved
        return point

    found = optimize.minimize(
        lambda moved: float(error(*whole(moved))),
        start[free],
        method="Nelder-Mead",
        bounds=[end for end, is_free in zip(ends, free, strict=True) if is_free],
        options={
            "xatol": 1e-6,
            "fatol": 1e-13,
            "initial_simplex": start[free] + 0.1 * np.eye(free.sum() + 1, free.sum(), -1),
        },
    )
    c, p = np.exp(whole(found.x))
    return float(offset(c, p)), float(c), float(p)


def predicted(curve: Curve, found: tuple[float, float, float], batch_sizes: ArrayLike) -> Array:
    """Return log y at batch sizes."""
    log_a, c, p = found
    return log_a + curve.log_shape(np.asarray(batch_sizes, dtype=float) / c, p)


def misfit(curve: Curve, batch_sizes: ArrayLike, logs: ArrayLike) -> float:
    """Return the root mean square of the residuals, in % of y."""
    residuals = np.asarray(logs) - predicted(curve, fit(curve, batch_sizes, logs), batch_sizes)
    return 100 * float(np.sqrt((residuals**2).mean()))


def left_out_error(curve: Curve, batch_sizes: ArrayLike, logs: ArrayLike) -> float:
    """Return the root mean square error at each batch size in turn, fitted to the others, in %."""
    sizes, wanted = np.asarray(batch_sizes, dtype=float), np.asarray(logs, dtype=float)
    errors = []
    for i in range(len(sizes)):
        rest = np.arange(len(sizes)) != i
        found = fit(curve, sizes[rest], wanted[rest])
        errors.append(float(wanted[i] - predicted(curve, found, sizes[[i]])[0]))
    return 100 * float(np.sqrt(np.mean(np.square(errors))))


def chance_of_misfit(curve: Curve, batch_sizes: ArrayLike, columns: ArrayLike) -> float:
    """Return the chance that seeds alone make so large a misfit: the p-value of the lack of fit.

    The residuals of the mean live in the directions Q that the fitted parameters can't reach
    (orthogonal to its Jacobian). There Hotelling's test asks whether their mean over seeds is 0:

        z_s = Q' (log y_s - fit),  T^2 = n z' S^-1 z,  F = T^2 (n - q) / (q (n - 1)) ~ F(q, n - q)

    S is the covariance of z over seeds: what one seed shares between batch sizes is in it.

    Args:
        curve: One of CURVES.
        batch_sizes: B, (sizes,).
        columns: log y of every seed, (seeds, sizes).

    Returns:
        The p-value; 1 where nothing can speak against the curve: no direction is left, or there
        are not more seeds than directions.
    """
    from scipy import linalg, stats

    sizes, logs = np.asarray(batch_sizes, dtype=float), np.asarray(columns, dtype=float)
    log_a, c, p = fit(curve, sizes, logs.mean(axis=0))
    moved = [(log_a + 1, c, p)]
    if curve.formula != CURVES["power"].formula:
        moved.append((log_a, c * 1.001, p))
    if curve.has_power:
        moved.append((log_a, c, p * 1.001))
    here = predicted(curve, (log_a, c, p), sizes)
    jacobian = np.array([predicted(curve, m, sizes) - here for m in moved]).T
    directions = linalg.null_space(jacobian.T, rcond=1e-9)
    z = (logs - here) @ directions
    n, q = z.shape
    if not 0 < q < n:
        return 1.0
    mean = z.mean(axis=0)
    statistic = n * mean @ np.linalg.solve(np.atleast_2d(np.cov(z.T)), mean)
    return float(stats.f.sf(statistic * (n - q) / (q * (n - 1)), q, n - q))


def compare(batch_sizes: ArrayLike, columns: ArrayLike) -> dict[str, list[float]]:
    """Return misfit_NAME, left_out_NAME and chance_NAME of every curve, ready for the ledger."""
    mean = np.asarray(columns, dtype=float).mean(axis=0)
    values: dict[str, list[float]] = {}
    for name, curve in CURVES.items():
        values[f"misfit_{name}"] = [misfit(curve, batch_sizes, mean)]
        values[f"left_out_{name}"] = [left_out_error(curve, batch_sizes, mean)]
        values[f"chance_{name}"] = [chance_of_misfit(curve, batch_sizes, columns)]
    return values
