"""Lanczos on matrices whose eigenvalues are known."""

import math

import pytest
import torch
from dense_curvature import generator, symmetric_matrix
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.curvature.lanczos import lanczos_eigenvalues
from coursekit.curvature.operators import CurvatureOperator, matrix_operator

BULK = torch.rand(90, generator=generator(5)).double().tolist()
SPECTRUM = [9.0, 7.0, 6.5, 4.0, 3.0, *BULK, -0.5, -1.0, -8.0]


def assert_eigenpairs(matrix, found, expected, rtol=1e-6):
    torch.testing.assert_close(
        found.values, torch.tensor(expected, dtype=torch.float64), rtol=rtol, atol=1e-9
    )
    vectors = found.vectors
    torch.testing.assert_close(
        vectors.T @ vectors, torch.eye(len(expected), dtype=vectors.dtype), rtol=0, atol=1e-9
    )
    residuals = (matrix @ vectors - vectors * found.values).norm(dim=0)
    assert (residuals <= found.residuals + 1e-9).all()  # the stated residual is a true bound
    assert found.converged


@pytest.mark.quick
@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("LA", [9.0, 7.0, 6.5, 4.0, 3.0]),
        ("SA", [-8.0, -1.0, -0.5]),
        ("LM", [9.0, -8.0, 7.0]),
    ],
)
@pytest.mark.parametrize("max_basis", [None, 12])
def test_extreme_eigenvalues(which, expected, max_basis):
    matrix = symmetric_matrix(SPECTRUM)
    op = matrix_operator(matrix)
    found = lanczos_eigenvalues(op, len(expected), which=which, max_basis=max_basis)
    assert_eigenpairs(matrix, found, expected)
    assert found.num_hvps == op.num_hvps < 98
    assert found.value == found.values[0].item()
    assert found.residual == found.residuals[0].item()


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(1, 12), k=st.integers(1, 12), seed=st.integers(0, 99), basis=st.integers(4, 12)
)
def test_any_size(size, k, seed, basis):
    k = min(k, size)
    values = torch.randn(size, generator=generator(seed), dtype=torch.float64)
    matrix = symmetric_matrix(values, seed)
    found = lanczos_eigenvalues(
        matrix_operator(matrix),
        k,
        tol=1e-8,
        guard_tol=1e-8,
        max_basis=max(basis, k + 5),  # with k + 4, close guards take over 1,000 products
        rng=generator(seed),
    )
    expected = values.sort(descending=True).values[:k].tolist()
    assert_eigenpairs(matrix, found, expected)


@pytest.mark.quick
def test_error_is_of_the_order_of_the_squared_residual():
    found = lanczos_eigenvalues(matrix_operator(symmetric_matrix(SPECTRUM)), tol=1e-2)
    error = abs(found.value - 9.0)
    assert error <= found.residual**2 / (9.0 - 7.0) < found.residual
    assert found.residual <= 1e-2 * 9.0


def test_warm_start_takes_fewer_products():
    before = symmetric_matrix(SPECTRUM)
    after = before + 1e-2 * symmetric_matrix(torch.linspace(-1, 1, 98), seed=7)
    truth = torch.linalg.eigvalsh(after).flip(0)[:3]
    vectors = lanczos_eigenvalues(matrix_operator(before), 3).vectors
    cold = lanczos_eigenvalues(matrix_operator(after), 3, tol=1e-3)
    warm = lanczos_eigenvalues(matrix_operator(after), 3, tol=1e-3, start=vectors)
    for found in (cold, warm):
        torch.testing.assert_close(found.values, truth, rtol=1e-5, atol=0)
    assert warm.num_hvps < cold.num_hvps
    one = lanczos_eigenvalues(matrix_operator(after), tol=1e-3, start=vectors[:, 0])
    assert one.num_hvps <= lanczos_eigenvalues(matrix_operator(after), tol=1e-3).num_hvps / 1.8


def test_guards_find_what_a_loose_tolerance_skips():
    top = [10.0, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.0, 4.0, 3.0, 2.0]
    op = matrix_operator(torch.diag(torch.tensor([*top, *BULK], dtype=torch.float64)))
    skipped = {0: 0, 2: 0}
    for seed in range(60):
        for num_guards in skipped:
            found = lanczos_eigenvalues(
                op, 5, tol=3e-2, num_guards=num_guards, guard_tol=1e-2, rng=generator(seed)
            )
            skipped[num_guards] += (found.values - torch.tensor(top[:5])).abs().max().item() > 0.2
    assert skipped[0] >= 10  # measured: 53 of 150 other starts, against 1 with guards
    assert skipped[2] <= 2


def test_copies_of_an_eigenvalue_need_a_second_look():
    matrix = symmetric_matrix([5.0, 5.0, 5.0, 4.0, 3.0, *BULK])
    once = lanczos_eigenvalues(matrix_operator(matrix), 3)
    assert once.values[2].item() < 4.5  # a single start vector sees a copy fewer
    twice = lanczos_eigenvalues(matrix_operator(matrix), 3, confirm_hvps=15)
    assert_eigenpairs(matrix, twice, [5.0, 5.0, 5.0], rtol=1e-5)


@pytest.mark.quick
def test_a_start_that_hides_the_largest_eigenvalue():
    """In an invariant subspace the search goes on outside by itself; near one, if asked to."""
    matrix = torch.diag(torch.arange(30, 0, -1).double())
    second = torch.zeros(30, dtype=torch.float64)
    second[1] = 1
    found = lanczos_eigenvalues(matrix_operator(matrix), start=second)
    assert found.value == pytest.approx(30, rel=1e-6)
    many = torch.zeros(30, dtype=torch.float64)
    many[2:] = 1  # many eigenvectors, so that no invariant subspace is met
    hidden = lanczos_eigenvalues(matrix_operator(matrix), start=many, tol=1e-3)
    assert hidden.value == pytest.approx(28, rel=1e-3)
    seen = lanczos_eigenvalues(matrix_operator(matrix), start=many, confirm_hvps=10)
    assert seen.value == pytest.approx(30, rel=1e-6)


@pytest.mark.quick
@pytest.mark.parametrize("matrix", [torch.eye(20), torch.zeros(20, 20), 3 * torch.eye(1)])
def test_multiples_of_the_identity(matrix):
    k = min(3, len(matrix))
    found = lanczos_eigenvalues(matrix_operator(matrix.double()), k)
    assert_eigenpairs(matrix.double(), found, [matrix[0, 0].item()] * k)


def test_a_gradient_along_the_top_saves_products():
    matrix = symmetric_matrix([9.0, 7.0, 6.5, 4.0, 3.0, *BULK])
    op = matrix_operator(matrix)
    plain = [lanczos_eigenvalues(op, rng=generator(i)).num_hvps for i in range(10)]
    op.gradient = matrix.matrix_power(8) @ torch.ones(95, dtype=torch.float64)
    helped = [lanczos_eigenvalues(op, rng=generator(i)) for i in range(10)]
    assert all(found.value == pytest.approx(9.0, rel=1e-6) for found in helped)
    assert sum(found.num_hvps for found in helped) < 0.9 * sum(plain)
    op.gradient = torch.zeros(95, dtype=torch.float64)
    assert lanczos_eigenvalues(op, rng=generator(0)).num_hvps == plain[0]


def test_float32_reaches_its_own_precision():
    op = matrix_operator(symmetric_matrix(SPECTRUM).float())
    found = lanczos_eigenvalues(op, 5, tol=1e-5)
    torch.testing.assert_close(
        found.values, torch.tensor(SPECTRUM[:5], dtype=torch.float64), rtol=1e-5, atol=0
    )
    assert found.vectors.dtype == torch.float32


@pytest.mark.quick
def test_too_few_products_are_not_called_converged():
    matrix = symmetric_matrix(SPECTRUM)
    found = lanczos_eigenvalues(matrix_operator(matrix), 2, max_hvps=4)
    assert not found.converged
    assert found.num_hvps == 4
    distances = (torch.tensor(SPECTRUM) - found.values.unsqueeze(1)).abs().min(dim=1).values
    assert (distances <= found.residuals).all()  # still a bound


@pytest.mark.quick
def test_the_cost_counts_gradients():
    matrix = symmetric_matrix(SPECTRUM)
    op = CurvatureOperator(
        lambda v: matrix @ v, 98, dtype=matrix.dtype, device=matrix.device, grads_per_hvp=1.5
    )
    found = lanczos_eigenvalues(op)
    assert found.cost == 1.5 * found.num_hvps
    assert math.isnan(lanczos_eigenvalues(matrix_operator(matrix)).cost)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"k": 0}, "k must be between 1 and the 98"),
        ({"k": 99}, "got 99"),
        ({"which": "BE"}, "which must be one of LA, SA, LM, got 'BE'"),
        ({"tol": 0.0}, "tol"),
        ({"k": 3, "max_basis": 6}, "max_basis must be >= "),
        ({"k": 5, "max_hvps": 4}, "too few"),
        ({"start": torch.zeros(98)}, "norm 0"),
        ({"start": torch.ones(97)}, "must have shape"),
        ({"start": torch.full((98,), math.nan)}, "norm nan"),
    ],
)
def test_mistakes_are_named(settings_, message):
    with pytest.raises(ValueError, match=message):
        lanczos_eigenvalues(matrix_operator(symmetric_matrix(SPECTRUM)), **settings_)


def test_a_product_that_is_not_finite_is_refused():
    op = CurvatureOperator(
        lambda v: v * math.nan, 5, dtype=torch.float64, device=torch.device("cpu")
    )
    with pytest.raises(ValueError, match="not finite"):
        lanczos_eigenvalues(op)
