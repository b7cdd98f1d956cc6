"""Reading an interval against a margin: better, worse, no difference that matters, or open."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


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


def decided(mean, half):
    """Return the end nearer to zero."""
    return mean - math.copysign(half, mean)


def equal(mean, half):
    """Return the end farther from zero."""
    return mean + math.copysign(half, mean)


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


def draw_gains(rng: np.random.Generator) -> list[Case]:
    """Draw intervals that lie beyond, inside and across the margin, narrow and wide."""
    kinds = {  # centre and half-width in margins
        "an answer": ((1.9, 0.5), (-1.9, 0.5), (0.3, 0.4), (-0.6, 0.25), (2.6, 0.9), (-2.6, 0.9)),
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
    return cases


U08_NULL_RESULT = Exercise(
    id="u08_null_result",
    call="can_promise(gains, margin, t95)",
    points={"an answer": 1.0, "no answer": 1.0},
    by_hand=(
        Case("an answer", ([4.0, 6.0], 2.0, 2.0), keeps=("by hand", "smallest")),
        Case("an answer", ([-5.0, -6.0, -7.0, -6.0], 2.0, 2.5), keeps=("sign",)),
        Case("an answer", ([-1.0, 0.5, -0.5, 0.5], 2.0, 2.5), keeps=("sign",)),
        Case("an answer", ([2.0, 2.0, 2.0], 2.0, 4.0), keeps=("boundary",)),
        Case("no answer", ([0.5, 3.5, 0.5, 3.5], 1.5, 3.0), keeps=("nan",)),
        Case("no answer", ([-4.0, 4.0, 3.0], 2.0, 4.25), keeps=("nan",)),
        Case("no answer", ([2.0, 3.0, 3.0, 4.0], 2.0, 3.0), keeps=("nan",)),
    ),
    promises=("boundary", "by hand", "nan", "sign", "smallest"),
    draw=draw_gains,
    reference=can_promise,
    nan_says="You say that the seeds leave the question open. Here the whole interval lies in one "
    "region: which?",
    mistakes=(
        Mistake(
            "open counts as equal",
            "You read an interval that reaches beyond the margin as 'no difference'. Has a run "
            "with few seeds shown that there is none?",
            with_rule(open_as_equal),
        ),
        Mistake(
            "no effect shown, so no effect",
            "You ask whether the interval holds no gain at all, as the flawed code did. What does "
            "the margin ask?",
            with_rule(from_zero),
        ),
        Mistake(
            "beyond nothing is enough",
            "You call a gain better as soon as it is not nothing. How large must it be to matter?",
            with_rule(sure_of_zero),
        ),
        Mistake(
            "the mean decides",
            "You compare the mean with the margin. How sure is that mean?",
            with_rule(by_mean),
        ),
        Mistake(
            "never equal",
            "You never say 'no difference that matters'. What if the whole interval lies within "
            "the margin?",
            with_rule(never_equal),
        ),
        Mistake(
            "never worse",
            "You never say that the remedy is worse. Can a gain lie wholly below the margin on "
            "the other side?",
            with_rule(never_worse),
        ),
        Mistake(
            "sign",
            "Your sign is the wrong way round. Which sign has the gain of a remedy that is ahead?",
            lambda g, m, t: -can_promise(g, m, t),
        ),
        Mistake(
            "the mean reported",
            "You report the mean. Which end of the interval can you still promise?",
            with_ends(lambda m, h: m, lambda m, h: m),
        ),
        Mistake(
            "the boastful end",
            "You promise the far end of a gain. What is the least that it could be?",
            with_ends(equal, equal),
        ),
        Mistake(
            "the near end of an equality",
            "You say how near the two could be. How far apart could they be?",
            with_ends(decided, decided),
        ),
        Mistake(
            "always the lower end",
            "You always give the lower end. Is that the careful one for a remedy that is worse?",
            with_ends(lambda m, h: m - h, lambda m, h: m - h),
        ),
        Mistake(
            "always the upper end",
            "You always give the upper end. Is that the careful one for a remedy that is ahead?",
            with_ends(lambda m, h: m + h, lambda m, h: m + h),
        ),
        Mistake(
            "the far end for what is worse",
            "For a remedy that is worse you give the end farther from zero. How much worse is it "
            "at least?",
            with_ends(lambda m, h: m - h, equal),
        ),
        Mistake(
            "the upper end of an equality",
            "Within the margin you always give the upper end. Could the remedy be farther behind "
            "than it could be ahead?",
            with_ends(decided, lambda m, h: m + h),
        ),
        Mistake(
            "an equality without its sign",
            "Within the margin you drop the sign. On which side could the two be farthest apart?",
            with_ends(decided, lambda m, h: abs(m) + h),
        ),
        Mistake(
            "sign dropped",
            "You drop the sign. Who is ahead then?",
            lambda g, m, t: abs(can_promise(g, m, t)),
        ),
        Mistake(
            "divided by the number of seeds",
            "Your spread divides by the number of seeds. How many differences are free once their "
            "mean is known?",
            with_interval(lambda g, t: t * np.std(g) / len(g) ** 0.5),
        ),
        Mistake(
            "spread of single seeds",
            "Your interval is that of one seed. How much less does a mean of several spread?",
            with_interval(lambda g, t: t * np.std(g, ddof=1)),
        ),
        Mistake(
            "one standard error",
            "Your interval holds one standard error. How many does the docstring's hold?",
            with_interval(lambda g, t: np.std(g, ddof=1) / len(g) ** 0.5),
        ),
    ),
    accepted=(by_numpy, by_size),
    lesson="Four words, not two: better, worse, no difference that matters, and 'these seeds "
    "cannot tell'. The last two are told apart by the width of the interval.",
    answered_by=("coursekit.claims", "coursekit.intervals"),
)
