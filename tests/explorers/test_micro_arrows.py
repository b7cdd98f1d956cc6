import re
import time

import pytest
import torch

from coursekit.explorers.micro_arrows import (
    FULL,
    LAST_SIZES,
    MICRO,
    arrows_svg,
    averages,
    directions,
    micro_arrows,
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
def test_the_averages_are_what_they_are_called(grads, last_size):
    means, made = averages(grads, last_size, 0.5)
    exact = grads[: FULL * MICRO + last_size].mean(dim=0)
    assert made["the large batch"] == pytest.approx(exact.numpy(), abs=1e-6)
    same = torch.allclose(made["mean of means"], exact, atol=1e-5)
    assert same == (last_size == MICRO)
    assert made["clipped after"].norm() == pytest.approx(0.5 * exact.norm().item(), rel=1e-4)
    assert made["clipped inside, then averaged"].norm() < made["clipped after"].norm()
    assert len(means) == FULL + 1


def test_a_limit_that_nothing_reaches_changes_nothing(grads):
    _, made = averages(grads, 32, 1e6)
    assert torch.equal(made["clipped after"], made["the large batch"])
    assert torch.allclose(made["clipped inside, then averaged"], made["mean of means"])


def test_the_picture_has_an_arrow_for_each_and_tells_the_lengths(grads):
    svg = arrows_svg(grads, directions(grads), 2, 0.5)
    assert len(re.findall("<circle", svg)) == FULL + 1 + 4
    assert "clipped after has length 0.50" in svg


def test_a_redraw_answers_at_once(grads):
    wide = torch.randn(256, 8000, generator=torch.Generator().manual_seed(1)) + 0.1
    plane = directions(wide)
    began = time.process_time()
    arrows_svg(wide, plane, 2, 0.5)
    assert time.process_time() - began < 0.15


def test_in_a_plain_script_it_says_what_it_would_show(grads, capsys):
    micro_arrows(grads)
    assert "Thin blue arrows" in capsys.readouterr().out
