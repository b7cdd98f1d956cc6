"""Slips of unit 10 that a third trial of its text brought up, up to the survivors."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.build_decide_slips import (
    judged,
    row_of,
    table_of,
    verdict_of,
    with_rows,
)
from coursekit.exercises.banks.unit_10_capstone.further_slips import (
    filled,
    half_of,
    spread,
    usual,
    whole,
    with_temperature,
)
from coursekit.exercises.banks.unit_10_capstone.survivors_slips import every, meets
from coursekit.exercises.engine.declare import Mistake


def with_first(place: int, value: Callable[..., float]) -> Callable[..., list[float]]:
    """Return the right ratios with one of them replaced by value(base, arm)."""

    def answer(base, arm):
        numbers = usual(base, arm)
        numbers[place] = float(value(base, arm))
        return numbers

    return answer


RATIOS = (
    Mistake(
        "batch in place of steps",
        "Your first number is the ratio of the batches. Which of the two says how often the "
        "weights move?",
        with_first(0, lambda base, arm: arm[0] / base[0]),
    ),
    Mistake(
        "temperature without the batch",
        "Your temperature does not know the batch. Whose gradient is the noisier, a small one's or "
        "a large one's?",
        with_temperature(lambda b, lr, m, n: lr / (1 - m)),
    ),
    Mistake(
        "whole steps",
        "You divide the steps and drop what is left over. Does the text ask for whole ratios?",
        with_first(0, lambda base, arm: arm[2] // base[2]),
    ),
    Mistake(
        "one minus the square of the momentum",
        "Your momentum stands as a square under one. What is the sum of all its powers?",
        with_temperature(lambda b, lr, m, n: lr / b / (1 - m * m)),
    ),
    Mistake(
        "examples carried by momentum",
        "You count more examples where there is momentum. Does it bring any?",
        with_first(
            1, lambda base, arm: arm[0] * arm[2] / base[0] / base[2] * (1 - base[3]) / (1 - arm[3])
        ),
    ),
    Mistake(
        "natural logarithms",
        "You return natural logarithms of ratios. What does the text ask for?",
        lambda base, arm: [math.log(ratio) for ratio in usual(base, arm)],
    ),
)


def of_columns(formula: Callable[..., list[float]]) -> Callable[..., list[float]]:
    """Return an answer from (before, after, quantile), both columns filled with chance."""
    return lambda before, after, chance, quantile: formula(
        filled(before, chance), filled(after, chance), quantile
    )


def columns_mean(before, after, chance, quantile):
    """Put the mean of those that ended in a column where one of it diverged."""
    columns = []
    for column in (before, after):
        ended = [x for x in column if x is not None] or [chance]
        columns.append(filled(column, float(np.mean(ended))))
    changes = columns[1] - columns[0]
    return [changes.mean(), half_of(changes, quantile)]


CHANGE = (
    Mistake(
        "scatter of the runs before",
        "Your interval is that of the runs before the change. Does the scatter which both runs of "
        "a pair share belong to it?",
        of_columns(lambda b, a, q: [(a - b).mean(), half_of(b, q)]),
    ),
    Mistake(
        "the column's mean for a diverged run",
        "You put the mean of the others where a run diverged. Did it end where they did?",
        columns_mean,
    ),
    Mistake(
        "points divided by a hundred",
        "You divide the change by a hundred. In which unit does the docstring want it?",
        of_columns(lambda b, a, q: [(a - b).mean() / 100, half_of(a - b, q)]),
    ),
)


def about_zero(changes) -> float:
    return float(np.sqrt(np.square(changes).sum() / (len(changes) - 1)))


NUM_SEEDS = (
    Mistake(
        "whole but for rounding, and one more",
        "Where the formula gives a whole number but for its last digits, you take one seed more. "
        "What does the text say about that?",
        lambda c, w, q: max(2, math.ceil((q * spread(c) / w) ** 2)),
    ),
    Mistake(
        "deviation from zero",
        "Your deviations are taken from zero. Does a large change need more seeds because it is "
        "large?",
        lambda c, w, q: whole((q * about_zero(c) / w) ** 2),
    ),
    Mistake(
        "rounded up before the square",
        "You round up and square then. Which of the two steps comes last?",
        lambda c, w, q: max(2, math.ceil(q * spread(c) / w - 1e-9) ** 2),
    ),
    Mistake(
        "doubled until it is enough",
        "You double until it is enough. Which number of seeds is the smallest?",
        lambda c, w, q: 2 ** max(1, math.ceil(math.log2(whole((q * spread(c) / w) ** 2)))),
    ),
    Mistake(
        "never more than a thousand",
        "You stop at a limit of your own. What does the formula say there?",
        lambda c, w, q: min(1000, whole((q * spread(c) / w) ** 2)),
    ),
)


def left_out_of(base: bool) -> Callable[..., list]:
    """Return a runner that fills the base or the arms, and leaves out the other's gaps."""

    def answer(run, arms, seeds, chance, quantile):
        raw = table_of(run, arms, seeds, math.nan)
        table = table_of(run, arms, seeds, chance)
        rows = []
        for place in range(1, len(arms)):
            changes = (table[place] - raw[0]) if base else (raw[place] - table[0])
            kept = changes[~np.isnan(changes)]
            rows.append(row_of(kept, quantile) if len(kept) > 1 else [math.nan, math.nan, 0.0])
        return rows

    return answer


def against_the_last(run, arms, seeds, chance, quantile):
    table = table_of(run, arms, seeds, chance)
    return [row_of(row - table[-1], quantile) for row in table[1:]]


def best_first(run, arms, seeds, chance, quantile):
    table = table_of(run, arms, seeds, chance)
    return sorted((row_of(row - table[0], quantile) for row in table[1:]), key=lambda row: -row[0])


def first_pair(run, arms, seeds, chance, quantile):
    table = table_of(run, arms, seeds, chance)[:, 0]
    return [[x - table[0], 0.0, float(np.sign(x - table[0]))] for x in table[1:]]


def middle_change(base, row, quantile):
    half = row_of(row - base, quantile)[1]
    middle = float(np.median(row - base))
    return [middle, half, verdict_of(middle, half)]


BUILD = (
    Mistake(
        "the base's gaps left out",
        "You fill the arms and leave out seeds where the base diverged. What does the text count "
        "such a run as, whoever's it is?",
        left_out_of(base=True),
    ),
    Mistake(
        "the arms' gaps left out",
        "You fill the base and leave out seeds where an arm diverged. What does the text count "
        "such a run as, whoever's it is?",
        left_out_of(base=False),
    ),
    Mistake(
        "middle change",
        "You take the middle change. Which mean does the text ask for?",
        with_rows(middle_change),
    ),
    Mistake(
        "verdict by twice the interval",
        "Your verdict takes twice the interval. Which one does the text compare with zero?",
        judged(lambda m, h: 1.0 if m > 2 * h else -1.0 if m < -2 * h else 0.0),
    ),
    Mistake(
        "half a point at least",
        "Your verdict leaves small changes open. Does the text ask how large one is, or where its "
        "interval lies?",
        judged(lambda m, h: verdict_of(m, h) if abs(m) > 0.5 else 0.0),
    ),
    Mistake(
        "better or nothing",
        "Your verdict knows better and nothing else. What of an arm that is worse?",
        judged(lambda m, h: float(m - h > 0)),
    ),
    Mistake(
        "the last arm as the base",
        "You compare with the last arm. Which one does the text call the base?",
        against_the_last,
    ),
    Mistake(
        "best arm first",
        "Your rows stand in the order of their changes. Which row belongs to which arm?",
        best_first,
    ),
    Mistake(
        "one seed, known exactly",
        "You look at the first seed and give it no interval. What are the others for?",
        first_pair,
    ),
)


def one_forgiven(means, halves, predictions):
    return [
        int(sum(not meets(m, h, *r) for m, h, r in zip(means, halves, p, strict=True)) <= 1)
        for p in predictions
    ]


def averaged(means, halves, predictions):
    m, h = float(np.mean(means)), float(np.mean(halves))
    return [int(meets(m, h, *np.mean(p, axis=0))) for p in predictions]


def without_the_last(means, halves, predictions):
    return every(meets)(means[:-1], halves[:-1], [p[:-1] for p in predictions])


def for_each_arm(means, halves, predictions):
    columns = zip(*predictions, strict=True)
    rows = zip(means, halves, columns, strict=True)
    return [int(all(meets(m, h, *r) for r in column)) for m, h, column in rows]


SURVIVORS = (
    Mistake(
        "mean or an end inside",
        "You ask for the mean or an end of the interval inside the prediction. What if the "
        "prediction lies between them?",
        every(lambda m, h, low, high: any(low <= x <= high for x in (m - h, m, m + h))),
    ),
    Mistake(
        "one failure forgiven",
        "You forgive one failed prediction. How many does it take to refute?",
        one_forgiven,
    ),
    Mistake(
        "averages over the arms",
        "You compare averages over the arms. Can a failure on one arm be made good on another?",
        averaged,
    ),
    Mistake(
        "sign alone",
        "You compare signs. What else does an explanation predict?",
        every(lambda m, h, low, high: m * (low + high) >= 0),
    ),
    Mistake(
        "the last arm left out",
        "You leave the last arm out. Where does your loop end?",
        without_the_last,
    ),
    Mistake(
        "a verdict for each arm",
        "You judge arms. What does the docstring want a verdict on?",
        for_each_arm,
    ),
    Mistake(
        "distance of the middles",
        "You compare the distance of the two middles with the larger half. From how far apart on "
        "do two ranges have nothing in common?",
        every(lambda m, h, low, high: abs(m - (low + high) / 2) <= max(h, (high - low) / 2)),
    ),
)
