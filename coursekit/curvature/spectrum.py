"""The density of eigenvalues of a large symmetric matrix, by stochastic Lanczos quadrature."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import eigh_tridiagonal
from torch import Tensor

from coursekit.curvature.lanczos import Products, draw_normal, orthogonalise
from coursekit.gradients._random_state import generator_on


@dataclass(frozen=True)
class SpectralDensity:
    """A smoothed density of eigenvalues with its standard error, and what it was made of."""

    grid: Tensor  # (num_points,), in the eigenvalues' unit
    value: Tensor  # (num_points,): density, integrates to 1
    stderr: Tensor  # (num_points,), over the random probes
    width: float  # standard deviation of the Gaussian that smooths it
    nodes: Tensor  # (num_probes, num_steps): Ritz values
    weights: Tensor  # (num_probes, num_steps): each row sums to 1
    num_params: int
    num_hvps: int
    cost: float  # gradients over the data, about

    def fraction_above(self, threshold: float) -> tuple[float, float]:
        """Return the fraction of eigenvalues above a threshold, with its standard error."""
        fractions = (self.weights * (self.nodes > threshold)).sum(dim=1)
        return fractions.mean().item(), fractions.std().item() / math.sqrt(len(fractions))


def spectral_density(
    op: Products,
    *,
    num_probes: int = 8,
    num_steps: int = 60,
    grid: Tensor | None = None,
    num_points: int = 400,
    rel_width: float = 0.01,
    rng: torch.Generator | None = None,
) -> SpectralDensity:
    """Estimate the density of all eigenvalues from Lanczos runs started at random vectors.

        p(t) = (1/P) sum_i phi((t - lambda_i)/width)/width
             ~ mean over probes of sum_j S_{1j}^2 phi((t - theta_j)/width)/width

    theta_j and S come from num_steps of Lanczos: Gauss quadrature for the spectrum as the start
    vector weighs it, exact for polynomials of degree 2 num_steps - 1. Isolated eigenvalues are
    found sharply; a dense bulk is resolved to about its extent over num_steps.

    Args:
        op: The matrix, such as `hessian_operator(...)`.
        num_probes: Random start vectors, at least 2.
        num_steps: Products per probe.
        grid: Where to evaluate, shape (num_points,); None: from the smallest to the largest Ritz
            value, 4 widths beyond.
        num_points: Length of that grid.
        rel_width: Width of the smoothing Gaussian as a fraction of the Ritz values' range.
        rng: Source of the start vectors; None: a new generator seeded 0.

    Returns:
        The density with its standard error over probes. Where the smoothing is narrower than the
        quadrature resolves, single Ritz values show as bumps that are no eigenvalues.

    Raises:
        ValueError: If num_probes < 2, num_steps < 1, or rel_width <= 0.

    Source: Ubaru, Chen, Saad 2017, SIAM J. Matrix Anal. 38(4); Ghorbani et al. 2019,
    arXiv:1901.10159.
    """
    if num_probes < 2:
        raise ValueError(f"num_probes must be >= 2: one shows no spread, got {num_probes}")
    if num_steps < 1:
        raise ValueError(f"num_steps must be >= 1, got {num_steps}")
    if not rel_width > 0:
        raise ValueError(f"rel_width must be > 0, got {rel_width}")
    rng = generator_on(op.device) if rng is None else rng
    num_steps = min(num_steps, op.shape[0])
    nodes = torch.zeros(num_probes, num_steps, dtype=torch.float64, device="cpu")
    weights = torch.zeros_like(nodes)
    num_hvps = 0
    for probe in range(num_probes):
        diagonal, off_diagonal = lanczos_tridiagonal(
            op, draw_normal(op.shape[0], op, rng), num_steps
        )
        theta, vectors = eigh_tridiagonal(diagonal, off_diagonal)
        num_hvps += len(theta)
        nodes[probe, : len(theta)] = torch.from_numpy(theta)
        nodes[probe, len(theta) :] = theta[-1]  # with weight 0, where Lanczos ended early
        weights[probe, : len(theta)] = torch.from_numpy(vectors[0] ** 2)
    low, high = nodes.min().item(), nodes.max().item()
    width = rel_width * ((high - low) or abs(high) or 1.0)
    if grid is None:
        grid = torch.linspace(
            low - 4 * width, high + 4 * width, num_points, dtype=torch.float64, device="cpu"
        )
    else:
        grid = grid.detach().double().cpu()
    bumps = torch.exp(-0.5 * ((grid - nodes.unsqueeze(2)) / width).square())
    densities = (weights.unsqueeze(2) * bumps).sum(dim=1) / (width * math.sqrt(2 * math.pi))
    return SpectralDensity(
        grid=grid,
        value=densities.mean(dim=0),
        stderr=densities.std(dim=0) / math.sqrt(num_probes),
        width=width,
        nodes=nodes,
        weights=weights,
        num_params=op.shape[0],
        num_hvps=num_hvps,
        cost=num_hvps * getattr(op, "grads_per_hvp", math.nan),
    )


def lanczos_tridiagonal(
    op: Products, start: Tensor, num_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Run Lanczos with full reorthogonalisation; return T's diagonal and off-diagonal.

    Shorter than num_steps if the start vector lies in an invariant subspace.

    Raises:
        ValueError: If a product is not finite.
    """
    eps = float(torch.finfo(start.dtype).eps)
    basis = torch.empty(num_steps, len(start), dtype=start.dtype, device=start.device)
    diagonal: list[float] = []
    off_diagonal: list[float] = []
    vector = start / start.norm()
    for step in range(num_steps):
        basis[step] = vector
        remainder, coefficients = orthogonalise(op @ vector, basis[: step + 1])
        diagonal.append(coefficients[step].item())
        norm = remainder.norm().item()
        if not math.isfinite(norm):
            raise ValueError("a product with the matrix is not finite: is the loss NaN or inf?")
        scale = max(abs(t) for t in (*diagonal, *off_diagonal))
        if step == num_steps - 1 or norm <= 10 * eps * scale:
            break
        off_diagonal.append(norm)
        vector = remainder / norm
    return np.array(diagonal), np.array(off_diagonal)
