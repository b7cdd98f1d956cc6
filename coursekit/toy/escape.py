"""Escape times and occupancy of a double well, measured on many chains at once.

What they should be is in `coursekit.toy.double_well`, for the SDE and for the discrete walk.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from coursekit.toy.double_well import DoubleWell, barrier, ends, slope
from coursekit.toy.dynamics import ChainAverage, chain_average, check_langevin

BLOCK = 200  # steps between two looks at which chains are done


@dataclass(frozen=True)
class EscapeTimes:
    """First-passage times of independent chains, in units of lr times steps.

    Attributes:
        times: One a chain; inf for a chain that had not escaped at `max_time` (censored).
        max_time: When the runs ended.
    """

    times: Tensor
    max_time: float

    @property
    def num_censored(self) -> int:
        """Chains that had not escaped when the runs ended."""
        return int(self.times.isinf().sum())

    @property
    def mean(self) -> ChainAverage:
        """Mean escape time; nan if any chain is censored.

        The mean of the others would be too small, and so would a mean that counts `max_time` for
        the censored ones: it hides the slowest, and flattens every curve of ln(tau) over 1/T.
        """
        if self.num_censored:
            return ChainAverage(math.nan, math.nan, len(self.times))
        return chain_average(self.times)

    @property
    def exponential_mean(self) -> ChainAverage:
        """Mean escape time under a constant escape rate; it uses censored chains rightly.

            tau = (time spent by all chains) / (number of escapes),   stderr = tau / sqrt(escapes)

        nan without an escape. Assumes that escape is memoryless: right where the barrier is much
        higher than T, too small a rate at first otherwise.
        """
        escapes = len(self.times) - self.num_censored
        if not escapes:
            return ChainAverage(math.nan, math.nan, len(self.times))
        tau = self.times.clamp(max=self.max_time).sum().item() / escapes
        return ChainAverage(tau, tau / math.sqrt(escapes), len(self.times))


def escape_times(
    well: DoubleWell,
    *,
    start: str,
    lr: float,
    temperature: float,
    num_chains: int,
    max_steps: int,
    generator: torch.Generator,
    target: float | None = None,
) -> EscapeTimes:
    """Run chains from one minimum until they pass the target.

        x <- x - lr U'(x) + sqrt(2 lr T) xi

    Args:
        well: The potential.
        start: "left" or "right": the minimum where all chains begin.
        lr: Step size.
        temperature: T.
        num_chains: Independent chains.
        max_steps: When to stop waiting. Choose it a dozen times the expected number of steps
            (`discrete_escape_time` / lr), so that nothing is censored.
        generator: Source of the noise; its device does the work.
        target: Position that counts as escaped; None: the other minimum. One at the top of the
            barrier counts walkers that turn back, and halves the time.

    Returns:
        Times, with those censored reported.

    Raises:
        ValueError: If a setting is out of range.
    """
    check_langevin(lr, temperature)
    if num_chains < 1 or max_steps < 1:
        raise ValueError(f"need num_chains and max_steps >= 1, got {num_chains} and {max_steps}")
    origin, target = ends(well, start, target)
    direction = 1.0 if target > origin else -1.0
    like: dict[str, Any] = {"dtype": torch.float64, "device": generator.device}
    steps = torch.full((num_chains,), math.inf, **like)
    chain = torch.arange(num_chains, device=generator.device)  # those still on their way
    x, kick, step = torch.full((num_chains,), origin, **like), math.sqrt(2 * lr * temperature), 0
    while len(chain) and step < max_steps:
        first = torch.full_like(x, math.inf)
        for noise in torch.randn(min(BLOCK, max_steps - step), len(x), generator=generator, **like):
            x = x - lr * slope(well, x) + kick * noise
            step += 1
            passed = (x - target) * direction >= 0
            first = torch.where(passed & first.isinf(), float(step), first)
        steps[chain] = first
        chain, x = chain[first.isinf()], x[first.isinf()]
    return EscapeTimes(steps * lr, max_steps * lr)


@dataclass(frozen=True)
class Occupancy:
    """Share of the steps spent right of the barrier.

    Attributes:
        from_left: Average over the chains that began at the left minimum.
        from_right: Over those that began at the right one.
    """

    from_left: ChainAverage
    from_right: ChainAverage

    @property
    def equilibrated(self) -> bool:
        """Whether chains from both sides agree within 4 standard errors.

        Necessary, not sufficient: too few chains agree because their errors are wide.
        """
        spread = math.hypot(self.from_left.stderr, self.from_right.stderr)
        return abs(self.from_left.value - self.from_right.value) <= 4 * spread

    @property
    def share(self) -> ChainAverage:
        """Both halves together; nan if they disagree, since the start then still decides."""
        count = self.from_left.num_chains + self.from_right.num_chains
        if not self.equilibrated:
            return ChainAverage(math.nan, math.nan, count)
        value = (self.from_left.value + self.from_right.value) / 2
        return ChainAverage(
            value, math.hypot(self.from_left.stderr, self.from_right.stderr) / 2, count
        )


def occupancy(
    well: DoubleWell,
    *,
    lr: float,
    temperature: float,
    num_chains: int,
    num_steps: int,
    burn_in: int,
    generator: torch.Generator,
) -> Occupancy:
    """Measure where chains spend their time, half of them started in each minimum.

    Args:
        well: The potential.
        lr: Step size.
        temperature: T.
        num_chains: Chains, an even number >= 4.
        num_steps: Steps that are counted, after the burn-in.
        burn_in: Steps before; several escape times, or the start shows.
        generator: Source of the noise; its device does the work.

    Returns:
        Time averages per chain, averaged over chains: their errors need no assumption about the
        correlation in time.

    Raises:
        ValueError: If a setting is out of range.
    """
    check_langevin(lr, temperature)
    if num_chains < 4 or num_chains % 2:
        raise ValueError(f"num_chains must be even and >= 4, got {num_chains}")
    if num_steps < 1 or burn_in < 0:
        raise ValueError(f"need num_steps >= 1 and burn_in >= 0, got {num_steps} and {burn_in}")
    top, kick = barrier(well).position, math.sqrt(2 * lr * temperature)
    half = num_chains // 2
    like: dict[str, Any] = {"dtype": torch.float64, "device": generator.device}
    x = torch.tensor([well.left, well.right], **like).repeat_interleave(half)
    right = torch.zeros_like(x)
    for step in range(burn_in + num_steps):
        noise = torch.randn(num_chains, generator=generator, **like)
        x = x - lr * slope(well, x) + kick * noise
        if step >= burn_in:
            right += x > top
    shares = right / num_steps
    return Occupancy(chain_average(shares[:half]), chain_average(shares[half:]))


def escape_ratio(slow: EscapeTimes, fast: EscapeTimes) -> ChainAverage:
    """Return the ratio of two mean escape times; nan if either is censored.

    stderr = ratio sqrt( (s_slow / m_slow)^2 + (s_fast / m_fast)^2 )
    """
    top, bottom = slow.mean, fast.mean
    ratio = top.value / bottom.value
    spread = math.hypot(top.stderr / top.value, bottom.stderr / bottom.value)
    return ChainAverage(ratio, ratio * spread, top.num_chains + bottom.num_chains)


def arrhenius_slope(inverse_temperatures: Tensor, escapes: list[EscapeTimes]) -> ChainAverage:
    """Fit ln(tau) = a + slope / T by least squares; the slope estimates the barrier's height.

    Args:
        inverse_temperatures: 1/T of each measurement, shape (num_temperatures,).
        escapes: The measurements, at least two.

    Returns:
        The slope; its standard error carries those of the means forward, with no allowance for
        curvature. nan if anything is censored. Prefactors that depend on T put it off the
        barrier's height by the order of T.

    Raises:
        ValueError: If there are fewer than two measurements.
    """
    if len(escapes) < 2 or len(inverse_temperatures) != len(escapes):
        raise ValueError(
            f"need >= 2 measurements and as many temperatures, got {len(escapes)} and "
            f"{len(inverse_temperatures)}"
        )
    means = [e.mean for e in escapes]
    centred = inverse_temperatures.double() - inverse_temperatures.double().mean()
    pull = centred / centred.square().sum()
    logs = torch.tensor([math.log(m.value) for m in means], dtype=torch.float64)
    errors = torch.tensor([m.stderr / m.value for m in means], dtype=torch.float64)
    value = (pull * logs).sum().item()
    stderr = (pull * errors).square().sum().sqrt().item()
    return ChainAverage(value, stderr, sum(m.num_chains for m in means))
