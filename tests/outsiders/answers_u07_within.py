import math
from collections import defaultdict

import numpy as np
import torch


def groups_of(settings):
    found = defaultdict(list)
    for i, name in enumerate(settings):
        found[name].append(i)
    return found


def centred(settings, values):
    values = np.array(values, dtype=float)
    left = values.copy()
    for rows in groups_of(settings).values():
        left[rows] -= values[rows].mean()
    return left


def places(values):
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(float)


def tiny(left, values):
    return np.abs(left).max() <= 1e-9 * max(1e-300, float(np.abs(values).max()))


def pearson(x, y):
    return float((x * y).sum() / math.sqrt((x**2).sum() * (y**2).sum()))


# ---------------------------------------------------------------- right
def r_loops(settings, sharpness, accuracy):
    xs, ys = [], []
    for name, s, a in zip(settings, sharpness, accuracy, strict=True):
        same = [i for i, other in enumerate(settings) if other == name]
        xs.append(s - math.fsum(sharpness[i] for i in same) / len(same))
        ys.append(a - math.fsum(accuracy[i] for i in same) / len(same))
    xx = sum(x * x for x in xs)
    yy = sum(y * y for y in ys)
    if xx < 1e-20 or yy < 1e-20:
        return math.nan
    return sum(x * y for x, y in zip(xs, ys, strict=True)) / math.sqrt(xx * yy)


def r_torch(settings, sharpness, accuracy):
    names = sorted(set(settings))
    which = torch.tensor([names.index(s) for s in settings])
    one_hot = torch.nn.functional.one_hot(which, len(names)).double()
    both = torch.tensor([sharpness, accuracy], dtype=torch.float64).T
    both = both - one_hot @ ((one_hot.T @ both) / one_hot.sum(dim=0)[:, None])
    if both.abs().max(dim=0).values.min() < 1e-9:  # added when a case began to try this
        return math.nan
    cov = both.T @ both
    return cov[0, 1] / (cov[0, 0] * cov[1, 1]).sqrt()


def r_unit_vectors(settings, sharpness, accuracy):
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    if tiny(x, sharpness) or tiny(y, accuracy):
        return math.nan
    return float((x / np.linalg.norm(x)) @ (y / np.linalg.norm(y)))


def r_projection(settings, sharpness, accuracy):
    names = np.array(settings)
    same = (names[:, None] == names[None, :]).astype(float)
    keep = np.eye(len(names)) - same / same.sum(axis=1, keepdims=True)
    x, y = keep @ np.array(sharpness, dtype=float), keep @ np.array(accuracy, dtype=float)
    if min(abs(x).max(), abs(y).max()) < 1e-9:  # not x.any() until a case began to try this
        return math.nan
    return float(np.dot(x, y) / (np.linalg.norm(x) * np.linalg.norm(y)))


def r_corrcoef(settings, sharpness, accuracy):
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    if tiny(x, sharpness) or tiny(y, accuracy):
        return math.nan
    return float(np.corrcoef(x, y)[0, 1])


RIGHT = [r_loops, r_torch, r_unit_vectors, r_projection, r_corrcoef]


# ---------------------------------------------------------------- wrong
def w_plain_correlation(settings, sharpness, accuracy):
    """Ordinary Pearson over all runs: nothing taken away per setting."""
    x, y = np.array(sharpness, dtype=float), np.array(accuracy, dtype=float)
    return pearson(x - x.mean(), y - y.mean())


def w_no_centring(settings, sharpness, accuracy):
    """The formula on the raw numbers."""
    return pearson(np.array(sharpness, dtype=float), np.array(accuracy, dtype=float))


def w_grand_mean_only_x(settings, sharpness, accuracy):
    """Centres the sharpness by setting, the accuracy by the grand mean."""
    x, y = centred(settings, sharpness), np.array(accuracy, dtype=float)
    return math.nan if tiny(x, sharpness) else pearson(x, y - y.mean())


def w_only_sharpness_centred(settings, sharpness, accuracy):
    """Forgets to centre the accuracy."""
    x = centred(settings, sharpness)
    return math.nan if tiny(x, sharpness) else pearson(x, np.array(accuracy, dtype=float))


def w_only_accuracy_centred(settings, sharpness, accuracy):
    """Forgets to centre the sharpness."""
    y = centred(settings, accuracy)
    return math.nan if tiny(y, accuracy) else pearson(np.array(sharpness, dtype=float), y)


def w_mean_of_correlations(settings, sharpness, accuracy):
    """A correlation for each setting, then the mean of them."""
    found = []
    for rows in groups_of(settings).values():
        x, y = np.array(sharpness, dtype=float)[rows], np.array(accuracy, dtype=float)[rows]
        x, y = x - x.mean(), y - y.mean()
        if x.any() and y.any():
            found.append(pearson(x, y))
    return float(np.mean(found)) if found else math.nan


def w_weighted_mean_of_correlations(settings, sharpness, accuracy):
    """A correlation for each setting, weighted by its number of runs."""
    total, weight = 0.0, 0
    for rows in groups_of(settings).values():
        x, y = np.array(sharpness, dtype=float)[rows], np.array(accuracy, dtype=float)[rows]
        x, y = x - x.mean(), y - y.mean()
        if x.any() and y.any():
            total, weight = total + len(rows) * pearson(x, y), weight + len(rows)
    return total / weight if weight else math.nan


def w_between_settings(settings, sharpness, accuracy):
    """Correlates the means of the settings."""
    rows = groups_of(settings).values()
    x = np.array([np.mean([sharpness[i] for i in r]) for r in rows])
    y = np.array([np.mean([accuracy[i] for i in r]) for r in rows])
    x, y = x - x.mean(), y - y.mean()
    return pearson(x, y) if x.any() and y.any() else math.nan


def w_itertools_order(settings, sharpness, accuracy):
    """Takes runs of equal names that stand side by side for a setting (groupby without a sort)."""
    runs, last = [], None
    for i, name in enumerate(settings):
        if name != last:
            runs.append([])
        runs[-1].append(i)
        last = name
    labels = [k for k, rows in enumerate(runs) for _ in rows]
    x, y = centred(labels, sharpness), centred(labels, accuracy)
    return math.nan if tiny(x, sharpness) or tiny(y, accuracy) else pearson(x, y)


def w_equal_groups_by_position(settings, sharpness, accuracy):
    """Takes the runs for sorted and the settings for equally large: reshape."""
    num = len(set(settings))
    per = max(1, len(settings) // num)
    labels = [i // per for i in range(len(settings))]
    x, y = centred(labels, sharpness), centred(labels, accuracy)
    return math.nan if tiny(x, sharpness) or tiny(y, accuracy) else pearson(x, y)


def w_no_root(settings, sharpness, accuracy):
    """Forgets the square root."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    if tiny(x, sharpness) or tiny(y, accuracy):
        return math.nan
    return float((x @ y) / ((x @ x) * (y @ y)))


def w_root_of_one(settings, sharpness, accuracy):
    """The root covers the first sum only."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    if tiny(x, sharpness) or tiny(y, accuracy):
        return math.nan
    return float((x @ y) / (math.sqrt(x @ x) * (y @ y)))


def w_slope(settings, sharpness, accuracy):
    """Regression slope of accuracy on sharpness in place of the correlation."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    return math.nan if tiny(x, sharpness) or tiny(y, accuracy) else float((x @ y) / (x @ x))


def w_covariance(settings, sharpness, accuracy):
    """Stops at the mean product."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    return math.nan if tiny(x, sharpness) or tiny(y, accuracy) else float((x * y).mean())


def w_r_squared(settings, sharpness, accuracy):
    """R squared: the sign is lost."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    return math.nan if tiny(x, sharpness) or tiny(y, accuracy) else pearson(x, y) ** 2


def w_absolute(settings, sharpness, accuracy):
    """The size of the correlation, without its sign."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    return math.nan if tiny(x, sharpness) or tiny(y, accuracy) else abs(pearson(x, y))


def w_sign(settings, sharpness, accuracy):
    """Mean less value for one of the two: the sign turns."""
    x, y = centred(settings, sharpness), -centred(settings, accuracy)
    return math.nan if tiny(x, sharpness) or tiny(y, accuracy) else pearson(x, y)


def w_ranks(settings, sharpness, accuracy):
    """Spearman: ranks of all runs first, then centred."""
    x = places(sharpness)
    y = places(accuracy)
    x, y = centred(settings, x), centred(settings, y)
    return pearson(x, y) if x.any() and y.any() else math.nan


def w_ranks_after(settings, sharpness, accuracy):
    """Spearman of the deviations."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    if tiny(x, sharpness) or tiny(y, accuracy):
        return math.nan
    x, y = places(x), places(y)
    return pearson(x - x.mean(), y - y.mean())


def w_median(settings, sharpness, accuracy):
    """Takes the median of a setting away, not its mean."""
    x, y = np.array(sharpness, dtype=float), np.array(accuracy, dtype=float)
    a, b = x.copy(), y.copy()
    for rows in groups_of(settings).values():
        a[rows] -= np.median(x[rows])
        b[rows] -= np.median(y[rows])
    return pearson(a, b) if a.any() and b.any() else math.nan


def w_standardised(settings, sharpness, accuracy):
    """Divides by each setting's spread as well (z-scores)."""
    x, y = np.array(sharpness, dtype=float), np.array(accuracy, dtype=float)
    a, b = np.zeros(len(x)), np.zeros(len(x))
    for rows in groups_of(settings).values():
        if len(rows) > 1 and x[rows].std() > 1e-9 and y[rows].std() > 1e-9:
            a[rows] = (x[rows] - x[rows].mean()) / x[rows].std()
            b[rows] = (y[rows] - y[rows].mean()) / y[rows].std()
    return pearson(a, b) if a.any() and b.any() else math.nan


def w_zero_for_nan(settings, sharpness, accuracy):
    """Returns 0 where nothing is left."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    return 0.0 if tiny(x, sharpness) or tiny(y, accuracy) else pearson(x, y)


def w_division_error(settings, sharpness, accuracy):
    """Divides by zero where nothing is left."""
    x, y = centred(settings, sharpness).tolist(), centred(settings, accuracy).tolist()
    xx, yy = sum(a * a for a in x), sum(b * b for b in y)
    return sum(a * b for a, b in zip(x, y, strict=True)) / math.sqrt(xx * yy)


def w_exact_zero(settings, sharpness, accuracy):
    """nan where a sum is exactly zero: rounding passes for a rest."""
    xs, ys = [], []
    for name, s, a in zip(settings, sharpness, accuracy, strict=True):
        same = [i for i, other in enumerate(settings) if other == name]
        xs.append(s - sum(sharpness[i] for i in same) / len(same))
        ys.append(a - sum(accuracy[i] for i in same) / len(same))
    below = sum(x * x for x in xs) * sum(y * y for y in ys)
    if below == 0:
        return float("nan")
    return sum(x * y for x, y in zip(xs, ys, strict=True)) / below**0.5


def w_nan_by_division(settings, sharpness, accuracy):
    """Trusts 0 / 0 to be nan: a rest of rounding over a rest of rounding is a number."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    with np.errstate(invalid="ignore"):
        return (x @ y) / np.sqrt((x @ x) * (y @ y))


def w_nan_only_if_both(settings, sharpness, accuracy):
    """nan only where nothing is left of both."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    if tiny(x, sharpness) and tiny(y, accuracy):
        return math.nan
    return pearson(x, y) if not (tiny(x, sharpness) or tiny(y, accuracy)) else 0.0


def w_nan_for_a_single(settings, sharpness, accuracy):
    """nan as soon as one setting has one run."""
    if min(len(r) for r in groups_of(settings).values()) < 2:
        return math.nan
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    return math.nan if tiny(x, sharpness) or tiny(y, accuracy) else pearson(x, y)


def w_single_kept_raw(settings, sharpness, accuracy):
    """Leaves the value of a lone run as it is: nothing to centre by."""
    x, y = np.array(sharpness, dtype=float), np.array(accuracy, dtype=float)
    a, b = x.copy(), y.copy()
    for rows in groups_of(settings).values():
        if len(rows) > 1:
            a[rows] -= x[rows].mean()
            b[rows] -= y[rows].mean()
    return pearson(a, b) if a.any() and b.any() else math.nan


def w_centred_in_place(settings, sharpness, accuracy):
    """Centres the learner's lists in place, run by run: means shift while they are taken."""
    x, y = list(sharpness), list(accuracy)
    for i, name in enumerate(settings):
        same = [j for j, other in enumerate(settings) if other == name]
        x[i] -= sum(x[j] for j in same) / len(same)
        y[i] -= sum(y[j] for j in same) / len(same)
    x, y = np.array(x), np.array(y)
    return pearson(x, y) if x.any() and y.any() else math.nan


def w_changes_the_lists(settings, sharpness, accuracy):
    """Writes the deviations into the arguments."""
    sharpness[:] = centred(settings, sharpness).tolist()
    accuracy[:] = centred(settings, accuracy).tolist()
    x, y = np.array(sharpness), np.array(accuracy)
    return math.nan if tiny(x, 1) or tiny(y, 1) else pearson(x, y)


def w_mean_by_all(settings, sharpness, accuracy):
    """Divides each setting's sum by the number of all runs."""
    x, y = np.array(sharpness, dtype=float), np.array(accuracy, dtype=float)
    a, b = x.copy(), y.copy()
    for rows in groups_of(settings).values():
        a[rows] -= x[rows].sum() / len(x)
        b[rows] -= y[rows].sum() / len(y)
    return pearson(a, b) if a.any() and b.any() else math.nan


def w_ddof_mixed(settings, sharpness, accuracy):
    """Mean product (by n) over standard deviations by n - 1."""
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    if tiny(x, sharpness) or tiny(y, accuracy):
        return math.nan
    return float((x * y).mean() / (x.std(ddof=1) * y.std(ddof=1)))


def w_clustered_by_batch(settings, sharpness, accuracy):
    """Compares only what stands before the comma of a name."""
    names = [s.split(",")[0][:1] for s in settings]
    x, y = centred(names, sharpness), centred(names, accuracy)
    return math.nan if tiny(x, sharpness) or tiny(y, accuracy) else pearson(x, y)


WRONG = [
    w_plain_correlation,
    w_no_centring,
    w_grand_mean_only_x,
    w_only_sharpness_centred,
    w_only_accuracy_centred,
    w_mean_of_correlations,
    w_weighted_mean_of_correlations,
    w_between_settings,
    w_itertools_order,
    w_equal_groups_by_position,
    w_no_root,
    w_root_of_one,
    w_slope,
    w_covariance,
    w_r_squared,
    w_absolute,
    w_sign,
    w_ranks,
    w_ranks_after,
    w_median,
    w_standardised,
    w_zero_for_nan,
    w_division_error,
    w_exact_zero,
    w_nan_by_division,
    w_nan_only_if_both,
    w_nan_for_a_single,
    w_single_kept_raw,
    w_centred_in_place,
    w_changes_the_lists,
    w_mean_by_all,
    w_ddof_mixed,
    w_clustered_by_batch,
]
