import itertools
import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_while(accuracy, lrs, within):
    result = []
    for column in accuracy.T:
        best = int(column.argmax())
        floor = column[best] - within
        low = high = best
        while low > 0 and column[low - 1] >= floor:
            low -= 1
        while high < len(lrs) - 1 and column[high + 1] >= floor:
            high += 1
        result.append(math.log2(lrs[high] / lrs[low]))
    return result


def r_cumprod(accuracy, lrs, within):
    out = torch.empty(accuracy.shape[1], dtype=torch.float64)
    logs = torch.log2(torch.tensor(lrs, dtype=torch.float64))
    for j in range(accuracy.shape[1]):
        good = (accuracy[:, j] >= accuracy[:, j].max() - within).long()
        b = int(accuracy[:, j].argmax())
        up = int(good[b:].cumprod(0).sum()) - 1
        down = int(good[: b + 1].flip(0).cumprod(0).sum()) - 1
        out[j] = logs[b + up] - logs[b - down]
    return out


def r_takewhile(accuracy, lrs, within):
    octaves = []
    for col in accuracy.T.tolist():
        best = max(col)
        b = col.index(best)

        def ok(pair, best=best):
            return pair[1] >= best - within

        ups = list(itertools.takewhile(ok, zip(lrs[b:], col[b:], strict=False)))
        downs = list(itertools.takewhile(ok, zip(lrs[b::-1], col[b::-1], strict=False)))
        octaves.append(math.log2(ups[-1][0]) - math.log2(downs[-1][0]))
    return octaves


def r_nearest_bad(accuracy, lrs, within):
    a = np.asarray(accuracy)
    n = len(lrs)
    result = []
    for j in range(a.shape[1]):
        b = int(np.argmax(a[:, j]))
        bad = np.flatnonzero(a[:, j] < a[b, j] - within)
        low = max([i for i in bad if i < b], default=-1) + 1
        high = min([i for i in bad if i > b], default=n) - 1
        result.append(float(np.log2(lrs[high]) - np.log2(lrs[low])))
    return result


def r_recursive(accuracy, lrs, within):
    def reach(col, i, step, floor):
        j = i + step
        if j < 0 or j >= len(col) or col[j] < floor:
            return i
        return reach(col, j, step, floor)

    result = []
    for j in range(len(accuracy[0])):
        col = [float(row[j]) for row in accuracy]
        b = col.index(max(col))
        floor = col[b] - within
        result.append(math.log(lrs[reach(col, b, 1, floor)] / lrs[reach(col, b, -1, floor)], 2))
    return result


def r_groupby(accuracy, lrs, within):
    result = []
    for col in accuracy.T:
        best = int(col.argmax())
        good = (col >= col.max() - within).tolist()
        start = 0
        for value, group in itertools.groupby(good):
            size = len(list(group))
            if value and start <= best < start + size:
                result.append(math.log2(lrs[start + size - 1]) - math.log2(lrs[start]))
            start += size
    return torch.tensor(result, dtype=torch.float64)


# ---------------------------------------------------------------- wrong
def _edges(column, within, floor=None, strict=False):
    best = int(column.argmax())
    floor = column[best] - within if floor is None else floor
    good = (lambda x: x > floor) if strict else (lambda x: x >= floor)
    low = high = best
    while low > 0 and good(column[low - 1]):
        low -= 1
    while high < len(column) - 1 and good(column[high + 1]):
        high += 1
    return low, best, high


def w_all_good(accuracy, lrs, within):
    """Highest good rate over lowest good rate, wherever they are; bad ones between don't matter."""
    out = []
    for column in accuracy.T:
        good = (column >= column.max() - within).nonzero().flatten()
        out.append(math.log2(lrs[int(good[-1])] / lrs[int(good[0])]))
    return out


def w_count_good(accuracy, lrs, within):
    """The width is how many rates are good."""
    return (accuracy >= accuracy.max(dim=0).values - within).sum(dim=0).double()


def w_count_steps(accuracy, lrs, within):
    """Every step of the grid is one octave: count the steps."""
    return [float(h - lo) for lo, _, h in (_edges(c, within) for c in accuracy.T)]


def w_natural_log(accuracy, lrs, within):
    """log is log."""
    return [math.log(lrs[h] / lrs[lo]) for lo, _, h in (_edges(c, within) for c in accuracy.T)]


def w_ratio(accuracy, lrs, within):
    """Return the ratio without the logarithm."""
    return [lrs[h] / lrs[lo] for lo, _, h in (_edges(c, within) for c in accuracy.T)]


def w_difference(accuracy, lrs, within):
    """The width is highest minus lowest rate."""
    return [lrs[h] - lrs[lo] for lo, _, h in (_edges(c, within) for c in accuracy.T)]


def w_global_best(accuracy, lrs, within):
    """The best of the whole table sets the floor for every batch size."""
    floor = accuracy.max() - within
    return [
        math.log2(lrs[h] / lrs[lo])
        for lo, _, h in (_edges(c, within, floor=floor) for c in accuracy.T)
    ]


def w_relative(accuracy, lrs, within):
    """within is a percentage of the best: best * (1 - within / 100)."""
    return [
        math.log2(lrs[h] / lrs[lo])
        for lo, _, h in (_edges(c, within, floor=c.max() * (1 - within / 100)) for c in accuracy.T)
    ]


def w_include_bad(accuracy, lrs, within):
    """The window ends at the first bad rate on either side, that one included."""
    out = []
    for c in accuracy.T:
        lo, _, h = _edges(c, within)
        out.append(math.log2(lrs[min(h + 1, len(lrs) - 1)] / lrs[max(lo - 1, 0)]))
    return out


def w_upper_only(accuracy, lrs, within):
    """How far up from the best rate; below the best nothing breaks."""
    return [math.log2(lrs[h] / lrs[b]) for _, b, h in (_edges(c, within) for c in accuracy.T)]


def w_lower_only(accuracy, lrs, within):
    """How far down from the best rate one may go."""
    return [math.log2(lrs[b] / lrs[lo]) for lo, b, _ in (_edges(c, within) for c in accuracy.T)]


def w_compare_neighbours(accuracy, lrs, within):
    """Go on as long as a rate is within points of its neighbour, not of the best."""
    out = []
    for c in accuracy.T:
        low = high = int(c.argmax())
        while low > 0 and c[low - 1] >= c[low] - within:
            low -= 1
        while high < len(lrs) - 1 and c[high + 1] >= c[high] - within:
            high += 1
        out.append(math.log2(lrs[high] / lrs[low]))
    return out


def w_within_is_width(accuracy, lrs, within):
    """within is the full band: half of it on either side, so floor is best - within / 2."""
    return [math.log2(lrs[h] / lrs[lo]) for lo, _, h in (_edges(c, within / 2) for c in accuracy.T)]


def w_strict(accuracy, lrs, within):
    """Good means less than `within` points below the best (strictly above the floor)."""
    return [
        math.log2(lrs[h] / lrs[lo])
        for lo, _, h in (_edges(c, within, strict=True) for c in accuracy.T)
    ]


def w_fraction_scale(accuracy, lrs, within):
    """Accuracy is a fraction, so the points must be divided by 100."""
    return [
        math.log2(lrs[h] / lrs[lo]) for lo, _, h in (_edges(c, within / 100) for c in accuracy.T)
    ]


def w_interpolated(accuracy, lrs, within):
    """Find by interpolation where accuracy crosses the floor."""
    out = []
    for c in accuracy.T:
        c = c.double()
        lo, b, h = _edges(c, within)
        floor = float(c[b]) - within
        top, bottom = math.log2(lrs[h]), math.log2(lrs[lo])
        if h + 1 < len(lrs):
            share = (float(c[h]) - floor) / (float(c[h]) - float(c[h + 1]))
            top += share * math.log2(lrs[h + 1] / lrs[h])
        if lo > 0:
            share = (float(c[lo]) - floor) / (float(c[lo]) - float(c[lo - 1]))
            bottom -= share * math.log2(lrs[lo] / lrs[lo - 1])
        out.append(top - bottom)
    return out


def w_log10(accuracy, lrs, within):
    """Decades instead of octaves."""
    return [math.log10(lrs[h] / lrs[lo]) for lo, _, h in (_edges(c, within) for c in accuracy.T)]


RIGHT = [r_while, r_cumprod, r_takewhile, r_nearest_bad, r_recursive, r_groupby]
WRONG = [
    w_all_good,
    w_count_good,
    w_count_steps,
    w_natural_log,
    w_ratio,
    w_difference,
    w_global_best,
    w_relative,
    w_include_bad,
    w_upper_only,
    w_lower_only,
    w_compare_neighbours,
    w_within_is_width,
    w_strict,
    w_fraction_scale,
    w_interpolated,
    w_log10,
]
