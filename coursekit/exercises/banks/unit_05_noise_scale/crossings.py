"""When a loss curve first reaches a target, and wrong ways to read it."""

import math

import numpy as np


def steps_to_target(steps: list[int], losses: list[float], target: float) -> float:
    for i, loss in enumerate(losses):
        if loss <= target:
            if i == 0:
                return steps[0]
            share = (losses[i - 1] - target) / (losses[i - 1] - loss)
            return steps[i - 1] + share * (steps[i] - steps[i - 1])
    return math.nan


def place(losses, target):
    """Return the index of the first loss at or below the target, None if there is none."""
    return next((i for i, y in enumerate(losses) if y <= target), None)


def variant(inside=None, never=lambda x, y, t: math.nan, at_once=lambda x, y, t: x[0]):
    """Return a wrong answer: inside an interval, where the target is never met, or at once."""

    def answer(x, y, t):
        i = place(y, t)
        if i is None:
            return never(x, y, t)
        if i == 0:
            return at_once(x, y, t)
        return steps_to_target(x, y, t) if inside is None else inside(x, y, t, i)

    return answer


def last_crossing(x, y, t, i):
    ends = [j for j in range(1, len(y)) if y[j - 1] > t >= y[j]]
    j = ends[-1]
    return x[j - 1] + (y[j - 1] - t) / (y[j - 1] - y[j]) * (x[j] - x[j - 1])


def reversed_interp(x, y, t):
    return float(np.interp(t, y[::-1], x[::-1]))


def any_crossing(x, y, t):
    for i in range(1, len(y)):
        if min(y[i - 1], y[i]) <= t <= max(y[i - 1], y[i]):
            return x[i - 1] + (y[i - 1] - t) / (y[i - 1] - y[i]) * (x[i] - x[i - 1])
    return math.nan


def next_crossing(x, y, t):
    for i in range(1, len(y)):
        if y[i - 1] > t >= y[i]:
            return steps_to_target(x[i - 1 :], y[i - 1 :], t)
    return math.nan


def by_running_minimum(x, y, t):
    return steps_to_target(x, [float(v) for v in np.minimum.accumulate(y)], t)


def logarithmic(x, y, t, i):
    share = math.log(y[i - 1] / t) / math.log(y[i - 1] / y[i])
    return x[i - 1] + share * (x[i] - x[i - 1])


def strictly_below(x, y, t):
    """Wait for a loss below the target; one that meets it does not count."""
    for i, loss in enumerate(y):
        if loss < t:
            if i == 0:
                return x[0]
            return x[i - 1] + (y[i - 1] - t) / (y[i - 1] - loss) * (x[i] - x[i - 1])
    return math.nan
