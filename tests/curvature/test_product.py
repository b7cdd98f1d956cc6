"""Products with a matrix by their own second derivative against torch's, and differences."""

import pytest
import torch
import torch.nn.functional as F
from twice_formulas import check_against, check_by_differences, drawn

from coursekit.curvature._product import addmm, linear


@pytest.mark.quick
@pytest.mark.parametrize("rows", [(3,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_equals_torchs_and_so_do_two_derivatives(rows, bias):
    leaves = drawn(1, (*rows, 4), (5, 4), *[(5,)] * bias)
    check_against(linear, F.linear, leaves)


@pytest.mark.quick
def test_addmm_equals_torchs_and_so_do_two_derivatives():
    check_against(addmm, torch.addmm, drawn(2, (5,), (3, 4), (4, 5)))
    check_against(
        lambda b, x, w: addmm(b, x.mT, w.mT),
        lambda b, x, w: torch.addmm(b, x.mT, w.mT),
        drawn(3, (5,), (4, 3), (5, 4)),
    )


@pytest.mark.parametrize("frozen", ["input", "weight", "bias", "input and bias", "weight and bias"])
def test_frozen_factors(frozen):
    parts = dict(zip(("input", "weight", "bias"), drawn(4, (3, 4), (5, 4), (5,)), strict=True))
    leaves = [t for name, t in parts.items() if name not in frozen]

    def of(function):
        def frozen_function(*given):
            left = iter(given)
            return function(
                *(t.detach() if name in frozen else next(left) for name, t in parts.items())
            ).pow(3)

        return frozen_function

    check_against(of(linear), of(F.linear), leaves)


def test_third_derivatives_against_differences():
    check_by_differences(linear, drawn(5, (2, 3), (2, 3), (2,)))
    check_by_differences(linear, drawn(6, (2, 1, 3), (2, 3)))
    check_by_differences(addmm, drawn(7, (2,), (2, 3), (3, 2)))


@pytest.mark.quick
def test_what_is_left_to_torch():
    x, w, b = drawn(8, (3, 4), (5, 4), (5,))
    left = {
        "one row": linear(x[0], w, b),
        "nothing": linear(x[:0], w, b),
        "another type": linear(x.float(), w, b),
        "a wrong length": linear(x[:, :3], w, b),
        "a wrong shift": linear(x, w, b[:3]),
        "one output without a dimension": linear(x, w[0]),
        "a factor": addmm(b, x, w.mT, alpha=2),
        "a whole matrix to add": addmm(x @ w.mT, x, w.mT),
        "a wrong product": addmm(b, x, w),
        "complex": linear(x + 0j, w + 0j),
    }
    with torch.autocast("cpu", torch.bfloat16):
        left["in autocast"] = linear(x.float(), w.float())
    for name, answer in left.items():
        assert answer is NotImplemented, name
