"""Dinh's rescaling: another set of weights, the same function, another Hessian."""

import pytest
import torch
import torch.nn.functional as F
from dense_curvature import built, dense_hessian, generator, small_data, small_net
from torch import nn

from coursekit.curvature.reparametrise import dinh_rescale


@pytest.mark.quick
@pytest.mark.parametrize("alpha", [0.125, 4.0])
def test_outputs_stay_bit_for_bit_and_the_hessian_does_not(alpha):
    model, data = small_net(nn.ReLU), small_data()
    before = [p.detach().clone() for p in model.parameters()]
    twin = dinh_rescale(model, alpha, layer="0", next_layer="2", inputs=data[0])
    assert torch.equal(twin(data[0]), model(data[0]))
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))
    torch.testing.assert_close(twin[0].weight, alpha * model[0].weight)
    torch.testing.assert_close(twin[0].bias, alpha * model[0].bias)
    torch.testing.assert_close(twin[2].weight, model[2].weight / alpha)
    torch.testing.assert_close(twin[2].bias, model[2].bias)
    # H' = D^-1 H D^-1 with D the factors of the weights
    factors = torch.cat([torch.full((30,), alpha), torch.full((18,), 1 / alpha), torch.ones(3)])
    expected = dense_hessian(model, F.cross_entropy, *data) / factors[:, None] / factors
    torch.testing.assert_close(dense_hessian(twin, F.cross_entropy, *data), expected)


def test_a_factor_that_is_no_power_of_two_rounds():
    model, data = small_net(nn.ReLU, dtype=torch.float32), small_data(dtype=torch.float32)
    twin = dinh_rescale(model, 3.7, layer="0", next_layer="2", inputs=data[0])
    torch.testing.assert_close(twin(data[0]), model(data[0]), rtol=1e-5, atol=1e-6)


def test_convolutions_and_pooling():
    model = built(
        lambda: nn.Sequential(
            nn.Conv2d(1, 2, 3, bias=False),
            nn.LeakyReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(8, 3),
        )
    )
    images = torch.randn(4, 1, 6, 6, generator=generator(), dtype=torch.float64)
    twin = dinh_rescale(model, 2.0, layer="0", next_layer="4", inputs=images)
    assert torch.equal(twin(images), model(images))


@pytest.mark.quick
def test_running_statistics_of_the_model_do_not_move():
    model = built(
        lambda: nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    )
    inputs, _ = small_data()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    dinh_rescale(model.train(), 2.0, layer="1", next_layer="3", inputs=inputs)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


@pytest.mark.quick
@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (small_net(nn.Tanh), {}, "changes the outputs"),
        (small_net(nn.ReLU), {"layer": "2", "next_layer": "0"}, "changes the outputs"),
        (small_net(nn.ReLU), {"layer": "1"}, "no layer '1' with a weight; there are 0, 2"),
        (small_net(nn.ReLU), {"next_layer": "head"}, "no layer 'head'"),
        (small_net(nn.ReLU), {"alpha": 0.0}, "alpha must be a positive number"),
        (small_net(nn.ReLU), {"alpha": float("nan")}, "alpha must be a positive number"),
    ],
)
def test_mistakes_are_named(model, settings, message):
    arguments = {"alpha": 2.0, "layer": "0", "next_layer": "2", "inputs": small_data()[0]}
    with pytest.raises(ValueError, match=message):
        dinh_rescale(model, **{**arguments, **settings})
