"""An interval against a margin: the right reading, and others."""

import math
from collections.abc import Callable

import numpy as np


def interval(gains, t95):
    mean = sum(gains) / len(gains)
    variance = sum((g - mean) ** 2 for g in gains) / (len(gains) - 1)
    return mean, t95 * math.sqrt(variance / len(gains))


def can_promise(gains, margin, t95):
    mean, half = interval(gains, t95)
    low, high = mean - half, mean + half
    if -margin <= low and high <= margin:
        return max(low, high, key=abs)
    if low > margin or high < -margin:
        return min(low, high, key=abs)
    return math.nan


def decided(mean, half):
    """Return the end nearer to zero."""
    return mean - math.copysign(half, mean)


def equal(mean, half):
    """Return the end farther from zero."""
    return max(mean - half, mean + half, key=abs)


def with_interval(half: Callable[..., float]) -> Callable[..., float]:
    """Return an answer with another half-width of (gains, t95)."""

    def answer(gains, margin, t95):
        m, h = float(np.mean(gains)), float(half(gains, t95))
        if abs(m) + h <= margin:
            return equal(m, h)
        return decided(m, h) if abs(m) - h > margin else math.nan

    return answer


def with_rule(rule: Callable[..., float]) -> Callable[..., float]:
    """Return an answer with the right interval and another rule: (mean, half, margin) -> end."""
    return lambda gains, margin, t95: rule(*interval(gains, t95), margin)


def from_zero(mean, half, margin):
    """Ask whether the interval holds no gain at all."""
    return equal(mean, half) if abs(mean) <= half else decided(mean, half)


def sure_of_zero(mean, half, margin):
    """Call it better beyond nothing, and equal within the margin."""
    if abs(mean) + half <= margin:
        return equal(mean, half)
    return decided(mean, half) if abs(mean) > half else math.nan


def open_as_equal(mean, half, margin):
    return decided(mean, half) if abs(mean) - half > margin else equal(mean, half)


def by_mean(mean, half, margin):
    return equal(mean, half) if abs(mean) <= margin else decided(mean, half)


def never_equal(mean, half, margin):
    return decided(mean, half) if abs(mean) - half > margin else math.nan


def never_worse(mean, half, margin):
    if abs(mean) + half <= margin:
        return equal(mean, half)
    return mean - half if mean - half > margin else math.nan


def with_ends(of_decided, of_equal):
    """Return an answer that knows the region and reports other ends."""

    def answer(mean, half, margin):
        if abs(mean) + half <= margin:
            return of_equal(mean, half)
        return of_decided(mean, half) if abs(mean) - half > margin else math.nan

    return with_rule(answer)


def misread(mean, half, margin, equal_to, beyond_to, open_to=math.nan):
    """Return what three regions are read as."""
    if abs(mean) + half <= margin:
        return equal_to
    return beyond_to if abs(mean) - half > margin else open_to


def right_end(mean, half, margin):
    return misread(mean, half, margin, equal(mean, half), decided(mean, half))


def ends_left_out(mean, half, margin):
    if abs(mean) + half == margin:
        return math.nan
    return right_end(mean, half, margin)


def end_on_margin_beyond(mean, half, margin):
    if abs(mean) - half == margin:
        return decided(mean, half)
    return right_end(mean, half, margin)


def mean_beyond(mean, half, margin):
    """Ask that the mean be beyond the margin and the interval beyond nothing."""
    if abs(mean) > margin and abs(mean) > half:
        return decided(mean, half)
    return right_end(mean, half, margin)


def mean_within(mean, half, margin):
    return equal(mean, half) if abs(mean) <= margin else right_end(mean, half, margin)


def holds_zero(mean, half, margin):
    return equal(mean, half) if abs(mean) <= half else right_end(mean, half, margin)


def upper_end_alone(mean, half, margin):
    if mean + half <= margin and mean + half >= -margin:
        return equal(mean, half)
    return right_end(mean, half, margin)


def one_end_within(mean, half, margin):
    if abs(mean) - half > margin:
        return decided(mean, half)
    return equal(mean, half) if -margin <= mean - half or mean + half <= margin else math.nan


def both_passed(mean, half, margin):
    if mean - half < -margin and mean + half > margin:
        return equal(mean, half)
    return right_end(mean, half, margin)


def one_sided(mean, half, margin):
    """Subtract the margin from every gain, and ask whether nothing is in the interval."""
    low, high = mean - margin - half, mean - margin + half
    return low if low > 0 else high if high < 0 else math.nan


def with_ends_of(of_decided, of_equal):
    """Return an answer that knows the region and reports something of (mean, half, margin)."""
    return with_rule(lambda m, h, d: misread(m, h, d, of_equal(m, h, d), of_decided(m, h, d)))
