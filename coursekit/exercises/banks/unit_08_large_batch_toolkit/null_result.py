"""Reading an interval against a margin: better, worse, no difference that matters, or open."""

import math

import numpy as np

from coursekit.exercises.banks.unit_08_large_batch_toolkit.further_slips import (
    NULL_RESULT as FURTHER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.later_slips import (
    NULL_RESULT as LATER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.promise_readings import (
    can_promise,
    interval,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.promise_slips import MISTAKES
from coursekit.exercises.engine.declare import Case, Exercise


def by_numpy(gains, margin, t95):
    g = np.array(gains)
    ends = g.mean() + t95 * g.std(ddof=1) / np.sqrt(len(g)) * np.array([-1.0, 1.0])
    inside = abs(ends) <= margin
    if inside.all():
        return ends[abs(ends).argmax()]
    decided = not inside.any() and ends[0] * ends[1] > 0
    return ends[abs(ends).argmin()] if decided else float("nan")


def by_size(gains, margin, t95):
    """Mirror the gains so that the mean is not negative, decide, and mirror back."""
    mean, half = interval(gains, t95)
    sign = -1.0 if mean < 0 else 1.0
    if sign * mean + half <= margin:
        return sign * (sign * mean + half)
    return sign * (sign * mean - half) if sign * mean - half > margin else math.nan


def draw_gains(rng: np.random.Generator) -> list[Case]:
    """Draw intervals that lie beyond, inside and across the margin, narrow and wide."""
    kinds = {  # centre and half-width in margins
        "an answer": (
            (1.9, 0.5),
            (-1.9, 0.5),
            (0.3, 0.4),
            (-0.6, 0.25),
            (2.6, 0.9),
            (-2.6, 0.9),
            (3.5, 1.8),
        ),
        "no answer": ((0.9, 0.6), (-0.9, 0.6), (1.4, 0.8), (0.2, 1.6), (-1.4, 0.8), (0.6, 0.5)),
    }
    cases = []
    for group, places in kinds.items():
        for centre, half in places:
            seeds = int(rng.integers(4, 7))
            t95 = {4: 3.18245, 5: 2.77645, 6: 2.57058}[seeds]
            margin = float(rng.choice([0.5, 1.5, 2.5]))
            shape = rng.normal(size=seeds)
            shape = (shape - shape.mean()) / shape.std(ddof=1)
            spread = half * margin * np.sqrt(seeds) / t95
            gains = centre * margin + spread * shape
            cases.append(Case(group, ([float(g) for g in gains], margin, t95)))
    for group, share in (("an answer", 1.5), ("no answer", 0.5)) * 2:  # an end on the margin
        error, t95 = float(rng.choice([0.5, 1.0, 2.0])), float(rng.choice([2.0, 3.0]))
        margin = share * t95 * error
        middle = margin + t95 * error * (-1 if group == "an answer" else 1)
        gains = rng.choice([-1.0, 1.0]) * (middle + error * rng.permutation([3.0, -1, -1, -1]))
        cases.append(Case(group, ([float(g) for g in gains], margin, t95)))
    return cases


ON_IT = ("nan", "boundary")
WITHIN = "Whole interval within −margin to margin, ends included"
BEYOND = "Whole interval beyond the margin on either side, no end on it"
STRADDLES = "An interval from below −margin to above it fits neither of the first two."

U08_NULL_RESULT = Exercise(
    id="u08_null_result",
    call="can_promise(gains, margin, t95)",
    points={"an answer": 1.0, "no answer": 1.0},
    by_hand=(
        Case("an answer", ([4.0, 6.0], 2.0, 2.0), keeps=("by hand", "smallest")),
        Case("an answer", ([-5.0, -6.0, -7.0, -6.0], 2.0, 2.5), keeps=("sign",)),
        Case("an answer", ([-1.0, 0.5, -0.5, 0.5], 2.0, 2.5), keeps=("sign",)),
        Case("an answer", ([2.0, 2.0, 2.0], 2.0, 4.0), keeps=("boundary",), quotes=WITHIN),
        Case("an answer", ([8.0, 12.0, 10.0, 14.0], 1.0, 2.0), keeps=("by hand",)),
        Case("no answer", ([0.5, 3.5, 0.5, 3.5], 1.5, 3.0), keeps=("nan",)),
        Case(  # a hundredth beyond the margin
            "no answer", ([0.5, 1.5], 2.0, 2.02), keeps=("nan", "boundary"), quotes=WITHIN
        ),
        Case("no answer", ([-4.0, 4.0, 3.0], 2.0, 4.25), keeps=("nan",), quotes=STRADDLES),
        Case("no answer", ([2.0, 3.0, 3.0, 4.0], 2.0, 3.0), keeps=("nan",), quotes=BEYOND),
        Case("no answer", ([4.0, 8.0, 4.0, 4.0], 2.0, 3.0), keeps=ON_IT, quotes=BEYOND),
        Case(
            "no answer",
            ([-4.0, -8.0, -4.0, -4.0], 2.0, 3.0),
            keeps=("nan", "boundary"),
            quotes=BEYOND,
        ),
    ),
    promises=("boundary", "by hand", "nan", "sign", "smallest"),
    draw=draw_gains,
    reference=can_promise,
    nan_says="You say that these seeds can't tell. Here the whole interval lies in one "
    "region: which?",
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATER_SLIPS),
    accepted=(by_numpy, by_size),
    lesson="Four words, not two: better, worse, no difference that matters, and 'these seeds "
    "cannot tell'. The last two are told apart by the width of the interval.",
    answered_by=("coursekit.claims", "coursekit.intervals"),
)
