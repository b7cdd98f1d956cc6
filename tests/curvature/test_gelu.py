"""GELU by its own second derivative against torch's, and against differences."""

import pytest
import torch
import torch.nn.functional as F
from twice_formulas import check_against, check_by_differences, drawn

from coursekit.curvature._gelu import gelu
from coursekit.curvature._twice import FORMULAS


@pytest.mark.quick
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_equals_torchs_and_so_do_two_derivatives(approximate):
    check_against(
        lambda x: gelu(3 * x, approximate=approximate),
        lambda x: F.gelu(3 * x, approximate=approximate),
        drawn(1, (20, 3)),
    )


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_third_derivatives_against_differences(approximate):
    check_by_differences(lambda x: gelu(x, approximate=approximate), drawn(2, (2, 3)))


@pytest.mark.quick
def test_what_is_left_to_torch():
    (x,) = drawn(3, (2, 3))
    assert FORMULAS[F.gelu] is gelu
    assert gelu(x, approximate="other") is NotImplemented
    assert gelu(torch.complex(x, x)) is NotImplemented
