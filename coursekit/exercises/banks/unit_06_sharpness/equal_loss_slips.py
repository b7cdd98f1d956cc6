"""Sharpness where a run passes a loss, and wrong ways to read it off."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.engine.declare import Mistake


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


def between_records(losses, sharpness, target):
    kept = [i for i, loss in enumerate(losses) if all(loss < x for x in losses[:i])]
    return at_equal_loss([losses[i] for i in kept], [sharpness[i] for i in kept], target)


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


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "last record",
        "You read the end of the run; so does `np.interp` when the losses fall. Do two runs "
        "end at the same loss?",
        where_passed(lambda loss, s, i, t: s[-1]),
    ),
    Mistake(
        "first record below",
        "You take the first record below the target. Its loss is lower than asked: what did "
        "the record before it say?",
        where_passed(lambda loss, s, i, t: s[i]),
    ),
    Mistake(
        "last record above",
        "You take the record before the target is passed. Its loss is higher than asked: what "
        "does the next record say?",
        where_passed(lambda loss, s, i, t: s[i - 1]),
    ),
    Mistake(
        "half way",
        "You take the middle of the two records. Does the target lie in the middle of their "
        "losses?",
        where_passed(lambda loss, s, i, t: (s[i] + s[i - 1]) / 2),
    ),
    Mistake(
        "weights swapped",
        "Your weights are the wrong way round. If the target is close to the later record's "
        "loss, which record should count more?",
        where_passed(swapped),
    ),
    Mistake(
        "nearest record",
        "You take the record whose loss is nearest. Is a near loss the same loss?",
        where_passed(
            lambda loss, s, i, t: s[min(range(len(loss)), key=lambda k: abs(loss[k] - t))]
        ),
    ),
    Mistake(
        "last crossing",
        "This run passes the target more than once. Which passage does the docstring ask for?",
        where_passed(last_crossing),
    ),
    Mistake(
        "records sorted by loss",
        "You sort the records by loss before you interpolate. Which records are then "
        "neighbours, and were they in time?",
        where_passed(sorted_interp),
    ),
    Mistake(
        "interpolated in the logarithm of the loss",
        "You interpolate over the logarithm of the loss. Along which line does the docstring go?",
        where_passed(on_a_log_scale),
    ),
    Mistake(
        "a run that ends above the target",
        "You look at how the run ends. Has a loss that rises again never been lower?",
        lambda loss, s, t: at_equal_loss(loss, s, t) if loss[-1] <= t else math.nan,
    ),
    Mistake(
        "line between the lowest records",
        "You keep only records lower than all before, and draw the line between those. Which "
        "record came just before the target was passed?",
        between_records,
    ),
    Mistake(
        "line from the first record",
        "You draw the line from the first record. Between which two was the target passed?",
        where_passed(
            lambda loss, s, i, t: s[0] + (loss[0] - t) / (loss[0] - loss[i]) * (s[i] - s[0])
        ),
    ),
    Mistake(
        "geometric interpolation",
        "You interpolate the logarithm of the sharpness. Along which line does the docstring go?",
        where_passed(geometric),
    ),
    Mistake(
        "lowest sharpness",
        "You take the lowest sharpness of the run. At which loss was that?",
        where_passed(lambda loss, s, i, t: min(s)),
    ),
    Mistake(
        "mean of the run",
        "You average the whole run. Does it hold one loss all the time?",
        where_passed(lambda loss, s, i, t: sum(s) / len(s)),
    ),
    Mistake(
        "mean of all records below",
        "You average what comes after the target. Does the run stay at that loss?",
        where_passed(
            lambda loss, s, i, t: np.mean([b for a, b in zip(loss, s, strict=True) if a <= t])
        ),
    ),
    Mistake(
        "final value of a run that never arrives",
        "This run never reaches the target loss, yet you report a sharpness. What does the "
        "docstring ask for?",
        final_if_never,
    ),
    Mistake(
        "nearest value of a run that never arrives",
        "This run never reaches the target loss, yet you report the record that came closest. "
        "What does the docstring ask for?",
        nearest_if_never,
    ),
    Mistake(
        "carried on beyond the start",
        "This run is below the target from its first record. What does the docstring ask for "
        "there?",
        lambda loss, s, t: (
            s[0] + (t - loss[0]) / (loss[1] - loss[0]) * (s[1] - s[0])
            if loss[0] <= t
            else at_equal_loss(loss, s, t)
        ),
    ),
    Mistake(
        "a second record wanted",
        "This run is below the target from its first record, and you return nan. What does "
        "the docstring ask for there?",
        lambda loss, s, t: math.nan if loss[0] <= t else at_equal_loss(loss, s, t),
    ),
    Mistake(
        "lowest loss",
        "You take the record with the smallest loss. Do two runs go equally low?",
        where_passed(lambda loss, s, i, t: s[int(np.argmin(loss))]),
    ),
    Mistake(
        "interpolated towards the next record",
        "You interpolate between the first record below the target and the one after it. "
        "Between which two records was the target passed?",
        where_passed(with_the_next),
    ),
    Mistake(
        "towards the next record, or nan",
        "You look for a record below the target and then at the one after it. Between which "
        "two records was the target passed?",
        next_or_nan,
    ),
    Mistake(
        "strictly below",
        "You wait for a loss below the target. A record meets it exactly: what does the text "
        "say about that one?",
        strictly_below,
    ),
    Mistake(
        "one line through the run",
        "You draw one straight line from the first record to the last. Did the run go along it?",
        where_passed(first_to_last),
    ),
    Mistake(
        "target over the earlier loss",
        "Your share of the way is a quotient of two losses. How large would it be at the "
        "earlier record itself, and how large should it be there?",
        where_passed(lambda loss, s, i, t: s[i - 1] + t / loss[i - 1] * (s[i] - s[i - 1])),
    ),
    Mistake(
        "zero for a run that never arrives",
        "You report zero for a run that never arrives. Is zero a measured sharpness, or the "
        "lack of one?",
        zero_if_never,
    ),
    Mistake(
        "the record before the first",
        "This run is below the target from its first record, and you look one record back. "
        "Which one does Python give you there?",
        wraps_round,
    ),
)
