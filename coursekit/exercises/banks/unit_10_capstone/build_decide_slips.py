"""Slips of those who build the runner of a decision experiment, and what a row is made of."""

import math

import numpy as np

from coursekit.exercises.engine.declare import Mistake


def verdict_of(mean: float, half: float) -> float:
    return 1.0 if mean - half > 0 else -1.0 if mean + half < 0 else 0.0


def table_of(run, arms, seeds, chance):
    rows = [[run(arm, seed) for seed in seeds] for arm in arms]
    table = np.array(rows, dtype=float)
    return np.where(np.isnan(table), chance, table)


def row_of(changes, quantile):
    mean = float(np.mean(changes))
    half = float(quantile * np.std(changes, ddof=1) / math.sqrt(len(changes)))
    return [mean, half, verdict_of(mean, half)]


def with_rows(rows_of):
    """Return a mistake that makes its rows of (base, arm, quantile), both filled."""

    def answer(run, arms, seeds, chance, quantile):
        table = table_of(run, arms, seeds, chance)
        return [rows_of(table[0], row, quantile) for row in table[1:]]

    return answer


def halved(half_of):
    """Return a mistake with another half-width, made of (changes, quantile)."""

    def rows_of(base, row, quantile):
        mean, half = float((row - base).mean()), float(half_of(row - base, quantile))
        return [mean, half, verdict_of(mean, half)]

    return with_rows(rows_of)


def judged(verdict):
    """Return a mistake with another verdict, made of (mean, half)."""

    def rows_of(base, row, quantile):
        mean, half, _ = row_of(row - base, quantile)
        return [mean, half, verdict(mean, half)]

    return with_rows(rows_of)


def rows_below(table, quantile):
    return [row_of(row - table[0], quantile) for row in table[1:]]


def chance_as_a_change(run, arms, seeds, chance, quantile):
    table = table_of(run, arms, seeds, math.nan)
    changes = table[1:] - table[0]
    return [row_of(row, quantile) for row in np.where(np.isnan(changes), chance, changes)]


def over_the_arms(run, arms, seeds, chance, quantile):
    table = table_of(run, arms, seeds, chance)
    changes = (table[1:] - table[0]).T
    if len(arms) == 2:
        return [[float(row[0]), 0.0, 0.0] for row in changes]
    return [row_of(row, quantile) for row in changes]


SLIPS = (
    Mistake(
        "the mean of the base",
        "Your interval has all the scatter of the arm. Which run of the base shares each run's "
        "luck, and what is left of it in their difference?",
        with_rows(lambda base, row, q: row_of(row - base.mean(), q)),
    ),
    Mistake(
        "the base's first seed",
        "You compare every run with one run of the base. Which one shares its luck?",
        with_rows(lambda base, row, q: row_of(row - base[0], q)),
    ),
    Mistake(
        "divides by n",
        "Your deviation divides by the number of seeds. Their mean was fitted to those same "
        "seeds: how many deviations are still free?",
        halved(lambda c, q: q * c.std() / math.sqrt(len(c))),
    ),
    Mistake(
        "divided by n twice",
        "You divide by the number of seeds, not by its root. How does the error of a mean shrink?",
        halved(lambda c, q: q * c.std(ddof=1) / len(c)),
    ),
    Mistake(
        "a quantile of your own",
        "You take the quantile of a large sample. Which one is given?",
        with_rows(lambda base, row, q: row_of(row - base, 1.96)),
    ),
    Mistake(
        "touching is a verdict",
        "An interval that touches zero has a verdict in your answer. What does the text say of it?",
        judged(lambda m, h: 1.0 if m - h >= 0 else -1.0 if m + h <= 0 else 0.0),
    ),
    Mistake(
        "touching from above is better",
        "An interval that begins at zero has a verdict in your answer. What does the text say of "
        "it?",
        judged(lambda m, h: float(m - h >= 0) - float(m + h < 0)),
    ),
    Mistake(
        "touching from below is worse",
        "An interval that ends at zero has a verdict in your answer. What does the text say of it?",
        judged(lambda m, h: float(m - h > 0) - float(m + h <= 0)),
    ),
    Mistake(
        "two verdicts",
        "Better and worse have one verdict in your answer. How does a reader tell them apart?",
        judged(lambda m, h: abs(verdict_of(m, h))),
    ),
    Mistake(
        "verdict turned round",
        "Your verdict is turned round. On which side of zero is an arm that is better?",
        judged(lambda m, h: -verdict_of(m, h)),
    ),
    Mistake(
        "diverged counts as zero",
        "You count a diverged run as zero. How often is a network right that guesses?",
        lambda run, arms, seeds, chance, q: rows_below(table_of(run, arms, seeds, 0.0), q),
    ),
    Mistake(
        "chance as a change",
        "You put chance where a change belongs. What is it the accuracy of?",
        chance_as_a_change,
    ),
    Mistake(
        "another chance",
        "You have a value of your own for guessing. Which one is given?",
        lambda run, arms, seeds, chance, q: rows_below(table_of(run, arms, seeds, 10.0), q),
    ),
    Mistake(
        "all below chance raised",
        "You raise an accuracy below chance. Did that run diverge?",
        lambda run, arms, seeds, chance, q: rows_below(
            np.maximum(table_of(run, arms, seeds, chance), chance), q
        ),
    ),
    Mistake(
        "the base among the rows",
        "You return a row for the base too. What is its change to itself?",
        lambda run, arms, seeds, chance, q: (lambda t: [row_of(row - t[0], q) for row in t])(
            table_of(run, arms, seeds, chance)
        ),
    ),
    Mistake(
        "one row",
        "You return the row of one arm. What became of the others?",
        lambda run, arms, seeds, chance, q: rows_below(table_of(run, arms, seeds, chance), q)[-1:],
    ),
    Mistake(
        "ends of the interval",
        "You return where each interval begins and ends. What are the first two numbers of a row?",
        with_rows(lambda base, row, q: (lambda m, h, v: [m - h, m + h, v])(*row_of(row - base, q))),
    ),
    Mistake(
        "last seed left out",
        "You leave a seed out. How many are given?",
        lambda run, arms, seeds, chance, q: rows_below(
            table_of(run, arms, seeds[: max(2, len(seeds) - 1)], chance), q
        ),
    ),
    Mistake(
        "mean over the arms",
        "You average over the arms. What changes from one number of a mean to the next: the seed "
        "or the arm?",
        over_the_arms,
    ),
)
