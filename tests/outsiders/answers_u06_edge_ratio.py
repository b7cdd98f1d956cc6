import math

import numpy as np
import torch


def r_comprehension(steps, sharpness, lr, momentum):
    threshold = 2 * (1 + momentum) / lr
    late = [s / threshold for t, s in zip(steps, sharpness, strict=True) if t >= 0.7 * steps[-1]]
    return sum(late) / len(late)


def r_numpy_mask(steps, sharpness, lr, momentum):
    t, s = np.array(steps), np.array(sharpness)
    return float(np.mean(s[t >= 0.7 * t[-1]]) / (2 * (1 + momentum) / lr))


def r_torch(steps, sharpness, lr, momentum):
    t = torch.tensor(steps, dtype=torch.float64)
    s = torch.tensor(sharpness, dtype=torch.float64)
    return (s[t >= 0.7 * t[-1]] * lr / (2 + 2 * momentum)).mean()


def r_loop(steps, sharpness, lr, momentum):
    total, count = 0.0, 0
    for i in range(len(steps)):
        if steps[i] * 10 >= steps[-1] * 7:
            total += sharpness[i]
            count += 1
    return total / count / ((1 + momentum) * 2 / lr)


def r_first_index(steps, sharpness, lr, momentum):
    first = next(i for i, t in enumerate(steps) if t >= 0.7 * steps[-1])
    part = sharpness[first:]
    return lr * math.fsum(part) / len(part) / (2 * (1 + momentum))


def r_filter(steps, sharpness, lr, momentum):
    pairs = filter(lambda pair: pair[0] >= 0.7 * max(steps), zip(steps, sharpness, strict=True))
    ratios = [lr * s / 2 / (1 + momentum) for _, s in pairs]
    return np.average(ratios)


def r_searchsorted(steps, sharpness, lr, momentum):
    first = int(np.searchsorted(steps, 0.7 * steps[-1], side="left"))
    return np.mean(sharpness[first:]) * lr / (2 * (1 + momentum))


def _late(steps, sharpness):
    return [s for t, s in zip(steps, sharpness, strict=True) if t >= 0.7 * steps[-1]]


def _mean(values):
    return sum(values) / len(values)


def w_no_momentum(steps, sharpness, lr, momentum):
    """the limit is 2/lr, whatever the momentum"""
    return _mean(_late(steps, sharpness)) * lr / 2


def w_all_records(steps, sharpness, lr, momentum):
    """the whole run is averaged"""
    return _mean(sharpness) * lr / (2 * (1 + momentum))


def w_last_thirty_records(steps, sharpness, lr, momentum):
    """the last 30 % of the run are the last 30 % of the list"""
    k = max(1, round(0.3 * len(sharpness)))
    return _mean(sharpness[-k:]) * lr / (2 * (1 + momentum))


def w_from_seventy_percent_of_list(steps, sharpness, lr, momentum):
    """cut the list at int(0.7 n)"""
    return _mean(sharpness[int(0.7 * len(sharpness)) :]) * lr / (2 * (1 + momentum))


def w_strictly_after(steps, sharpness, lr, momentum):
    """a record at exactly 0.7 of the run does not count"""
    late = [s for t, s in zip(steps, sharpness, strict=True) if t > 0.7 * steps[-1] + 1e-9]
    return _mean(late) * lr / (2 * (1 + momentum))


def w_last_only(steps, sharpness, lr, momentum):
    """late in the run is at its end"""
    return sharpness[-1] * lr / (2 * (1 + momentum))


def w_peak(steps, sharpness, lr, momentum):
    """how close a run comes is its highest point"""
    return max(_late(steps, sharpness)) * lr / (2 * (1 + momentum))


def w_upside_down(steps, sharpness, lr, momentum):
    """threshold over sharpness"""
    return 2 * (1 + momentum) / lr / _mean(_late(steps, sharpness))


def w_one_minus_momentum(steps, sharpness, lr, momentum):
    """momentum makes steps longer, so the limit is 2 (1 - beta) / lr"""
    return _mean(_late(steps, sharpness)) * lr / (2 * (1 - momentum))


def w_effective_rate(steps, sharpness, lr, momentum):
    """with momentum the rate is lr / (1 - beta)"""
    return _mean(_late(steps, sharpness)) * lr / (1 - momentum) / (2 * (1 + momentum))


def w_not_there_is_nan(steps, sharpness, lr, momentum):
    """a run that stays below the edge has no distance to it"""
    ratio = r_loop(steps, sharpness, lr, momentum)
    return ratio if max(sharpness) * lr / (2 * (1 + momentum)) >= 1 else math.nan


def w_zero_below(steps, sharpness, lr, momentum):
    """a run that stays below the edge counts as 0"""
    ratios = [s * lr / (2 * (1 + momentum)) for s in _late(steps, sharpness)]
    return _mean(ratios) if max(ratios) >= 1 else 0.0


def w_clipped(steps, sharpness, lr, momentum):
    """above the edge is at the edge: ratios over one are one"""
    ratios = [min(1.0, s * lr / (2 * (1 + momentum))) for s in _late(steps, sharpness)]
    return _mean(ratios)


def w_median(steps, sharpness, lr, momentum):
    """where it hovers is the median"""
    return float(np.median(_late(steps, sharpness))) * lr / (2 * (1 + momentum))


def w_trapezoid(steps, sharpness, lr, momentum):
    """uneven records: weigh by the steps between them"""
    pairs = [(t, s) for t, s in zip(steps, sharpness, strict=True) if t >= 0.7 * steps[-1]]
    t, s = zip(*pairs, strict=True)
    mean = np.trapezoid(s, t) / (t[-1] - t[0]) if len(t) > 1 else s[0]
    return mean * lr / (2 * (1 + momentum))


def w_sharpness_itself(steps, sharpness, lr, momentum):
    """the mean of the late records"""
    return _mean(_late(steps, sharpness))


def w_difference(steps, sharpness, lr, momentum):
    """how close: threshold minus sharpness"""
    return 2 * (1 + momentum) / lr - _mean(_late(steps, sharpness))


def w_distance_in_shares(steps, sharpness, lr, momentum):
    """how close: the share of the threshold that is missing"""
    return 1 - r_loop(steps, sharpness, lr, momentum)


def w_first_thirty(steps, sharpness, lr, momentum):
    """30 % from the start"""
    early = [s for t, s in zip(steps, sharpness, strict=True) if t <= 0.3 * steps[-1]]
    return _mean(early or sharpness[:1]) * lr / (2 * (1 + momentum))


def w_precedence(steps, sharpness, lr, momentum):
    """s / 2 * (1 + m) / lr without brackets"""
    return _mean([s / 2 * (1 + momentum) / lr for s in _late(steps, sharpness)])


def w_after_thirty(steps, sharpness, lr, momentum):
    """the last 30 % begin at 0.3 of the last step"""
    late = [s for t, s in zip(steps, sharpness, strict=True) if t >= 0.3 * steps[-1]]
    return _mean(late) * lr / (2 * (1 + momentum))


RIGHT = [
    r_comprehension,
    r_numpy_mask,
    r_torch,
    r_loop,
    r_first_index,
    r_filter,
    r_searchsorted,
]
WRONG = [
    w_no_momentum,
    w_all_records,
    w_last_thirty_records,
    w_from_seventy_percent_of_list,
    w_strictly_after,
    w_last_only,
    w_peak,
    w_upside_down,
    w_one_minus_momentum,
    w_effective_rate,
    w_not_there_is_nan,
    w_zero_below,
    w_clipped,
    w_median,
    w_trapezoid,
    w_sharpness_itself,
    w_difference,
    w_distance_in_shares,
    w_first_thirty,
    w_precedence,
    w_after_thirty,
]
