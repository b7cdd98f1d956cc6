"""The loss and its gradient at shifted weights."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from dense_curvature import built, generator, small_data, small_net
from torch import nn
from torch.func import functional_call
from torch.utils.data import DataLoader, TensorDataset

from coursekit.curvature.landscape import climb, landscape, max_or_nan


def shifted_loss(model, shift, data):
    """An oracle that never touches the model's own weights."""
    params = dict(model.named_parameters())
    pieces = shift.split([p.numel() for p in params.values()])
    weights = {n: p + v.view_as(p) for (n, p), v in zip(params.items(), pieces, strict=True)}
    return F.cross_entropy(functional_call(model, weights, (data[0],)), data[1])


@pytest.mark.quick
@pytest.mark.parametrize("chunk_size", [None, 4])
def test_loss_and_gradient_at_a_shift(chunk_size):
    model, data = small_net(), small_data()
    shift = torch.randn(51, generator=generator(), dtype=torch.float64).requires_grad_()
    expected = shifted_loss(model, shift, data)
    (slope,) = torch.autograd.grad(expected, shift)
    loader = DataLoader(TensorDataset(*data), batch_size=10)
    with landscape(model, F.cross_entropy, loader, chunk_size=chunk_size) as land:
        assert land.loss(shift.detach()) == pytest.approx(expected.item(), rel=1e-12)
        loss, gradient = land.loss_and_gradient(shift.detach())
        centre = land.loss()
        assert land.cost == pytest.approx(1 + 2 / 3)
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(gradient, slope)
    assert centre == pytest.approx(F.cross_entropy(model(data[0]), data[1]).item(), rel=1e-12)
    assert all(p.grad is None for p in model.parameters())


def test_ctrl_c_inside_the_loss_leaves_the_weights_as_they_were():
    model, data = small_net(), small_data()
    before = [p.detach().clone() for p in model.parameters()]
    calls = []

    def interrupted(output, target):
        calls.append(True)
        if len(calls) > 5:  # after the checks, at shifted weights
            raise KeyboardInterrupt
        return F.cross_entropy(output, target)

    def walk():
        with landscape(model, interrupted, data) as land:
            for _ in range(5):
                land.loss(torch.ones(51))

    with pytest.raises(KeyboardInterrupt):
        walk()
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))


@pytest.mark.quick
def test_climbing_a_convex_loss_never_goes_down():
    model = built(lambda: nn.Linear(4, 3))  # cross-entropy of a linear model is convex
    with landscape(model, F.cross_entropy, small_data()) as land:
        losses = climb(land, lambda g: 0.3 * g / g.norm(), 8)
        assert land.cost == pytest.approx(8 + 1 / 3)
    assert len(losses) == 9
    assert all(after >= before - 1e-12 for before, after in itertools.pairwise(losses))


@pytest.mark.quick
def test_max_or_nan():
    assert max_or_nan([1.0, 3.0, 2.0]) == 3.0
    assert math.isnan(max_or_nan([1.0, math.nan, 2.0]))
    assert max_or_nan([1.0, math.inf]) == math.inf


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "loss_fn", "message"),
    [
        (lambda m: m.append(nn.BatchNorm1d(3).double()), F.cross_entropy, "BatchNorm '3'"),
        (lambda m: m.append(nn.Dropout(0.5)), F.cross_entropy, "Dropout '3'"),
        (lambda m: m.requires_grad_(False), F.cross_entropy, "requires a gradient"),
        (lambda m: m, lambda o, t: F.cross_entropy(o, t, reduction="sum"), "sums over examples"),
        (lambda m: m, lambda o, t: F.cross_entropy(o * math.nan, t), "nothing to measure"),
    ],
)
def test_mistakes_are_named(change, loss_fn, message):
    model = small_net().train()
    change(model)
    with pytest.raises(ValueError, match=message), landscape(model, loss_fn, small_data()):
        pass
