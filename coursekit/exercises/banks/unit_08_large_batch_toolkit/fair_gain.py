"""What a remedy gains: each arm at its own best setting, paired by seed, with its interval."""

import numpy as np

from coursekit.exercises.banks.unit_08_large_batch_toolkit.further_slips import (
    FAIR_GAIN as FURTHER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.gain_slips import MISTAKES, fair_gain
from coursekit.exercises.banks.unit_08_large_batch_toolkit.later_slips import (
    FAIR_GAIN as LATER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.tried_slips import (
    FAIR_GAIN as TRIED_SLIPS,
)
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import close


def by_loop(validation, test, t95):
    rows = []
    for arm in range(2):
        scores = [sum(row) for row in validation[arm].tolist()]
        rows.append(test[arm].tolist()[scores.index(max(scores))])
    gains = [a - b for a, b in zip(*rows, strict=True)]
    mean = sum(gains) / len(gains)
    variance = sum((g - mean) ** 2 for g in gains) / (len(gains) - 1)
    return [mean, t95 * (variance / len(gains)) ** 0.5]


def by_covariance(validation, test, t95):
    """Var of a difference: both variances less twice the covariance."""
    best = validation.numpy().sum(axis=2).argmax(axis=1)
    rows = np.stack([test.numpy()[arm, best[arm]] for arm in range(2)]).astype(float)
    c = np.cov(rows)
    variance = (c[0, 0] + c[1, 1] - 2 * c[0, 1]) / rows.shape[1]
    return [rows[0].mean() - rows[1].mean(), t95 * np.sqrt(max(variance, 0.0))]


def draw_arms(rng: np.random.Generator) -> list[Case]:
    """Draw arms that share what a seed is worth; the best row differs by who chooses."""
    cases = []
    for group in ("one best setting", "two best settings") * 4:
        k, seeds = int(rng.integers(5, 7)), int(rng.integers(4, 7))
        luck = rng.normal(0, 3, seeds)
        base = rng.uniform(34, 42, (2, k, 1))
        validation = base + luck + rng.normal(0, 0.4, (2, k, seeds))
        test = base + luck + rng.normal(0, 0.6, (2, k, seeds))
        rows = [int(r) for r in rng.permutation(k)]
        best = (rows[0], rows[0] if group == "one best setting" else rows[1])
        for arm in range(2):
            validation[arm, best[arm]] = 46 + luck + rng.normal(0, 0.4, seeds)
            test[arm, best[arm]] = rng.uniform(44, 47) + luck + rng.normal(0, 0.6, seeds)
            validation[arm, rows[2], 1] = 60.0  # this seed alone would choose otherwise
            validation[arm, rows[2], 0] -= 9.0
            validation[arm, rows[4]] = 48.5 + luck + rng.normal(0, 0.3, seeds)
            validation[arm, rows[4], -1] = 8.0  # most seeds like it, and their mean does not
            validation[arm, rows[3]] = 44.5 + luck + rng.normal(0, 0.3, seeds)  # good in both
            test[arm, rows[3]] = rng.uniform(49, 51) + rng.normal(0, 3.0, seeds)  # best on test
        t95 = {4: 3.18245, 5: 2.77645, 6: 2.57058}[seeds]
        cases.append(Case(group, (validation, test, t95)))
    return cases


FOUR = np.array(
    [[[40.0, 42.0], [44.0, 46.0], [30.0, 48.0]], [[41.0, 43.0], [38.0, 40.0], [30.0, 47.0]]]
)


TESTS = np.array(
    [[[39.0, 43.0], [45.0, 48.0], [50.0, 53.0]], [[40.0, 42.0], [47.0, 46.0], [44.0, 52.0]]]
)


U08_FAIR_GAIN = Exercise(
    id="u08_fair_gain",
    call="fair_gain(validation, test, t95)",
    points={"one best setting": 1.0, "two best settings": 2.0},
    by_hand=(
        Case(
            "one best setting",
            (
                np.array([[[40.0, 40.0], [44.0, 46.0]], [[41.0, 39.0], [43.0, 43.5]]]),
                np.array([[[50.0, 52.0], [47.0, 48.0]], [[53.0, 50.0], [41.0, 45.0]]]),
                12.5,
            ),
            keeps=("smallest", "by hand"),
        ),
        Case(
            "one best setting",
            (
                np.array(
                    [
                        [[40.0, 40.0, 41.0], [44.0, 46.0, 42.0]],
                        [[41.0, 39.0, 40.0], [43.0, 44.0, 42.0]],
                    ]
                ),
                np.array(
                    [
                        [[50.0, 52.0, 51.0], [40.0, 43.0, 39.0]],
                        [[47.0, 50.0, 46.0], [42.0, 44.0, 43.0]],
                    ]
                ),
                4.25,
            ),
            keeps=("sign",),
        ),
        Case(
            "one best setting",  # the best mean, of seeds that differ much
            (
                np.array([[[30.0, 70.0], [48.0, 48.5]], [[48.0, 47.0], [40.0, 41.0]]]),
                np.array([[[44.0, 47.0], [40.0, 43.0]], [[41.0, 45.0], [39.0, 43.5]]]),
                12.5,
            ),
            keeps=("average",),
            quotes="chosen by its mean validation accuracy",
        ),
        Case(
            "one best setting",  # 46.30 and 46.34
            (
                np.array([[[46.2, 46.4], [46.3, 46.38]], [[44.0, 42.0], [45.0, 44.0]]]),
                np.array([[[44.0, 47.0], [40.0, 43.0]], [[41.0, 45.0], [39.0, 43.5]]]),
                4.25,
            ),
            keeps=("average",),
            quotes="chosen by its mean validation accuracy",
        ),
        Case("two best settings", (FOUR, TESTS, 12.5), keeps=("average",)),
        Case(
            "two best settings",
            (
                np.array(
                    [
                        [[50.0, 30.0, 31.0], [44.0, 45.0, 46.0], [40.0, 20.0, 52.0]],
                        [[43.0, 44.0, 45.0], [49.0, 20.0, 21.0], [30.0, 31.0, 51.0]],
                    ]
                ),
                np.array(
                    [
                        [[47.0, 35.0, 33.0], [45.0, 48.0, 46.0], [41.0, 30.0, 43.0]],
                        [[46.0, 43.0, 42.0], [44.0, 31.0, 30.0], [36.0, 34.0, 49.0]],
                    ]
                ),
                4.25,
            ),
            keeps=("average",),
        ),
    ),
    promises=("average", "by hand", "sign", "smallest"),
    draw=draw_arms,
    same=close(rtol=1e-4, atol=1e-4),  # a gain near 0 is the difference of two large means
    reference=fair_gain,
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATER_SLIPS, *TRIED_SLIPS),
    accepted=(by_loop, by_covariance),
    lesson="Each arm by its own validation, the same seeds in both, one number on test data with "
    "its interval. Most remedies shrink when their baseline gets the same care.",
    answered_by=("coursekit.replicas.population", "coursekit.claims", "coursekit.intervals"),
)
