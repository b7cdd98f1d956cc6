import io

import numpy as np
import pytest
from matplotlib import image

from coursekit.plots import png
from coursekit.plots.noise_scale import (
    ages_plot,
    doubling_plot,
    estimators_plot,
    growth_plot,
    progress_plot,
    trade_off_plot,
)

SIZES = [16, 64, 256]
STEPS = [[650.0, 660.0], [200.0, 204.0], [87.0, 89.0]]

PLOTS = {
    "estimators": lambda: estimators_plot(
        [4, 8], {"good": [[1.2, 1.1], [1.0, 1.1]], "bad": [[3.0, -2.0], [4.0, 4.2]]}, title="a task"
    ),
    "growth": lambda: growth_plot(
        [0, 10, 100],
        [[40.0, 42.0], [100.0, 120.0], [400.0, 420.0]],
        [[3.0, 3.1], [1.0, 0.9], [0.3, 0.3]],
        [[120.0, 126.0], [100.0, 108.0], [120.0, 126.0]],
        title="a run",
        own=([10, 20, 30], [[90.0, float("nan"), 150.0], [80.0, 100.0, 140.0]]),
    ),
    "progress": lambda: progress_plot(
        [8, 64, 512], [[0.1, 0.12], [0.5, 0.5], [0.9, 0.88]], 64.0, title="one step"
    ),
    "trade-off": lambda: trade_off_plot(
        SIZES, STEPS, min_steps=50.0, critical_batch=192.0, title="runs", own=([16, 64], STEPS[:2])
    ),
    "ages": lambda: ages_plot(
        {
            "one way": {2048: [40.0, 44.0], 8192: [100.0, 130.0]},
            "another": {8192: [20.0, 21.0]},
        },
        title="a run",
        unit="windows",
        bounds={"one way": [2048]},
    ),
    "doubling": lambda: doubling_plot([0.25, 1, 4], [1.1, 1.33, 1.67], [1.8, 1.5, 1.2], title="x2"),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_renders_and_speaks(name):
    figure, alt = PLOTS[name]()
    pixels = image.imread(io.BytesIO(png(figure)))
    assert min(pixels.shape[:2]) > 300
    assert pixels[..., :3].std() > 0.02
    assert len(alt) > 30
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()


def test_the_alt_text_tells_what_the_figure_shows():
    assert "bad: 4 to 4.2" in PLOTS["estimators"]()[1]
    assert "from 41 at the start to 410" in PLOTS["growth"]()[1]
    assert "one way: at most 42, 114; another: 20" in PLOTS["ages"]()[1]
    assert "B=64: 0.50" in PLOTS["progress"]()[1]
    assert "B_crit = 192" in PLOTS["trade-off"]()[1]
    assert "the speed-up is 1.10 and the cost 1.80" in PLOTS["doubling"]()[1]


def test_only_an_upper_bound_is_hollow():
    lines = [line for line in PLOTS["ages"]()[0].axes[0].lines if len(line.get_xdata())]
    hollow = [line for line in lines if line.get_markerfacecolor() == "white"]
    assert [line.get_ydata().round().tolist() for line in hollow] == [[42.0]]


def test_examples_are_steps_times_batch_size():
    left, right = PLOTS["trade-off"]()[0].axes
    steps = left.containers[0].lines[0].get_ydata()
    examples = right.containers[0].lines[0].get_ydata()
    assert np.allclose(examples, steps * SIZES)
    law = right.lines[0]
    at = np.interp(192.0, law.get_xdata(), law.get_ydata())
    assert at == pytest.approx(2 * 50 * 192, rel=1e-2)  # twice the least at B_crit


def test_each_network_and_each_run_is_a_line_of_its_own():
    figure, _ = PLOTS["estimators"]()
    assert [len(axes.get_lines()) for axes in figure.axes] == [3, 3]  # two networks, and one
    right = PLOTS["growth"]()[0].axes[1]
    own = [list(line.get_ydata()) for line in right.get_lines()]
    assert [80.0, 100.0, 140.0] in own
