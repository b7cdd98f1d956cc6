import math
import statistics

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loops(before, after, chance, quantile):
    diffs = []
    for b, a in zip(before, after, strict=True):
        if b is None:
            b = chance
        if a is None:
            a = chance
        diffs.append(a - b)
    n = len(diffs)
    mean = sum(diffs) / n
    var = sum((d - mean) ** 2 for d in diffs) / (n - 1)
    return [mean, quantile * math.sqrt(var / n)]


def r_torch(before, after, chance, quantile):
    x = torch.tensor([chance if v is None else v for v in before], dtype=torch.float64)
    y = torch.tensor([chance if v is None else v for v in after], dtype=torch.float64)
    d = y - x
    return [d.mean().item(), (quantile * d.std() / len(d) ** 0.5).item()]


def r_numpy(before, after, chance, quantile):
    table = np.array([before, after], dtype=float)
    table[np.isnan(table)] = chance
    d = table[1] - table[0]
    return [d.mean(), quantile * d.std(ddof=1) / np.sqrt(d.size)]


def r_statistics(before, after, chance, quantile):
    d = [
        (chance if a is None else a) - (chance if b is None else b)
        for b, a in zip(before, after, strict=True)
    ]
    return statistics.mean(d), quantile * statistics.stdev(d) / math.sqrt(len(d))


def r_covariance(before, after, chance, quantile):
    x = np.array([chance if v is None else v for v in before], dtype=float)
    y = np.array([chance if v is None else v for v in after], dtype=float)
    c = np.cov(x, y)
    var = c[0, 0] + c[1, 1] - 2 * c[0, 1]
    return [y.mean() - x.mean(), quantile * math.sqrt(max(var, 0) / len(x))]


def r_sum_of_squares(before, after, chance, quantile):
    fill = {None: chance}
    d = [fill.get(a, a) - fill.get(b, b) for b, a in zip(before, after, strict=True)]
    n, mean = len(d), math.fsum(d) / len(d)
    return [mean, quantile * math.sqrt(math.fsum((x - mean) ** 2 for x in d) / (n * (n - 1)))]


def r_float32(before, after, chance, quantile):
    x = torch.tensor([chance if v is None else v for v in before])
    y = torch.tensor([chance if v is None else v for v in after])
    d = (y - x).float()
    return torch.stack([d.mean(), quantile * d.std() / math.sqrt(len(d))])


RIGHT = [
    r_loops,
    r_torch,
    r_numpy,
    r_statistics,
    r_covariance,
    r_sum_of_squares,
    r_float32,
]


# ---------------------------------------------------------------- wrong
def filled(values, chance):
    return [chance if v is None else v for v in values]


def w_divisor_n(before, after, chance, quantile):
    """Standard deviation with divisor n."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), quantile * d.std() / math.sqrt(len(d))]


def w_no_root_n(before, after, chance, quantile):
    """The standard deviation, not the standard error."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), quantile * d.std(ddof=1)]


def w_over_n(before, after, chance, quantile):
    """Divided by n, not by its root."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), quantile * d.std(ddof=1) / len(d)]


def w_root_n_minus_one(before, after, chance, quantile):
    """std with n - 1 and again over the root of n - 1."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d) - 1)]


def w_variance(before, after, chance, quantile):
    """Forgets the square root of the variance."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), quantile * d.var(ddof=1) / math.sqrt(len(d))]


def w_no_quantile(before, after, chance, quantile):
    """The standard error itself: quantile not used."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), d.std(ddof=1) / math.sqrt(len(d))]


def w_fixed_196(before, after, chance, quantile):
    """1.96 for every n."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), 1.96 * d.std(ddof=1) / math.sqrt(len(d))]


def w_whole_interval(before, after, chance, quantile):
    """The whole length of the interval, not its half."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), 2 * quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_quarter(before, after, chance, quantile):
    """Takes quantile times standard error for the whole and halves it."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d)) / 2]


def w_unpaired(before, after, chance, quantile):
    """The two columns' variances added, as of independent runs."""
    x, y = np.array(filled(before, chance)), np.array(filled(after, chance))
    half = quantile * math.sqrt((x.var(ddof=1) + y.var(ddof=1)) / len(x))
    return [y.mean() - x.mean(), half]


def w_std_difference(before, after, chance, quantile):
    """The difference of the two standard deviations."""
    x, y = np.array(filled(before, chance)), np.array(filled(after, chance))
    return [y.mean() - x.mean(), quantile * abs(y.std(ddof=1) - x.std(ddof=1)) / len(x) ** 0.5]


def w_after_only(before, after, chance, quantile):
    """The interval of the column after."""
    x, y = np.array(filled(before, chance)), np.array(filled(after, chance))
    return [y.mean() - x.mean(), quantile * y.std(ddof=1) / math.sqrt(len(x))]


def w_sign(before, after, chance, quantile):
    """Before minus after."""
    d = np.subtract(filled(before, chance), filled(after, chance))
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_absolute(before, after, chance, quantile):
    """The mean of the changes' sizes."""
    d = np.abs(np.subtract(filled(after, chance), filled(before, chance)))
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_relative(before, after, chance, quantile):
    """Change in per cent of the value before, not in points."""
    x, y = np.array(filled(before, chance)), np.array(filled(after, chance))
    d = 100 * (y - x) / x
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_drop_pairs(before, after, chance, quantile):
    """A pair with a diverged run is left out."""
    d = np.array(
        [a - b for b, a in zip(before, after, strict=True) if a is not None and b is not None]
    )
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_drop_each(before, after, chance, quantile):
    """Diverged runs dropped from each column, then means subtracted."""
    x = np.array([v for v in before if v is not None])
    y = np.array([v for v in after if v is not None])
    k = min(len(x), len(y))
    d = y[:k] - x[:k]
    return [y.mean() - x.mean(), quantile * d.std(ddof=1) / math.sqrt(k)]


def w_zero(before, after, chance, quantile):
    """A diverged run counts as 0 %."""
    d = np.subtract(filled(after, 0.0), filled(before, 0.0))
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_or_chance(before, after, chance, quantile):
    """`v or chance`: an accuracy of 0 % becomes chance too."""
    d = np.array([(a or chance) - (b or chance) for b, a in zip(before, after, strict=True)])
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_only_after_filled(before, after, chance, quantile):
    """Only the arm may diverge; a pair whose base diverged is dropped."""
    d = np.array(
        [
            (chance if a is None else a) - b
            for b, a in zip(before, after, strict=True)
            if b is not None
        ]
    )
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_change_is_chance(before, after, chance, quantile):
    """The change of a diverged pair is chance, rather than the accuracy."""
    d = np.array(
        [chance if a is None or b is None else a - b for b, a in zip(before, after, strict=True)]
    )
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_clipped(before, after, chance, quantile):
    """Every accuracy below chance counts as chance."""
    x = np.maximum(filled(before, chance), chance)
    y = np.maximum(filled(after, chance), chance)
    d = y - x
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_fixed_ten(before, after, chance, quantile):
    """10 % for a diverged run, whatever chance is."""
    d = np.subtract(filled(after, 10.0), filled(before, 10.0))
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_median(before, after, chance, quantile):
    """The median of the changes, for robustness."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [np.median(d), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_sorted(before, after, chance, quantile):
    """Sorts both columns: pairs by rank, not by seed."""
    d = np.sort(filled(after, chance)) - np.sort(filled(before, chance))
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_mutates(before, after, chance, quantile):
    """Right numbers, but fills the gaps in the caller's lists."""
    for values in (before, after):
        for i, v in enumerate(values):
            if v is None:
                values[i] = chance
    d = np.subtract(after, before)
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(len(d))]


def w_order(before, after, chance, quantile):
    """Returns the two ends of the interval."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    half = quantile * d.std(ddof=1) / math.sqrt(len(d))
    return [d.mean() - half, d.mean() + half]


def w_both_columns_pooled(before, after, chance, quantile):
    """Divides by the root of 2n: counts the runs, not the pairs."""
    d = np.subtract(filled(after, chance), filled(before, chance))
    return [d.mean(), quantile * d.std(ddof=1) / math.sqrt(2 * len(d))]


WRONG = [
    w_divisor_n,
    w_no_root_n,
    w_over_n,
    w_root_n_minus_one,
    w_variance,
    w_no_quantile,
    w_fixed_196,
    w_whole_interval,
    w_quarter,
    w_unpaired,
    w_std_difference,
    w_after_only,
    w_sign,
    w_absolute,
    w_relative,
    w_drop_pairs,
    w_drop_each,
    w_zero,
    w_or_chance,
    w_only_after_filled,
    w_change_is_chance,
    w_clipped,
    w_fixed_ten,
    w_median,
    w_sorted,
    w_mutates,
    w_order,
    w_both_columns_pooled,
]
