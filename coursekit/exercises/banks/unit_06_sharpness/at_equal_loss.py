"""Sharpness read off where a run passes a given training loss."""

import math

import numpy as np

from coursekit.exercises.banks.unit_06_sharpness.equal_loss_slips import MISTAKES, at_equal_loss
from coursekit.exercises.engine.declare import Case, Exercise


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
    for number, (low, high) in enumerate(((0.15, 0.35), (0.65, 0.85), (0.15, 0.35))):
        n = int(rng.integers(4, 7))
        losses = 2.0 * np.cumprod(rng.uniform(0.35, 0.7, n))
        sharpness = rng.uniform(2.0, 20.0, n)
        i = int(rng.integers(1, n - 1))
        target = float(losses[i] + rng.uniform(low, high) * (losses[i - 1] - losses[i]))
        cases.append(Case("falling loss", (losses.tolist(), sharpness.tolist(), target)))
        top, dip = rng.uniform(0.5, 1.0), rng.uniform(0.1, 0.2)
        losses = np.array([2 * top, top, dip, 0.9 * top, 0.5 * dip, 0.6 * dip])
        if number == 1:  # a run that ends above the target, which it has passed before
            losses[-1] = 1.2 * top
        if number == 2:  # it rises just before it passes
            losses[2:5] = 1.4 * top, dip, 0.9 * top
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
        Case(
            "falling loss",
            ([1.0, 0.5], [7.0, 3.0], 1.5),
            keeps=("range",),
            quotes="If already the first record is at or below the target, return its sharpness",
        ),
        Case(
            "falling loss",
            ([2.0, 1.0], [5.0, 9.0], 1.0),
            keeps=("boundary",),
            quotes="The first record at or below the target counts.",
        ),
        Case(
            "falling loss",
            ([1.0, 0.5], [7.0, 3.0], 1.0),
            keeps=("boundary", "range"),
            quotes="If already the first record is at or below the target, return its sharpness",
        ),
        Case(
            "falling loss",
            ([4.0, 2.0, 3.0], [10.0, 6.0, 8.0], 1.0),
            keeps=("nan",),
            quotes="if no record is, return math.nan",
        ),
        Case(
            "noisy loss",
            ([4.0, 1.0, 2.0], [9.0, 5.0, 6.0], 1.5),
            keeps=("order",),
            quotes="The loss may rise now and then, so it can pass the target more than once.",
        ),
        Case(
            "noisy loss",
            ([4.0, 2.0, 3.0, 1.0], [9.0, 5.0, 7.0, 1.0], 1.5),
            keeps=("order",),
            quotes="between that record and the one before it",
        ),
        Case(
            "noisy loss",
            ([4.0, 2.0, 1.0, 3.0, 0.5], [10.0, 6.0, 8.0, 5.0, 2.0], 1.25),
            keeps=("order",),
            quotes="Find the first record whose loss is at or below the target.",
        ),
        Case(
            "noisy loss",
            ([2.0, 1.0, 3.0, 0.5], [5.0, 9.0, 4.0, 1.0], 1.0),
            keeps=("boundary", "order"),
            quotes="The first record at or below the target counts.",
        ),
        Case(
            "noisy loss",
            ([1.0, 3.0, 0.5], [7.0, 4.0, 1.0], 1.0),
            keeps=("boundary", "order"),
            quotes="If already the first record is at or below the target, return its sharpness",
        ),
    ),
    promises=("boundary", "by hand", "nan", "order", "range"),
    draw=draw_equal_loss,
    reference=at_equal_loss,
    nan_says="You say that the run never gets down to the target. It does: at which record?",
    mistakes=MISTAKES,
    accepted=(equal_by_interp, equal_by_bisection),
    lesson="Curvature of the cross-entropy falls with the loss, so whoever trained longer looks "
    "flatter. Compare at one loss, or compare training time.",
    answered_by=("coursekit.experiments.equal_loss", "coursekit.noise.critical_batch"),
)
