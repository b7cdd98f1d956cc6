import re

import pytest
import torch

from coursekit.explorers.gentle_start import (
    NUM_STEPS,
    STARTS,
    TARGET,
    WARMUPS,
    gentle_start,
    gentle_walk,
    walk_svg,
)

pytestmark = pytest.mark.quick
FALLS, STAYS = STARTS.values()


def test_a_walk_is_gradient_descent_by_autograd():
    walk = gentle_walk(FALLS, 1.5, 4)
    w = torch.tensor(FALLS, dtype=torch.float64, requires_grad=True)
    for lr, curvature, loss in zip(walk.lrs, walk.curvatures, walk.losses, strict=True):
        output = w.prod()
        (slope,) = torch.autograd.grad(output, w, retain_graph=True)
        assert curvature == pytest.approx(slope.square().sum().item())
        expected = 0.5 * (output - TARGET) ** 2
        assert loss == pytest.approx(expected.item(), abs=1e-15)
        (grad,) = torch.autograd.grad(expected, w)
        w = (w - lr * grad).detach().requires_grad_()
    assert len(walk.lrs) == NUM_STEPS


def test_the_warmup_is_that_of_the_unit():
    walk = gentle_walk(FALLS, 1.0, 4)
    peak = 2 / (FALLS[0] ** 2 + FALLS[1] ** 2)
    assert walk.lrs[:5] == pytest.approx([peak / 4, peak / 2, 3 * peak / 4, peak, peak])


def test_warmup_saves_the_one_start_and_not_the_other():
    assert gentle_walk(FALLS, 4.0, 1).outcome == "diverged"
    assert gentle_walk(FALLS, 4.0, 8).outcome == "trained"
    assert {gentle_walk(STAYS, 4.0, w).outcome for w in WARMUPS} == {"diverged"}
    assert {gentle_walk(start, 0.5, 1).outcome for start in STARTS.values()} == {"trained"}


def test_the_picture_says_what_it_shows():
    svg = walk_svg("curvature can fall", 4.0, 8)
    assert "warmup of 8 steps: trained" in svg
    assert len(re.findall("<polyline", svg)) == 3
    numbers = [float(x) for x in re.findall(r"[\d.]+,([\d.]+)", svg)]
    assert all(0 <= y < 400 for y in numbers)
    assert "nan" not in walk_svg("curvature can't fall", 6.0, 1)


def test_in_a_plain_script_it_says_what_it_would_show(capsys):
    gentle_start()
    assert "Dashed: its limit 2/lr" in capsys.readouterr().out
