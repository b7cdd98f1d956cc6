"""How often does a loose tolerance stop at the second of two close eigenvalues?"""

import pytest
import torch
from dense_curvature import generator

from coursekit.curvature.lanczos import lanczos_eigenvalues
from coursekit.curvature.operators import CurvatureOperator

SPECTRA = 300
SIZE = 200


def drawn_spectrum(rng):
    """Up to eleven outliers, each 0 to 20 % below the one before, and a bulk below them."""
    count = int(torch.randint(1, 12, (), generator=rng))
    spacing = (0.005, 0.02, 0.06, 0.2)[int(torch.randint(4, (), generator=rng))]
    steps = spacing * torch.rand(count, generator=rng, dtype=torch.float64)
    outliers = torch.exp(steps[0] - steps.cumsum(0))  # the largest is 1
    width = (0.02, 0.1, 0.3, 0.6)[int(torch.randint(4, (), generator=rng))]
    bulk = torch.rand(SIZE - count, generator=rng, dtype=torch.float64) ** 3
    signs = torch.where(torch.rand(SIZE - count, generator=rng) < 0.3, -1.0, 1.0)
    return torch.cat([outliers, width * signs * bulk])


def share_off(**asked):
    """Return (share of spectra whose largest value is off by two residuals, products each)."""
    rng, off, products = generator(2), 0, 0
    for _ in range(SPECTRA):
        spectrum = drawn_spectrum(rng)
        op = CurvatureOperator(
            lambda v, s=spectrum: s * v, SIZE, dtype=torch.float64, device=torch.device("cpu")
        )
        found = lanczos_eigenvalues(op, rng=rng, **asked)
        off += 1 - found.value > 2 * found.residual
        products += found.num_hvps
    return off / SPECTRA, products / SPECTRA


@pytest.mark.quick
def test_what_the_guards_of_a_loose_tolerance_buy():
    loose, cheap = share_off(tol=1e-2)
    guarded, dear = share_off(tol=1e-2, num_guards=2)
    assert 0.05 < loose < 0.13  # the docstring says 9 of 100
    assert guarded < loose / 2  # 2 of 100
    assert cheap < dear
