"""How many paired seeds an arm needs."""

import math

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.further_slips import NUM_SEEDS as FURTHER_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_c import NUM_SEEDS as LATE_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_e import NUM_SEEDS as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def deviation(changes: list[float]) -> float:
    return float(np.std(np.array(changes, dtype=float), ddof=1))


def num_seeds(changes: list[float], wanted: float, quantile: float) -> int:
    return max(2, math.ceil((quantile * deviation(changes) / wanted) ** 2 - 1e-9))


def num_seeds_by_trying(changes, wanted, quantile):
    n = 2
    while quantile * deviation(changes) / math.sqrt(n) > wanted * (1 + 1e-10):
        n += 1
    return n


def num_seeds_by_floor(changes, wanted, quantile):
    mean = sum(changes) / len(changes)
    variance = sum((c - mean) ** 2 for c in changes) / (len(changes) - 1)
    return max(2, -int(-(quantile**2 * variance / wanted**2 - 1e-9) // 1))


def needed(ratio: float) -> int:
    return max(2, math.ceil(ratio - 1e-9))


ROUNDED = (  # four seeds: a hair more as computed, a hair less from numbers in float32
    ([-6.2, -6.0, -5.8], 0.2, 2.0),
    ([-13.4, -13.0, -12.6], 0.4, 2.0),
)


def draw_pilots(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("few", "many") * 4):
        while True:
            changes = rng.normal(
                rng.uniform(-10, -4), rng.uniform(2.0, 5.0), int(rng.integers(4, 7))
            )
            quantile = float(rng.choice([2.2, 2.5]))
            fewest = (2.0, 0.0, 3.0, 0.0)[number] if number < 4 else 7.0  # the pilot had 4 to 6
            most = rng.uniform(fewest, fewest + 1.0) if group == "few" else rng.uniform(20.0, 60.0)
            if number == 7:  # more than anybody would run, and the answer all the same
                most = rng.uniform(1200.0, 3000.0)
            wanted = float(quantile * changes.std(ddof=1) / math.sqrt(most))
            exact = (quantile * changes.std(ddof=1) / wanted) ** 2
            if 0.15 < exact % 1 < 0.45:
                break
        cases.append(Case(group, (changes.tolist(), wanted, quantile)))
    for group, roots in (("few", (2, 4)), ("many", (5, 9))):
        mean, root = -float(rng.integers(3, 12)), int(rng.integers(*roots))
        step = float(root * rng.integers(1, 4))
        exact = [mean - step, mean, mean + step]  # of deviation `step`: root**2 seeds, to the digit
        cases.append(Case(group, (exact, 2.0 * step / root, 2.0)))
        if group == "few":
            cases.append(Case(group, ROUNDED[int(rng.integers(len(ROUNDED)))]))
            cases.append(Case(group, (exact, float(step * rng.integers(6, 12)), 2.0)))
            cases.append(Case(group, ([mean] * 4, float(rng.uniform(0.5, 2.0)), 2.2)))
    return cases


U10_NUM_SEEDS = Exercise(
    id="u10_num_seeds",
    call="num_seeds(changes, wanted, quantile)",
    points={"few": 1.0, "many": 1.0},
    by_hand=(
        Case(
            "few",
            ([-8.0, -6.0, -4.0], 1.75, 2.0),
            ("by hand",),
            "Take the scatter as in the pilot",
        ),
        Case("few", ([-5.0, -5.0, -5.0], 1.0, 2.0), ("sign",), "a whole number >= 2"),
        Case("few", ([-8.0, -6.0, -4.0], 2.0, 2.0), ("boundary",)),
        Case(  # hardly above a whole number
            "few",
            ([-8.0, -6.0, -4.0], 1.9995, 2.0),
            ("boundary",),
            "but for rounding (up to 1e-9 above it)",
        ),
        Case("few", ([-6.2, -6.0, -5.8], 0.2, 2.0), ("boundary",)),  # whole but for rounding
        Case("few", ([-5.0, -4.0], 50.0, 2.0), ("smallest",)),
        Case("few", ([-9.0, -3.0, -3.0, -9.0], 4.5, 2.0), ("by hand",)),
        Case("many", ([-9.0, -3.0, -3.0, -9.0], 1.5, 2.0), ("by hand",)),
        Case("many", ([-8.0, -6.0, -4.0], 0.5, 2.0), ("boundary",)),
    ),
    promises=("boundary", "by hand", "sign", "smallest"),
    draw=draw_pilots,
    reference=num_seeds,
    mistakes=(
        Mistake(
            "no square",
            "You let the error fall as one over the seeds. What has to be twice as large for half "
            "the error: the seeds?",
            lambda c, w, q: needed(q * deviation(c) / w),
        ),
        Mistake(
            "rounded down",
            "You round down. Is the interval then as narrow as wanted?",
            lambda c, w, q: max(2, math.floor((q * deviation(c) / w) ** 2 + 1e-9)),
        ),
        Mistake(
            "divides by n",
            "Your deviation divides by the number of seeds. Their mean was fitted to those same "
            "seeds: how many deviations are still free?",
            lambda c, w, q: needed((q * float(np.std(c)) / w) ** 2),
        ),
        Mistake(
            "no quantile",
            "You compare a standard error with half of an interval. What lies between the two?",
            lambda c, w, q: needed((deviation(c) / w) ** 2),
        ),
        Mistake(
            "whole width",
            "Your interval is half as wide as asked. Is `wanted` its whole width or half of it?",
            lambda c, w, q: needed((2 * q * deviation(c) / w) ** 2),
        ),
        Mistake(
            "variance for deviation",
            "You use a variance where a deviation belongs. What is the unit of `wanted`?",
            lambda c, w, q: needed((q * deviation(c) ** 2 / w) ** 2),
        ),
        Mistake(
            "scatter around zero",
            "Your scatter is around zero. Does a large change need more seeds because it is large?",
            lambda c, w, q: needed((q * math.sqrt(np.mean(np.square(c))) / w) ** 2),
        ),
        Mistake(
            "without the pilot's seeds",
            "You take the seeds of the pilot away. Does the text ask for all seeds, or for those "
            "still to run?",
            lambda c, w, q: max(2, num_seeds(c, w, q) - len(c)),
        ),
        Mistake(
            "one seed more",
            "You add a seed at the end. Is the interval wider than wanted without it?",
            lambda c, w, q: num_seeds(c, w, q) + 1,
        ),
        Mistake(
            "range for deviation",
            "You take the distance from the lowest to the highest change. Does it estimate the "
            "deviation, or grow with the number of seeds?",
            lambda c, w, q: needed((q * (max(c) - min(c)) / w) ** 2),
        ),
        Mistake(
            "size of the effect in place of its scatter",
            "Your number depends on the mean change alone. What makes a mean uncertain?",
            lambda c, w, q: needed((q * abs(sum(c) / len(c)) / w) ** 2),
        ),
        Mistake(
            "one more where it is exact",
            "Where the formula gives a whole number, you go on to the next. Is the interval too "
            "wide there?",
            lambda c, w, q: max(2, math.floor((q * deviation(c) / w) ** 2 + 1e-9) + 1),
        ),
        Mistake(
            "quantile outside the square",
            "The quantile stands outside your square. Which quantities does half of an interval "
            "multiply?",
            lambda c, w, q: needed(q * (deviation(c) / w) ** 2),
        ),
        Mistake(
            "a quantile of your own",
            "You take the quantile of a large sample. Which one is given?",
            lambda c, w, q: needed((1.96 * deviation(c) / w) ** 2),
        ),
        Mistake(
            "the pilot's standard error",
            "You begin with the standard error of the pilot. Is that how far one change scatters?",
            lambda c, w, q: needed((q * deviation(c) / w) ** 2 / len(c)),
        ),
        Mistake(
            "half of the half",
            "You plan for twice the interval that is wanted. Does the quantile reach to one side "
            "or to both?",
            lambda c, w, q: needed((q * deviation(c) / w / 2) ** 2),
        ),
        Mistake(
            "no least number",
            "You return fewer seeds than an interval needs. What is the deviation of a single "
            "change?",
            lambda c, w, q: math.ceil((q * deviation(c) / w) ** 2 - 1e-9),
        ),
        Mistake(
            "too many at the least",
            "Your smallest number of seeds is too large. From how many on is there a deviation?",
            lambda c, w, q: max(3, num_seeds(c, w, q)),
        ),
        Mistake(
            "never fewer than the pilot",
            "You never plan fewer seeds than the pilot had. Could the pilot have been larger than "
            "need be?",
            lambda c, w, q: max(len(c), num_seeds(c, w, q)),
        ),
        Mistake(
            "the pilot on top",
            "You add the seeds of the pilot. Are they to be counted among those that you return, "
            "or beside them?",
            lambda c, w, q: num_seeds(c, w, q) + len(c),
        ),
        Mistake(
            "half of the range",
            "You take half of the way from the lowest to the highest change. Is that a deviation?",
            lambda c, w, q: needed((q * (max(c) - min(c)) / 2 / w) ** 2),
        ),
        Mistake(
            "not a whole number",
            "You return what the formula gives. Can you run a part of a seed?",
            lambda c, w, q: max(2.0, (q * deviation(c) / w) ** 2),
        ),
        Mistake(
            "upside down",
            "A smaller error costs you fewer seeds. Which of the two is to be divided by the "
            "other?",
            lambda c, w, q: needed((w / (q * max(deviation(c), 1e-9))) ** 2),
        ),
        Mistake(
            "a share of the mean change",
            "You divide the scatter by the mean change. Is `wanted` a share, or in points?",
            lambda c, w, q: needed((q * deviation(c) / max(abs(sum(c) / len(c)), 1e-9) / w) ** 2),
        ),
        *FURTHER_SLIPS,
        *LATE_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(num_seeds_by_trying, num_seeds_by_floor),
    lesson="Half the error costs four times the seeds. Ask before the run, from a pilot: five "
    "seeds are not bad because they are few, but where they can't see what you look for.",
    answered_by=("coursekit.intervals", "coursekit.experiments.decision"),
)
