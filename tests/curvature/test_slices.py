"""Slices of the loss along normalised directions."""

import pytest
import torch
import torch.nn.functional as F
from dense_curvature import built, generator, small_data, small_net
from torch import nn
from torch.func import functional_call

from coursekit.curvature.reparametrise import dinh_rescale
from coursekit.curvature.slices import loss_slice, random_direction


def loss_at(model, shift, data):
    params = dict(model.named_parameters())
    pieces = shift.split([p.numel() for p in params.values()])
    weights = {n: p + v.view_as(p) for (n, p), v in zip(params.items(), pieces, strict=True)}
    return F.cross_entropy(functional_call(model, weights, (data[0],)), data[1]).item()


@pytest.mark.quick
@pytest.mark.parametrize("num_directions", [1, 2])
def test_losses_are_those_of_the_shifted_weights(num_directions):
    model, data = small_net(), small_data()
    before = [p.detach().clone() for p in model.parameters()]
    found = loss_slice(
        model, F.cross_entropy, data, num_directions=num_directions, num_points=5, span=0.5
    )
    assert found.steps.tolist() == [-0.5, -0.25, 0.0, 0.25, 0.5]
    assert found.value.shape == (5,) * num_directions
    assert found.directions.shape == (num_directions, 51)
    assert found.cost == pytest.approx(5**num_directions / 3)
    first = found.directions[0]
    if num_directions == 1:
        expected = [loss_at(model, s * first, data) for s in found.steps]
    else:
        second = found.directions[1]
        expected = [
            [loss_at(model, s * first + t * second, data) for t in found.steps] for s in found.steps
        ]
    torch.testing.assert_close(found.value, torch.tensor(expected, dtype=torch.float64))
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))


@pytest.mark.quick
def test_directions_are_normalised():
    model = built(lambda: nn.Sequential(nn.Conv2d(2, 3, 2), nn.Flatten(), nn.Linear(3, 4)))
    params = list(model.parameters())
    sizes = [p.numel() for p in params]
    for normalize in ("filter", "layer"):
        pieces = random_direction(params, normalize, generator()).split(sizes)
        for p, piece in zip(params, pieces, strict=True):
            if p.dim() == 1:
                assert not piece.any()
                continue
            rows = len(p) if normalize == "filter" else 1
            lengths = piece.view(rows, -1).norm(dim=1)
            torch.testing.assert_close(lengths, p.detach().reshape(rows, -1).norm(dim=1))
    plain = random_direction(params, "none", generator())
    assert plain[-4:].all()  # biases move too
    assert plain.std().item() == pytest.approx(1, rel=0.3)
    again = random_direction(params, "none", generator())
    assert torch.equal(plain, again)


def test_filter_normalised_slices_see_through_a_rescaling():
    """With biases at 0, so that nothing but filters moves the function."""
    model, data = small_net(nn.ReLU), small_data()
    with torch.no_grad():
        model[0].bias.zero_()
    twin = dinh_rescale(model, 8.0, layer="0", next_layer="2", inputs=data[0])
    for normalize, same in (("filter", True), ("layer", True), ("none", False)):
        curves = [
            loss_slice(m, F.cross_entropy, data, normalize=normalize, rng=generator(4)).value
            for m in (model, twin)
        ]
        assert torch.allclose(*curves) is same


def test_a_frozen_layer_does_not_move():
    model, data = small_net(), small_data()
    model[0].requires_grad_(False)
    found = loss_slice(model, F.cross_entropy, data, num_points=3)
    assert found.directions.shape == (1, 21)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_directions": 3}, "num_directions must be 1 or 2"),
        ({"span": 0.0}, "span > 0"),
        ({"num_points": 1}, "num_points >= 2"),
        ({"normalize": "weights"}, "normalize must be one of filter, layer, none"),
    ],
)
def test_mistakes_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        loss_slice(small_net(), F.cross_entropy, small_data(), **settings)
