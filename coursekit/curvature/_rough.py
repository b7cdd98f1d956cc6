"""The way to an eigenvector by products on a GPU's tensor cores, its end by exact ones."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from coursekit.curvature.lanczos import Eigenpairs, lanczos_eigenvalues
from coursekit.curvature.operators import CurvatureOperator
from coursekit.gradients.precision import float32_products

LEAST_TOL = 5e-3  # several times the error of a product in TF32, about 2^-10
ROUGH_COST = 0.4  # of a product in float32, about: 163 M weights on an H200, bench_real.py


def has_tensor_cores(op: CurvatureOperator) -> bool:
    """Tell whether products of this operator are in float32, and could be in TF32."""
    if op.device.type != "cuda" or op.torch_dtype != torch.float32:
        return False
    able = torch.cuda.get_device_capability(op.device)[0] >= 8
    return able and torch.get_float32_matmul_precision() == "highest"


def rough_operator(op: CurvatureOperator) -> CurvatureOperator:
    """Return the same matrix by products that are rounded to TF32."""

    def product(vector: Tensor) -> Tensor:
        with float32_products("high"):
            return op @ vector

    return CurvatureOperator(
        product,
        op.shape[0],
        dtype=op.torch_dtype,
        device=op.device,
        method=op.method,
        grads_per_hvp=ROUGH_COST * op.grads_per_hvp,
        gradient=op.gradient,
        rel_error=op.rel_error,
    )


def by_way_of(
    rough: CurvatureOperator, op: CurvatureOperator, *, tol: float, max_hvps: int, **asked: Any
) -> Eigenpairs:
    """Find one extreme eigenvalue of `op`, the first products taken with `rough`.

    All of the data are in both, so nothing is hidden from the way that the end could miss: the
    two matrices' eigenvalues differ by |op - rough| at most. Value and residual are those of
    `op` itself, by products with it.

    Args:
        rough: The same matrix but for rounding well below tol.
        op: The matrix.
        tol: As for `lanczos_eigenvalues`.
        max_hvps: Products in all.
        asked: `which`, `confirm_hvps` and `rng`, as for `lanczos_eigenvalues`.

    Returns:
        As `lanczos_eigenvalues`; num_hvps counts both kinds.
    """
    way = lanczos_eigenvalues(rough, tol=0.9 * tol, max_hvps=max(1, max_hvps - 2), **asked)
    end = lanczos_eigenvalues(
        op,
        which=asked["which"],
        tol=tol,
        start=way.vectors,
        max_hvps=max(1, max_hvps - way.num_hvps),
        rng=asked["rng"],
    )
    return replace(
        end,
        num_hvps=way.num_hvps + end.num_hvps,
        cost=way.cost + end.cost,
        converged=way.converged and end.converged,
    )
