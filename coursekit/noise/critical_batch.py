"""The critical batch size: what a larger batch saves in steps and costs in examples.

Fitted to runs that were trained to one target loss at several batch sizes. It is not the noise
scale: that is measured on gradients at one point, this on whole runs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursekit.noise._ratio_intervals import t_quantile

MAX_EXTRAPOLATION = 10.0  # how far B_crit may lie outside the batch sizes that were tried

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prediction:
    """A predicted number with its interval over seeds."""

    value: float
    stderr: float
    low: float
    high: float


@dataclass(frozen=True)
class CriticalBatch:
    """The fitted trade-off between steps and examples."""

    value: float  # B_crit = E_min/S_min, examples; nan where the runs do not show it
    stderr: float  # over seeds, of log B_crit times B_crit
    low: float
    high: float
    level: float
    min_steps: Prediction  # S_min, steps with an endless batch
    min_examples: Prediction  # E_min, examples with the smallest batch
    batch_sizes: Array  # (num_sizes,)
    residuals: Array  # (num_sizes,): mean over seeds of log(steps) minus the fit's
    residual_stderrs: Array  # (num_sizes,): of these means, from the spread over seeds
    replicates: Array  # (num_seeds, 2): log S_min, log E_min with one seed left out
    cost: float  # examples processed by the runs until they met the target
    reason: str = ""  # why value is nan


def steps_to_target(steps: ArrayLike, losses: ArrayLike, target: float) -> float:
    """Return when a loss curve first reaches the target, interpolated between evaluations.

    Args:
        steps: Steps of the evaluations, increasing, shape (n,).
        losses: Loss at each of them; smooth or full-data losses, since noise crosses early.
        target: Loss to reach.

    Returns:
        Steps, interpolated linearly; nan if the curve never reaches it.

    Raises:
        ValueError: If the shapes differ or the steps do not increase.
    """
    when, loss = np.asarray(steps, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    if when.shape != loss.shape or when.ndim != 1 or not (np.diff(when) > 0).all():
        raise ValueError(
            f"need increasing steps and as many losses, got {when.shape} and {loss.shape}"
        )
    below = np.flatnonzero(loss <= target)
    if len(below) == 0:
        return math.nan
    i = int(below[0])
    if i == 0:
        return float(when[0])
    share = (loss[i - 1] - target) / (loss[i - 1] - loss[i])
    return float(when[i - 1] + share * (when[i] - when[i - 1]))


def fit_critical_batch(
    batch_sizes: Sequence[int] | ArrayLike, steps: ArrayLike, *, level: float = 0.95
) -> CriticalBatch:
    """Fit (S/S_min - 1)(E/E_min - 1) = 1 to steps S and examples E = B S at a target loss.

        S(B) = S_min + E_min/B = S_min (1 + B_crit/B),   B_crit = E_min/S_min

    Least squares in log S: seeds scatter by a factor, not by a number of steps. Intervals leave out
    one seed at a time, so that runs of one seed at several B may be paired.

    Args:
        batch_sizes: Distinct B, examples per step, shape (num_sizes,), at least three.
        steps: Steps to the target, shape (num_seeds, num_sizes), each with the learning rate tuned
            for its B (or the fit measures the learning-rate rule).
        level: Coverage of the intervals.

    Returns:
        The fit; its value is nan, with a reason, where B_crit would lie more than ten times outside
        the batch sizes tried: then the runs show only one of the two regimes. Residuals several
        standard errors large say that the hyperbola is not the shape of the data; the interval
        knows nothing of that.

    Raises:
        ValueError: If shapes do not fit, a number is not positive, or a run did not reach the
            target (nan, inf): leaving it out would flatter that batch size.

    Source: McCandlish et al. 2018, arXiv:1812.06162, Eq. 2.11.
    """
    sizes = np.asarray(batch_sizes, dtype=np.float64)
    runs = np.atleast_2d(np.asarray(steps, dtype=np.float64))
    if sizes.ndim != 1 or runs.ndim != 2 or runs.shape[1] != len(sizes):
        raise ValueError(
            f"steps must be (num_seeds, num_sizes) with one column per batch size, got "
            f"{runs.shape} for {len(sizes)} batch sizes"
        )
    if len(np.unique(sizes)) < 3 or len(np.unique(sizes)) < len(sizes):
        raise ValueError(f"need at least three distinct batch sizes, got {sizes.tolist()}")
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}")
    missing = ~np.isfinite(runs)
    if missing.any():
        where = sizes[missing.any(axis=0)].tolist()
        raise ValueError(
            f"{missing.sum()} runs did not reach the target, at batch sizes {where}: train longer, "
            f"choose an easier target, or leave out these batch sizes for every seed"
        )
    if (sizes <= 0).any() or (runs <= 0).any():
        raise ValueError("batch sizes and steps must be positive")

    num_seeds = len(runs)
    logs = np.log(runs)
    best = _fit_logs(sizes, logs.mean(axis=0))
    replicates = np.array(
        [_fit_logs(sizes, np.delete(logs, i, axis=0).mean(axis=0)) for i in range(num_seeds)]
        if num_seeds > 1
        else np.empty((0, 2))
    )
    residuals = logs.mean(axis=0) - _log_steps(best, sizes)
    scatter = logs.std(axis=0, ddof=1) if num_seeds > 1 else np.full(len(sizes), math.nan)
    critical = _interval(best[1] - best[0], replicates[:, 1] - replicates[:, 0], level)
    reason = ""
    if not sizes.min() / MAX_EXTRAPOLATION < critical.value < sizes.max() * MAX_EXTRAPOLATION:
        seen = "steps hardly fall with B" if critical.value < sizes.min() else "steps fall as 1/B"
        reason = (
            f"at all batch sizes tried {seen}; try "
            f"{'smaller' if critical.value < sizes.min() else 'larger'} ones"
        )
        critical = Prediction(math.nan, math.nan, math.nan, math.nan)
    elif num_seeds < 2:
        reason = "one seed has no interval"
    return CriticalBatch(
        critical.value,
        critical.stderr,
        critical.low,
        critical.high,
        level,
        _interval(best[0], replicates[:, 0], level),
        _interval(best[1], replicates[:, 1], level),
        sizes,
        residuals,
        scatter / math.sqrt(num_seeds),
        replicates,
        float((runs * sizes).sum()),
        reason,
    )


def predict_steps(fit: CriticalBatch, batch_size: float) -> Prediction:
    """Predict the steps to the target at batch size B: S_min (1 + B_crit/B)."""
    return _predict(fit, batch_size, lambda steps: steps)


def predict_examples(fit: CriticalBatch, batch_size: float) -> Prediction:
    """Predict the examples to the target at batch size B: E_min (1 + B/B_crit)."""
    return _predict(fit, batch_size, lambda steps: steps * batch_size)


def predict_time(
    fit: CriticalBatch, batch_size: float, step_time: Callable[[float], float]
) -> Prediction:
    """Predict the seconds to the target at batch size B.

        T(B) = S(B) t(B)

    Args:
        fit: From fit_critical_batch.
        batch_size: B.
        step_time: t(B), seconds per step as a function of B, such as max(t0, B/throughput).
            Its own error is not in the interval.
    """
    return _predict(fit, batch_size, lambda steps: steps * step_time(batch_size))


def optimal_lr(batch_size: float, *, max_lr: float, noise_scale: float) -> float:
    """Return the learning rate with the largest expected progress of one SGD step at batch size B.

        eps_opt(B) = eps_max/(1 + B_noise/B),   eps_max = |G|^2/(G' H G)

    Linear in B far below the noise scale, constant far above it. Adam's rule differs: closer to
    the square root of this factor.

    Args:
        batch_size: B, examples.
        max_lr: eps_max, the best step with the full gradient.
        noise_scale: B_noise = tr(H Sigma)/(G' H G), examples.

    Raises:
        ValueError: If a number is not positive (noise_scale may be 0).

    Assumes a quadratic loss along the step. Source: McCandlish et al. 2018, Eq. 2.7.
    """
    if not (batch_size > 0 and max_lr > 0 and noise_scale >= 0):
        raise ValueError(
            f"need batch_size > 0, max_lr > 0 and noise_scale >= 0, got {batch_size}, {max_lr}, "
            f"{noise_scale}"
        )
    return max_lr / (1 + noise_scale / batch_size)


def _log_steps(params: Array, sizes: Array) -> Array:
    return np.logaddexp(params[0], params[1] - np.log(sizes))


def _fit_logs(sizes: Array, log_steps: Array) -> Array:
    """Return (log S_min, log E_min) with least squared error in log S."""
    from scipy.optimize import least_squares  # slow to import, only needed here

    # A straight line S = S_min + E_min/B, with relative errors, starts close by.
    weights = np.exp(-log_steps)
    design = np.stack([np.ones_like(sizes), 1 / sizes], axis=1) * weights[:, None]
    line = np.linalg.lstsq(design, np.ones_like(sizes), rcond=None)[0]
    floor = 1e-3 * np.array([np.exp(log_steps.min()), np.exp((log_steps + np.log(sizes)).min())])
    start = np.log(np.maximum(line, floor))  # only a start: a negative part can't be in a log
    found = least_squares(lambda p: _log_steps(p, sizes) - log_steps, start, xtol=1e-12, ftol=1e-12)
    return np.asarray(found.x)


def _interval(log_value: float, replicates: Array, level: float) -> Prediction:
    """Return exp(log_value) with a t-interval in the logarithm from leave-one-out replicates."""
    value, count = math.exp(log_value), len(replicates)
    if count < 2:
        return Prediction(value, math.nan, math.nan, math.nan)
    spread = ((replicates - replicates.mean()) ** 2).sum()
    stderr = math.sqrt(spread * (count - 1) / count)
    half = t_quantile(level, count) * stderr
    high = value * math.exp(half) if half < 700 else math.inf
    return Prediction(value, value * stderr, value * math.exp(-half), high)


def _predict(
    fit: CriticalBatch, batch_size: float, of_steps: Callable[[float], float]
) -> Prediction:
    if not batch_size > 0:
        raise ValueError(f"batch_size must be > 0, got {batch_size}")
    best = np.log([fit.min_steps.value, fit.min_examples.value])
    size = np.array([batch_size], dtype=np.float64)
    factor = math.log(of_steps(1.0))
    values = [_log_steps(p, size)[0] + factor for p in (best, *fit.replicates)]
    return _interval(values[0], np.array(values[1:]), fit.level)
