import math
import statistics

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(gains, margin, t95):
    mean = sum(gains) / len(gains)
    half = t95 * statistics.stdev(gains) / math.sqrt(len(gains))
    low, high = mean - half, mean + half
    if low > margin:
        return low
    if high < -margin:
        return high
    if -margin <= low and high <= margin:
        return max(low, high, key=abs)
    return math.nan


def r_by_size(gains, margin, t95):
    d = np.asarray(gains, dtype=float)
    half = t95 * d.std(ddof=1) / np.sqrt(len(d))
    size = abs(d.mean())
    sign = 1.0 if d.mean() >= 0 else -1.0
    if size - half > margin:
        return sign * (size - half)
    if size + half <= margin:
        return sign * (size + half)
    return math.nan


def r_loops(gains, margin, t95):
    n, total = len(gains), 0.0
    for g in gains:
        total += g
    mean = total / n
    squares = 0.0
    for g in gains:
        squares += (g - mean) ** 2
    half = t95 * (squares / (n - 1) / n) ** 0.5
    near, far = sorted((mean - half, mean + half), key=abs)
    if abs(far) <= margin:
        return far
    if near * far > 0 and abs(near) > margin:
        return near
    return math.nan


def r_torch(gains, margin, t95):
    d = torch.tensor(gains, dtype=torch.float64)
    half = t95 * d.std() / len(d) ** 0.5
    ends = torch.stack([d.mean() - half, d.mean() + half])
    if bool((ends > margin).all()):
        return ends.min()
    if bool((ends < -margin).all()):
        return ends.max()
    if bool((ends.abs() <= margin).all()):
        return ends[ends.abs().argmax()]
    return math.nan


def r_mirrored(gains, margin, t95):
    mean = statistics.fmean(gains)
    if mean < 0:
        return -r_mirrored([-g for g in gains], margin, t95)
    error = math.sqrt(statistics.variance(gains) / len(gains))
    low, high = mean - t95 * error, mean + t95 * error
    return low if low > margin else high if high <= margin else float("nan")


RIGHT = [r_direct, r_by_size, r_loops, r_torch, r_mirrored]


# ---------------------------------------------------------------- wrong
def ends(gains, t95):
    mean = statistics.fmean(gains)
    half = t95 * statistics.stdev(gains) / math.sqrt(len(gains))
    return mean - half, mean + half


def told(low, high, margin):
    if low > margin:
        return low
    if high < -margin:
        return high
    if -margin <= low and high <= margin:
        return max(low, high, key=abs)
    return math.nan


def w_far_when_beyond(gains, margin, t95):
    """Beyond: the far end."""
    low, high = ends(gains, t95)
    if low > margin:
        return high
    if high < -margin:
        return low
    return told(low, high, margin)


def w_near_when_within(gains, margin, t95):
    """Within: the near end."""
    low, high = ends(gains, t95)
    if -margin <= low and high <= margin:
        return min(low, high, key=abs)
    return told(low, high, margin)


def w_ends_exchanged(gains, margin, t95):
    """Far where near is asked, and the other way round."""
    low, high = ends(gains, t95)
    if low > margin or high < -margin:
        return max(low, high, key=abs)
    if -margin <= low and high <= margin:
        return min(low, high, key=abs)
    return math.nan


def w_mean(gains, margin, t95):
    """The mean where something can be said."""
    low, high = ends(gains, t95)
    return math.nan if math.isnan(told(low, high, margin)) else statistics.fmean(gains)


def w_margin(gains, margin, t95):
    """The margin itself, with its sign."""
    low, high = ends(gains, t95)
    said = told(low, high, margin)
    return math.copysign(margin, said) if not math.isnan(said) else math.nan


def w_no_sign(gains, margin, t95):
    """The size without its sign."""
    return abs(told(*ends(gains, t95), margin))


def w_open_ends(gains, margin, t95):
    """Within by <, the ends not included."""
    low, high = ends(gains, t95)
    if -margin < low and high < margin:
        return max(low, high, key=abs)
    return low if low > margin else high if high < -margin else math.nan


def w_beyond_included(gains, margin, t95):
    """Beyond by >=: an end on the margin counts."""
    low, high = ends(gains, t95)
    if low >= margin:
        return low
    if high <= -margin:
        return high
    return told(low, high, margin)


def w_significant(gains, margin, t95):
    """Away from zero is enough: the margin is not asked."""
    low, high = ends(gains, t95)
    if low > 0:
        return low
    if high < 0:
        return high
    return told(low, high, margin)


def w_margin_of_mean(gains, margin, t95):
    """Mean beyond the margin and interval away from zero."""
    low, high = ends(gains, t95)
    mean = statistics.fmean(gains)
    if mean > margin and low > 0:
        return low
    if mean < -margin and high < 0:
        return high
    return told(low, high, margin)


def w_mean_within(gains, margin, t95):
    """The mean lies within the margin: called equal."""
    low, high = ends(gains, t95)
    if abs(statistics.fmean(gains)) <= margin:
        return max(low, high, key=abs)
    return told(low, high, margin)


def w_zero_inside_equal(gains, margin, t95):
    """An interval that holds zero is called no difference."""
    low, high = ends(gains, t95)
    if low <= 0 <= high:
        return max(low, high, key=abs)
    return told(low, high, margin)


def w_zero_for_equal(gains, margin, t95):
    """0 where no difference matters."""
    low, high = ends(gains, t95)
    return 0.0 if -margin <= low and high <= margin else told(low, high, margin)


def w_zero_for_open(gains, margin, t95):
    """0 where the seeds can't tell."""
    said = told(*ends(gains, t95), margin)
    return 0.0 if math.isnan(said) else said


def w_none_for_open(gains, margin, t95):
    """None where the seeds can't tell."""
    said = told(*ends(gains, t95), margin)
    return None if math.isnan(said) else said


def w_only_better(gains, margin, t95):
    """Only a gain is looked for."""
    low, high = ends(gains, t95)
    if high < -margin:
        return math.nan
    return told(low, high, margin)


def w_upper_side_only(gains, margin, t95):
    """Within: only the upper end is compared."""
    low, high = ends(gains, t95)
    if low > margin:
        return low
    if high < -margin:
        return high
    return max(low, high, key=abs) if high <= margin else math.nan


def w_one_end_within(gains, margin, t95):
    """`or` for `and`: one end within is enough."""
    low, high = ends(gains, t95)
    if low > margin:
        return low
    if high < -margin:
        return high
    return max(low, high, key=abs) if -margin <= low or high <= margin else math.nan


def w_high_when_within(gains, margin, t95):
    """Within: always the upper end."""
    low, high = ends(gains, t95)
    return high if -margin <= low and high <= margin else told(low, high, margin)


def w_low_when_beyond(gains, margin, t95):
    """Beyond on either side: always the lower end."""
    low, high = ends(gains, t95)
    return low if high < -margin else told(low, high, margin)


def w_max_without_key(gains, margin, t95):
    """max(abs): the size of the far end, its sign lost."""
    low, high = ends(gains, t95)
    if -margin <= low and high <= margin:
        return max(abs(low), abs(high))
    return told(low, high, margin)


def w_divisor_s(gains, margin, t95):
    """Divisor S."""
    mean = statistics.fmean(gains)
    half = t95 * statistics.pstdev(gains) / math.sqrt(len(gains))
    return told(mean - half, mean + half, margin)


def w_no_root_s(gains, margin, t95):
    """Standard deviation for standard error."""
    mean = statistics.fmean(gains)
    half = t95 * statistics.stdev(gains)
    return told(mean - half, mean + half, margin)


def w_over_s(gains, margin, t95):
    """Divides by S without the root."""
    mean = statistics.fmean(gains)
    half = t95 * statistics.stdev(gains) / len(gains)
    return told(mean - half, mean + half, margin)


def w_variance(gains, margin, t95):
    """The variance for the standard deviation."""
    mean = statistics.fmean(gains)
    half = t95 * statistics.variance(gains) / math.sqrt(len(gains))
    return told(mean - half, mean + half, margin)


def w_no_t(gains, margin, t95):
    """One standard error."""
    return told(*ends(gains, 1.0), margin)


def w_fixed_t(gains, margin, t95):
    """1.96 standard errors."""
    return told(*ends(gains, 1.96), margin)


def w_t_halved(gains, margin, t95):
    """t95 taken for the full width."""
    return told(*ends(gains, t95 / 2), margin)


def w_t_doubled(gains, margin, t95):
    """Twice t95: the full width on either side."""
    return told(*ends(gains, 2 * t95), margin)


def w_median(gains, margin, t95):
    """The median as the middle."""
    half = t95 * statistics.stdev(gains) / math.sqrt(len(gains))
    middle = statistics.median(gains)
    return told(middle - half, middle + half, margin)


def w_range_of_gains(gains, margin, t95):
    """The smallest and largest gain for the interval."""
    return told(min(gains), max(gains), margin)


def w_minus_margin(gains, margin, t95):
    """What is beyond the margin, not the end: low - margin."""
    low, high = ends(gains, t95)
    if low > margin:
        return low - margin
    if high < -margin:
        return high + margin
    return told(low, high, margin)


def w_half_width(gains, margin, t95):
    """Within: the half-width."""
    low, high = ends(gains, t95)
    return (high - low) / 2 if -margin <= low and high <= margin else told(low, high, margin)


def w_nested_nan(gains, margin, t95):
    """Wide intervals over both margins fall through to the far end."""
    low, high = ends(gains, t95)
    if low < -margin and high > margin:
        return max(low, high, key=abs)
    return told(low, high, margin)


def w_sign_of_test(gains, margin, t95):
    """Mean minus margin tested against zero, one side."""
    low, high = ends([g - margin for g in gains], t95)
    return low if low > 0 else high if high < 0 else math.nan


WRONG = [
    w_far_when_beyond,
    w_near_when_within,
    w_ends_exchanged,
    w_mean,
    w_margin,
    w_no_sign,
    w_open_ends,
    w_beyond_included,
    w_significant,
    w_margin_of_mean,
    w_mean_within,
    w_zero_inside_equal,
    w_zero_for_equal,
    w_zero_for_open,
    w_none_for_open,
    w_only_better,
    w_upper_side_only,
    w_one_end_within,
    w_high_when_within,
    w_low_when_beyond,
    w_max_without_key,
    w_divisor_s,
    w_no_root_s,
    w_over_s,
    w_variance,
    w_no_t,
    w_fixed_t,
    w_t_halved,
    w_t_doubled,
    w_median,
    w_range_of_gains,
    w_minus_margin,
    w_half_width,
    w_nested_nan,
    w_sign_of_test,
]
