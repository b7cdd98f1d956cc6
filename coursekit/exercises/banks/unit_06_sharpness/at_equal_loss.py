"""Sharpness read off where a run passes a given training loss."""

import math

import numpy as np

from coursekit.exercises.banks.unit_06_sharpness.equal_loss_slips import (
    at_equal_loss,
    final_if_never,
    first_to_last,
    geometric,
    last_crossing,
    nearest_if_never,
    next_or_nan,
    on_a_log_scale,
    sorted_interp,
    strictly_below,
    swapped,
    where_passed,
    with_the_next,
    wraps_round,
    zero_if_never,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def equal_by_interp(losses, sharpness, target):
    below = np.flatnonzero(np.array(losses) <= target)
    if not len(below):
        return math.nan
    i = below[0]
    if i == 0:
        return sharpness[0]
    return np.interp(target, [losses[i], losses[i - 1]], [sharpness[i], sharpness[i - 1]])


def equal_by_bisection(losses, sharpness, target):
    """Walk along the broken line in ever smaller parts until the loss is met."""
    if losses[0] <= target:
        return sharpness[0]
    if min(losses) > target:
        return math.nan
    i = next(k for k, loss in enumerate(losses) if loss <= target)
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if losses[i - 1] * (1 - middle) + losses[i] * middle > target:
            low = middle
        else:
            high = middle
    return sharpness[i - 1] * (1 - high) + sharpness[i] * high


def draw_equal_loss(rng: np.random.Generator) -> list[Case]:
    cases = []
    for low, high in ((0.15, 0.35), (0.65, 0.85), (0.15, 0.35)):
        n = int(rng.integers(4, 7))
        losses = 2.0 * np.cumprod(rng.uniform(0.35, 0.7, n))
        sharpness = rng.uniform(2.0, 20.0, n)
        i = int(rng.integers(1, n - 1))
        target = float(losses[i] + rng.uniform(low, high) * (losses[i - 1] - losses[i]))
        cases.append(Case("falling loss", (losses.tolist(), sharpness.tolist(), target)))
        top, dip = rng.uniform(0.5, 1.0), rng.uniform(0.1, 0.2)
        losses = np.array([2 * top, top, dip, 0.9 * top, 0.5 * dip, 0.6 * dip])
        target = float(dip + rng.uniform(low, high) * 0.8 * (top - dip))
        sharpness = rng.uniform(2.0, 20.0, 6)
        cases.append(Case("noisy loss", (losses.tolist(), sharpness.tolist(), target)))
    # a record that meets the target exactly, in any precision
    target = float(rng.integers(16, 64)) / 64
    for group, record in (
        ("falling loss", [3.0, target + 1.0, target, target / 4]),
        ("noisy loss", [3.0, target + 0.5, target, target + 1.5, target / 4]),
    ):
        values = [float(x) for x in rng.uniform(2.0, 20.0, len(record))]
        cases.append(Case(group, (record, values, target)))
    # an end of the line: never reached, with the lowest loss before the last record
    record = [float(x) for x in (1.5, 0.9, 0.5 + 0.1 * rng.uniform(), 0.8)]
    args = (record, [float(x) for x in rng.uniform(2.0, 20.0, 4)], float(rng.uniform(0.1, 0.3)))
    cases.append(Case("falling loss", args))
    record = [float(x) for x in 0.5 * np.cumprod(rng.uniform(0.4, 0.7, 3))]
    args = (record, [float(x) for x in rng.uniform(2.0, 20.0, 3)], float(rng.uniform(0.6, 1.0)))
    cases.append(Case("falling loss", args))
    return cases


U06_AT_EQUAL_LOSS = Exercise(
    id="u06_at_equal_loss",
    call="at_equal_loss(losses, sharpness, target)",
    points={"falling loss": 1.0, "noisy loss": 1.0},
    by_hand=(
        Case("falling loss", ([4.0, 2.0, 1.0], [10.0, 6.0, 8.0], 1.25), keeps=("by hand",)),
        Case("falling loss", ([1.0, 0.5], [7.0, 3.0], 1.5), keeps=("range",)),
        Case(
            "falling loss", ([2.0, 1.0], [5.0, 9.0], 1.0), keeps=("boundary",)
        ),  # the target itself: "at or below"
        Case("falling loss", ([1.0, 0.5], [7.0, 3.0], 1.0), keeps=("boundary", "range")),
        Case("falling loss", ([4.0, 2.0, 3.0], [10.0, 6.0, 8.0], 1.0), keeps=("nan",)),  # never
        Case(
            "noisy loss",
            ([4.0, 2.0, 1.0, 3.0, 0.5], [10.0, 6.0, 8.0, 5.0, 2.0], 1.25),
            keeps=("order",),
        ),
        Case(
            "noisy loss",
            ([2.0, 1.0, 3.0, 0.5], [5.0, 9.0, 4.0, 1.0], 1.0),
            keeps=("boundary", "order"),
        ),
        Case("noisy loss", ([1.0, 3.0, 0.5], [7.0, 4.0, 1.0], 1.0), keeps=("boundary", "order")),
    ),
    promises=("boundary", "by hand", "nan", "order", "range"),
    draw=draw_equal_loss,
    reference=at_equal_loss,
    nan_says="You say that the run never gets down to the target. It does: at which record?",
    mistakes=(
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
            "You interpolate over the logarithm of the loss. Along which line does the docstring "
            "go?",
            where_passed(on_a_log_scale),
        ),
        Mistake(
            "geometric interpolation",
            "You interpolate the logarithm of the sharpness. Along which line does the docstring "
            "go?",
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
            "You draw one straight line from the first record to the last. Did the run go along "
            "it?",
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
    ),
    accepted=(equal_by_interp, equal_by_bisection),
    lesson="Curvature of the cross-entropy falls with the loss, so whoever trained longer looks "
    "flatter. Compare at one loss, or compare training time.",
    answered_by=("coursekit.experiments.equal_loss", "coursekit.noise.critical_batch"),
)
