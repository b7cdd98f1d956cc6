"""Operators against the matrices they stand for."""

import numpy as np
import pytest
import torch
from dense_curvature import symmetric_matrix
from scipy.sparse.linalg import eigsh

from coursekit.curvature.operators import matrix_operator, scaled_operator

SPECTRUM = [9.0, 7.0, 4.0, 1.0, 0.5, 0.0, -2.0]


@pytest.mark.quick
def test_products_agree_for_tensors_arrays_and_matrices():
    matrix = symmetric_matrix(SPECTRUM)
    op = matrix_operator(matrix)
    vector = torch.arange(7, dtype=torch.float64)
    torch.testing.assert_close(op @ vector, matrix @ vector)
    np.testing.assert_allclose(op @ vector.numpy(), (matrix @ vector).numpy())
    np.testing.assert_allclose(op @ np.eye(7), matrix.numpy(), atol=1e-12)
    torch.testing.assert_close(op @ torch.eye(7), matrix)
    assert op.num_hvps == 1 + 1 + 7 + 7
    assert op.shape == (7, 7)
    assert op.dtype == np.float64


@pytest.mark.quick
def test_scipy_finds_the_eigenvalues():
    op = matrix_operator(symmetric_matrix(SPECTRUM))
    largest = eigsh(op, k=2, which="LA", return_eigenvectors=False, v0=np.ones(7))
    np.testing.assert_allclose(sorted(largest), [7, 9], rtol=1e-8)
    assert op.num_hvps > 2


def test_another_floating_type_is_converted_and_kept():
    op = matrix_operator(symmetric_matrix(SPECTRUM).float())
    product = op @ torch.ones(7, dtype=torch.float64)
    assert product.dtype == torch.float32
    assert op.dtype == np.float32


def test_scaled_operator_changes_the_units():
    matrix, scale = symmetric_matrix(SPECTRUM), torch.arange(1.0, 8.0).double()
    op = matrix_operator(matrix)
    vector = torch.ones(7, dtype=torch.float64)
    expected = torch.diag(scale) @ matrix @ torch.diag(scale) @ vector
    torch.testing.assert_close(scaled_operator(op, scale) @ vector, expected)
    assert op.num_hvps == 1


@pytest.mark.parametrize("shape", [(6,), (8,), (1, 1, 7)])
def test_a_vector_of_the_wrong_length_is_refused(shape):
    op = matrix_operator(symmetric_matrix(SPECTRUM))
    with pytest.raises(ValueError, match=r"shape \(7,\)"):
        op @ torch.ones(shape)


@pytest.mark.parametrize("matrix", [torch.ones(2, 3), torch.tensor([[1.0, 2.0], [0.0, 1.0]])])
def test_a_matrix_that_is_not_symmetric_is_refused(matrix):
    with pytest.raises(ValueError, match="symmetric"):
        matrix_operator(matrix)
