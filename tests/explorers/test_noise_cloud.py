import math
import re

import pytest
import torch

from coursekit.explorers.noise_cloud import cloud_svg, noise_cloud, two_directions
from coursekit.gradients.sampling import draw_batches

pytestmark = pytest.mark.quick


@pytest.fixture
def grads():
    scale = torch.tensor([5.0, 3.0] + [0.3] * 8)
    return torch.randn(512, 10, generator=torch.Generator().manual_seed(0)) * scale + 1


def test_the_two_directions_are_the_noisiest(grads):
    errors, share = two_directions(grads)
    assert errors.shape == (512, 2)
    exact = torch.linalg.eigvalsh(torch.cov(grads.T, correction=0)).flip(0)
    assert sorted(errors.square().mean(0).tolist()) == pytest.approx(
        sorted(exact[:2].tolist()), rel=1e-3
    )
    assert share == pytest.approx((exact[:2].sum() / exact.sum()).item(), rel=1e-3)


@pytest.mark.parametrize("batch_size", [1, 16])
def test_the_circle_has_the_root_mean_square_distance(grads, batch_size, monkeypatch):
    """4,000 dots against the radius that is drawn, |z| < 4; half the batch would give another."""
    drawn = []
    monkeypatch.setattr(
        "coursekit.explorers.noise_cloud.cloud_svg",
        lambda errors, batches, radius, limit: drawn.append((batches.shape[1], radius)) or "",
    )
    noise_cloud(grads)
    radius = dict(drawn)[batch_size]
    errors, _ = two_directions(grads)
    batches = draw_batches(
        512, batch_size, 4000, replacement=True, generator=torch.Generator().manual_seed(2)
    )
    sq_distances = errors[batches].mean(dim=1).square().sum(dim=1)
    stderr = sq_distances.std().item() / math.sqrt(4000)
    assert abs(sq_distances.mean().item() - radius**2) < 4 * stderr
    assert abs(sq_distances.mean().item() - radius**2 / 2) > 8 * stderr


def test_a_panel_has_a_dot_a_batch(grads):
    errors, _ = two_directions(grads)
    batches = torch.arange(40).view(20, 2)
    svg = cloud_svg(errors, batches, 1.0, 1e9)
    assert len(re.findall(r'r="3"', svg)) == 20
    assert "aria-label" in svg


def test_in_a_plain_script_it_says_what_it_would_show(grads, capsys):
    noise_cloud(grads)
    assert "Each dot: the gradient of one batch" in capsys.readouterr().out
