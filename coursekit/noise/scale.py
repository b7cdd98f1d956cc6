"""The gradient noise scale tr(Sigma)/|G|^2 from batches of a model's gradients, with its error.

Two numbers are estimated without bias, the signal |G|^2 and the noise tr(Sigma), and divided
last. A plain |mean gradient|^2 is too large by its own noise; a mean of ratios has no good
expectation at all. G is the gradient of the population that examples are drawn from, unless
`num_examples` says that they were drawn without replacement from a training set whose own
gradient is meant: its |G|^2 is larger by tr(Sigma)/N.

The estimator for a running training loop is in `coursekit.noise.online`; what needs a model and
its data, also the noise scale weighted by the Hessian, is in `coursekit.noise.offline`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from coursekit.noise._ratio_intervals import (
    Ratio,
    bootstrap_interval,
    delta_interval,
    fieller_interval,
    ratio_stderr,
)

METHODS = ("fieller", "delta", "bootstrap")


@dataclass(frozen=True)
class GradMoments:
    """Unbiased |G|^2 and tr(Sigma), with the standard errors and covariance of the estimates."""

    grad_sq_norm: float  # |G|^2, loss^2/param^2; can come out negative
    tr_cov: float  # tr Sigma, the same unit, per example
    grad_sq_norm_stderr: float = math.nan
    tr_cov_stderr: float = math.nan
    covariance: float = math.nan  # of the two estimates
    num_samples: int = 1  # micro-batches, examples or trials behind the standard errors
    cost: float = math.nan  # per-example gradients computed, in examples
    target: str = "population"  # whose gradient G is: "population" or "training set"
    unit: str = "examples"  # what tr_cov is per, and a noise scale counts: "examples", "tokens"
    reason: str = ""  # why a moment is nan

    @property
    def grad_noise_scale(self) -> float:
        """B_simple = tr(Sigma)/|G|^2 in examples; nan where |G|^2 is not resolved."""
        return self.tr_cov / self.grad_sq_norm if self.grad_sq_norm > 0 else math.nan


@dataclass(frozen=True)
class NoiseScaleEstimate:
    """A noise scale with its interval."""

    value: float  # tr(Sigma)/|G|^2, in `unit`; nan where unresolved
    stderr: float  # by the delta method
    low: float
    high: float  # inf where |G|^2 cannot be told from 0
    level: float
    cost: float  # examples
    target: str
    reason: str = ""  # why value or a bound is nan or infinite
    unit: str = "examples"  # what value, stderr and the interval count


def grad_moments(
    micro_grads: Tensor, micro_batch_size: int, *, num_examples: int | None = None
) -> GradMoments:
    """Estimate |G|^2 and tr(Sigma) without bias from K equal micro-batches.

        E|g_k - G|^2 = tr(Sigma)/b             spread of micro-batch means
        E|mean g|^2  = |G|^2 + tr(Sigma)/(bK)  noise inflates the squared norm

    Args:
        micro_grads: Mean gradients g_k at the same weights, shape (num_micro, num_params).
        micro_batch_size: b, examples averaged in each row; 1: per-example gradients.
        num_examples: N, where the bK examples were drawn without replacement from a training set
            of N and G is to be that set's gradient. None: G is the population's.

    Returns:
        Unbiased moments; tr_cov is that of divisor N - 1. Standard errors by the jackknife over
        micro-batches (nan for two; rough below ten). grad_sq_norm can be negative: average
        moments over trials BEFORE dividing, since the ratio itself is biased.

    Raises:
        ValueError: If there are fewer than two micro-batches, or more examples than num_examples.

    Assumes independent examples. Drawn without replacement, with num_examples left out, |G|^2
    comes out low by tr(Sigma)/N. Where bK nears num_examples and b > 1, the standard error of
    tr(Sigma) is too large. Source: McCandlish et al. 2018, arXiv:1812.06162, App. A.1.
    """
    if micro_grads.dim() != 2:
        raise ValueError(
            f"micro_grads must be (num_micro, num_params), got shape {tuple(micro_grads.shape)}"
        )
    grads = micro_grads.double()  # differences of squares lose float32 digits
    mean_grad = grads.mean(dim=0)
    deviations = grads - mean_grad
    return moments_of_groups(
        mean_grad.square().sum().item(),
        deviations.square().sum(dim=1),
        deviations @ mean_grad,
        micro_batch_size,
        num_examples,
    )


def moments_of_groups(
    mean_sq_norm: float,
    deviations: Tensor,
    projections: Tensor,
    size: int,
    num_examples: int | None,
    cost: float | None = None,
) -> GradMoments:
    """Estimate the moments as grad_moments does, from inner products alone.

    `deviations` |g_k - mean g|^2 and `projections` (g_k - mean g).(mean g) of K groups of `size`
    examples have shape (K,) and are in float64.
    """
    count = len(deviations)
    if size < 1:
        raise ValueError(f"micro_batch_size must be >= 1, got {size}")
    if count < 2:
        raise ValueError(f"need >= 2 micro-batches to see any spread, got {count}")
    if num_examples is not None and count * size > num_examples:
        raise ValueError(
            f"{count} micro-batches of {size} cannot be drawn without replacement from "
            f"num_examples={num_examples}"
        )
    per_set = 0.0 if num_examples is None else 1 / num_examples

    def both(spread: Tensor, sq_norm: Tensor, groups: int) -> Tensor:
        tr_cov = size * spread
        return torch.stack([sq_norm - spread / groups + per_set * tr_cov, tr_cov])

    total = deviations.sum()
    whole = both(total / (count - 1), torch.full_like(total, mean_sq_norm), count)
    covariance = torch.full((2, 2), math.nan, dtype=torch.float64, device="cpu")
    if count > 2:  # leave out one micro-batch at a time
        rest = count - 1
        left_out = both(
            (total - deviations * count / rest) / (rest - 1),
            mean_sq_norm - 2 * projections / rest + deviations / rest**2,
            rest,
        )
        covariance = torch.cov(left_out, correction=0).cpu() * rest
    if num_examples is not None:  # what was drawn already is no longer uncertain
        share = 1 - count * size / num_examples
        shares = [share, share if size == 1 else 1.0]
        factors = torch.tensor(shares, dtype=torch.float64, device="cpu").sqrt()
        covariance = covariance * torch.outer(factors, factors)
    return _as_moments(
        whole,
        covariance,
        count,
        cost=float(count * size) if cost is None else cost,
        target="population" if num_examples is None else "training set",
    )


def mean_moments(trials: Sequence[GradMoments]) -> GradMoments:
    """Average the moments of independent trials; the standard errors come from their spread.

    Raises:
        ValueError: If there is no trial, or their targets or units differ.
    """
    for what in ("target", "unit"):
        seen = sorted({getattr(m, what) for m in trials})
        if len(seen) != 1:
            raise ValueError(f"need trials of one {what}, got {seen}")
    pairs = torch.tensor(
        [[m.grad_sq_norm, m.tr_cov] for m in trials], dtype=torch.float64, device="cpu"
    )
    mean = _mean_of_trials(pairs.T, sum(m.cost for m in trials), trials[0].target)
    reason = next((m.reason for m in trials if m.reason), "")
    return replace(mean, unit=trials[0].unit, reason=reason)


def _mean_of_trials(pairs: Tensor, cost: float, target: str) -> GradMoments:
    count = pairs.shape[1]
    covariance = torch.full((2, 2), math.nan, dtype=torch.float64, device="cpu")
    if count > 1:
        covariance = torch.cov(pairs) / count
    return _as_moments(pairs.mean(dim=1), covariance, count, cost, target)


def _as_moments(
    values: Tensor, covariance: Tensor, count: int, cost: float, target: str
) -> GradMoments:
    (grad_sq_norm, tr_cov), errors = values.tolist(), covariance.diagonal().sqrt().tolist()
    between = covariance[0, 1].item()
    return GradMoments(grad_sq_norm, tr_cov, errors[0], errors[1], between, count, cost, target)


def grad_noise_scale(
    moments: GradMoments | Sequence[GradMoments],
    *,
    level: float = 0.95,
    method: str = "fieller",
    generator: torch.Generator | None = None,
) -> NoiseScaleEstimate:
    """Estimate B_simple = tr(Sigma)/|G|^2 as a ratio of means, with an interval.

    Args:
        moments: Moments with standard errors, or one per trial: they are averaged first, then
            divided, since the mean of ratios is biased without bound.
        level: Coverage of the interval.
        method: "fieller": exact for normal estimates, and open upwards (high = inf) where |G|^2
            cannot be told from 0. "delta": symmetric, too narrow there. "bootstrap": percentiles
            over resampled trials; needs at least 20 trials and a generator.
        generator: Source of the bootstrap's draws.

    Returns:
        value is nan where |G|^2 is estimated as <= 0; a Fieller interval still tells how small the
        scale cannot be. B_simple is a property of these weights; that batches of this size are
        efficient is an approximation (Hessian close to a multiple of the identity, tuned lr).

    Raises:
        ValueError: For another method or level, or a bootstrap without trials or generator.

    Assumes independent samples and roughly normal means. Where few examples or one direction carry
    the noise, the interval is too short: with b = 1 it may cover 50 to 90 %. Micro-batches of 8 or
    more mend that, or with many trials the bootstrap.
    """
    if method not in METHODS or not 0 < level < 1:
        raise ValueError(f"need method in {METHODS} and 0 < level < 1, got {method!r}, {level}")
    trials = [] if isinstance(moments, GradMoments) else list(moments)
    mean = moments if isinstance(moments, GradMoments) else mean_moments(trials)
    ratio = Ratio(
        mean.tr_cov,
        mean.grad_sq_norm,
        mean.tr_cov_stderr,
        mean.grad_sq_norm_stderr,
        mean.covariance,
        mean.num_samples,
    )
    if method == "bootstrap":
        if len(trials) < 20 or generator is None:
            raise ValueError(
                f"the bootstrap needs a generator and >= 20 trials to resample, got {len(trials)}"
            )
        pairs = torch.tensor(
            [[m.tr_cov, m.grad_sq_norm] for m in trials], dtype=torch.float64, device="cpu"
        )
        low, high = bootstrap_interval(pairs, level=level, generator=generator)
    else:
        interval = fieller_interval if method == "fieller" else delta_interval
        low, high = interval(ratio, level=level)
    value, reason = mean.grad_noise_scale, mean.reason
    if reason:
        pass
    elif math.isnan(value):
        reason = f"|G|^2 is estimated as {mean.grad_sq_norm:.3g}, not above 0: average more batches"
    elif math.isnan(low):
        reason = f"{mean.num_samples} samples have no standard error"
    elif math.isinf(high):
        reason = "|G|^2 cannot be told from 0 at this level: average more batches"
    return NoiseScaleEstimate(
        value, ratio_stderr(ratio), low, high, level, mean.cost, mean.target, reason, mean.unit
    )
