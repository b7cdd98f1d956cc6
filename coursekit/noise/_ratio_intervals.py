"""The ratio of two means that are known with errors: its standard error and three intervals."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Ratio:
    """Two means with the standard errors and covariance of these means."""

    numerator: float
    denominator: float
    numerator_stderr: float
    denominator_stderr: float
    covariance: float
    num_samples: int  # independent samples behind the means; sets the t-quantile

    @property
    def value(self) -> float:
        """Return numerator/denominator; nan where the denominator is not above 0."""
        return self.numerator / self.denominator if self.denominator > 0 else math.nan


def ratio_stderr(ratio: Ratio) -> float:
    """Return the standard error of a ratio of means by the delta method.

        Var(x/y) = (Var x - 2 r Cov(x, y) + r^2 Var y)/y^2,   r = x/y

    Good where the denominator is many standard errors away from 0; nan where it is <= 0.
    """
    r = ratio.value
    variance = (
        ratio.numerator_stderr**2 - 2 * r * ratio.covariance + r**2 * ratio.denominator_stderr**2
    )
    if math.isnan(variance):
        return math.nan
    # Where numerator and denominator move together, rounding can leave a zero just below 0.
    return math.sqrt(variance if variance > 0 else 0.0) / ratio.denominator


def t_quantile(level: float, num_samples: int) -> float:
    """Return the two-sided quantile of Student's t with num_samples - 1 degrees of freedom."""
    from scipy import stats  # slow to import, only needed here

    return float(stats.t.ppf(0.5 + level / 2, num_samples - 1)) if num_samples > 1 else math.nan


def delta_interval(ratio: Ratio, *, level: float = 0.95) -> tuple[float, float]:
    """Return value -+ t times the delta method's standard error."""
    half = t_quantile(level, ratio.num_samples) * ratio_stderr(ratio)
    return ratio.value - half, ratio.value + half


def fieller_interval(ratio: Ratio, *, level: float = 0.95) -> tuple[float, float]:
    """Return all ratios r that the data does not reject: |x - r y| <= t se(x - r y).

    This is a quadratic inequality in r, exact for normal x and y. Where y cannot be told from 0
    it has no upper end; the interval is then (low, inf), or (0, inf) where x cannot either.

    Args:
        ratio: Of quantities that are not negative.
        level: Coverage.

    Returns:
        (low, high); nan without standard errors.

    Source: Fieller 1954, J. R. Stat. Soc. B 16, 175.
    """
    t = t_quantile(level, ratio.num_samples)
    a = ratio.denominator**2 - (t * ratio.denominator_stderr) ** 2
    b = ratio.numerator * ratio.denominator - t**2 * ratio.covariance
    c = ratio.numerator**2 - (t * ratio.numerator_stderr) ** 2
    if math.isnan(a + b + c):
        return math.nan, math.nan
    root = math.sqrt(max(b * b - a * c, 0.0))  # a > 0: at least 0 but for rounding
    if a > 0 and ratio.denominator > 0:
        return (b - root) / a, (b + root) / a
    if a > 0 or c <= 0:  # the denominator is negative for sure, or nothing is resolved
        return 0.0, math.inf
    return c / (b + root), math.inf  # the positive root, without cancellation


def bootstrap_interval(
    pairs: Tensor, *, level: float = 0.95, num_resamples: int = 2000, generator: torch.Generator
) -> tuple[float, float]:
    """Return percentiles of the ratio of means over resampled trials.

    Args:
        pairs: (numerator, denominator) of each independent trial, shape (num_trials, 2).
        level: Coverage.
        num_resamples: Resampled sets of trials.
        generator: Source of the draws.

    Returns:
        (low, high); a resample with a denominator <= 0 counts as an infinite ratio.
    """
    draws = torch.randint(
        len(pairs), (num_resamples, len(pairs)), generator=generator, device=generator.device
    ).to(pairs.device)
    means = pairs[draws].mean(dim=1)
    ratios = torch.where(means[:, 1] > 0, means[:, 0] / means[:, 1], math.inf).sort().values
    tail = (1 - level) / 2
    last = num_resamples - 1
    return ratios[math.floor(tail * last)].item(), ratios[math.ceil((1 - tail) * last)].item()
