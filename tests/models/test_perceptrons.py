import math

import pytest
import torch

from coursekit.models.perceptrons import mlp

pytestmark = pytest.mark.quick


def test_initial_weights_have_the_he_scale():
    model = mlp((400, 300, 10), generator=torch.Generator().manual_seed(0), init_scale=2.0)
    hidden, output = model[0], model[2]
    assert hidden.weight.std().item() == pytest.approx(2 * math.sqrt(2 / 400), rel=0.01)
    assert output.weight.std().item() == pytest.approx(2 / math.sqrt(300), rel=0.05)
    assert not hidden.bias.any()


def test_the_scale_keeps_activations_of_a_deep_relu_net_level():
    """He's point: with gain sqrt(2) the second moment neither grows nor shrinks with depth."""
    g = torch.Generator().manual_seed(0)
    model = mlp((500, 500, 500, 500, 500, 10), generator=g)
    x = torch.randn(400, 500, generator=g)
    preactivations = [model[:k](x).square().mean().item() for k in (1, 3, 5, 7)]
    assert max(preactivations) / min(preactivations) < 1.3


def test_a_seed_gives_the_same_weights_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    one, two = (mlp((4, 3, 2), generator=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(p, q)


def test_bad_requests_are_named():
    g = torch.Generator()
    with pytest.raises(ValueError, match="relu, tanh, got 'gelu'"):
        mlp((4, 2), generator=g, activation="gelu")
    with pytest.raises(ValueError, match="an input and an output"):
        mlp((4,), generator=g)
