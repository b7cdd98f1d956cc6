"""What tuning reaches, with the tuning inside the interval: chosen again in every resample.

A setting (a learning rate, a schedule, a strength) that was chosen on the same seeds would be
chosen otherwise by other seeds. A column of the accuracies at the one that won has no trace of
that: its interval is too short, and its mean holds the luck that chose it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from coursekit.claims.declare import Measured, Values

NUM_DRAWS = 1000  # resamples of the seeds
MIDDLE, NORMAL_REACH = (0.025, 0.975), 1.96  # of a normal number: 1.96 standard deviations

Columns = dict[str, list[float]]


def tuned(seen: ArrayLike, test: ArrayLike, *, num_draws: int = NUM_DRAWS) -> np.ndarray:
    """Return one value a seed of what the best setting reaches, the choice made anew inside.

    A draw holds w_r copies of seed r. A seed's setting is the one that the OTHERS of the draw
    find best on validation data; the test data then say what that reaches:

        best_s(w) = argmax_k sum_{r != s} w_r seen[r, k]
        T(w)      = 1/n sum_s w_s test[s, best_s(w)]
        x_s       = test[s, best_s(1)]                       every seed drawn once
        R(w)      = T(w) - 1/n sum_s w_s x_s                  what choosing anew changes
        value_s   = x_s + mean_w R + n cov_w(w_s, R)

    The mean of the values is T averaged over draws; their t-interval is that of the infinitesimal
    jackknife of this average. Where every draw chooses alike, the values are the column of that
    setting. All calls with as many seeds use the same draws, so arms can be subtracted seed by
    seed. Coverage in simulated worlds: tests/claims/test_tuning.py.

    Args:
        seen: Validation score of every seed at every setting, larger is better, (seeds, settings).
        test: What is reported at the chosen setting, (seeds, settings): a test accuracy, or a
            difference of two. Or the same of each test example, (seeds, settings, examples): then
            a table (seeds, examples) comes back whose means over examples are the values, so that
            `coursekit.intervals.crossed` finds the error over examples.
        num_draws: Resamples.

    Raises:
        ValueError: If the shapes differ, there are fewer than two seeds, or a value is not finite
            (count a run that diverged as chance).

    Assumes independent seeds. A best setting at the end of its grid is not seen here.
    Source: Efron 2014, Estimation and accuracy after model selection, JASA 109.
    """
    scores, results = np.asarray(seen, dtype=float), np.asarray(test, dtype=float)
    if results.ndim == 3:
        values = tuned(scores, results.mean(axis=2), num_draws=num_draws)
        table = _chosen_by_others(scores, results, np.ones((1, len(scores))))[0]
        return table + (values - table.mean(axis=1))[:, None]
    if scores.shape != results.shape or scores.ndim != 2 or len(scores) < 2:
        raise ValueError(
            f"need validation and test of the same (seeds, settings), two seeds or more, got "
            f"{scores.shape} and {results.shape}"
        )
    if not (np.isfinite(scores).all() and np.isfinite(results).all()):
        raise ValueError("values that are not finite: count a run that diverged as chance")
    n = len(scores)
    once = np.ones((1, n))
    draws = _draws(n, num_draws)
    x = _chosen_by_others(scores, results, once)[0]
    reached = (draws * _chosen_by_others(scores, results, draws)).mean(axis=1)  # T(w)
    change = reached - draws @ x / n  # R(w)
    return x + change.mean() + n * ((draws - 1).T @ (change - change.mean())) / num_draws


def resampled(
    table: ArrayLike, statistic: Callable[[np.ndarray], np.ndarray], *, num_draws: int = NUM_DRAWS
) -> np.ndarray:
    """Return values a seed of statistics of the mean over seeds, such as where a curve peaks.

        T(w)    = statistic(1/n sum_s w_s table[s])            of each resample
        value_s = mean_w T + pull_s,   pull_s ~ cov_w(w_s, T)  as if T were linear

    The pulls are stretched until the t-interval is t sqrt(n / (n - 1)) times the bootstrap's sd of
    T, or times its reach / 1.96, if that is more: how far the middle 95 % of T go to the farther
    side of their mean. A peak jumps from one point of a grid to the next; leaving out one seed at a
    time sees too few of the jumps, and where few resamples jump the sd hardly sees them
    (tests/claims/test_resampled_coverage.py).

    Args:
        table: What is averaged, (seeds, columns).
        statistic: Means (draws, columns) -> one number a draw, (draws,), or several, (draws, k).
        num_draws: Resamples.

    Returns:
        (seeds,) or (seeds, k); nan for a number that is not finite in some draw.
    """
    rows = np.asarray(table, dtype=float)
    n = len(rows)
    draws = _draws(n, num_draws)
    found = statistic(draws @ rows / n)
    centre = found.mean(axis=0)
    pulls = (draws - 1).T @ (found - centre)
    reach = np.abs(np.quantile(found, MIDDLE, axis=0) - centre).max(axis=0)
    wanted = np.maximum(found.std(axis=0, ddof=1), reach / NORMAL_REACH) * n / np.sqrt(n - 1)
    spread = pulls.std(axis=0, ddof=1)
    stretch = wanted / np.where(spread > 0, spread, 1.0)  # without spread there is none to stretch
    return np.asarray(centre + (pulls - pulls.mean(axis=0)) * stretch)


def _draws(n: int, num_draws: int) -> np.ndarray:
    """Return how often each of n seeds is in each draw, (num_draws, n): the same at every call."""
    return np.random.default_rng(0).multinomial(n, [1 / n] * n, size=num_draws).astype(float)


def _chosen_by_others(scores: np.ndarray, results: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return each seed's result at the setting that the others of each draw choose, (draws, n)."""
    sums = (draws @ scores)[:, None, :]
    others = sums - draws[:, :, None] * scores
    alone = draws.sum(axis=1, keepdims=True) == draws  # a draw of one seed has no others
    best = np.where(alone[..., None], sums, others).argmax(axis=2)
    return results[np.arange(len(scores)), best]


def keep(
    values: Measured, arm: str, labels: Sequence[str], seen: ArrayLike, test: ArrayLike
) -> np.ndarray:
    """Store validation and test columns of every setting of an arm; return `tuned` of them.

    They are named seen_ARM_LABEL and test_ARM_LABEL, so that anyone can choose again.
    """
    scores, results = np.asarray(seen, dtype=float), np.asarray(test, dtype=float)
    means = results.mean(axis=2) if results.ndim == 3 else results
    for k, label in enumerate(labels):
        values[f"seen_{arm}_{label}"] = scores[:, k].tolist()
        values[f"test_{arm}_{label}"] = means[:, k].tolist()
    return tuned(scores, results)


def kept(values: Values, arm: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what `keep` stored of an arm: validation and test, each (seeds, settings)."""
    labels = sorted(n.removeprefix(f"seen_{arm}_") for n in values if n.startswith(f"seen_{arm}_"))
    seen, test = ([values[f"{kind}_{arm}_{k}"] for k in labels] for kind in ("seen", "test"))
    return np.array(seen).T, np.array(test).T


def share_chosen(seen: ArrayLike, *, num_draws: int = NUM_DRAWS) -> np.ndarray:
    """Return how often each setting is the best of a resample of the seeds, (settings,)."""
    scores = np.asarray(seen, dtype=float)
    n = len(scores)
    draws = _draws(n, num_draws)
    return np.bincount((draws @ scores).argmax(axis=1), minlength=scores.shape[1]) / num_draws
