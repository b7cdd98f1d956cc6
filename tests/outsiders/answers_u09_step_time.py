import math
import statistics

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loop(batch_sizes, seconds):
    best = None
    for k in range(2, len(batch_sizes) - 1):
        low = [math.log(t) for t in seconds[:k]]
        high = [math.log(B / t) for B, t in zip(batch_sizes[k:], seconds[k:], strict=True)]
        a, b = sum(low) / len(low), sum(high) / len(high)
        misfit = sum((x - a) ** 2 for x in low) + sum((x - b) ** 2 for x in high)
        if best is None or misfit < best[0]:
            best = (misfit, math.exp(a), math.exp(b))
    return [best[1], best[2]]


def r_numpy(batch_sizes, seconds):
    t = np.log(np.asarray(seconds, dtype=float))
    rate = np.log(np.asarray(batch_sizes, dtype=float)) - t
    ks = range(2, len(t) - 1)
    misfits = [k * t[:k].var() + (len(t) - k) * rate[k:].var() for k in ks]
    k = ks[int(np.argmin(misfits))]
    return [float(np.exp(t[:k].mean())), float(np.exp(rate[k:].mean()))]


def r_torch(batch_sizes, seconds):
    t = torch.tensor(seconds, dtype=torch.float64)
    B = torch.tensor(batch_sizes, dtype=torch.float64)
    found = []
    for k in range(2, len(t) - 1):
        low, high = t[:k].log(), (B[k:] / t[k:]).log()
        misfit = (low - low.mean()).square().sum() + (high - high.mean()).square().sum()
        found.append((misfit.item(), low.mean().exp().item(), high.mean().exp().item()))
    return list(min(found)[1:])


def r_statistics(batch_sizes, seconds):
    rates = [B / t for B, t in zip(batch_sizes, seconds, strict=True)]

    def misfit(k):
        floor = statistics.geometric_mean(seconds[:k])
        rate = statistics.geometric_mean(rates[k:])
        off = [math.log(t / floor) for t in seconds[:k]] + [math.log(r / rate) for r in rates[k:]]
        return sum(x * x for x in off)

    k = min(range(2, len(seconds) - 1), key=misfit)
    return [statistics.geometric_mean(seconds[:k]), statistics.geometric_mean(rates[k:])]


def r_lines(batch_sizes, seconds):
    x, y = np.log(batch_sizes), np.log(seconds)
    found = {}
    for k in range(2, len(x) - 1):
        model = np.concatenate([np.full(k, y[:k].mean()), x[k:] + (y[k:] - x[k:]).mean()])
        found[float(((y - model) ** 2).sum())] = (y[:k].mean(), (x[k:] - y[k:]).mean())
    floor, rate = found[min(found)]
    return [math.exp(floor), math.exp(rate)]


RIGHT = [r_loop, r_numpy, r_torch, r_statistics, r_lines]


# ---------------------------------------------------------------- wrong
def _fit(
    batch_sizes, seconds, first=2, last=-1, mean=np.mean, out=np.exp, misfit=None, pick=np.argmin
):
    t = np.log(np.asarray(seconds, dtype=float))
    rate = np.log(np.asarray(batch_sizes, dtype=float)) - t
    misfit = misfit or (lambda a, b: ((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    ks = range(first, len(t) + last)
    k = ks[int(pick([misfit(t[:k], rate[k:]) for k in ks]))]
    return [float(out(mean(t[:k]))), float(out(mean(rate[k:])))]


def w_arithmetic(batch_sizes, seconds):
    """Plain means of times and of rates in place of geometric ones, at the right split."""
    return _fit(batch_sizes, seconds, mean=lambda x: np.exp(x).mean(), out=float)


def w_median(batch_sizes, seconds):
    """Medians of the logarithms."""
    return _fit(batch_sizes, seconds, mean=np.median)


def w_no_exp(batch_sizes, seconds):
    """Returns the mean logarithms."""
    return _fit(batch_sizes, seconds, out=float)


def w_from_one(batch_sizes, seconds):
    """Splits from k = 1, one time on the floor."""
    return _fit(batch_sizes, seconds, first=1)


def w_to_last(batch_sizes, seconds):
    """Splits to k = n - 1, one size on the slope."""
    return _fit(batch_sizes, seconds, last=0)


def w_range_short(batch_sizes, seconds):
    """range(2, n - 2) leaves out k = n - 2 (n > 4)."""
    return _fit(batch_sizes, seconds, last=-2 if len(seconds) > 4 else -1)


def w_from_three(batch_sizes, seconds):
    """Begins at k = 3 (n > 4)."""
    return _fit(batch_sizes, seconds, first=3 if len(seconds) > 4 else 2)


def w_mean_misfit(batch_sizes, seconds):
    """Adds the two mean squares in place of the two sums: a variance each."""
    return _fit(batch_sizes, seconds, misfit=lambda a, b: a.var() + b.var())


def w_floor_misfit(batch_sizes, seconds):
    """The misfit of the flat piece alone."""
    return _fit(batch_sizes, seconds, misfit=lambda a, b: ((a - a.mean()) ** 2).sum())


def w_slope_misfit(batch_sizes, seconds):
    """The misfit of the slope alone."""
    return _fit(batch_sizes, seconds, misfit=lambda a, b: ((b - b.mean()) ** 2).sum())


def w_absolute(batch_sizes, seconds):
    """Absolute deviations in place of squares."""
    return _fit(
        batch_sizes,
        seconds,
        misfit=lambda a, b: np.abs(a - a.mean()).sum() + np.abs(b - b.mean()).sum(),
    )


def w_signed(batch_sizes, seconds):
    """Squares forgotten: the sum of deviations is rounding noise."""
    return _fit(
        batch_sizes, seconds, misfit=lambda a, b: (a - a.mean()).sum() + (b - b.mean()).sum()
    )


def w_worst_split(batch_sizes, seconds):
    """Keeps the largest misfit."""
    return _fit(batch_sizes, seconds, pick=np.argmax)


def w_last_split(batch_sizes, seconds):
    """Returns the numbers of the last split tried."""
    return _fit(batch_sizes, seconds, pick=lambda m: len(m) - 1)


def w_middle(batch_sizes, seconds):
    """Splits in the middle and looks no further."""
    return _fit(batch_sizes, seconds, pick=lambda m: len(m) // 2)


def w_plain_misfit(batch_sizes, seconds):
    """Misfit in seconds and rates, without logarithms."""
    return _fit(
        batch_sizes,
        seconds,
        misfit=lambda a, b: (
            ((np.exp(a) - np.exp(a.mean())) ** 2).sum()
            + ((np.exp(b) - np.exp(b.mean())) ** 2).sum()
        ),
    )


def w_inverse_rate(batch_sizes, seconds):
    """The second number is seconds per example."""
    floor, rate = _fit(batch_sizes, seconds)
    return [floor, 1 / rate]


def w_swapped(batch_sizes, seconds):
    """[rate, floor]."""
    return _fit(batch_sizes, seconds)[::-1]


def w_knee(batch_sizes, seconds):
    """The second number is the knee."""
    floor, rate = _fit(batch_sizes, seconds)
    return [floor, floor * rate]


def w_milliseconds(batch_sizes, seconds):
    """The floor in milliseconds."""
    floor, rate = _fit(batch_sizes, seconds)
    return [1e3 * floor, rate]


def w_ends(batch_sizes, seconds):
    """The least time and the best rate, no fit at all."""
    return [min(seconds), max(B / t for B, t in zip(batch_sizes, seconds, strict=True))]


def w_first_and_last(batch_sizes, seconds):
    """The first time, and the rate of the largest size."""
    return [seconds[0], batch_sizes[-1] / seconds[-1]]


def w_log10(batch_sizes, seconds):
    """log10 in, exp out."""
    floor, rate = _fit(batch_sizes, seconds)
    return [math.exp(math.log10(floor)), math.exp(math.log10(rate))]


def w_slope_overlaps(batch_sizes, seconds):
    """The slope begins at the floor's last point: k - 1 for k."""
    t = np.log(np.asarray(seconds, dtype=float))
    rate = np.log(np.asarray(batch_sizes, dtype=float)) - t
    k = min(
        range(2, len(t) - 1),
        key=lambda k: k * t[:k].var() + (len(t) - k + 1) * rate[k - 1 :].var(),
    )
    return [float(np.exp(t[:k].mean())), float(np.exp(rate[k - 1 :].mean()))]


WRONG = [
    w_arithmetic,
    w_median,
    w_no_exp,
    w_from_one,
    w_to_last,
    w_range_short,
    w_from_three,
    w_mean_misfit,
    w_floor_misfit,
    w_slope_misfit,
    w_absolute,
    w_signed,
    w_worst_split,
    w_last_split,
    w_middle,
    w_plain_misfit,
    w_inverse_rate,
    w_swapped,
    w_knee,
    w_milliseconds,
    w_ends,
    w_first_and_last,
    w_log10,
    w_slope_overlaps,
]
