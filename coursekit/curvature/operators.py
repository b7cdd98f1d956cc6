"""Symmetric matrices that are known only by their products with vectors."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator
from torch import Tensor

Product = Callable[[Tensor], Tensor]


class CurvatureOperator(LinearOperator):
    """A symmetric matrix A known by products A v, which it counts.

    `op @ v` takes a tensor (and gives one on its device) or a numpy array; numpy and scipy
    functions such as `scipy.sparse.linalg.eigsh(op, which="LA")` accept it as it is.
    """

    def __init__(
        self,
        product: Product,
        num_params: int,
        *,
        dtype: torch.dtype,
        device: torch.device,
        method: str = "given",
        grads_per_hvp: float = math.nan,
        gradient: Tensor | None = None,
        rel_error: float = 0.0,
    ) -> None:
        self.torch_dtype, self.device = dtype, device
        self.method = method
        self.grads_per_hvp = grads_per_hvp  # about; nan where it has no meaning
        self.gradient = gradient  # of the same loss, where building the operator gave it
        self.rel_error = rel_error  # of a product, where products are approximate
        self.num_hvps = 0  # products so far
        self._product = product
        numpy_dtype = torch.empty(0, dtype=dtype, device="cpu").numpy().dtype
        super().__init__(numpy_dtype, (num_params, num_params))

    def __matmul__(self, other: Any) -> Any:
        if not isinstance(other, Tensor):
            return super().__matmul__(other)
        if other.dim() == 2:
            return torch.stack([self @ column for column in other.T], dim=1)
        if other.shape != (self.shape[1],):
            raise ValueError(
                f"need a vector of shape ({self.shape[1]},), one entry per trainable parameter, "
                f"got {tuple(other.shape)}"
            )
        self.num_hvps += 1
        return self._product(other.to(device=self.device, dtype=self.torch_dtype))

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        product = self @ torch.from_numpy(np.ascontiguousarray(x.reshape(-1)))
        return product.cpu().numpy()

    def _adjoint(self) -> "CurvatureOperator":
        return self


def matrix_operator(matrix: Tensor) -> CurvatureOperator:
    """Return a dense symmetric matrix as an operator: known answers for tests and lessons.

    Raises:
        ValueError: If the matrix is not square and symmetric.
    """
    if matrix.dim() != 2 or len(set(matrix.shape)) > 1 or not torch.allclose(matrix, matrix.T):
        raise ValueError(f"need a symmetric matrix, got shape {tuple(matrix.shape)}")
    return CurvatureOperator(
        lambda v: matrix @ v, len(matrix), dtype=matrix.dtype, device=matrix.device
    )


def scaled_operator(op: CurvatureOperator, scale: Tensor) -> CurvatureOperator:
    """Return D A D with D = diag(scale): the matrix A in other units of the parameters."""
    return CurvatureOperator(
        lambda v: scale * (op @ (scale * v)),
        op.shape[0],
        dtype=op.torch_dtype,
        device=op.device,
        method=op.method,
        grads_per_hvp=op.grads_per_hvp,
        gradient=None if op.gradient is None else scale * op.gradient,
        rel_error=op.rel_error,
    )
