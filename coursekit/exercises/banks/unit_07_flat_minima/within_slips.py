"""Further wrong correlations within settings, as a learner writes them, each with a question."""

import math

import numpy as np
from scipy import stats

from coursekit.exercises.engine.declare import Mistake


def less(settings, values, middle):
    column, names = np.array(values, float), np.array(settings)
    for name in set(settings):
        column[names == name] -= middle(column[names == name])
    return column


def of(formula, middle=np.mean):
    def answer(settings, sharpness, accuracy):
        x, y = less(settings, sharpness, middle), less(settings, accuracy, middle)
        return float(formula(x, y)) if np.any(x) and np.any(y) else math.nan

    return answer


def by_ratio(settings, sharpness, accuracy):
    columns, names = [], np.array(settings)
    for values in (sharpness, accuracy):
        column = np.array(values, float)
        for name in set(settings):
            column[names == name] /= column[names == name].mean()
        columns.append(column)
    if any(np.ptp(c) < 1e-12 for c in columns):
        return math.nan
    return np.corrcoef(columns[0], columns[1])[0, 1]


def sums_of_roots(settings, sharpness, accuracy):
    x, y = less(settings, sharpness, np.mean), less(settings, accuracy, np.mean)
    names, top, below = np.array(settings), 0.0, 0.0
    for name in set(settings):
        a, b = x[names == name], y[names == name]
        top += a @ b
        below += math.sqrt((a @ a) * (b @ b))
    return top / below if below else math.nan


def ranks_of_all(settings, sharpness, accuracy):
    return float(stats.spearmanr(sharpness, accuracy).statistic)


def ranks_inside(settings, sharpness, accuracy):
    columns, names = [], np.array(settings)
    for values in (sharpness, accuracy):
        column = np.array(values, float)
        for name in set(settings):
            column[names == name] = stats.rankdata(column[names == name])
        columns.append(less(settings, column, np.mean))
    x, y = columns
    return float(x @ y / math.sqrt((x @ x) * (y @ y))) if np.any(x) and np.any(y) else math.nan


def last_setting(settings, sharpness, accuracy):
    name = list(dict.fromkeys(settings))[-1]
    rows = [i for i, s in enumerate(settings) if s == name]
    x, y = (np.array([column[i] for i in rows]) for column in (sharpness, accuracy))
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / math.sqrt((x @ x) * (y @ y))) if np.any(x) and np.any(y) else math.nan


def two_means(settings, sharpness, accuracy):
    x, y = (less(settings, column, np.mean) - np.mean(column) for column in (sharpness, accuracy))
    return float(x @ y / math.sqrt((x @ x) * (y @ y)))


MORE = (
    Mistake(
        "root forgotten",
        "Your number shrinks when both columns are given in larger units. What stands over the "
        "product of the two sums of squares?",
        of(lambda x, y: x @ y / ((x @ x) * (y @ y))),
    ),
    Mistake(
        "root over one sum",
        "You take a root of one of the two sums of squares. How far does the root reach?",
        of(lambda x, y: x @ y / (math.sqrt(x @ x) * (y @ y))),
    ),
    Mistake(
        "root over the first sum alone",
        "Your root ends behind the other sum of squares. How far does it reach?",
        of(lambda x, y: x @ y / ((x @ x) * math.sqrt(y @ y))),
    ),
    Mistake(
        "first run taken away",
        "You take away each setting's first run. Which value of a setting does the text take away?",
        of(lambda x, y: x @ y / math.sqrt((x @ x) * (y @ y)), middle=lambda v: v[0]),
    ),
    Mistake(
        "smallest run taken away",
        "You take away each setting's smallest value. Which one does the text take away?",
        of(lambda x, y: x @ y / math.sqrt((x @ x) * (y @ y)), middle=np.min),
    ),
    Mistake(
        "divided by the settings' means",
        "You divide by each setting's mean. What does the text do with it?",
        by_ratio,
    ),
    Mistake(
        "roots added up over settings",
        "You form the root in each setting and add up the roots. Is the root of a sum the sum of "
        "roots?",
        sums_of_roots,
    ),
    Mistake(
        "ranks of all runs",
        "You rank all runs together. Which differences do such ranks still hold?",
        ranks_of_all,
    ),
    Mistake(
        "ranks inside each setting",
        "You rank the runs of each setting. Which correlation does the docstring name?",
        ranks_inside,
    ),
    Mistake(
        "last setting alone",
        "You return the correlation of the last setting. Does your loop keep only what came last?",
        last_setting,
    ),
    Mistake(
        "sizes in place of squares",
        "You divide by sums of sizes. Which sums stand below the line?",
        of(lambda x, y: x @ y / (abs(x).sum() * abs(y).sum())),
    ),
    Mistake(
        "two means taken away",
        "You take away the mean of all runs and then each setting's mean of what was there before. "
        "How much have you taken away?",
        two_means,
    ),
)
