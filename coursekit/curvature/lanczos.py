"""Extreme eigenvalues of a symmetric matrix that is known only by its products with vectors."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from coursekit.gradients._random_state import generator_on

WHICH = ("LA", "SA", "LM")
CONFIRM_HVPS = 10


class Products(Protocol):
    """What an eigenvalue or trace routine needs of a symmetric matrix A."""

    shape: tuple[int, int]
    torch_dtype: torch.dtype
    device: torch.device

    def __matmul__(self, vector: Any) -> Any:
        """Return A v for a tensor v of shape (num_params,)."""


@dataclass(frozen=True)
class Eigenpairs:
    """Eigenvalues with their residuals: an eigenvalue of A lies within each residual."""

    values: Tensor  # (k,), float64, most extreme first
    residuals: Tensor  # (k,), float64: |A v - value v|, in the eigenvalues' unit
    vectors: Tensor  # (num_params, k), orthonormal columns
    num_hvps: int  # products with A
    cost: float  # gradients over the data, about; nan where that has no meaning
    converged: bool  # False: max_hvps was reached first; then trust only the residuals

    @property
    def value(self) -> float:
        """The most extreme eigenvalue."""
        return self.values[0].item()

    @property
    def residual(self) -> float:
        """Its residual."""
        return self.residuals[0].item()


def draw_normal(num: int, op: Products, rng: torch.Generator | None) -> Tensor:
    """Draw a standard normal vector where `op` lives; without `rng`, from a new one seeded 0."""
    rng = generator_on(op.device) if rng is None else rng
    noise = torch.randn(num, generator=rng, device=rng.device, dtype=op.torch_dtype)
    return noise.to(op.device)


def orthogonalise(vector: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """Return (vector minus its part in the rows of `basis`, that part's coefficients).

    Gram-Schmidt twice, which is enough to reach rounding error (Giraud et al. 2005).
    """
    first = basis @ vector
    vector = vector - first @ basis
    second = basis @ vector
    return vector - second @ basis, first + second


def lanczos_eigenvalues(
    op: Products,
    k: int = 1,
    *,
    which: str = "LA",
    tol: float = 1e-4,
    num_guards: int | None = None,
    guard_tol: float = 3e-2,
    start: Tensor | None = None,
    confirm_hvps: int = 0,
    max_hvps: int = 1000,
    max_basis: int | None = None,
    rng: torch.Generator | None = None,
) -> Eigenpairs:
    """Find the k most extreme eigenvalues of a symmetric matrix by Lanczos iteration.

        A Q_m = Q_m T_m + beta_m q_{m+1} e_m'      T_m = S diag(theta) S'
        |A v_i - theta_i v_i| = beta_m |S_{m,i}|   with v_i = Q_m S_i

    The residual of a Ritz pair (theta_i, v_i) comes free of charge, so the iteration stops when
    the k wanted residuals are below tol * max|theta|. The error of a well separated eigenvalue
    is of the order of the residual SQUARED over the gap.

    A small residual says that theta_i is near SOME eigenvalue, not that none was skipped: a loose
    tol can converge to the first, second and fourth. So the next `num_guards` Ritz values must
    have settled too, to guard_tol. Copies of one eigenvalue stay invisible to a single start
    vector, and so does a new largest one to a start that has nothing of it: `confirm_hvps` looks
    again from a fresh random vector.

    Args:
        op: The matrix, such as `hessian_operator(...)`.
        k: Number of eigenvalues.
        which: "LA" largest, "SA" smallest (most negative), "LM" largest absolute value.
            Sharpness is "LA"; "LM" may return a negative eigenvalue.
        tol: Residual to reach, as a fraction of the largest |Ritz value|. In float32 nothing
            below about 1e-6 can be reached.
        num_guards: Further Ritz values that must have settled; None: 2, but 0 for k = 1. There a
            loose tol may stop at the second of two close eigenvalues, or between them: in 300
            drawn spectra with outliers 0 to 20 % apart the largest was off by more than twice
            its residual in 9 of 100 for tol = 1e-2, in 4 for 1e-3; two guards left 2 and 3.
        guard_tol: Residual of the guards, as a fraction of the largest |Ritz value|.
        start: Vectors to start from, shape (num_params,) or (num_params, j), such as the
            `vectors` of a nearby point; they are summed. None: a random vector, plus the gradient
            where the operator has it (`op.gradient`): it lies largely along the top eigenvectors
            and saves about a tenth of the products.
        confirm_hvps: Further products, from a random vector orthogonal to all that was seen, to
            find what the start vector hid. 10 is a good number, and the one taken if the start
            lies exactly in an invariant subspace.
        max_hvps: Products with the matrix at most.
        max_basis: Vectors kept at most; then the iteration restarts from the best ones (thick
            restart). It costs max_basis * num_params numbers of memory.
        rng: Source of the random vector; None: a new generator seeded 0.

    Returns:
        Eigenpairs. On a sub-sample of the data the largest eigenvalue is biased upwards.

    Raises:
        ValueError: For impossible k, which, tol or start, or a product that is not finite.

    Source: Lanczos 1950; thick restart: Wu and Simon 2000, SIAM J. Matrix Anal. 22(2).
    """
    size = op.shape[0]
    if not 1 <= k <= size:
        raise ValueError(f"k must be between 1 and the {size} parameters, got {k}")
    if which not in WHICH:
        raise ValueError(f"which must be one of {', '.join(WHICH)}, got {which!r}")
    if tol <= 0 or guard_tol <= 0:
        raise ValueError(f"tol and guard_tol must be > 0, got {tol} and {guard_tol}")
    if max_hvps < k:
        raise ValueError(f"max_hvps = {max_hvps} is too few for {k} eigenvalues")
    if num_guards is None:
        num_guards = 0 if k == 1 else 2
    wanted = min(k + num_guards, size)
    max_basis = min(size, max(2 * wanted + 20, 60) if max_basis is None else max_basis)
    if max_basis < min(wanted + 2, size):
        raise ValueError(f"max_basis must be >= k + num_guards + 2 = {wanted + 2}, got {max_basis}")
    rng = generator_on(op.device) if rng is None else rng
    rounding = 10 * float(torch.finfo(op.torch_dtype).eps)

    space = _Subspace(_first_vector(op, start, rng), max_basis)
    num_hvps, looked_again, confirm_until = 0, False, 0
    while True:
        beta = space.multiply(op)
        num_hvps += 1
        theta, rotation, residuals = space.ritz_pairs(which)
        scale = np.abs(theta).max()
        settled = space.num >= wanted and bool(
            (residuals[:k] <= tol * scale).all()
            and (residuals[k:wanted] <= guard_tol * scale).all()
        )
        invariant = beta <= rounding * scale  # then the start vector hides all the rest
        look_again = settled and not looked_again and (invariant or confirm_hvps > 0)
        if look_again:
            looked_again, confirm_until = True, num_hvps + (confirm_hvps or CONFIRM_HVPS)
        settled = settled and num_hvps >= confirm_until
        if settled or space.num == size or num_hvps >= max_hvps:
            break
        if invariant:
            space.outside.clear()
        vector = None if look_again or invariant else space.most_wanted(rotation[:, :wanted])
        if space.num == max_basis:
            space.restart(theta, rotation, keep=wanted + (max_basis - wanted) // 3)
        while vector is None or vector.norm().item() <= rounding * scale:
            vector, _ = orthogonalise(draw_normal(size, op, rng), space.basis[: space.num])
        space.append(vector / vector.norm())
    return Eigenpairs(
        values=torch.from_numpy(theta[:k].copy()),
        residuals=torch.from_numpy(residuals[:k] + getattr(op, "rel_error", 0.0) * scale),
        vectors=space.rotated(rotation[:, :k]).T,
        num_hvps=num_hvps,
        cost=num_hvps * getattr(op, "grads_per_hvp", math.nan),
        converged=settled or space.num == size,
    )


class _Subspace:
    """An orthonormal basis, the matrix projected on it, and what multiplying left outside."""

    def __init__(self, first: Tensor, max_basis: int) -> None:
        self.basis = first.new_empty(min(16, max_basis), len(first))  # rows; memory grows with use
        self.basis[0] = first
        self.num = 0  # basis vectors that have been multiplied; one more may wait
        self.max_basis = max_basis
        self.projected = np.zeros((max_basis, max_basis))  # Q' A Q
        self.left = np.zeros(max_basis)  # how far A q_j lies outside the basis
        self.outside: dict[int, Tensor] = {}  # those parts of A q_j that may still be added

    def multiply(self, op: Products) -> float:
        """Multiply the newest vector; return the norm of what lies outside the basis."""
        product = op @ self.basis[self.num]
        remainder, inside = orthogonalise(product, self.basis[: self.num + 1])
        beta = remainder.norm().item()
        if not math.isfinite(beta):
            raise ValueError("a product with the matrix is not finite: is the loss NaN or inf?")
        row = inside.double().cpu().numpy()
        self.projected[self.num, : self.num + 1] = self.projected[: self.num + 1, self.num] = row
        self.left[self.num] = beta
        self.outside[self.num] = remainder
        self.num += 1
        return beta

    def most_wanted(self, rotation: np.ndarray) -> Tensor:
        """Take out the part that adds most to the residuals of these Ritz vectors."""
        column = max(self.outside, key=lambda j: self.left[j] * np.abs(rotation[j]).max())
        self.left[column] = 0  # once it is in the basis
        vector = self.outside.pop(column)
        is_newest = column == self.num - 1
        return vector if is_newest else orthogonalise(vector, self.basis[: self.num])[0]

    def ritz_pairs(self, which: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return Ritz values, most extreme first, their coordinates and residuals."""
        theta, rotation = np.linalg.eigh(self.projected[: self.num, : self.num])
        key = {"LA": -theta, "SA": theta, "LM": -np.abs(theta)}[which]
        order = np.argsort(key, kind="stable")
        residuals = self.left[: self.num] @ np.abs(rotation[:, order])
        return theta[order], rotation[:, order], residuals

    def rotated(self, rotation: np.ndarray) -> Tensor:
        """Return the vectors with these coordinates, as rows."""
        return torch.from_numpy(rotation.copy()).to(self.basis).T @ self.basis[: self.num]

    def restart(self, theta: np.ndarray, rotation: np.ndarray, *, keep: int) -> None:
        """Keep the best Ritz vectors only."""
        self.basis[:keep] = self.rotated(rotation[:, :keep])
        left = self.left[: self.num] @ np.abs(rotation[:, :keep])
        self.projected[:] = 0
        self.projected[range(keep), range(keep)] = theta[:keep]
        self.left[:] = 0
        self.left[:keep] = left
        self.outside.clear()
        self.num = keep

    def append(self, vector: Tensor) -> None:
        """Add a unit vector orthogonal to the basis, to be multiplied next."""
        if self.num == len(self.basis):
            more = torch.empty_like(self.basis)[: self.max_basis - self.num]
            self.basis = torch.cat([self.basis, more])
        self.basis[self.num] = vector


def _first_vector(op: Products, start: Tensor | None, rng: torch.Generator) -> Tensor:
    """Return the unit vector from which the iteration starts."""
    size = op.shape[0]
    if start is None:
        vector = draw_normal(size, op, rng)
        gradient = getattr(op, "gradient", None)
        if gradient is not None and gradient.norm() > 0:
            vector = vector / vector.norm() + gradient / gradient.norm()
    else:
        if start.shape[0] != size or start.dim() > 2:
            raise ValueError(
                f"start must have shape ({size},) or ({size}, j), got {tuple(start.shape)}"
            )
        vector = start.detach().to(device=op.device, dtype=op.torch_dtype)
        vector = vector if vector.dim() == 1 else vector.sum(dim=1)
    norm = vector.norm()
    if not torch.isfinite(norm) or norm == 0:
        raise ValueError(f"start has norm {norm.item()}: give a finite vector that is not 0")
    return vector / norm
