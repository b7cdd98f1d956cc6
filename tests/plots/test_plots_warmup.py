import io

import numpy as np
import pytest
from matplotlib import image

from coursekit.plots import png
from coursekit.plots.warmup import (
    curvature_plot,
    gain_plot,
    growth_plot,
    lengths_plot,
    log_means,
    lr_range_plot,
    schedule_plot,
)
from coursekit.plots.warmup_paths import instrument_plot, path_plot

STEPS = (0, 1, 4)


def curvature(over_limit=True):
    values = {"five": [[5.0, 5.0], [2.0, 3.0], [1.0, 1.2]], "half": [[0.5, 0.5]] * 3}
    losses = {"five": [[2.6, 2.7], [3.0, 3.5], [2.0, 1.9]], "half": [[2.6, 2.5]] * 3}
    limits = None if over_limit else {"five": [8.0, 4.0, 2.0]}
    return curvature_plot(
        STEPS, values, losses, title="a task", over_limit=over_limit, limits=limits
    )


PLOTS = {
    "schedules": lambda: schedule_plot({"rise": [0.5, 1.0], "flat": [1.0, 1.0]}, title="two"),
    "range": lambda: lr_range_plot(
        {"ours": ([0.5, 1.0, 2.0], [[40.0, 41.0], [50.0, 51.0], [9.0, 11.0]])},
        limit=0.25,
        title="where it ends",
    ),
    "curvature": curvature,
    "with limits": lambda: curvature(over_limit=False),
    "gains": lambda: gain_plot(
        {"sharp": [40.0, 42.0, 44.0], "usual": [-3.0, 0.0, 3.0]}, title="gain", xlabel="points"
    ),
    "growth": lambda: growth_plot(
        {"decay": ([0.4, 0.1], [8, 8]), "growth": ([0.4, 0.4], [8, 32])},
        {"decay": [60.0, 62.0], "growth": [61.0, 61.5]},
        {"decay": 64.0, "growth": 40.0},
        title="two plans",
    ),
    "lengths beside the ledger's": lambda: lengths_plot(
        {"none": [10.0, 11.0]}, stored={"none": [12.0, 12.5]}, title="lengths"
    ),
    "a band that would fill the panel": lambda: curvature_plot(
        STEPS,
        {"dies": [[5.0, 5.0], [2.0, 900.0], [1.0, 5000.0]]},
        {"dies": [[2.6, 2.7], [3.0, 900.0], [2.0, 9000.0]]},
        title="a task",
        over_limit=True,
    ),
    "path": lambda: path_plot(
        {0.9: [(2.0, 0.2), (1.9, -0.1)], 1.5: [(2.0, 0.2), (1.5, -0.5)]}, title="path"
    ),
    "instrument": lambda: instrument_plot([5.0, 2.0, 1.0], first=5.1, title="mine"),
    "lengths": lambda: lengths_plot({"none": [10.0, 11.0], "16": [50.0, 52.0]}, title="lengths"),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_renders_and_speaks(name):
    figure, alt = PLOTS[name]()
    pixels = image.imread(io.BytesIO(png(figure)))
    assert min(pixels.shape[:2]) > 180
    assert pixels[..., :3].std() > 0.02  # not a blank card
    assert len(alt) > 30
    for axes in figure.axes:
        assert axes.get_xlabel() or axes.get_ylabel()


def test_the_alt_text_tells_what_the_figure_shows():
    assert "0.5 at step 0, 1 at step 1" in PLOTS["schedules"]()[1]
    assert "peaks at 50 % for lr 1 " in PLOTS["range"]()[1]
    assert "above 20 % up to lr 1;" in PLOTS["range"]()[1]
    assert "five: curvature 5 to 1.1" in PLOTS["curvature"]()[1]
    assert "sharp: +42.0 ± 5.0" in PLOTS["gains"]()[1]
    assert "growth: 61.2 ± 3.2 % in 40 updates" in PLOTS["growth"]()[1]
    assert "none: 10.5 %; 16: 51.0 %" in PLOTS["lengths"]()[1]
    assert "1.5 times: curvature 4.04 to 2.50" in PLOTS["path"]()[1]
    assert "5.00 at the start (library: 5.10), 1.00 at the end" in PLOTS["instrument"]()[1]


def test_the_seeds_are_drawn_where_a_band_would_fill_the_panel():
    figure, _ = PLOTS["a band that would fill the panel"]()
    assert not figure.axes[0].collections
    assert len(figure.axes[0].lines) == 4  # the mean, two seeds, the limit
    assert PLOTS["curvature"]()[0].axes[0].collections


def test_means_of_logarithms():
    centre, low, high = log_means([[1.0, 100.0], [3.0, 3.0]])
    assert centre == pytest.approx([10.0, 3.0])
    assert low[0] * high[0] == pytest.approx(100.0)  # an interval around it, as factors
    assert low[1] == pytest.approx(high[1])


def test_equal_noise_is_drawn_as_equal():
    left = PLOTS["growth"]()[0].axes[0]
    decay, growth = (line.get_ydata() for line in left.lines)
    assert np.allclose(decay, growth)
    assert decay[-1] == pytest.approx(0.25)


def test_a_gain_that_is_not_clear_of_zero_looks_different():
    axes = PLOTS["gains"]()[0].axes[0]
    markers = {container.lines[0].get_marker() for container in axes.containers}
    assert markers == {"o", "s"}
