import pytest
import torch

from coursekit.explorers.noise_cloud import cloud_data, noise_cloud, two_directions

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


def test_what_is_shown_are_these_errors_noisiest_first(grads):
    shown = torch.tensor(cloud_data(grads)["coords"])
    assert shown == pytest.approx(two_directions(grads)[0].flip(1).numpy(), rel=1e-3, abs=1e-6)
    assert shown[:, 0].var() > shown[:, 1].var()


def test_in_a_plain_script_it_says_what_it_would_show(grads, capsys):
    noise_cloud(grads)
    assert "σ/√B says" in capsys.readouterr().out
