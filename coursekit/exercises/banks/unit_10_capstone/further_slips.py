"""Slips of unit 10 that further trials of its text brought up, each with its question."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.build_decide_slips import (
    judged,
    row_of,
    table_of,
)
from coursekit.exercises.engine.declare import Mistake


def four(arm, temperature):
    batch_size, lr, steps, momentum = arm
    return steps, batch_size * steps, temperature(batch_size, lr, momentum, steps), lr


def with_temperature(temperature: Callable[..., float]) -> Callable[..., list[float]]:
    return lambda base, arm: [
        after / before
        for after, before in zip(four(arm, temperature), four(base, temperature), strict=True)
    ]


def usual(base, arm):
    return with_temperature(lambda b, lr, m, n: lr / b / (1 - m))(base, arm)


def as_they_stand(base, arm):
    """Divide the settings in their order; without momentum the last is 0 over 0."""
    return [after / before if before else math.nan for before, after in zip(base, arm, strict=True)]


RATIOS = (
    Mistake(
        "the settings as they stand",
        "You divide the four settings. Which four quantities does the text list, and in which "
        "order?",
        as_they_stand,
    ),
    Mistake(
        "change in per cent",
        "You return changes in per cent. What does a ratio say of what is held fixed?",
        lambda base, arm: [100 * (ratio - 1) for ratio in usual(base, arm)],
    ),
    Mistake(
        "temperature times the steps",
        "Your temperature grows with the length of the run. Does the strength of the noise?",
        with_temperature(lambda b, lr, m, n: lr * n / b / (1 - m)),
    ),
    Mistake(
        "root of the momentum's factor",
        "Your momentum enters by a root. How far does it carry each gradient?",
        with_temperature(lambda b, lr, m, n: lr / b / math.sqrt(1 - m)),
    ),
    Mistake(
        "logarithms",
        "You return logarithms of ratios. What does the text ask for?",
        lambda base, arm: [math.log2(ratio) for ratio in usual(base, arm)],
    ),
)


def filled(values, chance):
    return np.array([chance if x is None else x for x in values], float)


def of_changes(formula: Callable[[np.ndarray, float], list[float]]) -> Callable[..., list[float]]:
    """Return an answer from (changes, quantile)."""
    return lambda before, after, chance, quantile: formula(
        filled(after, chance) - filled(before, chance), quantile
    )


def half_of(changes, quantile):
    return quantile * changes.std(ddof=1) / len(changes) ** 0.5


def means_of_survivors(before, after, chance, quantile):
    """Average what is left in each column; the interval is that of the filled changes."""
    means = [[x for x in column if x is not None] or [chance] for column in (before, after)]
    changes = filled(after, chance) - filled(before, chance)
    return [np.mean(means[1]) - np.mean(means[0]), half_of(changes, quantile)]


CHANGE = (
    Mistake(
        "means of those that ended",
        "You average each column over the runs that ended. Which runs make a pair then, and what "
        "does the docstring count the others as?",
        means_of_survivors,
    ),
    Mistake(
        "sign dropped",
        "Your change is never negative. Does the docstring let it be?",
        of_changes(lambda d, q: [abs(d.mean()), half_of(d, q)]),
    ),
    Mistake(
        "sum of the changes",
        "Your first number grows with the number of seeds. Which one does the docstring want?",
        of_changes(lambda d, q: [d.sum(), half_of(d, q)]),
    ),
    Mistake(
        "chance taken for per cent of one",
        "You divide chance by a hundred. In which unit does the docstring give it?",
        lambda b, a, chance, q: of_changes(lambda d, q: [d.mean(), half_of(d, q)])(
            b, a, chance / 100, q
        ),
    ),
)


def whole(value: float) -> int:
    return max(2, math.ceil(value - 1e-9))


def spread(changes) -> float:
    return float(np.std(np.array(changes, float), ddof=1))


NUM_SEEDS = (
    Mistake(
        "variance over the half-width",
        "You divide a variance by the half-width. Which of the two sides of your equation is "
        "squared?",
        lambda c, w, q: whole(q * spread(c) ** 2 / w),
    ),
    Mistake(
        "times the pilot's seeds",
        "You multiply by the number of seeds in the pilot. What has your formula to do with it?",
        lambda c, w, q: whole((q * spread(c) / w) ** 2 * len(c)),
    ),
    Mistake(
        "one less under the root",
        "Your half-width divides by the root of one less than the seeds. What stands under the "
        "root in the text?",
        lambda c, w, q: whole((q * spread(c) / w) ** 2 + 1),
    ),
    Mistake(
        "mean distance for deviation",
        "You average how far changes lie from their mean. Which measure of scatter does the text "
        "name?",
        lambda c, w, q: whole((q * float(np.abs(np.array(c) - np.mean(c)).mean()) / w) ** 2),
    ),
)


def gaps_of(run, arms, seeds):
    return np.isnan(np.array([[run(arm, seed) for seed in seeds] for arm in arms], float))


def where_one_diverged(verdict: float) -> Callable[..., list]:
    """Return a runner whose verdict is this as soon as a run of the arm diverged."""

    def answer(run, arms, seeds, chance, quantile):
        table, gaps = table_of(run, arms, seeds, chance), gaps_of(run, arms, seeds)
        rows = [row_of(row - table[0], quantile) for row in table[1:]]
        return [
            [mean, half, verdict if gap.any() else said]
            for (mean, half, said), gap in zip(rows, gaps[1:], strict=True)
        ]

    return answer


def open_if_any_diverged(run, arms, seeds, chance, quantile):
    table, gaps = table_of(run, arms, seeds, chance), gaps_of(run, arms, seeds)
    rows = [row_of(row - table[0], quantile) for row in table[1:]]
    return [
        [mean, half, 0.0 if gap.any() or gaps[0].any() else said]
        for (mean, half, said), gap in zip(rows, gaps[1:], strict=True)
    ]


def base_as_it_came(run, arms, seeds, chance, quantile):
    base = np.array([run(arms[0], seed) for seed in seeds], float)
    return [row_of(row - base, quantile) for row in table_of(run, arms, seeds, chance)[1:]]


BUILD = (
    Mistake(
        "open as soon as a run of the arm diverged",
        "Your verdict is open as soon as a run of the arm diverged. What does the text count such "
        "a run as, and what is then left open?",
        where_one_diverged(0.0),
    ),
    Mistake(
        "open as soon as any run diverged",
        "Your verdict is open as soon as a run of the arm or of the base diverged. What does the "
        "text count such a run as, and what is then left open?",
        open_if_any_diverged,
    ),
    Mistake(
        "worse as soon as a run of the arm diverged",
        "Your arm is worse as soon as one of its runs diverged. What does the interval say?",
        where_one_diverged(-1.0),
    ),
    Mistake(
        "the base's diverged runs forgotten",
        "You fill the arms and not the base. Can a run of the base not diverge?",
        base_as_it_came,
    ),
    Mistake(
        "everything else is worse",
        "Your verdict has two values: better, or worse. What if the interval holds zero?",
        judged(lambda mean, half: 1.0 if mean - half > 0 else -1.0),
    ),
    Mistake(
        "no verdict without scatter",
        "You give no verdict where all changes are equal. How wide is the interval there, and "
        "where does it lie?",
        judged(
            lambda mean, half: (
                0.0 if half < 1e-9 else 1.0 if mean > half else -1.0 if mean < -half else 0.0
            )
        ),
    ),
    Mistake(
        "rows backwards",
        "Your rows hold the verdict first. In which order does the docstring want the three?",
        lambda run, arms, seeds, chance, quantile: [
            row_of(row - base, quantile)[::-1]
            for table in [table_of(run, arms, seeds, chance)]
            for base, row in ((table[0], row) for row in table[1:])
        ],
    ),
)
