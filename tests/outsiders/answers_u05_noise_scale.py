import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_torch(signals, noises):
    g = signals.mean()
    if g <= 0:
        return float("nan")
    return (noises.mean() / g).item()


def r_numpy(signals, noises):
    s, n = np.mean(np.asarray(signals)), np.mean(np.asarray(noises))
    return n / s if s > 0 else np.nan


def r_sums(signals, noises):
    total = noises.sum() / signals.sum()
    return total if signals.sum() > 0 else torch.tensor(float("nan"))


def r_loop(signals, noises):
    s = n = 0.0
    for i in range(len(signals)):
        s += float(signals[i])
        n += float(noises[i])
    if not s > 0:
        return math.nan
    return n / s


def r_where(signals, noises):
    s = torch.mean(signals.double())
    return float(torch.where(s > 0, noises.double().mean() / s, torch.nan))


def r_fsum(signals, noises):
    s = math.fsum(signals.tolist()) / len(signals)
    n = math.fsum(noises.tolist()) / len(noises)
    return float("nan") if s <= 0 else n / s


def r_running(signals, noises):
    mean = torch.zeros(2, dtype=torch.float64)
    for t, pair in enumerate(torch.stack([signals, noises], dim=1).double(), start=1):
        mean += (pair - mean) / t
    return float(mean[1] / mean[0]) if mean[0] > 0 else float("nan")


RIGHT = [r_torch, r_numpy, r_sums, r_loop, r_where, r_fsum, r_running]


# ---------------------------------------------------------------- wrong
def w_mean_of_ratios(signals, noises):
    """Divide at each step, then average."""
    if signals.mean() <= 0:
        return float("nan")
    return (noises / signals).mean().item()


def w_drop_negative_ratios(signals, noises):
    """Mean of the ratios, after leaving out the senseless steps below zero."""
    if signals.mean() <= 0:
        return float("nan")
    kept = signals > 0
    return (noises / signals)[kept].mean().item()


def w_drop_then_ratio(signals, noises):
    """Ratio of means, but only of the steps with a signal above zero."""
    kept = signals > 0
    if not kept.any():
        return float("nan")
    return (noises[kept].mean() / signals[kept].mean()).item()


def w_drop_signals_only(signals, noises):
    """Leaves out the signals below zero but keeps all noises."""
    kept = signals[signals > 0]
    return (noises.mean() / kept.mean()).item() if len(kept) else float("nan")


def w_clip(signals, noises):
    """Lifts signals below zero to zero before the mean: a squared length can't be negative."""
    s = signals.clamp(min=0).mean()
    return (noises.mean() / s).item() if s > 0 else float("nan")


def w_median_of_ratios(signals, noises):
    """Ratios have outliers, so take their median."""
    if signals.mean() <= 0:
        return float("nan")
    return (noises / signals).median().item()


def w_ratio_of_medians(signals, noises):
    """Medians are more robust than means, also for each of the two."""
    s = signals.median()
    return (noises.median() / s).item() if s > 0 else float("nan")


def w_inverted(signals, noises):
    """Signal over noise."""
    s = signals.mean()
    return (s / noises.mean()).item() if s > 0 else float("nan")


def w_no_nan(signals, noises):
    """Returns the ratio whatever its sign: 'return it as it is'."""
    return (noises.mean() / signals.mean()).item()


def w_inf(signals, noises):
    """No signal means an infinite noise scale."""
    s = signals.mean()
    return (noises.mean() / s).item() if s > 0 else float("inf")


def w_zero(signals, noises):
    """An unresolved noise scale is reported as 0."""
    s = signals.mean()
    return (noises.mean() / s).item() if s > 0 else 0.0


def w_abs(signals, noises):
    """The sign of a mean squared length is meaningless: take its absolute value."""
    return (noises.mean() / signals.mean().abs()).item()


def w_nan_if_any_negative(signals, noises):
    """One step below zero already means 'not resolved'."""
    if (signals <= 0).any():
        return float("nan")
    return (noises.mean() / signals.mean()).item()


def w_mean_of_inverse(signals, noises):
    """Mean noise times the mean of 1/signal."""
    if signals.mean() <= 0:
        return float("nan")
    return (noises.mean() * (1 / signals).mean()).item()


def w_epsilon(signals, noises):
    """Guards the division with a small constant instead of nan."""
    return (noises.mean() / max(signals.mean().item(), 1e-8)).item()


def w_squared_signal(signals, noises):
    """Takes the signal for |G|, and squares the mean."""
    s = signals.mean()
    return (noises.mean() / s**2).item() if s > 0 else float("nan")


WRONG = [
    w_mean_of_ratios,
    w_drop_negative_ratios,
    w_drop_then_ratio,
    w_drop_signals_only,
    w_clip,
    w_median_of_ratios,
    w_ratio_of_medians,
    w_inverted,
    w_no_nan,
    w_inf,
    w_zero,
    w_abs,
    w_nan_if_any_negative,
    w_mean_of_inverse,
    w_epsilon,
    w_squared_signal,
]
