"""A sharp and a flat minimum on a line, and the barrier between them.

`toy.escape` lets walkers loose on it; `toy.escape_theory` says what they should do.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

SIDES = ("left", "right")


@dataclass(frozen=True)
class DoubleWell:
    """A smooth minimum of two parabolas.

        U(x) = -s log( exp(-E_left(x) / s) + exp(-E_right(x) / s) ),   s = softness
        E_left = left_curvature (x - left)^2 / 2
        E_right = right_curvature (x - right)^2 / 2 + right_energy

    The defaults have a sharp minimum on the left, a flat one on the right, equally deep, and a
    barrier of 1.08.
    """

    left_curvature: float = 8.0
    right_curvature: float = 1.0
    left: float = -1.0
    right: float = 1.0
    right_energy: float = 0.0
    softness: float = 0.02

    def __post_init__(self) -> None:
        """Refuse a shape without two minima."""
        if not (self.left_curvature > 0 and self.right_curvature > 0 and self.softness > 0):
            raise ValueError(
                f"curvatures and softness must be > 0, got {self.left_curvature}, "
                f"{self.right_curvature} and {self.softness}"
            )
        if not self.left < self.right:
            raise ValueError(f"left must lie left of right, got {self.left} and {self.right}")


@dataclass(frozen=True)
class Barrier:
    """The top between the two minima: where, how high above 0, and U'' there (negative)."""

    position: float
    height: float
    curvature: float


def energies(well: DoubleWell, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return both parabolas at x."""
    left = 0.5 * well.left_curvature * (x - well.left).square()
    right = 0.5 * well.right_curvature * (x - well.right).square() + well.right_energy
    return left, right


def potential(well: DoubleWell, x: Tensor) -> Tensor:
    """Return U at x, elementwise."""
    left, right = energies(well, x)
    return -well.softness * torch.logaddexp(-left / well.softness, -right / well.softness)


def slope(well: DoubleWell, x: Tensor) -> Tensor:
    """Return U' at x, elementwise: the slopes of the parabolas, weighted by which one rules."""
    left, right = energies(well, x)
    from_right = torch.sigmoid((left - right) / well.softness)
    slope_left = well.left_curvature * (x - well.left)
    return slope_left + from_right * (well.right_curvature * (x - well.right) - slope_left)


def barrier(well: DoubleWell) -> Barrier:
    """Find the top between the minima.

    Raises:
        ValueError: If there is none, since one parabola lies below the other all the way.
    """
    low, high = well.left, well.right

    def at(x: float) -> float:
        return slope(well, torch.tensor(x, dtype=torch.float64)).item()

    inner = np.linspace(low, high, 4001)[1:-1]
    slopes = slope(well, torch.from_numpy(inner)).numpy()
    falls = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    if len(falls) != 1:
        raise ValueError(
            f"there is no single barrier between {low} and {high}: lower |right_energy|, got "
            f"{well.right_energy}, or the softness, got {well.softness}"
        )
    low, high = inner[falls[0]], inner[falls[0] + 1]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle) > 0 else (low, middle)
    step = 1e-5
    curvature = (at(low + step) - at(low - step)) / (2 * step)
    height = potential(well, torch.tensor(low, dtype=torch.float64)).item()
    return Barrier(float(low), height, curvature)


def ends(well: DoubleWell, start: str, target: float | None = None) -> tuple[float, float]:
    """Return where a walk starts and where it counts as escaped.

    Args:
        well: The potential.
        start: "left" or "right", a minimum.
        target: None for the other minimum.

    Raises:
        ValueError: If the start is no side, or the target does not lie beyond the barrier.
    """
    if start not in SIDES:
        raise ValueError(f"start must be one of {', '.join(SIDES)}, got {start!r}")
    origin, other = (well.left, well.right) if start == "left" else (well.right, well.left)
    if target is None:
        target = other
    top = barrier(well).position
    if (target - top) * (other - top) <= 0:
        raise ValueError(
            f"target {target} does not lie beyond the barrier at {top:.4g}, seen from the {start}"
        )
    return origin, target
