"""Which explanations survive the arms of an experiment."""

from typing import Any

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.further_slips_b import SURVIVORS as FURTHER_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_c import SURVIVORS as LATE_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_f import SURVIVORS as LATEST_SLIPS
from coursekit.exercises.banks.unit_10_capstone.survivors_slips import MISTAKES, survivors
from coursekit.exercises.engine.declare import CLOSE_IN_FLOAT32, Case, Exercise


def survivors_by_arrays(means, halves, predictions):
    m, h, p = np.array(means), np.array(halves), np.array(predictions)
    outside = (m + h < p[:, :, 0]) | (m - h > p[:, :, 1])
    return 1 - outside.any(axis=1).astype(int)


def survivors_by_gap(means, halves, predictions):
    result = []
    for explanation in predictions:
        gaps = [
            max(low - m, m - high) - h
            for m, h, (low, high) in zip(means, halves, explanation, strict=True)
        ]
        result.append(1 if max(gaps) <= 0 else 0)
    return result


def counting_booleans(got: Any, want: Any) -> bool:
    """Compare as numbers; True says survives as well as 1 does."""
    numbers = np.asarray(got, dtype=float) if truths(got) else got
    return CLOSE_IN_FLOAT32(numbers, want)


def truths(got: Any) -> bool:
    rows = got.tolist() if isinstance(got, np.ndarray) else got
    return isinstance(rows, list) and all(isinstance(x, bool) for x in rows)


def draw_tables(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("one arm", "several arms") * 4):
        arms = 1 if group == "one arm" else int(rng.integers(3, 5))
        halves = rng.integers(4, 12, arms) / 4
        below = np.floor(rng.uniform(-12, 6, arms)) * (number != 5)  # 5: zero in each interval
        means = below + 0.75 - halves  # the ends are not whole
        kinds = ["inside", "overlaps", "below", "above", "covers", "touches", "further below"]
        kinds += ["touches below", "just above", "between"]
        order = [str(k) for k in rng.permutation(kinds)]
        if number == 3:
            order = [k for k in order if k in ("below", "above", "just above")]  # none survives
        predictions, fails = [], 0
        near = 0.45 if number % 4 < 2 else 0.7  # of the half-width, from the mean
        for kind in order:
            rows = []
            odd = int(rng.integers(arms))
            if kind in ("below", "above", "further below"):  # the first, the last, the middle arm
                odd = (0, arms - 1, arms // 2)[fails]
                fails += 1
            for k in range(arms):
                m, h = float(means[k]), float(halves[k])
                which = kind if k == odd else "overlaps"
                rows.append(
                    {
                        "inside": [m - 0.4 * h, m + 0.5 * h],
                        "overlaps": [m + near * h, m + 2.5 * h]
                        if rng.integers(2)
                        else [m - 2.5 * h, m - near * h],
                        "below": [m - 4 * h, m - 1.5 * h],
                        "further below": [m - 9 * h, m - 5 * h],
                        "above": [m + 1.5 * h, m + 4 * h],
                        "covers": [m - 3 * h, m + 3 * h],
                        "touches": [m + h, m + 3 * h],
                        "touches below": [m - 3 * h, m - h],
                        "between": [m + 0.2 * h, m + 0.8 * h],
                        "just above": [m + h + 0.2, m + h + 9.0],
                    }[which]
                )
            predictions.append(rows)
        cases.append(Case(group, (means.tolist(), halves.tolist(), predictions)))
    for group in ("one arm", "several arms"):  # known exactly: an interval that is a point
        at = float(rng.integers(-20, 20)) / 2
        around = [[at, at + 2.0], [at + 0.25, at + 3.0], [at - 2.0, at], [at - 3.0, at - 0.25]]
        if group == "one arm":
            cases.append(Case(group, ([at], [0.0], [[pair] for pair in around])))
        else:
            other = [[at + 4.0, at + 9.0], [at, at + 2.5]]
            table = [[pair, wide] for pair, wide in zip(around, other * 2, strict=True)]
            cases.append(Case(group, ([at, at + 3.0], [0.0, 1.0], table)))
    return cases


NOTHING_IN_COMMON = (
    "the measured interval (mean ± half) and the predicted range have no point in common"
)
TOUCH = "Where they only touch, they have one."
ENDS = "its ends belong to it"
ANY_ARM = "It is refuted if, on any arm,"

U10_SURVIVORS = Exercise(
    id="u10_survivors",
    call="survivors(means, halves, predictions)",
    points={"one arm": 1.0, "several arms": 2.0},
    by_hand=(
        Case(
            "one arm",
            ([-5.0], [2.0], [[[-8.0, -4.0]], [[-1.0, 1.0]]]),
            ("by hand",),
            NOTHING_IN_COMMON,
        ),
        Case("one arm", ([-5.0], [2.0], [[[-3.0, 1.0]], [[-12.0, -7.0]]]), ("boundary",), TOUCH),
        Case("one arm", ([-5.0], [2.0], [[[-4.5, -3.5]], [[-6.5, -5.5]]]), ("by hand",)),
        Case("one arm", ([4.0], [0.5], [[[0.0, 100.0]]]), ("smallest",)),
        Case(  # ranges that are points
            "one arm", ([-5.0], [1.0], [[[-3.5, -3.5]], [[-4.5, -4.5]]]), ("range",), ENDS
        ),
        Case(
            "one arm",  # an interval that is a point: both ends of a range belong to it
            ([-5.0], [0.0], [[[-5.0, -1.0]], [[-4.5, -1.0]], [[-9.0, -5.0]], [[-9.0, -5.5]]]),
            ("boundary",),
            ENDS,
        ),
        Case(
            "several arms",
            ([-5.0, 0.5], [2.0, 1.0], [[[-8.0, -4.0], [3.0, 9.0]], [[-6.0, -4.0], [-2.0, 2.0]]]),
            ("by hand",),
            ANY_ARM,
        ),
        Case(
            "several arms",
            ([-5.0, 0.5], [2.0, 1.0], [[[-8.0, -4.0], [3.0, 9.0]], [[1.0, 4.0], [-2.0, 2.0]]]),
            ("by hand",),
            ANY_ARM,
        ),
        Case(
            "several arms",
            ([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [[[2.0, 5.0], [-4.0, 1.0], [3.0, 3.0]]]),
            ("boundary",),
            TOUCH,
        ),
    ),
    promises=("boundary", "by hand", "range", "smallest"),
    draw=draw_tables,
    reference=survivors,
    same=counting_booleans,
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATE_SLIPS, *LATEST_SLIPS),
    accepted=(survivors_by_arrays, survivors_by_gap),
    lesson="An explanation is a list of predictions, and one that fails is enough. Two that "
    "survive need an arm on which they differ.",
    answered_by=("coursekit.experiments.decision", "coursekit.claims.decide"),
)
