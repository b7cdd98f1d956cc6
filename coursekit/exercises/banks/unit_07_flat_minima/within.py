"""Correlation of sharpness and accuracy within settings."""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from coursekit.exercises.banks.unit_07_flat_minima.further_slips import WITHIN as FURTHER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.further_slips import varies
from coursekit.exercises.banks.unit_07_flat_minima.later_slips import WITHIN as LATER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.tried_slips import WITHIN as TRIED_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.within_cases import BY_HAND, draw_within
from coursekit.exercises.banks.unit_07_flat_minima.within_slips import MORE
from coursekit.exercises.engine.declare import Exercise, Mistake

Column = Sequence[float]


def centred(settings: Sequence[str], values: Column, middle: Callable = np.mean) -> np.ndarray:
    names, column = np.array(settings), np.array(values, float)
    left = np.zeros_like(column)
    for name in dict.fromkeys(settings):
        left[names == name] = column[names == name] - middle(column[names == name])
    return left


def pearson(one: np.ndarray, other: np.ndarray) -> float:
    if not min(abs(one).max(), abs(other).max()) >= 1e-9:  # rounding is all that is left
        return math.nan
    return float(one @ other / math.sqrt((one @ one) * (other @ other)))


def plain(one: Column, other: Column) -> float:
    x, y = np.array(one, float), np.array(other, float)
    return pearson(x - x.mean(), y - y.mean())


def within_settings(settings: Sequence[str], sharpness: Column, accuracy: Column) -> float:
    return pearson(centred(settings, sharpness), centred(settings, accuracy))


def within_by_sums(settings, sharpness, accuracy):
    """Add up products of deviations, setting by setting, from sums counted from its first run."""
    sxx = syy = sxy = 0.0
    for name in sorted(set(settings)):
        rows = [(x, y) for n, x, y in zip(settings, sharpness, accuracy, strict=True) if n == name]
        rows = [(x - rows[0][0], y - rows[0][1]) for x, y in rows]
        n, sx, sy = len(rows), sum(x for x, _ in rows), sum(y for _, y in rows)
        if n > 1:
            sxx += sum(x * x for x, _ in rows) - sx * sx / n
            syy += sum(y * y for _, y in rows) - sy * sy / n
            sxy += sum(x * y for x, y in rows) - sx * sy / n
    return sxy / math.sqrt(sxx * syy) if sxx > 0 and syy > 0 else math.nan


def within_by_regression(settings, sharpness, accuracy):
    """Take out a constant for each setting by least squares, then correlate what is left."""
    names = sorted(set(settings))
    dummies = np.array([[float(s == name) for name in names] for s in settings])
    left = []
    for column in (sharpness, accuracy):
        y = np.array(column, float)
        left.append(y - dummies @ np.linalg.lstsq(dummies, y, rcond=None)[0])
    if min(np.abs(x).max() for x in left) < 1e-9:
        return math.nan
    return np.corrcoef(left[0], left[1])[0, 1]


def of_parts(join: Callable[[list[float], list[int]], float]) -> Callable[..., float]:
    """Return an answer made of the correlation inside each setting."""

    def answer(settings, sharpness, accuracy):
        found, counts = [], []
        for name in dict.fromkeys(settings):
            rows = [i for i, s in enumerate(settings) if s == name]
            r = plain([sharpness[i] for i in rows], [accuracy[i] for i in rows])
            if len(rows) > 1 and math.isfinite(r):
                found.append(r)
                counts.append(len(rows))
        return join(found, counts) if found else math.nan

    return answer


def of_means(settings, sharpness, accuracy):
    names = list(dict.fromkeys(settings))
    rows = [
        [np.mean([v for s, v in zip(settings, column, strict=True) if s == name]) for name in names]
        for column in (sharpness, accuracy)
    ]
    return plain(*rows)


def in_blocks(settings, sharpness, accuracy):
    """Take neighbours of one name for a setting, as itertools.groupby does."""
    blocks = [f"{i}" for i, (_, g) in enumerate(itertools.groupby(settings)) for _ in g]
    return within_settings(blocks, sharpness, accuracy)


def formula(of: Callable[[np.ndarray, np.ndarray, int], float]) -> Callable[..., float]:
    """Return an answer made of the centred columns and the number of settings."""

    def answer(settings, sharpness, accuracy):
        return of(centred(settings, sharpness), centred(settings, accuracy), len(set(settings)))

    return answer


U07_WITHIN = Exercise(
    id="u07_within",
    call="within_settings(settings, sharpness, accuracy)",
    points={"equal settings": 1.0, "uneven settings": 2.0},
    by_hand=BY_HAND,
    promises=("average", "by hand", "nan", "order", "range", "sign", "smallest", "uneven"),
    draw=draw_within,
    reference=within_settings,
    nan_says="You say that nothing varies inside a setting. Do two runs of one setting differ?",
    mistakes=(
        Mistake(
            "all runs together",
            "You correlate all runs as they are. Then settings differ as well as runs: which of "
            "the two does your number speak of?",
            lambda g, x, y: plain(x, y),
        ),
        Mistake(
            "means of the settings",
            "You correlate the settings' means. Is that what is left when the settings' "
            "differences are taken away, or what is taken away?",
            of_means,
        ),
        Mistake(
            "mean of the settings' correlations",
            "You average one correlation a setting. Does a setting of two runs, whose correlation "
            "is always of full size, tell as much as one of six?",
            of_parts(lambda r, n: float(np.mean(r))),
        ),
        Mistake(
            "weighted mean of correlations",
            "Each setting counts by its number of runs, as if its spread had been divided out. "
            "Which sums does the text want to be formed over all runs together?",
            of_parts(lambda r, n: float(np.average(r, weights=n))),
        ),
        Mistake(
            "first setting alone",
            "You use the first setting alone. What do the other settings say?",
            of_parts(lambda r, n: r[0]),
        ),
        Mistake(
            "largest setting alone",
            "You use the setting with the most runs alone. What do the others say?",
            of_parts(lambda r, n: r[int(np.argmax(n))]),
        ),
        Mistake(
            "sharpness centred alone",
            "You take its setting's mean from the sharpness alone. What does the accuracy still "
            "carry from one setting to the next?",
            lambda g, x, y: pearson(centred(g, x), np.array(y) - np.mean(y)),
        ),
        Mistake(
            "accuracy centred alone",
            "You take its setting's mean from the accuracy alone. What does the sharpness still "
            "carry from one setting to the next?",
            lambda g, x, y: pearson(np.array(x) - np.mean(x), centred(g, y)),
        ),
        Mistake(
            "medians taken away",
            "You take away each setting's median. Which middle does the text name?",
            lambda g, x, y: pearson(centred(g, x, np.median), centred(g, y, np.median)),
        ),
        Mistake(
            "medians, then centred",
            "You take away each setting's median, and correlate. Which middle does the text name?",
            lambda g, x, y: plain(list(centred(g, x, np.median)), list(centred(g, y, np.median))),
        ),
        Mistake(
            "neighbours for settings",
            "You take neighbours of one name for a setting. Are the runs sorted?",
            in_blocks,
        ),
        Mistake(
            "ranks",
            "You correlate ranks of the deviations. Which correlation does the docstring name?",
            formula(lambda x, y, k: float(stats.spearmanr(*np.round([x, y], 9)).statistic)),
        ),
        Mistake(
            "covariance",
            "Your number has the unit of sharpness times accuracy. By what is a covariance "
            "divided to lose it?",
            formula(lambda x, y, k: float(x @ y) / len(x) if varies(x) and varies(y) else math.nan),
        ),
        Mistake(
            "sample covariance",
            "You return a covariance. By what is it divided to become a correlation?",
            formula(
                lambda x, y, k: float(x @ y) / (len(x) - 1) if varies(x) and varies(y) else math.nan
            ),
        ),
        Mistake(
            "slope",
            "You divide by the variance of one of the two. What is left of its unit?",
            formula(
                lambda x, y, k: float(x @ y / (x @ x)) if varies(x) and varies(y) else math.nan
            ),
        ),
        Mistake(
            "slope the other way",
            "You divide by the variance of accuracy alone. What is left of the units?",
            formula(
                lambda x, y, k: float(x @ y / (y @ y)) if varies(x) and varies(y) else math.nan
            ),
        ),
        Mistake(
            "two divisors",
            "Your covariance and your spreads divide by different counts. Do both have to cancel?",
            formula(lambda x, y, k: pearson(x, y) * len(x) / (len(x) - 1)),
        ),
        Mistake(
            "two divisors the other way",
            "Your covariance and your spreads divide by different counts, the covariance by the "
            "larger. Do both have to cancel?",
            formula(lambda x, y, k: pearson(x, y) * (len(x) - 1) / len(x)),
        ),
        Mistake(
            "size alone",
            "Your number is never below zero. Can sharper runs of one setting be worse?",
            formula(lambda x, y, k: abs(pearson(x, y))),
        ),
        Mistake(
            "squared",
            "You return the share of the variance. What happens to the sign?",
            formula(lambda x, y, k: pearson(x, y) ** 2),
        ),
        Mistake(
            "zero where nothing varies",
            "You say zero where nothing varies inside a setting. Is the correlation there absent, "
            "or unknown?",
            formula(lambda x, y, k: pearson(x, y) if varies(x) and varies(y) else 0.0),
        ),
        *MORE,
        *FURTHER_SLIPS,
        *LATER_SLIPS,
        *TRIED_SLIPS,
    ),
    accepted=(within_by_sums, within_by_regression),
    lesson="Across settings, a third thing may move both; within one setting it stands still. Two "
    "correlations of one table can have opposite signs.",
    answered_by=("coursekit.experiments.equal_loss",),
)
