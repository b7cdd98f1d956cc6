"""Inside an autocast block torch keeps copies of the weights: measuring at other weights sees them.

findings/autocast_around_the_loop.sh shows it without this library.
"""

import contextlib

import pytest
import torch
from torch import nn

from coursekit.curvature import (
    average_sharpness,
    critical_sharpness,
    hessian_eigenvalues,
    keskar_sharpness,
    sam_sharpness,
)

pytestmark = pytest.mark.quick

MEASURES = {
    "sam": lambda *given: sam_sharpness(*given, rho=0.5).value,
    "average": lambda *given: (
        average_sharpness(
            *given, sigma=0.2, num_draws=4, rng=torch.Generator().manual_seed(0)
        ).value
    ),
    "keskar": lambda *given: keskar_sharpness(*given, epsilon=0.01).value,
    "critical": lambda *given: critical_sharpness(*given).value,
}


@pytest.fixture
def given():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))
    return model, nn.CrossEntropyLoss(), (torch.randn(64, 8), torch.randint(3, (64,)))


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("name", MEASURES)
def test_measures_that_move_the_weights_agree_inside_and_outside(name, enabled, given):
    outside = MEASURES[name](*given)
    with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
        inside = MEASURES[name](*given)
    assert outside > 0.05
    assert inside == pytest.approx(outside, rel=0.05)


def test_without_it_the_loss_would_stand_still(given):
    """What the measures are protected from: the twin that must fail."""
    model, loss_fn, (x, y) = given
    with torch.autocast("cpu", torch.bfloat16):
        before = loss_fn(model(x), y).item()
        with torch.no_grad():
            for p in model.parameters():
                p.mul_(2.0)
        stale = loss_fn(model(x), y).item()
        torch.clear_autocast_cache()
        fresh = loss_fn(model(x), y).item()
    assert stale == before
    assert fresh != before


def test_the_users_next_pass_sees_the_weights_that_were_put_back(given):
    model, loss_fn, (x, y) = given
    with torch.autocast("cpu", torch.bfloat16):
        before = loss_fn(model(x), y).item()
        sam_sharpness(*given, rho=0.5)
        assert loss_fn(model(x), y).item() == before


def test_differences_of_gradients_are_not_zero(given):
    """In bfloat16 few digits are left to a difference: refused, or near."""
    right = hessian_eigenvalues(*given).values[0].item()
    found = []
    with (
        torch.autocast("cpu", torch.bfloat16),
        contextlib.suppress(ValueError),
    ):
        found += hessian_eigenvalues(*given, method="finite_difference").values.tolist()
    assert all(value == pytest.approx(right, rel=0.5) for value in found)
