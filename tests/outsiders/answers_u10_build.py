import math
import statistics

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loops(run, arms, seeds, chance, quantile):
    table = []
    for arm in arms:
        row = []
        for seed in seeds:
            value = run(arm, seed)
            row.append(chance if value != value else value)
        table.append(row)
    out = []
    n = len(seeds)
    for row in table[1:]:
        d = [a - b for a, b in zip(row, table[0], strict=True)]
        mean = sum(d) / n
        half = quantile * math.sqrt(sum((x - mean) ** 2 for x in d) / (n - 1) / n)
        verdict = 1 if mean - half > 0 else -1 if mean + half < 0 else 0
        out.append([mean, half, verdict])
    return out


def r_numpy(run, arms, seeds, chance, quantile):
    table = np.array([[run(arm, seed) for seed in seeds] for arm in arms], dtype=float)
    table = np.where(np.isnan(table), chance, table)
    d = table[1:] - table[0]
    mean = d.mean(axis=1)
    half = quantile * d.std(axis=1, ddof=1) / np.sqrt(d.shape[1])
    return np.stack([mean, half, np.sign(mean) * (np.abs(mean) > half)], axis=1)


def r_torch(run, arms, seeds, chance, quantile):
    table = torch.tensor(
        [[float(run(a, s)) for s in seeds] for a in arms], dtype=torch.float64
    ).nan_to_num(nan=chance)
    d = table[1:] - table[:1]
    mean, half = d.mean(dim=1), quantile * d.std(dim=1) / len(seeds) ** 0.5
    verdict = (mean > half).double() - (mean < -half).double()
    return torch.stack([mean, half, verdict], dim=1)


def r_dicts(run, arms, seeds, chance, quantile):
    def accuracy(arm, seed):
        got = run(arm, seed)
        return chance if math.isnan(got) else got

    base, *others = arms
    before = {s: accuracy(base, s) for s in seeds}
    rows = []
    for arm in others:
        d = [accuracy(arm, s) - before[s] for s in seeds]
        mean = statistics.fmean(d)
        half = quantile * statistics.stdev(d) / len(d) ** 0.5
        rows.append([mean, half, (mean > half) - (mean < -half)])
    return rows


def r_base_rerun(run, arms, seeds, chance, quantile):
    def change(arm, seed):
        x, y = run(arms[0], seed), run(arm, seed)
        return (y if y == y else chance) - (x if x == x else chance)

    rows = []
    for arm in arms[1:]:
        d = torch.tensor([change(arm, s) for s in seeds], dtype=torch.float64)
        mean, se = d.mean().item(), d.std().item() / math.sqrt(len(d))
        low, high = mean - quantile * se, mean + quantile * se
        if low > 0:
            verdict = 1
        elif high < 0:
            verdict = -1
        else:
            verdict = 0
        rows.append((mean, quantile * se, verdict))
    return rows


def r_seeds_outside(run, arms, seeds, chance, quantile):
    diffs = [[] for _ in arms[1:]]
    for seed in seeds:
        values = [run(arm, seed) for arm in arms]
        values = [v if math.isfinite(v) else chance for v in values]
        for k, v in enumerate(values[1:]):
            diffs[k].append(v - values[0])
    out = []
    for d in diffs:
        m = np.mean(d)
        h = quantile * np.std(d, ddof=1) / np.sqrt(len(d))
        out.append([m, h, 0 if abs(m) <= h else int(np.sign(m))])
    return out


RIGHT = [
    r_loops,
    r_numpy,
    r_torch,
    r_dicts,
    r_base_rerun,
    r_seeds_outside,
]


# ---------------------------------------------------------------- wrong
def table_of(run, arms, seeds, chance):
    table = np.array([[float(run(arm, seed)) for seed in seeds] for arm in arms])
    return np.where(np.isnan(table), chance, table)


def rows_of(d, quantile):
    mean, half = d.mean(axis=1), quantile * d.std(axis=1, ddof=1) / np.sqrt(d.shape[1])
    return [[m, h, int(m - h > 0) - int(m + h < 0)] for m, h in zip(mean, half, strict=True)]


def w_base_row_too(run, arms, seeds, chance, quantile):
    """A row for the base too."""
    t = table_of(run, arms, seeds, chance)
    return rows_of(t - t[0], quantile)


def w_sign(run, arms, seeds, chance, quantile):
    """Base minus arm."""
    t = table_of(run, arms, seeds, chance)
    return rows_of(t[0] - t[1:], quantile)


def w_previous(run, arms, seeds, chance, quantile):
    """Each arm against the one before it."""
    t = table_of(run, arms, seeds, chance)
    return rows_of(t[1:] - t[:-1], quantile)


def w_base_mean(run, arms, seeds, chance, quantile):
    """Against the base's mean, not the base of the same seed."""
    t = table_of(run, arms, seeds, chance)
    return rows_of(t[1:] - t[0].mean(), quantile)


def w_base_first_seed(run, arms, seeds, chance, quantile):
    """Against the base's first seed only."""
    t = table_of(run, arms, seeds, chance)
    return rows_of(t[1:] - t[0, 0], quantile)


def w_unpaired(run, arms, seeds, chance, quantile):
    """The variances of both columns added."""
    t = table_of(run, arms, seeds, chance)
    out = []
    for row in t[1:]:
        m = row.mean() - t[0].mean()
        h = quantile * math.sqrt((row.var(ddof=1) + t[0].var(ddof=1)) / len(row))
        out.append([m, h, int(m > h) - int(m < -h)])
    return out


def w_divisor_n(run, arms, seeds, chance, quantile):
    """Divisor n."""
    t = table_of(run, arms, seeds, chance)
    d = t[1:] - t[0]
    m, h = d.mean(axis=1), quantile * d.std(axis=1) / np.sqrt(d.shape[1])
    return np.stack([m, h, (m > h) * 1.0 - (m < -h)], axis=1)


def w_no_root_n(run, arms, seeds, chance, quantile):
    """Standard deviation for standard error."""
    t = table_of(run, arms, seeds, chance)
    d = t[1:] - t[0]
    m, h = d.mean(axis=1), quantile * d.std(axis=1, ddof=1)
    return np.stack([m, h, (m > h) * 1.0 - (m < -h)], axis=1)


def w_over_n(run, arms, seeds, chance, quantile):
    """Over n, not over its root."""
    t = table_of(run, arms, seeds, chance)
    d = t[1:] - t[0]
    m, h = d.mean(axis=1), quantile * d.std(axis=1, ddof=1) / d.shape[1]
    return np.stack([m, h, (m > h) * 1.0 - (m < -h)], axis=1)


def w_no_quantile(run, arms, seeds, chance, quantile):
    """The standard error for half the interval."""
    t = table_of(run, arms, seeds, chance)
    return rows_of(t[1:] - t[0], 1.0)


def w_fixed_quantile(run, arms, seeds, chance, quantile):
    """1.96 whatever the quantile is."""
    t = table_of(run, arms, seeds, chance)
    return rows_of(t[1:] - t[0], 1.96)


def w_wrong_axis(run, arms, seeds, chance, quantile):
    """Mean over the arms, not over the seeds."""
    t = table_of(run, arms, seeds, chance)
    d = (t[1:] - t[0]).T
    if d.shape[1] < 2:
        return [[float(x), 0.0, 0] for x in d[:, 0]]
    return rows_of(d, quantile)


def w_sign_of_mean(run, arms, seeds, chance, quantile):
    """The verdict is the mean's sign; no 'can't tell'."""
    t = table_of(run, arms, seeds, chance)
    return [[m, h, int(np.sign(m))] for m, h, _ in rows_of(t[1:] - t[0], quantile)]


def w_touching_counts(run, arms, seeds, chance, quantile):
    """An interval that touches 0 is a verdict: <= for <."""
    t = table_of(run, arms, seeds, chance)
    out = []
    for m, h, _ in rows_of(t[1:] - t[0], quantile):
        out.append([m, h, 1 if m - h >= 0 else -1 if m + h <= 0 else 0])
    return out


def w_touching_above(run, arms, seeds, chance, quantile):
    """Touching 0 from above counts as better."""
    t = table_of(run, arms, seeds, chance)
    out = []
    for m, h, _ in rows_of(t[1:] - t[0], quantile):
        out.append([m, h, 1 if m - h >= 0 else -1 if m + h < 0 else 0])
    return out


def w_touching_below(run, arms, seeds, chance, quantile):
    """Touching 0 from below counts as worse."""
    t = table_of(run, arms, seeds, chance)
    out = []
    for m, h, _ in rows_of(t[1:] - t[0], quantile):
        out.append([m, h, 1 if m - h > 0 else -1 if m + h <= 0 else 0])
    return out


def w_two_values(run, arms, seeds, chance, quantile):
    """1 where the interval misses 0, else 0; the direction is lost."""
    t = table_of(run, arms, seeds, chance)
    return [[m, h, int(v != 0)] for m, h, v in rows_of(t[1:] - t[0], quantile)]


def w_verdict_turned(run, arms, seeds, chance, quantile):
    """1 for worse."""
    t = table_of(run, arms, seeds, chance)
    return [[m, h, -v] for m, h, v in rows_of(t[1:] - t[0], quantile)]


def w_nan_stays(run, arms, seeds, chance, quantile):
    """Diverged runs stay nan."""
    t = np.array([[float(run(arm, seed)) for seed in seeds] for arm in arms])
    return rows_of(t[1:] - t[0], quantile)


def w_equals_nan(run, arms, seeds, chance, quantile):
    """`value == nan`, which is never true."""
    t = np.array([[float(run(arm, seed)) for seed in seeds] for arm in arms])
    t = np.where(t == math.nan, chance, t)
    return rows_of(t[1:] - t[0], quantile)


def w_nan_zero(run, arms, seeds, chance, quantile):
    """A diverged run counts as 0 %."""
    t = np.array([[float(run(arm, seed)) for seed in seeds] for arm in arms])
    t = np.nan_to_num(t, nan=0.0)
    return rows_of(t[1:] - t[0], quantile)


def w_nan_dropped(run, arms, seeds, chance, quantile):
    """Pairs with a diverged run are dropped."""
    t = np.array([[float(run(arm, seed)) for seed in seeds] for arm in arms])
    out = []
    for row in t[1:]:
        d = row - t[0]
        d = d[~np.isnan(d)]
        if len(d) < 2:
            out.append([math.nan, math.nan, 0])
        else:
            out += rows_of(d[None, :], quantile)
    return out


def w_base_nan(run, arms, seeds, chance, quantile):
    """Chance for the arms only; the base's nan stays."""
    t = np.array([[float(run(arm, seed)) for seed in seeds] for arm in arms])
    later = np.where(np.isnan(t[1:]), chance, t[1:])
    return rows_of(later - t[0], quantile)


def w_change_is_chance(run, arms, seeds, chance, quantile):
    """A change that is nan becomes chance."""
    t = np.array([[float(run(arm, seed)) for seed in seeds] for arm in arms])
    d = t[1:] - t[0]
    return rows_of(np.where(np.isnan(d), chance, d), quantile)


def w_fixed_ten(run, arms, seeds, chance, quantile):
    """10 % whatever chance is."""
    t = table_of(run, arms, seeds, 10.0)
    return rows_of(t[1:] - t[0], quantile)


def w_places_as_seeds(run, arms, seeds, chance, quantile):
    """Runs seeds 0, 1, 2 ... and not those in the list."""
    t = table_of(run, arms, range(len(seeds)), chance)
    return rows_of(t[1:] - t[0], quantile)


def w_new_seed_each_arm(run, arms, seeds, chance, quantile):
    """The arms get the seeds in turn, shifted: not the same seed's pair."""
    seeds = list(seeds)
    t = np.array(
        [
            [float(run(arm, seeds[(i + k) % len(seeds)])) for i in range(len(seeds))]
            for k, arm in enumerate(arms)
        ]
    )
    t = np.where(np.isnan(t), chance, t)
    return rows_of(t[1:] - t[0], quantile)


def w_last_seed_missing(run, arms, seeds, chance, quantile):
    """One seed too few."""
    t = table_of(run, arms, seeds[:-1] if len(seeds) > 2 else seeds, chance)
    return rows_of(t[1:] - t[0], quantile)


def w_ends(run, arms, seeds, chance, quantile):
    """Returns the interval's two ends and the verdict."""
    t = table_of(run, arms, seeds, chance)
    return [[m - h, m + h, v] for m, h, v in rows_of(t[1:] - t[0], quantile)]


def w_flat(run, arms, seeds, chance, quantile):
    """Only the last arm's row."""
    t = table_of(run, arms, seeds, chance)
    return rows_of(t[1:] - t[0], quantile)[-1:]


def w_clipped(run, arms, seeds, chance, quantile):
    """Every accuracy below chance is raised to chance."""
    t = np.maximum(table_of(run, arms, seeds, chance), chance)
    return rows_of(t[1:] - t[0], quantile)


WRONG = [
    w_base_row_too,
    w_sign,
    w_previous,
    w_base_mean,
    w_base_first_seed,
    w_unpaired,
    w_divisor_n,
    w_no_root_n,
    w_over_n,
    w_no_quantile,
    w_fixed_quantile,
    w_wrong_axis,
    w_sign_of_mean,
    w_touching_counts,
    w_touching_above,
    w_touching_below,
    w_two_values,
    w_verdict_turned,
    w_nan_stays,
    w_equals_nan,
    w_nan_zero,
    w_nan_dropped,
    w_base_nan,
    w_change_is_chance,
    w_fixed_ten,
    w_places_as_seeds,
    w_new_seed_each_arm,
    w_last_seed_missing,
    w_ends,
    w_flat,
    w_clipped,
]
