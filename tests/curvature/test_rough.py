"""The way by rough products: as often right as exact ones, and nothing of the settings is left."""

import pytest
import torch
from dense_curvature import generator, small_data, small_net, symmetric_matrix
from test_lanczos_loose import drawn_spectrum
from torch.nn.functional import cross_entropy

from coursekit.curvature import hessian, hessian_eigenvalues
from coursekit.curvature._rough import by_way_of, has_tensor_cores, rough_operator
from coursekit.curvature.lanczos import lanczos_eigenvalues
from coursekit.curvature.operators import CurvatureOperator, matrix_operator
from coursekit.gradients.precision import float32_products

SPECTRA = 150


def in_tf32(matrix):
    """Round to 10 bits after the leading one, as a tensor core does to both factors."""
    return ((matrix.float().view(torch.int32) + 0x1000) & ~0x1FFF).view(torch.float32)


def rounded_operator(matrix):
    rounded = in_tf32(matrix)
    return CurvatureOperator(
        lambda v: rounded @ in_tf32(v),
        len(matrix),
        dtype=torch.float32,
        device=torch.device("cpu"),
        grads_per_hvp=0.4,
    )


@pytest.fixture(scope="module")
def both():
    """(error, residual, rough products, exact products) of both ways, by drawn spectrum."""
    rng, found = generator(2), {"exact": [], "rough": []}
    for seed in range(SPECTRA):
        spectrum = drawn_spectrum(rng)
        matrix = symmetric_matrix(spectrum.tolist(), seed).float()
        op, rough = matrix_operator(matrix), rounded_operator(matrix)
        asked = {"which": "LA", "tol": 1e-2, "max_hvps": 1000, "rng": generator(seed)}
        alone = lanczos_eigenvalues(op, **asked)
        num, op.num_hvps = op.num_hvps, 0
        found["exact"].append((1 - alone.value, alone.residual, 0, num))
        asked["rng"] = generator(seed)
        both = by_way_of(rough, op, **asked)
        assert both.num_hvps == rough.num_hvps + op.num_hvps
        assert both.converged
        found["rough"].append((1 - both.value, both.residual, rough.num_hvps, op.num_hvps))
        vector = both.vectors[:, 0].double()
        rest = matrix.double() @ vector - both.value * vector
        assert rest.norm().item() == pytest.approx(both.residual, rel=1e-3, abs=1e-6)
    return {name: torch.tensor(rows) for name, rows in found.items()}


def test_as_often_off_as_without_rounding(both):
    off = {name: int((rows[:, 0] > 0.02).sum()) for name, rows in both.items()}
    assert off["rough"] <= off["exact"] + 2  # of 150; a handful each
    assert both["rough"][:, 0].min() > -1e-5  # never above the largest eigenvalue
    assert (both["rough"][:, 1] <= 1e-2).all()  # the residual of the matrix itself


def test_one_or_two_exact_products_are_left(both):
    assert both["rough"][:, 3].mean() < 2
    assert both["rough"][:, 2].mean() < both["exact"][:, 3].mean() + 1


@pytest.mark.quick
def test_settings_come_back_whatever_happens():
    before = torch.get_float32_matmul_precision()

    def product(vector):
        assert torch.get_float32_matmul_precision() == "high"
        raise RuntimeError("out of luck")

    op = CurvatureOperator(product, 3, dtype=torch.float32, device=torch.device("cpu"))
    with pytest.raises(RuntimeError, match="out of luck"):
        rough_operator(op) @ torch.ones(3)
    assert torch.get_float32_matmul_precision() == before
    with float32_products("high"):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before


@pytest.mark.quick
def test_only_where_there_are_tensor_cores_and_a_loose_tol(monkeypatch):
    net, data = small_net(), small_data()
    assert not has_tensor_cores(matrix_operator(torch.eye(3)))
    plain = hessian_eigenvalues(net, cross_entropy, data, tol=1e-2)
    taken = []
    monkeypatch.setattr(hessian, "has_tensor_cores", lambda op: True)
    monkeypatch.setattr(hessian, "rough_operator", lambda op: taken.append(op) or op)
    for asked in ({"tol": 1e-3}, {"k": 2, "tol": 1e-2}, {"tol": 1e-2, "rough_first": False}):
        hessian_eigenvalues(net, cross_entropy, data, **asked)
    hessian_eigenvalues(net, cross_entropy, data, tol=1e-2, start=plain.vectors)
    assert not taken
    found = hessian_eigenvalues(net, cross_entropy, data, tol=1e-2)
    assert len(taken) == 1
    assert found.value == pytest.approx(plain.value, rel=1e-3)
    assert found.num_hvps <= plain.num_hvps + 3
