"""Counted bytes against what autograd really keeps."""

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from coursekit.hardware import mlp_activation_bytes, peak_saved_bytes, training_state_bytes
from coursekit.models import mlp

pytestmark = pytest.mark.quick
B = 16


def in_segments(widths, segment):
    """Return a network and a step of it that keeps the segments' inputs alone."""
    model = mlp(widths, generator=torch.Generator().manual_seed(0))
    num_layers = len(widths) - 1
    layers = [nn.Sequential(*model[2 * i : 2 * i + 2]) for i in range(num_layers)]
    inputs = torch.randn(B, widths[0], generator=torch.Generator().manual_seed(1))

    def step():
        hidden = inputs.clone().requires_grad_()
        for start in range(0, num_layers, segment):
            part = nn.Sequential(*layers[start : start + segment])
            again = start + segment < num_layers
            hidden = checkpoint(part, hidden, use_reentrant=True) if again else part(hidden)
        hidden.sum().backward()

    return model, step


@pytest.mark.parametrize("widths", [(40, 64, 64, 10), (32,) * 10, (7, 50, 3, 20, 9, 5)])
@pytest.mark.parametrize("segment", [1, 2, 3, 4, 20])
def test_the_count_is_what_autograd_holds(widths, segment):
    model, step = in_segments(widths, segment)
    assert peak_saved_bytes(model, step) == mlp_activation_bytes(widths, B, segment=segment)


def test_without_checkpoints_every_input_is_held():
    assert mlp_activation_bytes((3, 5, 7, 2), 10) == 4 * 10 * (3 + 5 + 7)
    assert mlp_activation_bytes((3, 5, 7, 2), 10, bytes_per_number=2) == 2 * 10 * (3 + 5 + 7)


def test_the_root_of_the_depth_is_a_good_segment():
    depth16 = {k: mlp_activation_bytes((8,) * 17, 1, segment=k) for k in (1, 2, 4, 8, 16)}
    assert min(depth16, key=depth16.get) == 4


def test_a_shared_storage_counts_once_and_weights_not_at_all():
    model = nn.Linear(8, 8)
    x = torch.randn(4, 8, requires_grad=True)
    assert peak_saved_bytes(model, lambda: (model(x) * x).sum().backward()) == 2 * 4 * 8 * 4


def test_state_counts_weights_gradients_and_slots():
    model = nn.Linear(10, 5)
    assert training_state_bytes(model) == 2 * 4 * 55
    assert training_state_bytes(model, slots=2) == 4 * 4 * 55
    model.bias.requires_grad_(False)
    assert training_state_bytes(model, slots=2) == 4 * 4 * 50 + 4 * 5


def test_no_layer_is_refused():
    with pytest.raises(ValueError, match="need a layer"):
        mlp_activation_bytes((3,), 1)
    with pytest.raises(ValueError, match="segments of at least one"):
        mlp_activation_bytes((3, 2), 1, segment=0)
