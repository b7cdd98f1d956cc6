"""Averages of |G|^2 and tr(Sigma) over steps, with the error that their spread shows."""

import math
from dataclasses import replace
from typing import Any

from coursekit.noise.scale import GradMoments, NoiseScaleEstimate, grad_noise_scale

STATE_VERSION = 1
FAULT = 8.0  # standard errors below zero that no noise explains
FEWEST = 8  # steps behind a standard error that is believed that far


class MomentAverage:
    """Exponential averages of unbiased moments, numerator and denominator apart.

        mean = sum_t decay^age(t) x_t / sum_t decay^age(t)

    The weights sum to one from the first step on (that is the debiasing: by the number of updates,
    not of micro-batches). Moments that are not finite are skipped and counted.

    Args:
        decay: Weight of the past; about 1/(1 - decay) steps are averaged.
        unit: What the noise scale counts: "examples", or "tokens".
    """

    def __init__(self, *, decay: float = 0.99, unit: str = "examples") -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay must be in [0, 1), got {decay}")
        self.decay, self.unit = decay, unit
        self.num_updates = self.num_skipped = 0
        self.last = GradMoments(math.nan, math.nan)  # unbiased but noisy: one step's
        self._cost = 0.0
        self._sums = [0.0] * 5  # weighted x, y, x^2, y^2, x y
        self._weight = self._weight_squares = 0.0  # sum of decay^age, and of its square

    def update(self, moments: GradMoments) -> None:
        """Average in the moments of one step."""
        x, y = moments.grad_sq_norm, moments.tr_cov
        self.last = moments
        if not (math.isfinite(x) and math.isfinite(y)):
            self.num_skipped += 1
            return
        new = (x, y, x * x, y * y, x * y)
        self._sums = [self.decay * old + n for old, n in zip(self._sums, new, strict=True)]
        self._weight = self.decay * self._weight + 1
        self._weight_squares = self.decay**2 * self._weight_squares + 1
        self.num_updates += 1
        self._cost += moments.cost

    def moments(self) -> GradMoments:
        """Return the averages, with standard errors from the weighted spread over steps.

        Steps count as independent. The spread includes the drift of the moments during training;
        the average lags behind them by about 1/(1 - decay) steps.
        """
        if self.num_updates == 0:
            return GradMoments(math.nan, math.nan, num_samples=0, cost=0.0)
        x, y, xx, yy, xy = (total / self._weight for total in self._sums)
        share = self._weight_squares / self._weight**2  # 1/share: effective number of steps
        variance_x = variance_y = covariance = math.nan
        if share < 1:
            factor = share / (1 - share)
            variance_x, variance_y = factor * (xx - x * x), factor * (yy - y * y)
            covariance = factor * (xy - x * y)
        return GradMoments(
            x,
            y,
            math.sqrt(variance_x) if variance_x >= 0 else math.nan,
            math.sqrt(variance_y) if variance_y >= 0 else math.nan,
            covariance,
            min(self.num_updates, max(2, round(1 / share))),
            self._cost,
        )

    def estimate(self, *, level: float = 0.95) -> NoiseScaleEstimate:
        """Return tr(Sigma)/|G|^2 of the averages, with a Fieller interval.

        nan with a reason while |G|^2 is not resolved, or where a moment lies so far below zero
        that the loop must be at fault.
        """
        if self.num_updates == 0:
            skipped = f", {self.num_skipped} skipped" if self.num_skipped else ""
            nan = math.nan
            reason = f"no step averaged yet{skipped}"
            return NoiseScaleEstimate(
                nan, nan, nan, nan, level, 0.0, "population", reason, unit=self.unit
            )
        moments = self.moments()
        found = replace(grad_noise_scale(moments, level=level), unit=self.unit)
        fault = fault_of(moments)
        if fault:
            nan = math.nan
            return replace(found, value=nan, stderr=nan, low=nan, high=nan, reason=fault)
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return the averages as plain numbers; the decay is a setting and not part of them."""
        return {
            "version": STATE_VERSION,
            "unit": self.unit,
            "num_updates": self.num_updates,
            "num_skipped": self.num_skipped,
            "cost": self._cost,
            "sums": self._sums,
            "weight": self._weight,
            "weight_squares": self._weight_squares,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from saved averages.

        Raises:
            ValueError: If the state has another version, or another unit.
        """
        if state.get("version") != STATE_VERSION:
            raise ValueError(
                f"state has version {state.get('version')}, this library reads {STATE_VERSION}"
            )
        if state.get("unit", self.unit) != self.unit:
            raise ValueError(f"state counts {state['unit']}, this average {self.unit}")
        self.num_updates, self.num_skipped = state["num_updates"], state["num_skipped"]
        self._cost = state["cost"]
        self._sums = list(state["sums"])
        self._weight, self._weight_squares = state["weight"], state["weight_squares"]


def fault_of(moments: GradMoments) -> str:
    """Say what is wrong where a moment is further below zero than noise can put it; else ""."""
    if moments.num_samples < FEWEST:
        return ""
    signal, noise = moments.grad_sq_norm, moments.tr_cov
    for name, value, other, stderr in (
        ("|G|^2", signal, noise, moments.grad_sq_norm_stderr),
        ("tr(Sigma)", noise, signal, moments.tr_cov_stderr),
    ):
        rounding = 1e-9 * abs(other)
        if value < -FAULT * stderr - rounding and stderr > 0:
            return (
                f"{name} = {value:.3g} is {-value / stderr:.0f} standard errors below zero, which "
                f"is a fault of the loop and no noise: look for gradients that a hook clips, "
                f"workers without group=, micro-batches of the same examples, sizes or factors "
                f"that are not those of the passes"
            )
    return ""
