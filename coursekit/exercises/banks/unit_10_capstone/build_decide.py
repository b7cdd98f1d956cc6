"""Build it: the runner of a decision experiment."""

import math
from itertools import pairwise

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.build_decide_slips import (
    SLIPS,
    row_of,
    table_of,
    verdict_of,
    with_rows,
)
from coursekit.exercises.banks.unit_10_capstone.further_slips import BUILD as FURTHER_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_c import BUILD as LATE_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_e import BUILD as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close

DIVERGED = -1.0  # in a table: the run gives nan


def decide(run, arms, seeds, chance, quantile):
    table = table_of(run, arms, seeds, chance)
    return [row_of(row - table[0], quantile) for row in table[1:]]


def decide_seed_by_seed(run, arms, seeds, chance, quantile):
    totals = [[0.0, 0.0] for _ in arms[1:]]
    for seed in seeds:
        base, *others = (chance if v != v else v for v in (run(arm, seed) for arm in arms))
        for total, value in zip(totals, others, strict=True):
            total[0] += value - base
            total[1] += (value - base) ** 2
    n, rows = len(seeds), []
    for first, second in totals:
        mean = first / n
        half = quantile * math.sqrt(max(second / n - mean**2, 0.0) / (n - 1))
        rows.append([mean, half, float((mean > half) - (mean < -half))])
    return rows


def decide_arm_by_arm(run, arms, seeds, chance, quantile):
    rows = []
    for arm in arms[1:]:
        pairs = np.array([[run(arms[0], s), run(arm, s)] for s in seeds], dtype=float)
        pairs[np.isnan(pairs)] = chance
        rows.append(row_of(pairs[:, 1] - pairs[:, 0], quantile))
    return rows


def unpaired(base, row, quantile):
    mean = row.mean() - base.mean()
    half = quantile * math.sqrt((base.var(ddof=1) + row.var(ddof=1)) / len(row))
    return [mean, half, verdict_of(mean, half)]


def of_survivors(run, arms, seeds, chance, quantile):
    table = np.array([[run(arm, seed) for seed in seeds] for arm in arms], dtype=float)
    rows = []
    for row in table[1:]:
        changes = row - table[0]
        rows.append(row_of(changes[~np.isnan(changes)], quantile))
    return rows


def as_nan(run, arms, seeds, chance, quantile):
    rows = np.array([[run(arm, seed) for seed in seeds] for arm in arms], dtype=float)
    return [row_of(row - rows[0], quantile) for row in rows[1:]]


def other_seeds(run, arms, seeds, chance, quantile):
    shifted = [*seeds[1:], seeds[0]]
    base = table_of(run, arms[:1], seeds, chance)[0]
    return [row_of(row - base, quantile) for row in table_of(run, arms[1:], shifted, chance)]


def previous_arm(run, arms, seeds, chance, quantile):
    table = table_of(run, arms, seeds, chance)
    return [row_of(after - before, quantile) for before, after in pairwise(table)]


def first_seed(run, arms, seeds, chance, quantile):
    table = table_of(run, arms, seeds, chance)
    rows = [row_of(row - table[0], quantile) for row in table[1:]]
    return [
        [row[0] - base[0], half, verdict_of(row[0] - base[0], half)]
        for row, (_, half, _), base in zip(table[1:], rows, [table[0]] * len(rows), strict=True)
    ]


def draw_experiments(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("one change", "intervals", "diverged runs") * 3:
        fewest = 5 if group == "diverged runs" else 4  # two are left where three diverged
        n, count = int(rng.integers(fewest, 7)), 2 if group == "one change" else 4
        base = rng.uniform(40.0, 60.0, n)
        base = np.round(base) if group == "one change" else base
        table = np.tile(base, (count, 1))
        for i in range(1, count):
            clear = rng.choice([-1.0, 1.0]) * rng.uniform(9.0, 14.0)
            if group == "one change":
                table[i] += round(clear)  # the same for every seed, to the last digit
            else:
                noise = rng.normal(0, 2.0, n)
                noise -= noise.mean()
                table[i] += (clear if i % 3 else 0.3) + noise
        quantile = float(rng.choice([2.6, 2.8]))
        if group == "intervals":
            table[2] = base  # no change at all: the interval is zero itself
            noise = rng.normal(0, 2.0, n)
            noise -= noise.mean()
            half = quantile * noise.std(ddof=1) / math.sqrt(n)
            table[1] = base + rng.choice([-1.5, 1.5]) * half + noise  # decided, and not by much
            if len(cases) > 6:  # a small change, known well
                table[3] = base + 0.3 + 0.02 * noise
            else:  # open, and not by much
                table[3] = base + rng.choice([-0.75, 0.75]) * half + noise
        if group == "diverged runs":
            table[1, rng.permutation(n)[:2]] = DIVERGED
            table[0, int(rng.integers(n))] = DIVERGED
            table[2, int(rng.integers(n))] = rng.uniform(2.0, 8.0)  # bad, and yet it finished
            if len(cases) > 6:  # none of its runs ended: a clear verdict
                table[0], table[3] = base, DIVERGED
            else:  # never right, and yet it finished
                table[3, int(rng.integers(n))] = 0.0
        size, rate = int(rng.choice([32, 64, 128])), float(rng.choice([0.05, 0.1, 0.2]))
        arms = [[size * 2**i, rate * 2**i, int(rng.integers(20, 90))] for i in range(count)]
        seeds = [int(s) for s in rng.permutation(50)[:n]]
        chance = float(rng.choice([12.5, 20.0]))
        cases.append(Case(group, (table, arms, seeds, chance, quantile)))
    return cases


TWO = [[256, 0.5, 320], [1024, 2.0, 80]]
THREE = [*TWO, [1024, 2.0, 320]]

COUNTS = "count as `chance`, the base's too."

U10_BUILD = Exercise(
    id="u10_build",
    call="decide(run, arms, seeds, chance, quantile)",
    points={"one change": 1.0, "intervals": 1.0, "diverged runs": 1.0},
    by_hand=(
        Case(
            "one change",
            (np.array([[50.0, 60.0], [45.0, 55.0]]), TWO, [3, 7], 10.0, 12.0),
            ("by hand", "smallest"),
        ),
        Case(
            "intervals",
            (
                np.array([[50.0, 52.0, 54.0], [45.0, 44.0, 49.0], [50.0, 54.0, 52.0]]),
                THREE,
                [3, 7, 5],
                10.0,
                2.0,
            ),
            ("by hand", "average"),
            "The verdict is 1 if the whole interval lies above 0, −1 if the whole lies below",
        ),
        Case(
            "intervals",  # small, and yet decided
            (np.array([[50.0, 52.0], [50.1875, 52.5]]), TWO, [3, 7], 10.0, 2.0),
            ("by hand",),
            "first is the base",
        ),
        Case(
            "intervals",
            (np.array([[50.0, 50.0], [51.0, 53.0]]), TWO, [3, 7], 10.0, 2.0),
            ("boundary",),
            "0 if it touches or holds 0",
        ),
        Case(
            "intervals",
            (np.array([[50.0, 50.0], [49.0, 47.0]]), TWO, [3, 7], 10.0, 2.0),
            ("boundary",),
            "0 if it touches or holds 0",
        ),
        Case(
            "diverged runs",
            (
                np.array([[50.0, 52.0, DIVERGED, 14.0], [DIVERGED, 50.0, 12.0, 44.0]]),
                TWO,
                [3, 7, 5, 2],
                20.0,
                2.0,
            ),
            ("missing",),
            COUNTS,
        ),
        Case(  # never right, and yet it finished
            "diverged runs",
            (np.array([[50.0, 0.0, 30.0], [0.0, 44.0, 35.0]]), TWO, [3, 7, 5], 20.0, 2.0),
            ("range",),
            "not a number if it diverged",
        ),
        Case(
            "diverged runs",  # all of an arm's runs, or all of the base's: a clear verdict
            (np.array([[50.0, 52.0], [DIVERGED, DIVERGED]]), TWO, [3, 7], 20.0, 2.0),
            ("missing",),
            COUNTS,
        ),
        Case(
            "diverged runs",
            (np.array([[DIVERGED, DIVERGED], [40.0, 44.0]]), TWO, [3, 7], 20.0, 2.0),
            ("missing",),
            COUNTS,
        ),
    ),
    promises=("average", "boundary", "by hand", "missing", "range", "smallest"),
    draw=draw_experiments,
    reference=decide,
    run="tabled_arms",
    same=close(rtol=1e-4, atol=1e-4),
    mistakes=(
        Mistake(
            "unpaired",
            "Your intervals are those of separate groups. What do the runs of one seed share?",
            with_rows(unpaired),
        ),
        Mistake(
            "diverged runs left out",
            "You leave out seeds that diverged. What is a mean over the lucky ones worth?",
            of_survivors,
        ),
        Mistake(
            "nan passed on",
            "A run that diverged makes your whole row nan. What does the text count it as?",
            as_nan,
        ),
        Mistake(
            "another seed's base",
            "You compare runs of different seeds. Which base belongs to an arm's run?",
            other_seeds,
        ),
        Mistake(
            "compared with the arm before",
            "Each arm is compared with the one before it. Which arm is the base?",
            previous_arm,
        ),
        Mistake(
            "one seed",
            "Your change is that of the first seed. What are the others for?",
            first_seed,
        ),
        Mistake(
            "base minus arm",
            "Your signs are turned round. Is an arm that is better than the base above it or "
            "below it?",
            with_rows(lambda base, row, q: (lambda r: [-r[0], r[1], -r[2]])(row_of(row - base, q))),
        ),
        Mistake(
            "verdict by the mean alone",
            "Your verdict is the sign of the mean. What does an interval that holds zero say?",
            with_rows(
                lambda base, row, q: [*row_of(row - base, q)[:2], np.sign((row - base).mean())]
            ),
        ),
        Mistake(
            "no root of n",
            "Your half-width is that of single seeds. How much better known is their mean?",
            with_rows(
                lambda base, row, q: (lambda m, h: [m, h, verdict_of(m, h)])(
                    (row - base).mean(), q * (row - base).std(ddof=1)
                )
            ),
        ),
        Mistake(
            "no quantile",
            "Your half-width is a standard error. What turns it into half of an interval?",
            with_rows(lambda base, row, q: row_of(row - base, 1.0)),
        ),
        Mistake(
            "accuracy in place of its change",
            "You return accuracies. What does the text ask for, and why does it help?",
            with_rows(lambda base, row, q: row_of(row, q)),
        ),
        *SLIPS,
        *FURTHER_SLIPS,
        *LATE_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(decide_seed_by_seed, decide_arm_by_arm),
    lesson="A table of paired changes with a verdict in three values: better, worse, can't tell. "
    "The runner is twenty lines; the arms are the thought.",
    answered_by=(
        "coursekit.intervals",
        "coursekit.experiments.decision",
        "coursekit.claims.decide",
    ),
    graded=False,
)
