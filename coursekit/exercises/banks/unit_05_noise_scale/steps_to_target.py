"""When a loss curve first reaches a target."""

import math
from itertools import pairwise

import numpy as np

from coursekit.exercises.banks.unit_05_noise_scale.crossings import (
    any_crossing,
    by_running_minimum,
    last_crossing,
    logarithmic,
    next_crossing,
    reversed_interp,
    steps_to_target,
    strictly_below,
    variant,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def crossing_by_lowest(steps, losses, target):
    low = np.minimum.accumulate(np.array(losses))
    if low[-1] > target:
        return np.nan
    i = int((low > target).sum())
    if i == 0:
        return float(steps[0])
    return float(np.interp(target, [losses[i], losses[i - 1]], [steps[i], steps[i - 1]]))


def crossing_by_line(steps, losses, target):
    points = list(zip(steps, losses, strict=True))
    if points[0][1] <= target:
        return points[0][0]
    for (x0, y0), (x1, y1) in pairwise(points):
        if y0 > target >= y1:
            slope = (y1 - y0) / (x1 - x0)
            return x0 + (target - y0) / slope
    return float("nan")


def draw_curves(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for number, group in enumerate(("falls once", "falls and rises again", "edges") * 4):
        x = [int(v) for v in np.cumsum(rng.integers(6, 30, 6))]
        y = np.round(np.sort(rng.uniform(0.6, 2.4, 6))[::-1] - 0.08 * np.arange(6), 3) + 0.5
        i = int(rng.integers(2, 4))
        target = y[i - 1] + rng.uniform(0.6, 0.8) * (y[i] - y[i - 1])
        if group == "falls and rises again":
            y[i - 1] = y[i - 2] + rng.uniform(0.1, 0.3)  # it also rises just before the target
            target = y[i] + rng.uniform(0.2, 0.4) * (y[i - 2] - y[i])
            y[i + 1] = target + rng.uniform(0.2, 0.5)
            y[i + 2] = target - rng.uniform(0.05, 0.2)
        elif number == 5:  # evaluations that meet the target exactly, in any precision
            y[i] = target = float(rng.integers(40, 60)) / 64
            y[i - 1], y[i + 1], y[i + 2] = target + 0.5, target + 0.25, target - 0.25
        elif group == "edges":
            target = y.min() - 0.1 if number % 2 else y[0] + 0.1
            if number % 4 == 0:
                y[i + 1] = target + rng.uniform(0.2, 0.5)
        cases.append(Case(group, (x, [float(v) for v in y], float(target))))
    return cases


U05_STEPS_TO_TARGET = Exercise(
    id="u05_steps_to_target",
    call="steps_to_target(steps, losses, target)",
    points={"falls once": 1.0, "falls and rises again": 0.5, "edges": 0.5},
    by_hand=(
        Case("falls once", ([0, 10, 20], [3.0, 2.0, 1.0], 1.5), keeps=("by hand",)),
        Case("falls once", ([4, 12, 30], [3.0, 2.0, 1.0], 2.25), keeps=("uneven",)),
        Case(
            "falls and rises again",
            ([0, 10, 20, 30, 40], [3.0, 2.0, 1.0, 2.0, 1.0], 1.25),
            keeps=("order",),
        ),
        Case(
            "falls and rises again",
            ([0, 10, 20, 30], [3.0, 2.0, 3.0, 1.0], 2.0),
            keeps=("boundary", "order"),
        ),
        Case("edges", ([0, 10], [3.0, 2.0], 1.0), keeps=("nan",)),
        Case(
            "edges", ([0, 10], [3.0, 2.0], 2.0), keeps=("boundary",)
        ),  # the target itself: "at or below"
        Case("edges", ([5, 10], [3.0, 2.0], 3.0), keeps=("boundary", "range")),
        Case("edges", ([5, 10], [3.0, 2.0], 3.5), keeps=("range",)),
    ),
    promises=("boundary", "by hand", "nan", "order", "range", "uneven"),
    draw=draw_curves,
    reference=steps_to_target,
    nan_says="You say that the run never comes down to the target. It does: when?",
    mistakes=(
        Mistake(
            "first evaluation below",
            "You return the first evaluation that is below. When did the curve pass the target, "
            "then or earlier?",
            variant(lambda x, y, t, i: x[i]),
        ),
        Mistake(
            "last evaluation above",
            "You return the last evaluation above. When did the curve pass the target, then or "
            "later?",
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
            variant(
                lambda x, y, t, i: x[i - 1] + (t - y[i]) / (y[i - 1] - y[i]) * (x[i] - x[i - 1])
            ),
        ),
        Mistake(
            "share added at the far end",
            "Your crossing lies behind the evaluation that is already below. From which end does "
            "the share count?",
            variant(
                lambda x, y, t, i: x[i] + (y[i - 1] - t) / (y[i - 1] - y[i]) * (x[i] - x[i - 1])
            ),
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
            variant(
                lambda x, y, t, i: x[i - 1] + (y[i - 1] - t) / (y[i - 1] - y[i]) * (x[1] - x[0])
            ),
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
                never=lambda x, y, t: (
                    x[-1] + (t - y[-1]) / (y[-1] - y[-2] - 1e-12) * (x[-1] - x[-2])
                )
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
            "Where the first evaluation already meets the target, you return nan. Did this run "
            "fail?",
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
    ),
    accepted=(crossing_by_lowest, crossing_by_line),
    lesson="A run that misses the target is nan, not a number: leaving it out, or calling its end "
    "its success, would flatter that batch size.",
    answered_by=(
        "coursekit.noise.critical_batch",
        "coursekit.experiments.trade_off",
        "coursekit.experiments.flagship",
    ),
)
