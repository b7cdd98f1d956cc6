"""Slips of unit 10 that a fourth, blind trial of its text brought up, up to the runner."""

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from coursekit.exercises.banks.unit_10_capstone.build_decide_slips import (
    row_of,
    rows_below,
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
from coursekit.exercises.engine.declare import Mistake

RATIOS = (
    Mistake(
        "in the order of the settings",
        "Your numbers begin with the batch, in the order of the settings. Which four does the text "
        "list, and in which order?",
        lambda base, arm: [arm[0] / base[0], *(usual(base, arm)[i] for i in (3, 0, 2))],
    ),
    Mistake(
        "rate times steps",
        "Your fourth number grows with the length of the run. What is the fourth in the text's "
        "list?",
        lambda base, arm: [*usual(base, arm)[:3], arm[1] * arm[2] / (base[1] * base[2])],
    ),
    Mistake(
        "temperature without the rate",
        "Your temperature does not know the learning rate. How far does a noisy step go?",
        with_temperature(lambda b, lr, m, n: 1 / b / (1 - m)),
    ),
)


def of_pairs_that_ran(values: Callable[..., list[float]]) -> Callable[..., list[float]]:
    """Return values(changes of pairs that ran, all changes with chance, quantile)."""

    def answer(before, after, chance, quantile):
        pairs = zip(before, after, strict=True)
        ran = np.array([y - x for x, y in pairs if x is not None and y is not None])
        return values(ran, filled(after, chance) - filled(before, chance), quantile)

    return answer


def of_those(changes, quantile):
    """Return mean and half-width of what is left, 0 where nothing is."""
    if len(changes) < 2:
        return [float(changes.mean()) if len(changes) else 0.0, 0.0]
    return [changes.mean(), half_of(changes, quantile)]


def worst_of_its_column(before, after, chance, quantile):
    columns = []
    for column in (before, after):
        ended = [x for x in column if x is not None] or [chance]
        columns.append(filled(column, min(ended)))
    return of_those(columns[1] - columns[0], quantile)


CHANGE = (
    Mistake(
        "two half-widths added",
        "You add the half-widths of the two columns. Of which numbers is the interval?",
        lambda b, a, chance, q: [
            (filled(a, chance) - filled(b, chance)).mean(),
            half_of(filled(a, chance), q) + half_of(filled(b, chance), q),
        ],
    ),
    Mistake(
        "pairs dropped, and zero where none is left",
        "You leave out pairs of which a run diverged. What does the text count such a run as?",
        of_pairs_that_ran(lambda ran, changes, q: of_those(ran, q)),
    ),
    Mistake(
        "interval of the pairs that ran",
        "Your interval leaves out pairs of which a run diverged, and your mean does not. Of which "
        "changes are both?",
        of_pairs_that_ran(
            lambda ran, changes, q: [changes.mean(), half_of(ran, q) if len(ran) > 1 else 0.0]
        ),
    ),
    Mistake(
        "the worst of its column",
        "You put the worst of the column where a run diverged. What does the text count it as?",
        worst_of_its_column,
    ),
    Mistake(
        "another chance",
        "You have a value of your own for guessing. Which one is given?",
        lambda b, a, chance, q: of_those(filled(a, 10.0) - filled(b, 10.0), q),
    ),
)


def by_its_own_quantile(changes, wanted, quantile):
    n = 2
    while n < 5000 and stats.t.ppf(0.975, n - 1) * spread(changes) / n**0.5 > wanted + 1e-12:
        n += 1
    return n


NUM_SEEDS = (
    Mistake(
        "a quantile for each n",
        "You look up a quantile for each n. Which one is given?",
        by_its_own_quantile,
    ),
    Mistake(
        "two columns that scatter apart",
        "You count the scatter twice, as of two columns. What scatters here: runs, or changes?",
        lambda c, w, q: whole(2 * (q * spread(c) / w) ** 2),
    ),
    Mistake(
        "an even number",
        "You go on to an even number. Is a seed a run, or a pair of them?",
        lambda c, w, q: (lambda n: n + n % 2)(whole((q * spread(c) / w) ** 2)),
    ),
    Mistake(
        "runs for seeds",
        "You count runs. How many seeds has a pair of them?",
        lambda c, w, q: 2 * whole((q * spread(c) / w) ** 2),
    ),
    Mistake(
        "one seed at the least",
        "You let one seed be enough. What is the deviation of a single change?",
        lambda c, w, q: max(1, math.ceil((q * spread(c) / w) ** 2 - 1e-9)),
    ),
    Mistake(
        "one seed without scatter",
        "Where the pilot does not scatter, one seed is enough for you. From how many on is there "
        "a deviation?",
        lambda c, w, q: whole((q * spread(c) / w) ** 2) if spread(c) > 0 else 1,
    ),
    Mistake(
        "the pilot's seeds without scatter",
        "Where the pilot does not scatter, you return its own number. What does the formula say "
        "there?",
        lambda c, w, q: whole((q * spread(c) / w) ** 2) if spread(c) > 0 else len(c),
    ),
)


def with_values(value: Callable[[float, float], float]) -> Callable[..., list]:
    """Return the runner that reads each accuracy as value(accuracy, chance)."""

    def answer(run, arms, seeds, chance, quantile):
        table = [[value(float(run(arm, seed)), chance) for seed in seeds] for arm in arms]
        return rows_below(np.array(table), quantile)

    return answer


def of_seeds_that_ran(fill_arm: bool) -> Callable[..., list]:
    """Return the runner that drops seeds, and gives zeros where fewer than two are left."""

    def answer(run, arms, seeds, chance, quantile):
        raw = table_of(run, arms, seeds, math.nan)
        rows = []
        for row in raw[1:]:
            changes = (np.where(np.isnan(row), chance, row) if fill_arm else row) - raw[0]
            kept = changes[~np.isnan(changes)]
            rows.append(row_of(kept, quantile) if len(kept) > 1 else [0.0, 0.0, 0.0])
        return rows

    return answer


def whole_arm_by_chance(run, arms, seeds, chance, quantile):
    raw = table_of(run, arms, seeds, math.nan)
    return rows_below(
        np.array([np.full(len(r), chance) if np.isnan(r).any() else r for r in raw]), quantile
    )


def unchanged_where_diverged(run, arms, seeds, chance, quantile):
    raw = table_of(run, arms, seeds, math.nan)
    return [row_of(np.nan_to_num(row - raw[0]), quantile) for row in raw[1:]]


def judged_by(limit: Callable[[float, float, int], float]) -> Callable[..., list]:
    """Return the runner whose verdict compares the mean with limit(half, quantile, seeds)."""

    def rows_of(base, row, quantile):
        mean, half, _ = row_of(row - base, quantile)
        return [mean, half, verdict_of(mean, limit(half, quantile, len(row)))]

    return with_rows(rows_of)


BUILD = (
    Mistake(
        "zero taken for diverged",
        "You count a run that is never right as diverged. What does `run` return for one that did?",
        with_values(lambda x, chance: x if x > 0 else chance),
    ),
    Mistake(
        "whole width",
        "Your half-width reaches from one end of the interval to the other. What does a plus-minus "
        "mean in this unit?",
        with_rows(lambda base, row, q: (lambda m, h, v: [m, 2 * h, v])(*row_of(row - base, q))),
    ),
    Mistake(
        "columns sorted",
        "You sort the accuracies. Which run belongs to which seed then?",
        with_rows(lambda base, row, q: row_of(np.sort(row) - np.sort(base), q)),
    ),
    Mistake(
        "seeds dropped, and zeros where none is left",
        "You leave out seeds on which a run diverged. What does the text count such a run as?",
        of_seeds_that_ran(fill_arm=False),
    ),
    Mistake(
        "the base's seeds dropped, and zeros where none is left",
        "You leave out seeds on which the base diverged. What does the text count such a run as, "
        "whoever's it is?",
        of_seeds_that_ran(fill_arm=True),
    ),
    Mistake(
        "the whole arm by chance",
        "One run of an arm diverged, and you count them all as chance. What of those that ended?",
        whole_arm_by_chance,
    ),
    Mistake(
        "no change where one diverged",
        "A run that diverged changes nothing in your answer. What does the text count it as?",
        unchanged_where_diverged,
    ),
    Mistake(
        "verdict by the standard error",
        "Your verdict compares the mean with its standard error. Which interval does the text "
        "compare with zero?",
        judged_by(lambda half, quantile, n: half / quantile),
    ),
)
