import io

import numpy as np
import pytest
from matplotlib import image

from coursekit.plots import png
from coursekit.plots.toolkit import (
    examples_plot,
    gains_plot,
    sweep_plot,
    tries_plot,
    values_plot,
)


def rows(*centres):
    rng = np.random.default_rng(0)
    return [c * rng.normal(1, 0.05, 5) for c in centres]


PLOTS = {
    "gains": lambda: gains_plot(
        {
            "ledger": {"LARS": [-1.0, -2.0, -3.0], "Muon": [0.5, 0.0, 1.0]},
            "yours": {"mine": [2.0, 0.5]},
        },
        title="six arms",
        label="points",
        margin=1.0,
        summarised=("yours",),
    ),
    "sweep": lambda: sweep_plot(
        {"SGD": ([0.1, 0.2, 0.4], rows(30, 40, 35)), "momentum": ([0.2, 0.4], rows(40, 45))},
        title="two arms",
    ),
    "tries": lambda: tries_plot({"Adam": [40.0, 44.0, 45.0], "Muon": [42.0, 44.0]}, title="tries"),
    "values": lambda: values_plot(lambda s: 1.5 * s - 0.5 * s**3, (0, 2), title="cubic"),
    "examples": lambda: examples_plot(
        (64, 1024), {"Adam": rows(9000, 35000), "Muon": rows(5000, 12000)}, title="to a loss"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_renders_and_speaks(name):
    figure, alt = PLOTS[name]()
    pixels = image.imread(io.BytesIO(png(figure)))
    assert min(pixels.shape[:2]) > 200
    assert pixels[..., :3].std() > 0.02
    assert len(alt) > 30
    for axes in figure.axes:
        assert axes.get_xlabel() or axes.get_ylabel()


def test_the_alt_texts_tell_what_the_figures_show():
    assert "ledger, LARS: -2 ± 2.5" in PLOTS["gains"]()[1]
    assert "yours, mine: 2 ± 0.5" in PLOTS["gains"]()[1]  # mean and half-width as they came
    assert "momentum: best 4" in PLOTS["sweep"]()[1]
    assert "at 0.4, at an end of its grid" in PLOTS["sweep"]()[1]
    assert "at 0.2, inside its grid" in PLOTS["sweep"]()[1]
    assert "Muon 42.0 to 44.0" in PLOTS["tries"]()[1]
    assert "after 2 rounds: 0.01 becomes 0.02" in PLOTS["values"]()[1]
    assert "Adam 9.0 to 35" in PLOTS["examples"]()[1]


def test_each_arm_has_a_row_whoever_measured_it():
    (axes,) = PLOTS["gains"]()[0].axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["LARS", "Muon", "mine"]
    named = axes.get_legend_handles_labels()[1]
    assert sorted(named) == ["ledger", "within the margin, ± 1", "yours"]
