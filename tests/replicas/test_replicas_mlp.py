"""Oracle: autograd, replica by replica, in float64."""

import pytest
import torch
from torch import nn

from coursekit.models.perceptrons import mlp
from coursekit.replicas._mlp import mlp_activation, mlp_gradients, mlp_logits, mlp_sgd_step

pytestmark = pytest.mark.quick


def stacked_models(activation, sizes, count=3):
    models = [
        mlp(sizes, generator=torch.Generator().manual_seed(s), activation=activation).double()
        for s in range(count)
    ]
    with torch.no_grad():
        for i, model in enumerate(models):  # biases start at zero, where a wrong sign is unseen
            for layer in list(model)[::2]:
                layer.bias.normal_(generator=torch.Generator().manual_seed(100 + i))
    params = [torch.stack(p) for p in zip(*(m.parameters() for m in models), strict=True)]
    g = torch.Generator().manual_seed(9)
    inputs = torch.randn(count, 7, sizes[0], generator=g, dtype=torch.float64)
    targets = torch.randint(0, sizes[-1], (count, 7), generator=g)
    return models, [p.detach().clone() for p in params], inputs, targets


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("sizes", [(5, 4), (5, 6, 4), (5, 6, 3, 4)])
def test_losses_logits_and_gradients_are_autograds(activation, sizes):
    models, params, inputs, targets = stacked_models(activation, sizes)
    grads = [torch.full_like(p, float("nan")) for p in params]  # what was there must not matter
    losses = mlp_gradients(params, inputs, targets, activation, grads)
    logits = mlp_logits(params, inputs, activation)
    for r, model in enumerate(models):
        out = model(inputs[r])
        loss = nn.functional.cross_entropy(out, targets[r])
        loss.backward()
        assert torch.allclose(logits[r].T, out, rtol=0, atol=1e-13)
        assert losses[r].item() == pytest.approx(loss.item(), rel=1e-13)
        for p, g in zip(model.parameters(), grads, strict=True):
            assert (p.grad - g[r]).abs().max() < 1e-14


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_fused_step_is_a_step_along_that_gradient(activation):
    _, params, inputs, targets = stacked_models(activation, (5, 6, 3, 4))
    grads = [torch.zeros_like(p) for p in params]
    lr = torch.tensor([0.1, 0.5, 2.0], dtype=torch.float64)
    expected_losses = mlp_gradients(params, inputs, targets, activation, grads)
    expected = [
        p - lr.view(-1, *[1] * (p.dim() - 1)) * g for p, g in zip(params, grads, strict=True)
    ]
    losses = mlp_sgd_step(params, inputs, targets, activation, lr)
    assert torch.equal(losses, expected_losses)
    for p, q in zip(params, expected, strict=True):
        assert (p - q).abs().max() < 1e-14


def frozen():
    model = mlp((4, 3, 2), generator=torch.Generator())
    model[0].requires_grad_(False)
    return model


def hooked():
    model = mlp((4, 3, 2), generator=torch.Generator())
    model[1].register_forward_hook(lambda module, args, out: 2 * out)
    return model


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (mlp((4, 3, 2), generator=torch.Generator()), "relu"),
        (mlp((4, 3, 3, 2), generator=torch.Generator(), activation="tanh"), "tanh"),
        (nn.Sequential(nn.Linear(4, 2)), "relu"),
        (nn.Sequential(nn.Linear(4, 3), nn.GELU(), nn.Linear(3, 2)), None),
        (
            nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2)),
            None,
        ),
        (nn.Sequential(nn.Linear(4, 3, bias=False), nn.ReLU(), nn.Linear(3, 2)), None),
        (nn.Sequential(nn.Linear(4, 3), nn.ReLU()), None),
        (nn.Sequential(nn.Flatten()), None),
        (nn.Linear(4, 2), None),
        (frozen(), None),
        (hooked(), None),
    ],
)
def test_only_what_the_formulas_describe_is_recognised(model, found):
    assert mlp_activation(model) == found
