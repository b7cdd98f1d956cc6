import math
import statistics

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_torch(validation, test, t95):
    best = validation.mean(dim=2).argmax(dim=1)
    gains = test[0, best[0]] - test[1, best[1]]
    return gains.mean(), t95 * gains.std() / math.sqrt(len(gains))


def r_loops(validation, test, t95):
    chosen = []
    for arm in (0, 1):
        best, place = -math.inf, 0
        for k in range(validation.shape[1]):
            mean = sum(float(a) for a in validation[arm, k]) / validation.shape[2]
            if mean > best:
                best, place = mean, k
        chosen.append([float(a) for a in test[arm, place]])
    gains = [a - b for a, b in zip(*chosen, strict=True)]
    mean = sum(gains) / len(gains)
    square = sum((g - mean) ** 2 for g in gains) / (len(gains) - 1)
    return [mean, t95 * (square / len(gains)) ** 0.5]


def r_statistics(validation, test, t95):
    rows = [test[a][validation[a].sum(dim=1).argmax()].tolist() for a in range(2)]
    gains = [x - y for x, y in zip(rows[0], rows[1], strict=True)]
    half = t95 * statistics.stdev(gains) / math.sqrt(len(gains))
    return statistics.fmean(gains), half


def r_numpy(validation, test, t95):
    v, t = np.asarray(validation, dtype=float), np.asarray(test, dtype=float)
    i = v.mean(-1).argmax(-1)
    d = t[0, i[0]] - t[1, i[1]]
    return float(d.mean()), float(t95 * d.std(ddof=1) / np.sqrt(d.size))


def r_take_along(validation, test, t95):
    best = validation.mean(dim=-1, keepdim=True).argmax(dim=1, keepdim=True)
    rows = torch.gather(test, 1, best.expand(2, 1, test.shape[2])).squeeze(1)
    gains = rows[0] - rows[1]
    return torch.stack([gains.mean(), t95 * gains.std() * gains.numel() ** -0.5])


def r_second_moment(validation, test, t95):
    a, b = (t[v.mean(1).argmax()].double() for v, t in zip(validation, test, strict=True))
    d, n = a - b, validation.shape[-1]
    variance = (d - d.mean()).square().sum() / (n * (n - 1))
    return a.mean() - b.mean(), t95 * variance.sqrt()


def r_difference_of_means(validation, test, t95):
    best = validation.float().mean(dim=2).argmax(dim=1)
    a, b = test[0, best[0]].float(), test[1, best[1]].float()
    return a.mean() - b.mean(), t95 * ((a - b).var() / a.numel()).sqrt()


RIGHT = [
    r_difference_of_means,
    r_torch,
    r_loops,
    r_statistics,
    r_numpy,
    r_take_along,
    r_second_moment,
]


# ---------------------------------------------------------------- wrong
def rows_of(validation, test):
    best = validation.mean(dim=2).argmax(dim=1)
    return test[0, best[0]], test[1, best[1]]


def interval(gains, t95):
    return gains.mean(), t95 * gains.std() / math.sqrt(len(gains))


def w_unpaired(validation, test, t95):
    """Two standard errors added in squares: unpaired."""
    a, b = rows_of(validation, test)
    half = t95 * ((a.var() + b.var()) / len(a)).sqrt()
    return a.mean() - b.mean(), half


def w_half_widths_added(validation, test, t95):
    """The half-widths of both arms are added."""
    a, b = rows_of(validation, test)
    return a.mean() - b.mean(), t95 * (a.std() + b.std()) / math.sqrt(len(a))


def w_half_of_remedy(validation, test, t95):
    """The spread of the remedy alone."""
    a, b = rows_of(validation, test)
    return a.mean() - b.mean(), t95 * a.std() / math.sqrt(len(a))


def w_divisor_s(validation, test, t95):
    """Divisor S in the standard deviation."""
    a, b = rows_of(validation, test)
    d = a - b
    return d.mean(), t95 * d.std(correction=0) / math.sqrt(len(d))


def w_divisor_s_minus_one_twice(validation, test, t95):
    """S - 1 under the root as well."""
    a, b = rows_of(validation, test)
    d = a - b
    return d.mean(), t95 * d.std() / math.sqrt(len(d) - 1)


def w_no_root_s(validation, test, t95):
    """The standard deviation for the standard error."""
    a, b = rows_of(validation, test)
    d = a - b
    return d.mean(), t95 * d.std()


def w_divided_by_s(validation, test, t95):
    """Divides by S without the root."""
    a, b = rows_of(validation, test)
    d = a - b
    return d.mean(), t95 * d.std() / len(d)


def w_variance(validation, test, t95):
    """The variance for the standard deviation."""
    a, b = rows_of(validation, test)
    d = a - b
    return d.mean(), t95 * d.var() / math.sqrt(len(d))


def w_no_t(validation, test, t95):
    """One standard error: t95 forgotten."""
    a, b = rows_of(validation, test)
    d = a - b
    return d.mean(), d.std() / math.sqrt(len(d))


def w_two_errors(validation, test, t95):
    """1.96 standard errors, whatever t95."""
    a, b = rows_of(validation, test)
    return interval(a - b, 1.96)


def w_full_width(validation, test, t95):
    """The full width of the interval."""
    a, b = rows_of(validation, test)
    mean, half = interval(a - b, t95)
    return mean, 2 * half


def w_t_halved(validation, test, t95):
    """Takes t95 for the full width and halves it."""
    a, b = rows_of(validation, test)
    mean, half = interval(a - b, t95)
    return mean, half / 2


def w_ends(validation, test, t95):
    """Returns the two ends of the interval."""
    a, b = rows_of(validation, test)
    mean, half = interval(a - b, t95)
    return mean - half, mean + half


def w_order(validation, test, t95):
    """Half-width first."""
    a, b = rows_of(validation, test)
    mean, half = interval(a - b, t95)
    return half, mean


def w_sign(validation, test, t95):
    """Baseline minus remedy."""
    a, b = rows_of(validation, test)
    return interval(b - a, t95)


def w_absolute(validation, test, t95):
    """The size of each difference."""
    a, b = rows_of(validation, test)
    return interval((a - b).abs(), t95)


def w_relative(validation, test, t95):
    """Gain in percent of the baseline."""
    a, b = rows_of(validation, test)
    return interval(100 * (a - b) / b, t95)


def w_chosen_on_test(validation, test, t95):
    """Chooses by test accuracy."""
    a, b = rows_of(test, test)
    return interval(a - b, t95)


def w_reports_validation(validation, test, t95):
    """Reports validation accuracy of the chosen settings."""
    a, b = rows_of(validation, validation)
    return interval(a - b, t95)


def w_remedys_setting(validation, test, t95):
    """Both arms at the remedy's best setting."""
    k = validation[0].mean(dim=1).argmax()
    return interval(test[0, k] - test[1, k], t95)


def w_baselines_setting(validation, test, t95):
    """Both arms at the baseline's best setting."""
    k = validation[1].mean(dim=1).argmax()
    return interval(test[0, k] - test[1, k], t95)


def w_shared_setting(validation, test, t95):
    """One setting, best on the average of both arms."""
    k = validation.mean(dim=(0, 2)).argmax()
    return interval(test[0, k] - test[1, k], t95)


def w_best_gain_setting(validation, test, t95):
    """The setting where the remedy gains most on validation."""
    k = (validation[0] - validation[1]).mean(dim=1).argmax()
    return interval(test[0, k] - test[1, k], t95)


def w_best_per_seed(validation, test, t95):
    """Each seed chooses its own best setting."""
    best = validation.argmax(dim=1)
    a, b = (test[i].gather(0, best[i][None])[0] for i in (0, 1))
    return interval(a - b, t95)


def w_luckiest_run(validation, test, t95):
    """The setting with the single highest validation accuracy."""
    best = validation.amax(dim=2).argmax(dim=1)
    return interval(test[0, best[0]] - test[1, best[1]], t95)


def w_median_choice(validation, test, t95):
    """Chooses by the median over seeds."""
    best = validation.double().quantile(0.5, dim=2).argmax(dim=1)
    return interval(test[0, best[0]] - test[1, best[1]], t95)


def w_median_gain(validation, test, t95):
    """The median gain."""
    a, b = rows_of(validation, test)
    _, half = interval(a - b, t95)
    return (a - b).double().quantile(0.5), half


def w_first_seed_chooses(validation, test, t95):
    """Chooses by the first seed."""
    best = validation[:, :, 0].argmax(dim=1)
    return interval(test[0, best[0]] - test[1, best[1]], t95)


def w_mean_over_settings(validation, test, t95):
    """Averages over all settings, no choice."""
    return interval(test[0].mean(dim=0) - test[1].mean(dim=0), t95)


def w_test_max_per_seed(validation, test, t95):
    """Best test accuracy of each seed."""
    return interval(test[0].amax(dim=0) - test[1].amax(dim=0), t95)


def w_argmin(validation, test, t95):
    """Takes accuracies for losses."""
    best = validation.mean(dim=2).argmin(dim=1)
    return interval(test[0, best[0]] - test[1, best[1]], t95)


def w_axis_of_seeds(validation, test, t95):
    """Means over the settings: chooses a seed."""
    best = validation.mean(dim=1).argmax(dim=1)
    k = test.shape[1]
    return interval(test[0, best[0] % k] - test[1, best[1] % k], t95)


def w_baseline_untuned(validation, test, t95):
    """The baseline at its first setting."""
    k = validation[0].mean(dim=1).argmax()
    return interval(test[0, k] - test[1, 0], t95)


def w_arms_swapped(validation, test, t95):
    """Choices of the arms exchanged."""
    best = validation.mean(dim=2).argmax(dim=1)
    return interval(test[0, best[1]] - test[1, best[0]], t95)


def w_sorts_seeds(validation, test, t95):
    """Sorts both rows first: pairs of equal rank in place of equal seeds."""
    a, b = rows_of(validation, test)
    return interval(a.sort().values - b.sort().values, t95)


def w_rounded(validation, test, t95):
    """Rounds to a tenth of a point, as the table prints it."""
    a, b = rows_of(validation, test)
    return [round(float(x), 1) for x in interval(a - b, t95)]


WRONG = [
    w_unpaired,
    w_half_widths_added,
    w_half_of_remedy,
    w_divisor_s,
    w_divisor_s_minus_one_twice,
    w_no_root_s,
    w_divided_by_s,
    w_variance,
    w_no_t,
    w_two_errors,
    w_full_width,
    w_t_halved,
    w_ends,
    w_order,
    w_sign,
    w_absolute,
    w_relative,
    w_chosen_on_test,
    w_reports_validation,
    w_remedys_setting,
    w_baselines_setting,
    w_shared_setting,
    w_best_gain_setting,
    w_best_per_seed,
    w_luckiest_run,
    w_median_choice,
    w_median_gain,
    w_first_seed_chooses,
    w_mean_over_settings,
    w_test_max_per_seed,
    w_argmin,
    w_axis_of_seeds,
    w_baseline_untuned,
    w_arms_swapped,
    w_sorts_seeds,
    w_rounded,
]
