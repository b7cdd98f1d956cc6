import math
import re

import pytest
import torch

from coursekit.explorers.noise_cloud import cloud_svg, noise_cloud, two_directions
from coursekit.sampling import draw_batches

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


def test_half_of_the_dots_lie_in_the_circle(grads):
    """What the caption says, for round Gaussian noise: 4,000 dots, 4 standard errors."""
    round_grads = torch.randn(4000, 2, generator=torch.Generator().manual_seed(1))
    variance = round_grads.square().sum(1).mean().item() / 2
    batches = draw_batches(
        4000, 8, 4000, replacement=True, generator=torch.Generator().manual_seed(2)
    )
    inside = round_grads[batches].mean(1).norm(dim=1) < math.sqrt(math.log(4) * variance / 8)
    assert abs(inside.double().mean().item() - 0.5) < 4 * 0.5 / math.sqrt(4000)


def test_a_panel_has_a_dot_a_batch(grads):
    errors, _ = two_directions(grads)
    batches = torch.arange(40).view(20, 2)
    svg = cloud_svg(errors, batches, 1.0, 1e9)
    assert len(re.findall(r'r="3"', svg)) == 20
    assert "aria-label" in svg


def test_in_a_plain_script_it_says_what_it_would_show(grads, capsys):
    noise_cloud(grads)
    assert "Each dot: the gradient of one batch" in capsys.readouterr().out
