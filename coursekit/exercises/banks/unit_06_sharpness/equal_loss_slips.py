"""Sharpness where a run passes a loss, and wrong ways to read it off."""

import math
from collections.abc import Callable

import numpy as np


def at_equal_loss(losses: list[float], sharpness: list[float], target: float) -> float:
    if losses[0] <= target:
        return sharpness[0]
    for i in range(1, len(losses)):
        if losses[i] <= target:
            share = (losses[i - 1] - target) / (losses[i - 1] - losses[i])
            return sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])
    return math.nan


def where_passed(formula: Callable[..., float]) -> Callable[..., float]:
    """Return an answer that is right at the ends and uses a formula between."""

    def answer(losses, sharpness, target):
        if losses[0] <= target or min(losses) > target:
            return at_equal_loss(losses, sharpness, target)
        i = next(k for k, loss in enumerate(losses) if loss <= target)
        return float(formula(losses, sharpness, i, target))

    return answer


def swapped(losses, sharpness, i, target):
    share = (losses[i - 1] - target) / (losses[i - 1] - losses[i])
    return sharpness[i] + share * (sharpness[i - 1] - sharpness[i])


def on_a_log_scale(losses, sharpness, i, target):
    share = math.log(losses[i - 1] / target) / math.log(losses[i - 1] / losses[i])
    return sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])


def last_crossing(losses, sharpness, i, target):
    last = max(k for k in range(1, len(losses)) if losses[k] <= target and losses[k - 1] > target)
    return at_equal_loss(losses[last - 1 :], sharpness[last - 1 :], target)


def sorted_interp(losses, sharpness, i, target):
    order = np.argsort(losses)
    return np.interp(target, np.array(losses)[order], np.array(sharpness)[order])


def geometric(losses, sharpness, i, target):
    share = (losses[i - 1] - target) / (losses[i - 1] - losses[i])
    return sharpness[i - 1] ** (1 - share) * sharpness[i] ** share


def with_the_next(losses, sharpness, i, target):
    if i == len(losses) - 1:
        return sharpness[i]
    share = (losses[i] - target) / (losses[i] - losses[i + 1])
    return sharpness[i] + share * (sharpness[i + 1] - sharpness[i])


def first_to_last(losses, sharpness, i, target):
    share = (losses[0] - target) / (losses[0] - losses[-1])
    return sharpness[0] + share * (sharpness[-1] - sharpness[0])


def wraps_round(losses, sharpness, target):
    """Let the record before the first be number -1, which is the last."""
    if losses[0] > target:
        return at_equal_loss(losses, sharpness, target)
    share = (losses[-1] - target) / (losses[-1] - losses[0])
    return sharpness[-1] + share * (sharpness[0] - sharpness[-1])


def strictly_below(losses, sharpness, target):
    """Wait for a loss below the target; one that meets it does not count."""
    for i, loss in enumerate(losses):
        if loss < target:
            if i == 0:
                return sharpness[0]
            share = (losses[i - 1] - target) / (losses[i - 1] - loss)
            return sharpness[i - 1] + share * (sharpness[i] - sharpness[i - 1])
    return math.nan


def next_or_nan(losses, sharpness, target):
    """Interpolate from the first record below to the one after it; nan where there is none."""
    for i in range(len(losses) - 1):
        if losses[i] <= target:
            share = (losses[i] - target) / (losses[i] - losses[i + 1])
            return sharpness[i] + share * (sharpness[i + 1] - sharpness[i])
    return math.nan


def zero_if_never(losses, sharpness, target):
    found = at_equal_loss(losses, sharpness, target)
    return 0.0 if math.isnan(found) else found


def final_if_never(losses, sharpness, target):
    found = at_equal_loss(losses, sharpness, target)
    return sharpness[-1] if math.isnan(found) else found


def nearest_if_never(losses, sharpness, target):
    found = at_equal_loss(losses, sharpness, target)
    nearest = min(range(len(losses)), key=lambda k: losses[k])
    return sharpness[nearest] if math.isnan(found) else found
