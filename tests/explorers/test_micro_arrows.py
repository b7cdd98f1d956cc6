import pytest
import torch

from coursekit.explorers.micro_arrows import (
    FULL,
    LAST_SIZES,
    MICRO,
    directions,
    micro_arrows,
    micro_data,
)

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def grads():
    g = torch.Generator().manual_seed(0)
    signal = torch.zeros(60)
    signal[0] = 1.0
    noise = torch.ones(60)
    noise[1] = 4.0
    return signal + noise * torch.randn(256, 60, generator=g)


def test_the_plane_holds_the_mean_and_the_noisiest_direction(grads):
    plane = directions(grads)
    assert plane @ plane.T == pytest.approx(torch.eye(2).numpy(), abs=1e-4)
    assert plane @ grads.mean(dim=0) == pytest.approx(
        [grads.mean(dim=0).norm().item(), 0], abs=1e-4
    )
    assert plane[1, 1].abs() > 0.9


@pytest.mark.parametrize("last_size", LAST_SIZES)
def test_the_tables_hold_every_length_and_angle(grads, last_size):
    used = grads[: FULL * MICRO + last_size]
    found = micro_data(grads)[str(last_size)]
    gram = torch.tensor(found["gram"])
    sizes = torch.tensor([MICRO] * FULL + [last_size], dtype=torch.float32)
    share = sizes / sizes.sum()
    assert (share @ gram @ share).item() == pytest.approx(1, abs=1e-3), "the large batch, length 1"
    last = used[-last_size:].mean(dim=0).norm() / used.mean(dim=0).norm()
    assert gram[-1, -1].sqrt().item() == pytest.approx(last.item(), rel=1e-3)
    tip = (torch.tensor(found["plane"]) * share[:, None]).sum(dim=0)
    assert tip[0] > 0.9


def test_in_a_plain_script_it_says_what_it_would_show(grads, capsys):
    micro_arrows(grads)
    assert "times as long as the large batch's gradient" in capsys.readouterr().out
