"""When a loss curve first reaches a target, and wrong ways to read it."""

import math

import numpy as np

from coursekit.exercises.engine.declare import Mistake


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


def between_records(x, y, t):
    kept = [i for i, loss in enumerate(y) if all(loss < earlier for earlier in y[:i])]
    return steps_to_target([x[i] for i in kept], [y[i] for i in kept], t)


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


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "first evaluation below",
        "You return the first evaluation that is below. When did the curve pass the target, "
        "then or earlier?",
        variant(lambda x, y, t, i: x[i]),
    ),
    Mistake(
        "last evaluation above",
        "You return the last evaluation above. When did the curve pass the target, then or later?",
        variant(lambda x, y, t, i: x[i - 1]),
    ),
    Mistake(
        "middle of the interval",
        "You take the middle between two evaluations. Does it matter to which of the two "
        "losses the target is closer?",
        variant(lambda x, y, t, i: (x[i] + x[i - 1]) / 2),
    ),
    Mistake(
        "the nearer evaluation",
        "You return an evaluation whose loss is close. When did the straight line between two "
        "evaluations pass the target?",
        lambda x, y, t: x[int(np.argmin(np.abs(np.array(y) - t)))],
    ),
    Mistake(
        "shares exchanged",
        "Your two shares look exchanged. A target just below the upper loss: near which end "
        "is the crossing?",
        variant(lambda x, y, t, i: x[i - 1] + (t - y[i]) / (y[i - 1] - y[i]) * (x[i] - x[i - 1])),
    ),
    Mistake(
        "share added at the far end",
        "Your crossing lies behind the evaluation that is already below. From which end does "
        "the share count?",
        variant(lambda x, y, t, i: x[i] + (y[i - 1] - t) / (y[i - 1] - y[i]) * (x[i] - x[i - 1])),
    ),
    Mistake(
        "a run that ends above the target",
        "You look at how the run ends. Has a loss that rises again never been lower?",
        lambda x, y, t: steps_to_target(x, y, t) if y[-1] <= t else math.nan,
    ),
    Mistake(
        "line from the first evaluation",
        "You draw the line from the first evaluation. Between which two does the text draw it?",
        variant(lambda x, y, t, i: x[0] + (y[0] - t) / (y[0] - y[i]) * (x[i] - x[0])),
    ),
    Mistake(
        "line between records",
        "You keep only evaluations lower than all before, and draw the line between those. Between "
        "which two does the text draw it, also where the loss has just risen?",
        between_records,
    ),
    Mistake(
        "running minimum",
        "You draw the line from the lowest loss so far. Between which two evaluations does the "
        "text draw it, also where the loss has just risen?",
        by_running_minimum,
    ),
    Mistake(
        "interp over the reversed lists",
        "You look the target up as if the losses were sorted. What if the loss rises in "
        "between, and what if the target lies outside the table?",
        reversed_interp,
    ),
    Mistake(
        "interp over falling losses",
        "You look the target up in a table. In which order must its entries be, and what if "
        "the target lies outside?",
        lambda x, y, t: float(np.interp(t, y, x)),
    ),
    Mistake(
        "strictly below",
        "You wait for a loss below the target. An evaluation meets it exactly: what does the "
        "text say about that one?",
        strictly_below,
    ),
    Mistake(
        "first interval's width",
        "You take every interval as wide as the first. Are the evaluations equally spaced?",
        variant(lambda x, y, t, i: x[i - 1] + (y[i - 1] - t) / (y[i - 1] - y[i]) * (x[1] - x[0])),
    ),
    Mistake(
        "share without its base",
        "You return the part of one interval. Which steps came before it?",
        variant(lambda x, y, t, i: (y[i - 1] - t) / (y[i - 1] - y[i]) * (x[i] - x[i - 1])),
    ),
    Mistake(
        "share of one step",
        "You add a share of a single step. How many steps lie between two evaluations?",
        variant(lambda x, y, t, i: x[i - 1] + (y[i - 1] - t) / (y[i - 1] - y[i])),
    ),
    Mistake(
        "counts evaluations",
        "Your number counts evaluations. How many optimizer steps lie between two?",
        variant(lambda x, y, t, i: i - 1 + (y[i - 1] - t) / (y[i - 1] - y[i])),
    ),
    Mistake(
        "number of the first evaluation below",
        "You return a place in the list. Which optimizer step stands at that place?",
        variant(lambda x, y, t, i: i),
    ),
    Mistake(
        "rounded up",
        "You round up to a whole step. Does the text ask for a whole one?",
        variant(lambda x, y, t, i: math.ceil(steps_to_target(x, y, t))),
    ),
    Mistake(
        "rounded down",
        "You cut off the fraction of a step. Does the text ask for a whole one?",
        variant(lambda x, y, t, i: math.floor(steps_to_target(x, y, t))),
    ),
    Mistake(
        "last crossing",
        "The curve passes your point for the last time. When did it first meet the target?",
        variant(last_crossing),
    ),
    Mistake(
        "logarithmic interpolation",
        "You interpolate in the logarithm of the loss. Which curve does the text draw between "
        "two evaluations?",
        variant(logarithmic),
    ),
    Mistake(
        "lowest loss",
        "You return where the loss is lowest. Was the target perhaps met long before?",
        lambda x, y, t: x[int(np.argmin(y))] if min(y) <= t else math.nan,
    ),
    Mistake(
        "last step where never met",
        "Where the target is never met you return the run's last step. Is a run that was "
        "stopped early fast?",
        variant(never=lambda x, y, t: x[-1]),
    ),
    Mistake(
        "infinite where never met",
        "You call the time infinite where it is not known. Could this run have met the "
        "target later?",
        variant(never=lambda x, y, t: math.inf),
    ),
    Mistake(
        "minus one where never met",
        "You mark a miss by a number. What does a later mean over runs make of it?",
        variant(never=lambda x, y, t: -1),
    ),
    Mistake(
        "zero where never met",
        "You mark a miss by zero. Would that run not win every comparison?",
        variant(never=lambda x, y, t: 0),
    ),
    Mistake(
        "extrapolated where never met",
        "You extend the last line beyond the run. Do you know how the curve goes on?",
        variant(
            never=lambda x, y, t: x[-1] + (t - y[-1]) / (y[-1] - y[-2] - 1e-12) * (x[-1] - x[-2])
        ),
    ),
    Mistake(
        "met at once: zero",
        "Where the first evaluation already meets the target, you return zero. At which step "
        "was it made?",
        variant(at_once=lambda x, y, t: 0),
    ),
    Mistake(
        "met at once: the list's end",
        "Where the first evaluation meets the target, you look at the one before. Which "
        "one does Python take for index minus one?",
        variant(at_once=lambda x, y, t: x[-1] + (y[-1] - t) / (y[-1] - y[0]) * (x[0] - x[-1])),
    ),
    Mistake(
        "met at once: nan",
        "Where the first evaluation already meets the target, you return nan. Did this run fail?",
        variant(at_once=lambda x, y, t: math.nan),
    ),
    Mistake(
        "met at once: any crossing",
        "You look for a place where the curve meets the target from either side. Where was the "
        "loss at the first evaluation?",
        any_crossing,
    ),
    Mistake(
        "met at once: next crossing",
        "You look for a pair, one above and one below. What if the very first evaluation "
        "already meets the target?",
        next_crossing,
    ),
    Mistake(
        "met at once: second evaluation",
        "Where the first evaluation already meets the target, you look at the second. Which "
        "is the first that meets it?",
        variant(at_once=lambda x, y, t: x[1]),
    ),
    Mistake(
        "met at once: line before the first",
        "Where the first evaluation already meets the target you extend a line backwards. Do "
        "you know how the curve was before?",
        variant(at_once=lambda x, y, t: x[0] + (y[0] - t) / (y[0] - y[1]) * (x[1] - x[0])),
    ),
)
