"""Normalisations by their own second derivatives against torch's, and against differences."""

import pytest
import torch
import torch.nn.functional as F
from twice_formulas import check_against, check_by_differences, drawn

from coursekit.curvature._normalised import batch_norm, layer_norm


def statistics(channels: int = 4):
    mean, spread = (t.detach() for t in drawn(5, (channels,), (channels,)))
    return mean, spread.exp()


@pytest.mark.quick
@pytest.mark.parametrize("shape", [(5, 4), (3, 4, 6), (2, 4, 3, 5), (2, 4, 2, 3, 2)])
def test_batch_norm_equals_torchs_and_so_do_two_derivatives(shape):
    leaves = drawn(1, shape, (4,), (4,))
    check_against(
        lambda x, w, b: batch_norm(x, *statistics(), w, b, eps=0.1),
        lambda x, w, b: F.batch_norm(x, *statistics(), w, b, eps=0.1),
        leaves,
    )


@pytest.mark.quick
@pytest.mark.parametrize(
    ("shape", "normalized"), [((4, 5), (5,)), ((3, 4, 5), (5,)), ((3, 2, 4, 5), (4, 5))]
)
@pytest.mark.parametrize("bias", [True, False])
def test_layer_norm_equals_torchs_and_so_do_two_derivatives(shape, normalized, bias):
    leaves = drawn(2, shape, normalized, *[normalized] * bias)
    check_against(
        lambda x, *wb: layer_norm(x, normalized, *wb, eps=0.1),
        lambda x, *wb: F.layer_norm(x, normalized, *wb, eps=0.1),
        leaves,
    )


def test_layer_norm_of_what_is_not_contiguous():
    leaves = drawn(3, (5, 3, 4), (5,))
    check_against(
        lambda x, w: layer_norm(x.transpose(0, 2), (5,), w).transpose(0, 1),
        lambda x, w: F.layer_norm(x.transpose(0, 2), (5,), w).transpose(0, 1),
        leaves,
    )


@pytest.mark.parametrize("frozen", ["input", "weight", "bias", "weight and bias"])
@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_frozen_factors(frozen, kind):
    parts = dict(zip(("input", "weight", "bias"), drawn(4, (3, 4), (4,), (4,)), strict=True))
    leaves = [t for name, t in parts.items() if name not in frozen]
    fixed = {name: t.detach() for name, t in parts.items() if name in frozen}

    def of(batch, layer):
        def function(*given):
            left = iter(given)
            x, w, b = (fixed[n] if n in fixed else next(left) for n in parts)
            y = batch(x, *statistics(), w, b) if kind == "batch" else layer(x, (4,), w, b)
            return y.pow(3)

        return function

    check_against(of(batch_norm, layer_norm), of(F.batch_norm, F.layer_norm), leaves)


def test_third_derivatives_against_differences():
    x, w, b = drawn(6, (3, 4, 2), (4,), (4,))
    check_by_differences(lambda *t: batch_norm(t[0], *statistics(), *t[1:]), [x, w, b])
    x, w, b = drawn(7, (2, 4), (4,), (4,))
    check_by_differences(lambda *t: layer_norm(t[0], (4,), *t[1:]), [x, w, b])
    check_by_differences(lambda *t: layer_norm(t[0], (4,), *t[1:]), [x, w])


def test_the_fourth_derivative_of_layer_norm():
    """The Hessian of a loss that holds a Laplacian has it; torch's own is wrong from the third."""
    x, w, b = drawn(11, (2, 4), (4,), (4,))

    def twice(*leaves):
        y = layer_norm(leaves[0], (4,), *leaves[1:], eps=0.1)
        slopes = torch.autograd.grad(y.pow(3).sum(), leaves, create_graph=True)
        squares = sum(s.square().sum() for s in slopes)
        return torch.autograd.grad(squares, leaves, create_graph=True)

    assert torch.autograd.gradgradcheck(twice, (x, w, b))


@pytest.mark.quick
def test_what_is_left_to_torch():
    x, w, b = drawn(8, (3, 4), (4,), (4,))
    mean, var = statistics()
    left = {
        "train mode": batch_norm(x, mean, var, w, b, training=True),
        "no statistics": batch_norm(x, None, None, w, b, training=True),
        "no weight": batch_norm(x, mean, var),
        "another type": batch_norm(x.float(), mean, var, w, b),
        "a wrong shape": batch_norm(x, mean[:3], var, w, b),
        "layers: no weight": layer_norm(x, (4,)),
        "layers: another type": layer_norm(x.float(), (4,), w),
        "layers: a wrong shape": layer_norm(x, (3,), w),
        "layers: nothing": layer_norm(x[:0], (4,), w),
    }
    with torch.autocast("cpu", torch.bfloat16):
        left["in autocast"] = layer_norm(x.float(), (4,), w.float())
    for name, answer in left.items():
        assert answer is NotImplemented, name
