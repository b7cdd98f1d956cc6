"""Steps to a loss and their critical batch, the choice of every learning rate inside the spread."""

import math

import numpy as np

from coursekit.claims.tuning import tuned
from coursekit.experiments.trade_off import RunsToTarget
from coursekit.noise.critical_batch import CriticalBatch, fit_critical_batch


def never_as_twice(steps: np.ndarray) -> np.ndarray:
    """Return steps, those that never came counted as twice the most that any run needed."""
    return np.where(np.isfinite(steps), steps, 2 * np.nanmax(steps))


def tuned_steps(runs: RunsToTarget) -> np.ndarray:
    """Return steps of each seed at each batch size, (seeds, sizes), with lr chosen anew inside.

    By `tuned` on their logarithms, so that geometric means and ratios have the choice in their
    intervals. The other seeds choose the lr with the fewest mean steps.

    Raises:
        ValueError: If ``runs`` has no steps at the other learning rates.
    """
    if not runs.choices:
        raise ValueError("these runs hold no steps at other learning rates: use run_to_target")
    tables = [never_as_twice(table) for table in runs.choices]
    return np.exp(np.stack([tuned(-table, np.log(table)) for table in tables], axis=1))


def tuned_examples(runs: RunsToTarget) -> np.ndarray:
    """Return examples to the target, B times `tuned_steps`, (seeds, sizes)."""
    return tuned_steps(runs) * np.array(runs.batch_sizes)


def tuned_fit(runs: RunsToTarget) -> CriticalBatch:
    """Return the trade-off fitted to `tuned_steps`."""
    return fit_critical_batch(runs.batch_sizes, tuned_steps(runs))


def pseudo_values(fit: CriticalBatch) -> list[float]:
    """Return one B_crit a seed: the jackknife's pseudo-values of its logarithm, around the fit.

    log B_crit + (n - 1) (mean of those without a seed - the one without this seed)
    """
    whole = math.log(fit.min_examples.value / fit.min_steps.value)
    without = fit.replicates[:, 1] - fit.replicates[:, 0]
    values: list[float] = np.exp(whole + (len(without) - 1) * (without.mean() - without)).tolist()
    return values
