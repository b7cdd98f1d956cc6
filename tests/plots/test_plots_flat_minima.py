import io

import numpy as np
import pytest
from matplotlib import image

from coursekit.plots import png
from coursekit.plots.flat_minima import (
    bound_plot,
    cures_plot,
    population_plot,
    three_correlations_plot,
)
from coursekit.plots.noise_at_work import (
    put_back_plot,
    put_in_plot,
    rest_plot,
    waiting_plot,
    wells_plot,
)


def runs(centre, count=5):
    return list(centre * np.random.default_rng(0).normal(1, 0.05, count))


ARMS = {"B = 16": runs(46), "B = 128": runs(43), "with noise": runs(45)}
PLOTS = {
    "population": lambda: population_plot(
        {"B = 8": [(runs(2), runs(44)), (runs(4), runs(43))], "B = 128": [(runs(9), runs(41))]},
        {"B = 8": [([2.0, 2.5], [44.0, 43.0])]},
        title="networks",
    ),
    "three correlations": lambda: three_correlations_plot(
        {"across": {"λmax": [-0.8, -0.9], "SAM": [0.1, 0.3]},
         "within": {"λmax": [0.0, 0.1], "SAM": [0.0, -0.1]}},
        title="networks",
    ),
    "bound": lambda: bound_plot(
        [0.01, 0.1, 1.0], [0.0, 0.4, 0.9], [20.0, 2.5, 1.1], 0.6, title="a network"
    ),
    "cures": lambda: cures_plot(
        {"at one loss": {"plain": (runs(8), runs(40)), "dropout": (runs(2), runs(48))},
         "at equal steps": {"plain": (runs(2), runs(41)), "dropout": (runs(2), runs(49))}},
        title="arms",
    ),
    "rest": lambda: rest_plot(
        [0.1, 1.0, 1.9], [runs(1.05), runs(2), runs(20)], [1.05, 2.0, 20.0], title="walkers"
    ),
    "wells": lambda: wells_plot(
        [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.4, 0.0, 0.4], [0.5, 0.1, 0.5], [0.3, 0.5],
        [runs(0.77), runs(0.75)], {"Gibbs": [0.74, 0.74], "with a root": [0.89, 0.89]}, title="t",
    ),
    "waiting": lambda: waiting_plot(
        [0.5, 0.3, 0.2], {"flawed": [5.0, 9.0, 12.0], "mended": [5.0, 16.0, 90.0]},
        [5.0, 16.0, 88.0], title="a well",
    ),
    "put in": lambda: put_in_plot(
        ["one", "two"], {"B = 32": [0.1, 0.1], "B = 4": [0.8, 0.9], "mixed": [0.8, 0.9]},
        {"law at 32": [0.1, 0.1], "law at 4": [0.8, 0.8]}, title="a quadratic",
    ),
    "put back": lambda: put_back_plot(
        {"many epochs": (ARMS, {"B = 16": [46.0, 45.0]}), "one pass": (ARMS, {})}, title="runs"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_renders_and_speaks(name):
    figure, alt = PLOTS[name]()
    pixels = image.imread(io.BytesIO(png(figure)))
    assert min(pixels.shape[:2]) > 300
    assert pixels[..., :3].std() > 0.02
    assert len(alt) > 30
    for axes in figure.axes:
        assert axes.get_xlabel() or axes.get_ylabel() or axes.get_title()


def test_the_alt_texts_tell_what_the_figures_show():
    assert "across: λmax -0.85, SAM 0.20; within: λmax 0.05" in PLOTS["three correlations"]()[1]
    assert (
        "Lowest bound 1.10, at sigma 1, where the noisy training error is 0.90"
        in (PLOTS["bound"]()[1])
    )
    assert "the formula gives 20.00 there" in PLOTS["rest"]()[1]
    assert "walkers 0.77, Gibbs 0.74, with a root 0.89" in PLOTS["wells"]()[1]
    slopes = PLOTS["waiting"]()[1]
    assert "Slope of the exact line 0.96; flawed: slope 0.29; mended: slope 0.97" in slopes
    assert "one pass: B = 16" in PLOTS["put back"]()[1]


def test_runs_and_ledger_are_both_drawn():
    figure, _ = PLOTS["put back"]()
    assert len(figure.axes) == 2
    _, names = figure.axes[0].get_legend_handles_labels()
    assert set(names) == {"ledger, mean ±", "your runs"}
    marks = [line.get_marker() for line in PLOTS["population"]()[0].axes[0].get_lines()]
    assert marks.count("x") == 1
