import itertools
import math
import statistics

import numpy as np
import torch


def r_loop(sharpness, lr, momentum):
    threshold = 2 * (1 + momentum) / lr
    ratios = [s / threshold for s in sharpness]
    for i, r in enumerate(ratios):
        if r >= 1:
            return sum(ratios[i:]) / len(ratios[i:])
    return math.nan


def r_numpy(sharpness, lr, momentum):
    ratio = np.asarray(sharpness, dtype=float) / (2 * (1 + momentum) / lr)
    hit = ratio >= 1
    return float(ratio[hit.argmax() :].mean()) if hit.any() else float("nan")


def r_dropwhile(sharpness, lr, momentum):
    limit = 2 * (1 + momentum) / lr
    rest = list(itertools.dropwhile(lambda s: s < limit, sharpness))
    return statistics.fmean(rest) / limit if rest else math.nan


def r_torch_cummax(sharpness, lr, momentum):
    s = torch.tensor(sharpness, dtype=torch.float64)
    threshold = 2 * (1 + momentum) / lr
    reached = torch.cummax(s, 0).values >= threshold
    return (s[reached] / threshold).mean().item()  # mean of nothing is nan


def r_recursive(sharpness, lr, momentum):
    threshold = 2 * (1 + momentum) / lr
    if len(sharpness) == 0:
        return math.nan
    if sharpness[0] >= threshold:
        return sum(sharpness) / threshold / len(sharpness)
    return r_recursive(sharpness[1:], lr, momentum)


def r_flag(sharpness, lr, momentum):
    total, count, at_edge = 0.0, 0, False
    for s in sharpness:
        ratio = s / (2 * (1 + momentum) / lr)
        at_edge = at_edge or ratio >= 1
        if at_edge:
            total += ratio
            count += 1
    return total / count if count else float("nan")


def _t(lr, momentum):
    return 2 * (1 + momentum) / lr


def _with_threshold(sharpness, t):
    r = [s / t for s in sharpness]
    for i, x in enumerate(r):
        if x >= 1:
            return float(np.mean(r[i:]))
    return math.nan


def w_no_momentum(sharpness, lr, momentum):
    """the threshold is 2/lr whatever the momentum"""
    return _with_threshold(sharpness, 2 / lr)


def w_momentum_below(sharpness, lr, momentum):
    """momentum makes it less stable: 2 / (lr (1 + beta))"""
    return _with_threshold(sharpness, 2 / (lr * (1 + momentum)))


def w_effective_lr(sharpness, lr, momentum):
    """momentum raises the effective learning rate to lr/(1 - beta): 2 (1 - beta)/lr"""
    return _with_threshold(sharpness, 2 * (1 - momentum) / lr)


def w_one_over_lr(sharpness, lr, momentum):
    """the threshold is (1 + beta)/lr"""
    return _with_threshold(sharpness, (1 + momentum) / lr)


def w_precedence(sharpness, lr, momentum):
    """writes 2 * 1 + beta / lr without brackets"""
    return _with_threshold(sharpness, 2 * 1 + momentum / lr)


def w_only_above(sharpness, lr, momentum):
    """averages the records at or above the threshold only"""
    r = [s / _t(lr, momentum) for s in sharpness]
    r = [x for x in r if x >= 1]
    return float(np.mean(r)) if r else math.nan


def w_all_records(sharpness, lr, momentum):
    """averages all records if the edge was met"""
    r = [s / _t(lr, momentum) for s in sharpness]
    return float(np.mean(r)) if max(r) >= 1 else math.nan


def w_zero_if_never(sharpness, lr, momentum):
    """a run that never gets there has ratio 0"""
    x = r_loop(sharpness, lr, momentum)
    return 0.0 if math.isnan(x) else x


def w_all_if_never(sharpness, lr, momentum):
    """a run that never gets there: the mean over the whole log"""
    x = r_loop(sharpness, lr, momentum)
    return float(np.mean(sharpness)) / _t(lr, momentum) if math.isnan(x) else x


def w_last_if_never(sharpness, lr, momentum):
    """a run that never gets there: its last ratio"""
    x = r_loop(sharpness, lr, momentum)
    return sharpness[-1] / _t(lr, momentum) if math.isnan(x) else x


def w_not_divided(sharpness, lr, momentum):
    """the mean of the sharpness itself"""
    return r_loop(sharpness, lr, momentum) * _t(lr, momentum)


def w_inverse(sharpness, lr, momentum):
    """mean of threshold / sharpness"""
    t = _t(lr, momentum)
    for i, s in enumerate(sharpness):
        if s >= t:
            return float(np.mean([t / x for x in sharpness[i:]]))
    return math.nan


def w_after_first(sharpness, lr, momentum):
    """starts one record after the crossing"""
    t = _t(lr, momentum)
    for i, s in enumerate(sharpness):
        if s >= t:
            rest = sharpness[i + 1 :]
            return sum(rest) / len(rest) / t if rest else math.nan
    return math.nan


def w_last_crossing(sharpness, lr, momentum):
    """starts at the last record at or above the threshold"""
    t = _t(lr, momentum)
    for i in range(len(sharpness) - 1, -1, -1):
        if sharpness[i] >= t:
            return sum(sharpness[i:]) / len(sharpness[i:]) / t
    return math.nan


def w_until_dip(sharpness, lr, momentum):
    """stops at the first dip below the threshold"""
    t = _t(lr, momentum)
    run = list(
        itertools.takewhile(lambda s: s >= t, itertools.dropwhile(lambda s: s < t, sharpness))
    )
    return sum(run) / len(run) / t if run else math.nan


def w_from_peak(sharpness, lr, momentum):
    """starts at the largest record"""
    t = _t(lr, momentum)
    i = int(np.argmax(sharpness))
    return float(np.mean(sharpness[i:])) / t if sharpness[i] >= t else math.nan


def w_peak(sharpness, lr, momentum):
    """the highest ratio reached"""
    x = max(sharpness) / _t(lr, momentum)
    return x if x >= 1 else math.nan


def w_median(sharpness, lr, momentum):
    """the median from the edge on"""
    t = _t(lr, momentum)
    rest = list(itertools.dropwhile(lambda s: s < t, sharpness))
    return float(np.median(rest)) / t if rest else math.nan


def w_capped(sharpness, lr, momentum):
    """no run can be beyond the edge: ratios are cut off at 1"""
    t = _t(lr, momentum)
    rest = list(itertools.dropwhile(lambda s: s < t, sharpness))
    return float(np.mean([min(s / t, 1) for s in rest])) if rest else math.nan


def w_strictly_above(sharpness, lr, momentum):
    """'at the edge' needs a record strictly above the threshold (wrong where one equals it)"""
    t = _t(lr, momentum)
    rest = list(itertools.dropwhile(lambda s: s <= t, sharpness))
    return sum(rest) / len(rest) / t if rest else math.nan


RIGHT = [r_loop, r_numpy, r_dropwhile, r_torch_cummax, r_recursive, r_flag]
WRONG = [
    w_no_momentum,
    w_momentum_below,
    w_effective_lr,
    w_one_over_lr,
    w_precedence,
    w_only_above,
    w_all_records,
    w_zero_if_never,
    w_all_if_never,
    w_last_if_never,
    w_not_divided,
    w_inverse,
    w_after_first,
    w_last_crossing,
    w_until_dip,
    w_from_peak,
    w_peak,
    w_median,
    w_capped,
]
# wrong by the text, but only where a record equals the threshold exactly
WRONG.append(w_strictly_above)
