"""Changes of layers' outputs: their covariance, and which models allow them."""

import pytest
import torch
import torch.nn.functional as F
from dense_curvature import built, generator, small_data, small_net
from torch import nn
from torch.func import functional_call, jacrev

from coursekit.curvature import _taps
from coursekit.curvature._taps import NoLayerRoute, check_tappable, draw_output_change, tapped
from coursekit.gradients.batches import BatchLoss, as_batch_loss

LAYERS = {
    "linear": (lambda: nn.Linear(3, 2), (2, 3)),
    "linear without bias": (lambda: nn.Linear(3, 2, bias=False), (2, 3)),
    "linear on a sequence": (lambda: nn.Linear(3, 2), (2, 4, 3)),
    "conv1d": (lambda: nn.Conv1d(2, 3, 2), (2, 2, 4)),
    "conv2d": (lambda: nn.Conv2d(2, 2, 2, stride=2, groups=2), (2, 2, 4, 4)),
    "layer norm": (lambda: nn.LayerNorm(3), (2, 4, 3)),
    "group norm": (lambda: nn.GroupNorm(2, 4), (2, 4, 3)),
    "batch norm": (lambda: nn.BatchNorm1d(3).eval(), (2, 3)),
    "embedding": (lambda: nn.Embedding(5, 2, padding_idx=0), None),
}


def tap_of(layer, inputs):
    with tapped(layer) as taps:
        layer(inputs)
    (tap,) = taps.values()
    return tap


@pytest.mark.parametrize("name", LAYERS)
def test_changes_have_the_covariance_of_unit_changes_of_the_weights(name):
    make, shape = LAYERS[name]
    layer = built(make)
    if shape is None:
        inputs = torch.tensor([[1, 2, 1], [0, 3, 3]])
    else:
        inputs = torch.randn(shape, generator=generator(), dtype=torch.float64)
    num = 4000
    tap = tap_of(layer, inputs.repeat(num, *[1] * (inputs.dim() - 1)))
    draws = draw_output_change(tap, generator(1)).reshape(num, 2, -1)
    weights = {n: p.detach() for n, p in layer.named_parameters()}
    jacobian = jacrev(lambda w: functional_call(layer, w, (inputs,)))(weights)
    for n in range(2):
        rows = torch.cat([j[n].reshape(draws.shape[2], -1) for j in jacobian.values()], dim=1)
        if name == "embedding" and n == 1:  # the padding row gets no gradient
            rows = torch.cat([torch.zeros_like(rows[:2]), rows[2:]])
        products = torch.einsum("si,sj->sij", draws[:, n], draws[:, n])
        spread = products.std(dim=0) / num**0.5
        assert ((products.mean(dim=0) - rows @ rows.T).abs() <= 5 * spread + 1e-9).all()
        assert (draws[:, n].mean(dim=0).abs() <= 5 * draws[:, n].std(dim=0) / num**0.5).all()
    between = torch.einsum("si,sj->sij", draws[:, 0], draws[:, 1])
    assert (between.mean(dim=0).abs() <= 5 * between.std(dim=0) / num**0.5 + 1e-9).all()


def test_frozen_parameters_do_not_change():
    layer = built(lambda: nn.Linear(3, 2))
    layer.weight.requires_grad_(False)
    tap = tap_of(layer, torch.ones(4, 3, dtype=torch.float64))
    assert set(draw_output_change(tap, generator()).abs().flatten().tolist()) == {1.0}
    conv = built(lambda: nn.Conv1d(1, 2, 2))
    conv.bias.requires_grad_(False)
    tap = tap_of(conv, torch.zeros(4, 1, 3, dtype=torch.float64))
    assert not draw_output_change(tap, generator()).any()


@pytest.mark.quick
def test_hooks_are_gone_afterwards_and_outputs_unchanged():
    model, (inputs, _) = small_net(), small_data()
    before = model(inputs)
    with tapped(model) as taps:
        torch.testing.assert_close(model(inputs), before, rtol=0, atol=0)
        assert list(taps) == ["0", "2"]
    with pytest.raises(KeyboardInterrupt), tapped(model):
        raise KeyboardInterrupt
    assert all(not module._forward_hooks for module in model.modules())


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x))


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(self.layer(x))


class Outside(Twice):
    def forward(self, x):
        return self.layer(x) + F.linear(x, self.layer.weight)


class OwnParameter(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return self.factor * x


@pytest.mark.quick
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Tied, "weights are shared: first.weight = second.weight"),
        (Twice, "'layer' runs twice"),
        (Outside, "'layer.weight' is used outside its layer"),
        (OwnParameter, "OwnParameter '' is not known to be linear in 'factor'"),
        (lambda: nn.LSTM(4, 4), "LSTM"),
        (lambda: nn.Bilinear(4, 4, 4), "Bilinear"),
    ],
)
def test_models_without_a_layer_route_say_why(make, message):
    model = built(make)
    loss = BatchLoss(lambda m, batch: torch.as_tensor(m(batch)).square().mean())
    with pytest.raises(NoLayerRoute, match=message):
        check_tappable(model, loss, torch.ones(3, 4, dtype=torch.float64))


@pytest.mark.quick
def test_bytes_of_layers_are_counted_per_example():
    size = check_tappable(small_net(), as_batch_loss(F.cross_entropy), small_data())
    assert size == 8 * (4 + 6 + 6 + 3)


@pytest.mark.parametrize("told", [True, False])
def test_convolutions_in_tf32_keep_their_layer_route(told, monkeypatch):
    """A GPU rounds a convolution's factors to 10 bits, in another way for another batch size.

    Where nobody says so, such rounding looks like rows that are no examples.
    """
    convolve = F.conv2d

    def rounded(inputs, *args, **kwargs):
        return convolve(inputs, *args, **kwargs) * (1 + 1e-3 * (-1) ** len(inputs))

    monkeypatch.setattr(F, "conv2d", rounded)
    monkeypatch.setattr(_taps, "tf32_in_use", lambda model: told)
    g = generator(0)
    layers = (nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(64, 3))
    model = nn.Sequential(*layers)
    batch = (torch.randn(4, 1, 8, 8, generator=g), torch.tensor([0, 1, 2, 0]))
    if told:
        assert check_tappable(model, as_batch_loss(F.cross_entropy), batch) > 0
    else:
        with pytest.raises(NoLayerRoute):
            check_tappable(model, as_batch_loss(F.cross_entropy), batch)
