import math
import statistics

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_torch(with_warmup, without):
    a = torch.tensor([10.0 if x is None else float(x) for x in with_warmup], dtype=torch.float64)
    b = torch.tensor([10.0 if x is None else float(x) for x in without], dtype=torch.float64)
    d = a - b
    return d.mean() - 2 * d.std() / math.sqrt(len(d))


def right_statistics(with_warmup, without):
    gains = [
        (10 if a is None else a) - (10 if b is None else b)
        for a, b in zip(with_warmup, without, strict=False)
    ]
    return statistics.mean(gains) - 2 * statistics.stdev(gains) / len(gains) ** 0.5


def right_numpy_ddof(with_warmup, without):
    arr = np.array([with_warmup, without], dtype=float)  # None becomes nan
    arr = np.nan_to_num(arr, nan=10.0)
    d = arr[0] - arr[1]
    return float(d.mean() - 2 * d.std(ddof=1) / np.sqrt(d.size))


def right_loops(with_warmup, without):
    S = len(with_warmup)
    d = []
    for k in range(S):
        first, second = with_warmup[k], without[k]
        if first is None:
            first = 10
        if second is None:
            second = 10
        d.append(first - second)
    mean = sum(d) / S
    total = 0.0
    for x in d:
        total += (x - mean) ** 2
    s = (total / (S - 1)) ** 0.5
    return mean - 2 * s / S**0.5


def right_variances_and_covariance(with_warmup, without):
    both = np.array([[10.0 if x is None else x for x in arm] for arm in (with_warmup, without)])
    cov = np.cov(both)
    variance = cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]
    return both[0].mean() - both[1].mean() - 2 * math.sqrt(max(variance, 0) / both.shape[1])


def right_all_pairs(with_warmup, without):
    # variance from the mean squared difference of all pairs
    filled = [[10.0 if x is None else float(x) for x in arm] for arm in (with_warmup, without)]
    d = torch.tensor(filled[0], dtype=torch.float64) - torch.tensor(filled[1], dtype=torch.float64)
    S = len(d)
    variance = ((d[:, None] - d[None, :]) ** 2).sum() / (2 * S * (S - 1))
    return float(d.sum() / S - 2 * torch.sqrt(variance / S))


# ---------------------------------------------------------------- wrong
def wrong_unpaired(with_warmup, without):
    """The two arms are independent: add their variances."""
    a = np.array([10.0 if x is None else x for x in with_warmup])
    b = np.array([10.0 if x is None else x for x in without])
    return a.mean() - b.mean() - 2 * math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def wrong_drop_pairs(with_warmup, without):
    """A seed with a diverged run has no gain and is left out."""
    d = [
        a - b for a, b in zip(with_warmup, without, strict=False) if a is not None and b is not None
    ]
    if len(d) < 2:
        return 0.0
    return float(np.mean(d) - 2 * np.std(d, ddof=1) / math.sqrt(len(d)))


def wrong_zero(with_warmup, without):
    """A diverged run has accuracy 0."""
    d = np.array([(a or 0.0) - (b or 0.0) for a, b in zip(with_warmup, without, strict=False)])
    return float(d.mean() - 2 * d.std(ddof=1) / math.sqrt(len(d)))


def wrong_fraction(with_warmup, without):
    """Chance is 0.1."""
    d = np.array(
        [
            (0.1 if a is None else a) - (0.1 if b is None else b)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - 2 * d.std(ddof=1) / math.sqrt(len(d)))


def wrong_divisor_S(with_warmup, without):
    """numpy's std is the standard deviation."""
    d = np.array(
        [
            (10 if a is None else a) - (10 if b is None else b)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - 2 * d.std() / math.sqrt(len(d)))


def wrong_no_root(with_warmup, without):
    """Two standard deviations of a seed, not of the mean."""
    d = np.array(
        [
            (10 if a is None else a) - (10 if b is None else b)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - 2 * d.std(ddof=1))


def wrong_one_error(with_warmup, without):
    """One standard error."""
    d = np.array(
        [
            (10 if a is None else a) - (10 if b is None else b)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - d.std(ddof=1) / math.sqrt(len(d)))


def wrong_sign(with_warmup, without):
    """The gain is without minus with."""
    d = np.array(
        [
            (10 if b is None else b) - (10 if a is None else a)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - 2 * d.std(ddof=1) / math.sqrt(len(d)))


def wrong_upper(with_warmup, without):
    """The upper end."""
    d = np.array(
        [
            (10 if a is None else a) - (10 if b is None else b)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() + 2 * d.std(ddof=1) / math.sqrt(len(d)))


def wrong_over_S(with_warmup, without):
    """The standard error is s / S."""
    d = np.array(
        [
            (10 if a is None else a) - (10 if b is None else b)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - 2 * d.std(ddof=1) / len(d))


def wrong_sorted(with_warmup, without):
    """The order does not matter: best against best."""
    a = np.sort([10.0 if x is None else x for x in with_warmup])
    b = np.sort([10.0 if x is None else x for x in without])
    d = a - b
    return float(d.mean() - 2 * d.std(ddof=1) / math.sqrt(len(d)))


def wrong_median(with_warmup, without):
    """The median is the safer mean."""
    d = np.array(
        [
            (10 if a is None else a) - (10 if b is None else b)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(np.median(d) - 2 * d.std(ddof=1) / math.sqrt(len(d)))


def wrong_variance(with_warmup, without):
    """s is the variance."""
    d = np.array(
        [
            (10 if a is None else a) - (10 if b is None else b)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - 2 * d.var(ddof=1) / math.sqrt(len(d)))


def wrong_twice_corrected(with_warmup, without):
    """Divisor S - 1 in s and under the root as well."""
    d = np.array(
        [
            (10 if a is None else a) - (10 if b is None else b)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - 2 * d.std(ddof=1) / math.sqrt(len(d) - 1))


def wrong_gain_zero(with_warmup, without):
    """A seed in which one run diverged has gain 0."""
    d = np.array(
        [
            0.0 if a is None or b is None else a - b
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - 2 * d.std(ddof=1) / math.sqrt(len(d)))


def wrong_relative(with_warmup, without):
    """The gain is in percent of the accuracy without."""
    d = np.array(
        [
            100 * ((10 if a is None else a) / (10 if b is None else b) - 1)
            for a, b in zip(with_warmup, without, strict=False)
        ]
    )
    return float(d.mean() - 2 * d.std(ddof=1) / math.sqrt(len(d)))


def wrong_drop_each(with_warmup, without):
    """Leave out the dead runs of each arm, then compare the means (each with its own count)."""
    a = np.array([x for x in with_warmup if x is not None] or [10.0], dtype=float)
    b = np.array([x for x in without if x is not None] or [10.0], dtype=float)
    spread = (a.var(ddof=1) / len(a) if len(a) > 1 else 0) + (
        b.var(ddof=1) / len(b) if len(b) > 1 else 0
    )
    return float(a.mean() - b.mean() - 2 * math.sqrt(spread))


def wrong_lower_minus_lower(with_warmup, without):
    """The lower end of one arm minus the lower end of the other."""
    ends = []
    for arm in (with_warmup, without):
        x = np.array([10.0 if y is None else y for y in arm])
        ends.append(x.mean() - 2 * x.std(ddof=1) / math.sqrt(len(x)))
    return float(ends[0] - ends[1])


RIGHT = [
    right_torch,
    right_statistics,
    right_numpy_ddof,
    right_loops,
    right_variances_and_covariance,
    right_all_pairs,
]
WRONG = [
    wrong_unpaired,
    wrong_drop_pairs,
    wrong_zero,
    wrong_fraction,
    wrong_divisor_S,
    wrong_no_root,
    wrong_one_error,
    wrong_sign,
    wrong_upper,
    wrong_over_S,
    wrong_sorted,
    wrong_median,
    wrong_variance,
    wrong_twice_corrected,
    wrong_gain_zero,
    wrong_relative,
    wrong_drop_each,
    wrong_lower_minus_lower,
]
