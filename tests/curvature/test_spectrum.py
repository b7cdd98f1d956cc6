"""The density of eigenvalues against the eigenvalues themselves."""

import math

import pytest
import torch
from dense_curvature import generator, symmetric_matrix

from coursekit.curvature.operators import CurvatureOperator, matrix_operator
from coursekit.curvature.spectrum import lanczos_tridiagonal, spectral_density

SPECTRUM = [20.0, 12.0, *torch.linspace(-1, 2, 60).tolist()]


def smoothed(eigenvalues, grid, width):
    bumps = torch.exp(-0.5 * ((grid - torch.tensor(eigenvalues).double()[:, None]) / width) ** 2)
    return bumps.mean(dim=0) / (width * math.sqrt(2 * math.pi))


@pytest.fixture(scope="module")
def found():
    op = matrix_operator(symmetric_matrix(SPECTRUM))
    return spectral_density(op, num_probes=200, num_steps=62, rel_width=0.03)


def test_density_is_unbiased_at_every_point(found):
    truth = smoothed(SPECTRUM, found.grid, found.width)
    assert ((found.value - truth).abs() <= 4 * found.stderr + 1e-9).all()
    assert found.value.max() > 10 * found.stderr[found.value.argmax()]
    wrong = smoothed([21.0, *SPECTRUM[1:]], found.grid, found.width)  # power
    assert ((found.value - wrong).abs() > 8 * found.stderr + 1e-9).any()


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_moments(found, power):
    moments = (found.weights * found.nodes**power).sum(dim=1)
    truth = torch.tensor(SPECTRUM).double().pow(power).mean().item()
    assert abs(moments.mean().item() - truth) <= 4 * moments.std().item() / 200**0.5 + 1e-9


def test_fraction_above_a_threshold(found):
    fraction, stderr = found.fraction_above(5.0)
    assert abs(fraction - 2 / 62) < 4 * stderr
    assert found.fraction_above(-5.0) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-12))


def test_few_steps_find_the_isolated_eigenvalues_and_integrate_to_one():
    op = matrix_operator(symmetric_matrix(SPECTRUM).float())
    density = spectral_density(op, num_probes=4, num_steps=15)
    top = density.nodes.sort(dim=1, descending=True).values[:, :2]
    torch.testing.assert_close(top, torch.tensor([[20.0, 12.0]] * 4).double(), rtol=1e-4, atol=0)
    area = torch.trapezoid(density.value, density.grid).item()
    assert area == pytest.approx(1.0, abs=0.02)
    assert density.num_hvps == op.num_hvps == 60
    assert density.num_params == 62


@pytest.mark.quick
def test_degenerate_spectra():
    identity = spectral_density(matrix_operator(3 * torch.eye(10).double()), num_probes=2)
    assert identity.num_hvps == 2  # one step tells everything
    assert identity.grid[identity.value.argmax()].item() == pytest.approx(3.0, rel=1e-2)
    zero = spectral_density(matrix_operator(torch.zeros(5, 5).double()), num_probes=2)
    assert zero.fraction_above(0.0) == (0.0, 0.0)
    assert torch.isfinite(zero.value).all()


@pytest.mark.quick
def test_a_given_grid_is_used():
    grid = torch.tensor([0.0, 1.0])
    op = matrix_operator(symmetric_matrix(SPECTRUM))
    density = spectral_density(op, num_probes=2, num_steps=5, grid=grid)
    assert density.grid.tolist() == [0.0, 1.0]
    assert density.value.shape == density.stderr.shape == (2,)


@pytest.mark.quick
def test_the_tridiagonal_matrix_has_the_eigenvalues_when_it_is_complete():
    matrix = symmetric_matrix([4.0, 2.0, 1.0, -1.0])
    start = torch.randn(4, generator=generator(), dtype=torch.float64)
    diagonal, off = lanczos_tridiagonal(matrix_operator(matrix), start, 4)
    full = torch.diag(torch.from_numpy(diagonal))
    full += torch.diag(torch.from_numpy(off), 1) + torch.diag(torch.from_numpy(off), -1)
    torch.testing.assert_close(
        torch.linalg.eigvalsh(full), torch.tensor([-1.0, 1.0, 2.0, 4.0]).double()
    )


@pytest.mark.quick
@pytest.mark.parametrize("settings", [{"num_probes": 1}, {"num_steps": 0}, {"rel_width": 0.0}])
def test_mistakes_are_named(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        spectral_density(matrix_operator(torch.eye(3)), **settings)


@pytest.mark.quick
def test_a_product_that_is_not_finite_is_refused():
    op = CurvatureOperator(
        lambda v: v * math.nan, 5, dtype=torch.float64, device=torch.device("cpu")
    )
    with pytest.raises(ValueError, match="not finite"):
        spectral_density(op)
