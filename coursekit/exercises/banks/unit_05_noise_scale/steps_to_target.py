"""When a loss curve first reaches a target."""

from itertools import pairwise

import numpy as np

from coursekit.exercises.banks.unit_05_noise_scale.crossings import MISTAKES, steps_to_target
from coursekit.exercises.engine.declare import Case, Exercise


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
            if number == 7:  # a run that ends above the target, which it has met before
                y[-1] = target + rng.uniform(0.2, 0.5)
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
        Case(
            "falls once",
            ([4, 12, 30], [3.0, 2.0, 1.0], 2.25),
            keeps=("uneven",),
            quotes="Between two neighbouring evaluations draw a straight line.",
        ),
        Case(
            "falls and rises again",
            ([0, 10, 20], [3.0, 1.0, 2.0], 1.5),
            keeps=("order",),
            quotes="The curve may also rise on its way.",
        ),
        Case(
            "falls and rises again",
            ([0, 10, 20, 30, 40], [3.0, 2.0, 1.0, 2.0, 1.0], 1.25),
            keeps=("order",),
            quotes="Return the step at which it first comes down to the target.",
        ),
        Case(
            "falls and rises again",
            ([0, 10, 20, 30], [3.0, 2.0, 3.0, 1.0], 2.0),
            keeps=("boundary", "order"),
            quotes="A loss at or below it has reached it.",
        ),
        Case(
            "edges",
            ([0, 10], [3.0, 2.0], 1.0),
            keeps=("nan",),
            quotes="If the run never reaches the target, return nan.",
        ),
        Case(
            "edges",
            ([0, 10], [3.0, 2.0], 2.0),
            keeps=("boundary",),
            quotes="A loss at or below it has reached it.",
        ),
        Case(
            "edges",
            ([5, 10], [3.0, 2.0], 3.0),
            keeps=("boundary", "range"),
            quotes="If the first evaluation is already at or below it, return",
        ),
        Case(
            "edges",
            ([5, 10], [3.0, 2.0], 3.5),
            keeps=("range",),
            quotes="If the first evaluation is already at or below it, return",
        ),
    ),
    promises=("boundary", "by hand", "nan", "order", "range", "uneven"),
    draw=draw_curves,
    reference=steps_to_target,
    nan_says="You say that the run never comes down to the target. It does: when?",
    mistakes=MISTAKES,
    accepted=(crossing_by_lowest, crossing_by_line),
    lesson="A run that misses the target is nan, not a number: leaving it out, or calling its end "
    "its success, would flatter that batch size.",
    answered_by=(
        "coursekit.noise.critical_batch",
        "coursekit.experiments.trade_off",
        "coursekit.experiments.flagship",
    ),
)
