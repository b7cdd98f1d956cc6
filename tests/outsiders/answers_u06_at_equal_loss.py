import itertools
import math

import numpy as np
import torch


def r_loop(losses, sharpness, target):
    for i in range(len(losses)):
        if losses[i] <= target:
            if i == 0:
                return sharpness[0]
            share = (losses[i - 1] - target) / (losses[i - 1] - losses[i])
            return sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])
    return math.nan


def r_numpy(losses, sharpness, target):
    hit = np.flatnonzero(np.asarray(losses) <= target)
    if hit.size == 0:
        return float("nan")
    i = hit[0]
    if i == 0:
        return float(sharpness[0])
    return float(np.interp(target, [losses[i], losses[i - 1]], [sharpness[i], sharpness[i - 1]]))


def r_pairs(losses, sharpness, target):
    if losses[0] <= target:
        return sharpness[0]
    records = list(zip(losses, sharpness, strict=False))
    for (l0, s0), (l1, s1) in itertools.pairwise(records):
        if l1 <= target:
            return (s0 * (target - l1) + s1 * (l0 - target)) / (l0 - l1)
    return math.nan


def r_torch(losses, sharpness, target):
    ls = torch.tensor(losses, dtype=torch.float64)
    s = torch.tensor(sharpness, dtype=torch.float64)
    below = ls <= target
    if not below.any():
        return math.nan
    i = int(below.int().argmax())
    if i == 0:
        return s[0].item()
    return torch.lerp(s[i - 1], s[i], (ls[i - 1] - target) / (ls[i - 1] - ls[i])).item()


def r_recursive(losses, sharpness, target):
    if losses[0] <= target:
        return float(sharpness[0])
    if len(losses) == 1:
        return math.nan
    if losses[1] <= target:
        slope = (sharpness[1] - sharpness[0]) / (losses[1] - losses[0])
        return sharpness[0] + slope * (target - losses[0])
    return r_recursive(losses[1:], sharpness[1:], target)


def r_next(losses, sharpness, target):
    i = next((k for k, x in enumerate(losses) if x <= target), None)
    if i is None:
        return math.nan
    j = max(i - 1, 0)
    gap = losses[j] - losses[i]
    share = (losses[j] - target) / gap if gap else 1.0
    return (1 - share) * sharpness[j] + share * sharpness[i]


def r_line(losses, sharpness, target):
    before = None
    for record in zip(losses, sharpness, strict=False):
        if record[0] <= target:
            if before is None:
                return record[1]
            a, b = np.linalg.solve([[before[0], 1.0], [record[0], 1.0]], [before[1], record[1]])
            return a * target + b
        before = record
    return math.nan


def _first(losses, target):
    return next((k for k, x in enumerate(losses) if x <= target), None)


def w_later_record(losses, sharpness, target):
    """the sharpness of the first record at or below the target, no interpolation"""
    i = _first(losses, target)
    return math.nan if i is None else sharpness[i]


def w_earlier_record(losses, sharpness, target):
    """the sharpness of the last record above the target"""
    i = _first(losses, target)
    return math.nan if i is None else sharpness[max(i - 1, 0)]


def w_nearest(losses, sharpness, target):
    """the record whose loss is nearest to the target"""
    return sharpness[int(np.argmin(np.abs(np.array(losses) - target)))]


def w_share_reversed(losses, sharpness, target):
    """share measured from the later record"""
    i = _first(losses, target)
    if i is None:
        return math.nan
    if i == 0:
        return sharpness[0]
    share = (target - losses[i]) / (losses[i - 1] - losses[i])
    return sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])


def w_midpoint(losses, sharpness, target):
    """the mean of the two records"""
    i = _first(losses, target)
    if i is None:
        return math.nan
    return sharpness[0] if i == 0 else (sharpness[i - 1] + sharpness[i]) / 2


def w_sorted(losses, sharpness, target):
    """sorts the log by loss and interpolates"""
    if min(losses) > target:
        return math.nan
    order = np.argsort(losses)
    return (
        float(np.interp(target, np.array(losses)[order], np.array(sharpness)[order]))
        if losses[0] > target
        else sharpness[0]
    )


def w_interp_unsorted(losses, sharpness, target):
    """np.interp on the falling losses as they are"""
    if min(losses) > target:
        return math.nan
    return float(np.interp(target, losses, sharpness))


def w_last_crossing(losses, sharpness, target):
    """the last time the run comes below the target"""
    if losses[0] <= target:
        return sharpness[0]
    found = math.nan
    for i in range(1, len(losses)):
        if losses[i - 1] > target >= losses[i]:
            share = (losses[i - 1] - target) / (losses[i - 1] - losses[i])
            found = sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])
    return found


def w_last_if_never(losses, sharpness, target):
    """a run that never gets there: its last sharpness"""
    x = r_loop(losses, sharpness, target)
    return sharpness[-1] if math.isnan(x) else x


def w_zero_if_never(losses, sharpness, target):
    """a run that never gets there: 0"""
    x = r_loop(losses, sharpness, target)
    return 0.0 if math.isnan(x) else x


def w_nan_if_first(losses, sharpness, target):
    """a run that starts below never passes the target: nan"""
    return math.nan if losses[0] <= target else r_loop(losses, sharpness, target)


def w_wraps_round(losses, sharpness, target):
    """no special case for the first record: index -1 is the last one"""
    i = _first(losses, target)
    if i is None:
        return math.nan
    if losses[i - 1] == losses[i]:
        return math.nan
    share = (losses[i - 1] - target) / (losses[i - 1] - losses[i])
    return sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])


def w_starts_at_second(losses, sharpness, target):
    """loops over pairs only: a first record below the target is passed over"""
    for i in range(1, len(losses)):
        if losses[i] <= target:
            if losses[i - 1] == losses[i]:
                return sharpness[i]
            share = (losses[i - 1] - target) / (losses[i - 1] - losses[i])
            return sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])
    return math.nan


def w_log_loss(losses, sharpness, target):
    """interpolates in the logarithm of the loss"""
    i = _first(losses, target)
    if i is None:
        return math.nan
    if i == 0:
        return sharpness[0]
    share = math.log(losses[i - 1] / target) / math.log(losses[i - 1] / max(losses[i], 1e-12))
    return sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])


def w_with_next(losses, sharpness, target):
    """interpolates between the record and the one after it"""
    i = _first(losses, target)
    if i is None:
        return math.nan
    if i == 0 or i == len(losses) - 1 or losses[i] == losses[i + 1]:
        return sharpness[i]
    share = (losses[i] - target) / (losses[i] - losses[i + 1])
    return sharpness[i] + share * (sharpness[i + 1] - sharpness[i])


def w_lowest_loss(losses, sharpness, target):
    """the record with the smallest loss, if that reaches the target"""
    i = int(np.argmin(losses))
    return sharpness[i] if losses[i] <= target else math.nan


def w_first_to_last(losses, sharpness, target):
    """one straight line from the first record to the last"""
    if min(losses) > target:
        return math.nan
    if losses[0] <= target:
        return sharpness[0]
    if losses[0] == losses[-1]:
        return math.nan
    share = (losses[0] - target) / (losses[0] - losses[-1])
    return sharpness[0] + share * (sharpness[-1] - sharpness[0])


def w_mean_below(losses, sharpness, target):
    """the mean sharpness of all records at or below the target"""
    below = [s for x, s in zip(losses, sharpness, strict=False) if x <= target]
    return sum(below) / len(below) if below else math.nan


def w_ratio_share(losses, sharpness, target):
    """the share is target over the earlier loss"""
    i = _first(losses, target)
    if i is None:
        return math.nan
    if i == 0:
        return sharpness[0]
    share = target / losses[i - 1]
    return sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])


RIGHT = [r_loop, r_numpy, r_pairs, r_torch, r_recursive, r_next, r_line]
WRONG = [
    w_later_record,
    w_earlier_record,
    w_nearest,
    w_share_reversed,
    w_midpoint,
    w_sorted,
    w_interp_unsorted,
    w_last_crossing,
    w_last_if_never,
    w_zero_if_never,
    w_nan_if_first,
    w_wraps_round,
    w_starts_at_second,
    w_log_loss,
    w_with_next,
    w_lowest_loss,
    w_first_to_last,
    w_mean_below,
    w_ratio_share,
]
