"""SGD where everything is known: a quadratic with gradient noise, exactly and as an SDE.

    v <- momentum v + g(x),   x <- x - lr v,   g(x) = curvature x + xi
    Var xi = (noise_var + noise_growth x^2) / B

`noise_var` is the variance of one example's gradient at the minimum; `noise_growth` says how fast
it grows away from there (0 in the textbook). Everything is per direction: for a Hessian with many
eigenvalues, apply the formulas to each. `coursekit.toy.double_well` adds a second minimum.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class ChainAverage:
    """An average over independent chains.

    Attributes:
        value: The average.
        stderr: Its standard error over chains.
        num_chains: Chains averaged.
    """

    value: float
    stderr: float
    num_chains: int


def chain_average(values: Tensor) -> ChainAverage:
    """Average one value per chain; the standard error is nan for a single chain."""
    values = values.double()
    spread = values.std().item() if len(values) > 1 else math.nan
    return ChainAverage(values.mean().item(), spread / math.sqrt(len(values)), len(values))


def temperature(*, lr: float, noise_var: float, batch_size: float, momentum: float = 0.0) -> float:
    """Return the temperature of SGD's noise in the limit of small steps.

        T = lr noise_var / (2 B (1 - momentum))

    In that limit SGD is Langevin dynamics dx = -U'(x) dt + sqrt(2 T) dW in the time
    t = lr steps / (1 - momentum), with the stationary density exp(-U/T): learning rate and batch
    size enter only as lr / B. At a finite lr they enter apart, see `stationary_variance`.
    """
    check_settings(lr, batch_size, momentum)
    return lr * noise_var / (2 * batch_size * (1 - momentum))


def sde_variance(
    *,
    lr: float,
    curvature: float,
    noise_var: float,
    batch_size: float,
    momentum: float = 0.0,
) -> float:
    """Return the stationary variance that the SDE predicts for a quadratic.

        Var = T / curvature = lr noise_var / (2 B curvature (1 - momentum))

    Returns:
        Always less than the truth (`stationary_variance`): by the factor 1 - lr curvature / 2
        without momentum. It stays finite where SGD diverges.

    Raises:
        ValueError: If the curvature is not positive: there is no stationary state.
    """
    check_curvature(curvature)
    settings = {"noise_var": noise_var, "batch_size": batch_size, "momentum": momentum}
    return temperature(lr=lr, **settings) / curvature


def stationary_variance(
    *,
    lr: float,
    curvature: float,
    noise_var: float,
    batch_size: float,
    momentum: float = 0.0,
    noise_growth: float = 0.0,
) -> float:
    """Return the exact stationary variance of SGD on a quadratic, for any stable step size.

        Var = lr noise_var / (B curvature (2 - lr curvature))            momentum 0, constant noise

    In general, with m for momentum,

        K = lr (1 + m) / (curvature (1 - m) (2 (1 + m) - lr curvature))
        Var = K noise_var / (B - K noise_growth)

    since at stationarity the noise enters only through its mean square.

    Args:
        lr: Step size.
        curvature: Second derivative of the loss, > 0.
        noise_var: Variance of one example's gradient at the minimum.
        batch_size: B.
        momentum: Heavy-ball momentum, 0 <= m < 1, without dampening, as in torch.
        noise_growth: Growth of the noise variance with x^2.

    Returns:
        The mean square distance from the minimum; inf where it grows without bound. With
        noise_growth it can be infinite although almost every chain returns to the minimum: rare
        long excursions carry it.

    Raises:
        ValueError: If a setting is out of range.

    Source: for constant noise e.g. Mandt et al. 2017, arXiv:1704.04289, before its small-step
    limit; for noise_growth Bach & Moulines 2013, arXiv:1306.2119, treat the same recursion.
    """
    check_settings(lr, batch_size, momentum)
    check_curvature(curvature)
    slack = 2 * (1 + momentum) - lr * curvature
    if slack <= 0:
        return math.inf
    gain = lr * (1 + momentum) / (curvature * (1 - momentum) * slack)
    if gain * noise_growth >= batch_size:
        return math.inf
    return gain * noise_var / (batch_size - gain * noise_growth)


def max_stable_lr(
    *, curvature: float, batch_size: float, momentum: float = 0.0, noise_growth: float = 0.0
) -> float:
    """Return the learning rate from which on the variance on a quadratic is infinite.

        lr_max = (2 / curvature) / (1 + B_c / B),   B_c = noise_growth / curvature^2   (momentum 0)

    So it grows like B while B << B_c, and levels off at 2 / curvature: noise that grows with
    the distance is one reason why a small batch bears only a small learning rate. With momentum m
    the ceiling is 2 (1 + m) / curvature and B_c is (1 + m) / (1 - m) times larger.

    Raises:
        ValueError: If a setting is out of range.
    """
    check_settings(1.0, batch_size, momentum)
    check_curvature(curvature)
    critical = noise_growth / curvature**2 * (1 + momentum) / (1 - momentum)
    return 2 * (1 + momentum) / curvature / (1 + critical / batch_size)


def variance_after(
    num_steps: int,
    *,
    lr: float,
    curvature: float,
    noise_var: float,
    batch_size: float,
    noise_growth: float = 0.0,
    start: float = 0.0,
) -> float:
    """Return the exact mean of x^2 after `num_steps` steps of SGD without momentum.

        E x_t^2 = a^t x_0^2 + lr^2 noise_var / B (1 + a + ... + a^(t-1))
        a = (1 - lr curvature)^2 + lr^2 noise_growth / B

    It says how long a run must be before `stationary_variance` describes it: 1 / (1 - a) steps
    shrink the difference e-fold.

    Args:
        num_steps: t.
        lr: Step size.
        curvature: Second derivative of the loss, of any sign.
        noise_var: Variance of one example's gradient at the minimum.
        batch_size: B.
        noise_growth: Growth of the noise variance with x^2.
        start: x_0, the same for all chains.

    Raises:
        ValueError: If a setting is out of range.
    """
    check_settings(lr, batch_size, 0.0)
    if num_steps < 0:
        raise ValueError(f"num_steps must be >= 0, got {num_steps}")
    factor = (1 - lr * curvature) ** 2 + lr**2 * noise_growth / batch_size
    terms = float(num_steps) if factor == 1 else (1 - factor**num_steps) / (1 - factor)
    return factor**num_steps * start**2 + lr**2 * noise_var / batch_size * terms


def simulate_quadratic(
    *,
    lr: float,
    curvature: float,
    noise_var: float,
    batch_size: float,
    num_steps: int,
    num_chains: int,
    generator: torch.Generator,
    momentum: float = 0.0,
    noise_growth: float = 0.0,
    start: float = 0.0,
) -> Tensor:
    """Run SGD on a quadratic with Gaussian gradient noise, all chains at once.

    Args:
        lr: Step size.
        curvature: Second derivative of the loss; it may be negative or zero here.
        noise_var: Variance of one example's gradient at the minimum.
        batch_size: B.
        momentum: Heavy-ball momentum.
        noise_growth: Growth of the noise variance with x^2.
        num_steps: Steps of every chain.
        num_chains: Independent chains.
        generator: Source of the noise; its device does the work.
        start: x_0 of every chain.

    Returns:
        Final positions, shape (num_chains,), float64. `chain_average(x.square())` estimates the
        variance about the minimum with its standard error.

    Raises:
        ValueError: If a setting is out of range.
    """
    check_settings(lr, batch_size, momentum)
    if num_steps < 0 or num_chains < 1:
        raise ValueError(f"need num_steps >= 0 and num_chains >= 1, got {num_steps}, {num_chains}")
    like: dict[str, Any] = {"dtype": torch.float64, "device": generator.device}
    x = torch.full((num_chains,), start, **like)
    velocity = torch.zeros_like(x)
    for _ in range(num_steps):
        noise = torch.randn(num_chains, generator=generator, **like)
        scale = ((noise_var + noise_growth * x.square()) / batch_size).sqrt()
        velocity = momentum * velocity + curvature * x + scale * noise
        x = x - lr * velocity
    return x


def langevin(
    slope: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    lr: float,
    temperature: float,
    num_steps: int,
    generator: torch.Generator,
) -> Tensor:
    """Run gradient descent with Gaussian noise of a given temperature, all chains at once.

        x <- x - lr U'(x) + sqrt(2 lr T) xi,   xi ~ N(0, 1)

    This is SGD whose gradient noise has the variance 2 T / lr everywhere, and at the same time
    the Euler scheme for the SDE dx = -U' dt + sqrt(2 T) dW with time step lr.

    Args:
        slope: U', elementwise.
        start: Positions, any shape; each is a chain.
        lr: Step size.
        temperature: T >= 0; 0 is plain gradient descent.
        num_steps: Steps.
        generator: Source of the noise, on the device of `start`.

    Returns:
        Final positions, shape of `start`.

    Raises:
        ValueError: If lr or T can't be.
    """
    check_langevin(lr, temperature)
    x, kick = start, math.sqrt(2 * lr * temperature)
    for _ in range(num_steps):
        noise = torch.randn(x.shape, dtype=x.dtype, device=x.device, generator=generator)
        x = x - lr * slope(x) + kick * noise
    return x


def check_langevin(lr: float, temperature: float) -> None:
    """Refuse a step size or temperature that can't be."""
    if not (0 < lr < math.inf and 0 <= temperature < math.inf):
        raise ValueError(f"need finite lr > 0 and temperature >= 0, got {lr} and {temperature}")


def check_settings(lr: float, batch_size: float, momentum: float) -> None:
    """Refuse settings of SGD that can't be."""
    if not 0 < lr < math.inf:
        raise ValueError(f"lr must be > 0 and finite, got {lr}")
    if not batch_size > 0:
        raise ValueError(f"batch_size must be > 0, got {batch_size}")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must lie in [0, 1), got {momentum}")


def check_curvature(curvature: float) -> None:
    """Refuse a curvature without a stationary state."""
    if not curvature > 0:
        raise ValueError(
            f"curvature must be > 0, got {curvature}: without a minimum nothing is stationary"
        )
