"""The jackknife that `coursekit.claims.tuning.resampled` replaced: its biased twin."""


def leave_one_out(table, statistic):
    """Return pseudo-values of a statistic of the mean over seeds, (seeds,) or (seeds, k)."""
    n, mean = len(table), table.mean(axis=0)
    return n * statistic(mean[None]) - (n - 1) * statistic((n * mean - table) / (n - 1))
