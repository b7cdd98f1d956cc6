"""Functions of single numbers by their own second derivatives against torch's, and differences."""

import pytest
import torch
import torch.nn.functional as F
from twice_formulas import check_against, check_by_differences, drawn

from coursekit.curvature._pointwise import gelu, silu, tanh

PAIRS = {
    "gelu": (gelu, F.gelu),
    "gelu by tanh": (
        lambda x: gelu(x, approximate="tanh"),
        lambda x: F.gelu(x, approximate="tanh"),
    ),
    "silu": (silu, F.silu),
    "tanh": (tanh, torch.tanh),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", PAIRS)
def test_equals_torchs_and_so_do_two_derivatives(name):
    leaves = drawn(1, (3, 4))
    check_against(*PAIRS[name], leaves)
    mine, theirs = PAIRS[name]
    check_against(lambda x: mine(x.mT * 3), lambda x: theirs(x.mT * 3), leaves)


@pytest.mark.parametrize("name", PAIRS)
def test_third_derivatives_against_differences(name):
    check_by_differences(PAIRS[name][0], drawn(2, (2, 2)))


@pytest.mark.quick
def test_what_is_left_to_torch():
    (x,) = drawn(3, (3, 4))
    left = {
        "an unknown approximation": gelu(x, approximate="no such"),
        "in place": silu(x, inplace=True),
        "complex": tanh(x + 1j),
        "whole numbers": tanh(torch.arange(3)),
    }
    with torch.autocast("cpu", torch.bfloat16):
        left["in autocast"] = gelu(x.float())
    for name, answer in left.items():
        assert answer is NotImplemented, name
