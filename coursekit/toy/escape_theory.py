"""What theory says about a walker between two minima, to compare with `coursekit.toy.escape`.

For the SDE dx = -U' dt + sqrt(2 T) dW the answers are integrals. For the discrete walk
x <- x - lr U'(x) + sqrt(2 lr T) xi, which is SGD, they solve a linear system. Both are computed
to many digits, so a simulation can be held against each.
"""

import math
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from coursekit.toy.double_well import DoubleWell, barrier, ends, potential, slope
from coursekit.toy.dynamics import check_langevin

Array = NDArray[np.float64]


def kramers_time(well: DoubleWell, *, start: str, temperature: float) -> float:
    """Return Kramers' estimate of the mean time from one minimum to the other.

        tau = 2 pi / sqrt(U''(start) |U''(top)|) exp( (U(top) - U(start)) / T )

    Returns:
        Time in units of lr times steps. An asymptote for T << barrier, small steps, and a top
        that is rounder than T: with the default softness the top is nearly a cusp, and
        `sde_escape_time` is the one to trust.

    Raises:
        ValueError: If the start is no side or T is not positive.

    Source: Kramers 1940; Hanggi, Talkner & Borkovec 1990, Rev. Mod. Phys. 62, 251.
    """
    check_temperature(temperature)
    ends(well, start)
    top = barrier(well)
    curvature, energy = well.left_curvature, 0.0
    if start == "right":
        curvature, energy = well.right_curvature, well.right_energy
    rate = math.sqrt(curvature * abs(top.curvature)) / (2 * math.pi)
    return math.exp((top.height - energy) / temperature) / rate


def sde_escape_time(
    well: DoubleWell, *, start: str, temperature: float, target: float | None = None
) -> float:
    """Return the exact mean time of the SDE from one minimum to the other.

        tau = (1/T) int_start^target dy e^(U(y)/T) int_(behind)^y dz e^(-U(z)/T)

    The walker starts at one minimum; it is absorbed at the target, by default the other one.

    Returns:
        Time in units of lr times steps, relative error about 1e-6. Independent of the step size,
        which is where SGD departs from it.

    Raises:
        ValueError: If the start is no side or T is not positive.

    Source: Gardiner, Handbook of Stochastic Methods, section 5.2.7.
    """
    check_temperature(temperature)
    origin, target = ends(well, start, target)
    wide = 9 * math.sqrt(temperature / min(well.left_curvature, well.right_curvature))
    behind = origin - wide if target > origin else origin + wide
    y = np.linspace(behind, target, 200_001)
    u = potential(well, torch.from_numpy(y)).numpy() / temperature
    spacing = abs(y[1] - y[0])
    below = cumulative(np.exp(-u), spacing)
    climbs = np.where((y - origin) * (target - origin) >= 0, np.exp(u) * below, 0.0)
    return float(np.trapezoid(climbs, dx=spacing)) / temperature


def gibbs_share(well: DoubleWell, *, temperature: float) -> float:
    """Return the share of time that the SDE spends right of the barrier.

        int_(x > top) e^(-U/T) / int e^(-U/T)  ->  1 / (1 + sqrt(k_right / k_left)),  equal depth

    The limit is for T << barrier: at equal depth the flat minimum wins by the root of the ratio
    of curvatures, because it is wider.

    Raises:
        ValueError: If T is not positive.
    """
    check_temperature(temperature)
    low, high = reach(well, 0.0, temperature)
    x = np.linspace(low, high, 200_001)
    weight = np.exp(-potential(well, torch.from_numpy(x)).numpy() / temperature)
    return float(weight[x > barrier(well).position].sum() / weight.sum())


def discrete_escape_time(
    well: DoubleWell,
    *,
    start: str,
    lr: float,
    temperature: float,
    target: float | None = None,
) -> float:
    """Return the exact mean time of the discrete walk from one minimum to beyond the target.

        tau(x) = lr + int p(y | x) tau(y) dy     over all y not yet beyond the target

    Returns:
        lr times the mean number of steps; relative error 1e-6, rising to 1e-3 where lr times
        the larger curvature passes 1. It tends to `sde_escape_time` as lr -> 0.

    Raises:
        ValueError: If a minimum is unstable (lr times curvature >= 2: simulate instead), or lr is
            so small that the linear system is too large (the SDE is right there).
    """
    check_temperature(temperature)
    origin, target = ends(well, start, target)
    low, high = reach(well, lr, temperature)
    span = (low, target) if target > origin else (target, high)
    nodes, weights = quadrature(well, span, math.sqrt(2 * lr * temperature))
    moves = transition(well, np.append(nodes, origin), nodes, lr, temperature) * weights
    times = np.linalg.solve(np.eye(len(nodes)) - moves[:-1], np.full(len(nodes), lr))
    return lr + float(moves[-1] @ times)


def discrete_share(well: DoubleWell, *, lr: float, temperature: float) -> float:
    """Return the share of steps that the discrete walk spends right of the barrier.

        p(y) = int p(y | x) p(x) dx     solved for the stationary density p

    Returns:
        To about 1e-6 (1e-4 where lr times curvature passes 1). At a given T it exceeds
        `gibbs_share` for finite lr where the left minimum is the sharper one: the sharp minimum
        comes first to its edge of stability.

    Raises:
        ValueError: As `discrete_escape_time`.
    """
    check_temperature(temperature)
    span, top = reach(well, lr, temperature), barrier(well).position
    nodes, weights = quadrature(well, span, math.sqrt(2 * lr * temperature))
    moves = transition(well, nodes, nodes, lr, temperature) * weights
    system = np.vstack([(moves.T - np.eye(len(nodes))), np.ones(len(nodes))])
    system[:-1] /= np.abs(system[:-1]).max()
    right_side = np.append(np.zeros(len(nodes)), 1.0)
    shares = np.linalg.lstsq(system, right_side, rcond=None)[0]
    return float(shares[nodes > top].sum() / shares.sum())


def check_temperature(temperature: float) -> None:
    """Refuse a temperature without escapes."""
    check_langevin(1.0, temperature)
    if temperature == 0:
        raise ValueError("temperature must be > 0: without noise nothing escapes")


def reach(well: DoubleWell, lr: float, temperature: float) -> tuple[float, float]:
    """Return an interval that the walk leaves with negligible probability.

    Raises:
        ValueError: If lr times a curvature is 2 or more.
    """
    widths = []
    for curvature in (well.left_curvature, well.right_curvature):
        if lr * curvature >= 2:
            raise ValueError(
                f"a minimum of curvature {curvature} is unstable at lr {lr}: no quadrature; "
                f"simulate with coursekit.toy.escape"
            )
        widths.append(9 * math.sqrt(2 * temperature / (curvature * (2 - lr * curvature))))
    wide = max(widths)
    return well.left - wide, well.right + wide


def quadrature(well: DoubleWell, span: tuple[float, float], step_std: float) -> tuple[Array, Array]:
    """Return Gauss-Legendre nodes and weights that resolve one step, and the top of the barrier.

    Raises:
        ValueError: If that takes more than 4,000 nodes.
    """
    top = barrier(well).position
    pull = well.left_curvature * (top - well.left) + well.right_curvature * (well.right - top)
    rounding = 20 * well.softness / pull  # the slope changes its sign within this distance
    edges = [span[0], top - rounding, top, top + rounding, span[1]]
    counts = [max(40, math.ceil(4 * (b - a) / step_std)) for a, b in pairwise(edges)]
    if sum(counts) > 4000:
        raise ValueError(
            f"steps of {step_std:.2g} over {span[1] - span[0]:.3g} need {sum(counts)} nodes, "
            f"more than 4000; at so small a step use the SDE's formula"
        )
    parts = []
    for (a, b), count in zip(pairwise(edges), counts, strict=True):
        x, w = np.polynomial.legendre.leggauss(count)
        parts.append(((a + b) / 2 + (b - a) / 2 * x, (b - a) / 2 * w))
    return np.concatenate([x for x, _ in parts]), np.concatenate([w for _, w in parts])


def transition(well: DoubleWell, at: Array, to: Array, lr: float, temperature: float) -> Array:
    """Return the density of one step, shape (len(at), len(to))."""
    means = at - lr * slope(well, torch.from_numpy(at)).numpy()
    variance = 2 * lr * temperature
    distances = to[None, :] - means[:, None]
    return np.exp(-(distances**2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def cumulative(values: Array, spacing: float) -> Array:
    """Return the running trapezoid integral, 0 at the first point."""
    steps = (values[1:] + values[:-1]) * (spacing / 2)
    return np.concatenate([[0.0], np.cumsum(steps)])
