"""Further wrong correlations within settings, as a learner writes them, each with a question."""

import math

import numpy as np
from scipy import stats

from coursekit.exercises.banks.unit_07_flat_minima.further_slips import varies
from coursekit.exercises.engine.declare import Mistake


def less(settings, values, middle):
    column, names = np.array(values, float), np.array(settings)
    for name in set(settings):
        column[names == name] -= middle(column[names == name])
    return column


def of(formula, middle=np.mean):
    def answer(settings, sharpness, accuracy):
        x, y = less(settings, sharpness, middle), less(settings, accuracy, middle)
        return float(formula(x, y)) if varies(x) and varies(y) else math.nan

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
    return top / below if varies(x) and varies(y) else math.nan


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
    return float(x @ y / math.sqrt((x @ x) * (y @ y))) if varies(x) and varies(y) else math.nan


def last_setting(settings, sharpness, accuracy):
    name = list(dict.fromkeys(settings))[-1]
    rows = [i for i, s in enumerate(settings) if s == name]
    x, y = (np.array([column[i] for i in rows]) for column in (sharpness, accuracy))
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / math.sqrt((x @ x) * (y @ y))) if varies(x) and varies(y) else math.nan


def two_means(settings, sharpness, accuracy):
    x, y = (less(settings, column, np.mean) - np.mean(column) for column in (sharpness, accuracy))
    return float(x @ y / math.sqrt((x @ x) * (y @ y)))


def as_they_are(settings, sharpness, accuracy):
    x, y = np.array(sharpness, float), np.array(accuracy, float)
    return float(x @ y / math.sqrt((x @ x) * (y @ y)))


def one_as_it_is(which):
    """Return an answer that takes means away from one of the two alone."""

    def answer(settings, sharpness, accuracy):
        columns = [np.array(sharpness, float), np.array(accuracy, float)]
        columns[1 - which] = less(settings, columns[1 - which], np.mean)
        x, y = columns
        return float(x @ y / math.sqrt((x @ x) * (y @ y))) if varies(x) and varies(y) else math.nan

    return answer


def equal_blocks(settings, sharpness, accuracy):
    size = max(1, len(settings) // len(set(settings)))
    blocks = [str(i // size) for i in range(len(settings))]
    return of(lambda x, y: x @ y / math.sqrt((x @ x) * (y @ y)))(blocks, sharpness, accuracy)


def places(column):
    return np.argsort(np.argsort(column, kind="stable"), kind="stable").astype(float)


def ranks_then_centred(settings, sharpness, accuracy):
    product = of(lambda x, y: x @ y / math.sqrt((x @ x) * (y @ y)))
    return product(settings, places(sharpness), places(accuracy))


def correlated_places(x, y):
    return np.corrcoef(places(x), places(y))[0, 1]


def unless(problem, value):
    """Return an answer that says something else where a setting has one run, or nothing varies."""

    def answer(settings, sharpness, accuracy):
        x, y = less(settings, sharpness, np.mean), less(settings, accuracy, np.mean)
        if problem(x, y, [settings.count(name) for name in set(settings)]):
            return value
        size = math.sqrt((x @ x) * (y @ y))
        return float(x @ y / size) if varies(x) and varies(y) else math.nan

    return answer


def lone_runs_as_they_are(settings, sharpness, accuracy):
    columns = []
    for values in (sharpness, accuracy):
        column, names = np.array(values, float), np.array(settings)
        for name in set(settings):
            if settings.count(name) > 1:
                column[names == name] -= column[names == name].mean()
        columns.append(column)
    x, y = columns
    return float(x @ y / math.sqrt((x @ x) * (y @ y))) if varies(x) and varies(y) else math.nan


def while_it_changes(settings, sharpness, accuracy):
    columns = [list(sharpness), list(accuracy)]
    for column in columns:
        for i, name in enumerate(settings):
            same = [v for n, v in zip(settings, column, strict=True) if n == name]
            column[i] -= sum(same) / len(same)
    return (
        as_they_are(settings, *columns) if varies(columns[0]) and varies(columns[1]) else math.nan
    )


def sums_over_all_runs(settings, sharpness, accuracy):
    n = len(settings)
    return as_they_are(
        settings,
        *(less(settings, c, lambda v: v.sum() / n) for c in (sharpness, accuracy)),
    )


def no_guard(settings, sharpness, accuracy):
    x, y = less(settings, sharpness, np.mean), less(settings, accuracy, np.mean)
    size = math.sqrt((x @ x) * (y @ y))
    return float(x @ y / size) if size else math.inf


MORE = (
    Mistake(
        "nothing taken away",
        "You put the numbers as they are into the formula. What is to be taken away first?",
        as_they_are,
    ),
    Mistake(
        "accuracy as it is",
        "Your accuracy still holds what its setting has. From which of the two are means taken?",
        one_as_it_is(1),
    ),
    Mistake(
        "sharpness as it is",
        "Your sharpness still holds what its setting has. From which of the two are means taken?",
        one_as_it_is(0),
    ),
    Mistake(
        "sign turned",
        "Your number has the other sign. Are both columns value less mean?",
        of(lambda x, y: -(x @ y) / math.sqrt((x @ x) * (y @ y))),
    ),
    Mistake(
        "blocks of one length",
        "You cut the list into blocks of one length. Are the runs sorted, and as many in each "
        "setting?",
        equal_blocks,
    ),
    Mistake(
        "ranks, then centred",
        "You rank all runs and centre the ranks. Which correlation does the docstring name?",
        ranks_then_centred,
    ),
    Mistake(
        "places of the deviations",
        "You correlate the places of the deviations. Which correlation does the docstring name?",
        of(correlated_places),
    ),
    Mistake(
        "divided by zero",
        "You divide by zero where nothing varies inside a setting. What does the docstring say of "
        "it?",
        no_guard,
    ),
    Mistake(
        "zero where one does not vary",
        "You say zero where one of the two does not vary inside a setting. Is the correlation "
        "there absent, or unknown?",
        unless(lambda x, y, n: bool(varies(x)) != bool(varies(y)), 0.0),
    ),
    Mistake(
        "unknown as soon as a run is alone",
        "You give up as soon as one setting has one run. What do the other settings say?",
        unless(lambda x, y, n: min(n) < 2, math.nan),
    ),
    Mistake(
        "lone runs as they are",
        "You take nothing away where a setting has one run. What is the mean of one number?",
        lone_runs_as_they_are,
    ),
    Mistake(
        "means taken while the list changes",
        "You write into the list whose means you take. Which values does the next mean see?",
        while_it_changes,
    ),
    Mistake(
        "divided by the number of all runs",
        "You divide each setting's sum by the number of all runs. How many runs are in the sum?",
        sums_over_all_runs,
    ),
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
