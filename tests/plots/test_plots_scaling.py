"""Figures of unit 02: they render, carry their numbers, and speak."""

import io

import numpy as np
import pytest
from matplotlib import image

from coursekit.plots import png
from coursekit.plots.scaling import (
    frontier_plot,
    rules_plot,
    sweep_plot,
    trajectories_plot,
    windows_plot,
)


def rules():
    by_rule = {
        "linear": {16: [0.9, 1.0], 64: [0.92, 0.98], 256: [0.95, 1.0]},
        "sqrt": {16: [0.9, 1.0], 64: [1.2, 1.3], 256: [1.5, 1.55]},
        "none": {16: [0.9, 1.0], 64: [1.5, 1.6], 256: [1.8, 1.9]},
    }
    return rules_plot({"SGD": by_rule, "Adam": by_rule}, ylabel="training loss", title="2 seeds")


def trajectories():
    epochs = np.arange(1, 6)
    losses = np.exp(-epochs / 3) + np.array([[0.0], [0.1]])
    return trajectories_plot(
        {"B = 16": (epochs, losses), "B = 64, lr × 4": (epochs, losses + 0.02)}, title="2 seeds"
    )


def frontier():
    edges = {16: [0.8, 0.9], 64: [1.9, 2.1], 256: [2.9, 3.1]}
    starts = {"from lr 0.1": (16, 0.1, 500.0), "from lr 0.5": (16, 0.5, 65.0)}
    return frontier_plot(
        edges, max_lr=3.7, half_batch_size=52.0, starts=starts, title="where training breaks"
    )


def windows():
    lrs = [0.25, 0.5, 1.0, 2.0]
    table = np.array([[94.5, 95.0, 96.0, 20.0], [95.5, 96.0, 97.0, 30.0]])
    other = np.array([[80.0, 95.0, 96.0, 20.0], [81.0, 96.0, 97.0, 30.0]])
    return windows_plot(
        {32: (lrs, table), 512: (lrs, other)},
        within=2.0,
        title="2 seeds",
    )


PLOTS = {
    "rules": rules,
    "trajectories": trajectories,
    "frontier": frontier,
    "windows": windows,
    "sweep": lambda: sweep_plot(
        [0.25, 0.5, 1.0],
        {16: [[0.5, 0.01], [0.3, 0.02], [float("nan"), 1.0]]},
        title="a sweep",
    ),
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


def test_the_alt_text_tells_the_numbers():
    assert "SGD, sqrt: 0.95 to 1.52" in rules()[1]
    assert "B = 16: lowest, 0.3, at lr 0.5" in PLOTS["sweep"]()[1]
    assert "ends at 0.26" in trajectories()[1]
    assert "from lr 0.5 meets it at B = 65" in frontier()[1]
    assert "B=32: 2.0 octaves; B=512: 1.0 octaves" in windows()[1]


def test_points_stand_at_their_means_with_intervals():
    figure, _ = rules()
    lines = figure.axes[0].containers
    assert len(lines) == 3
    assert lines[1].lines[0].get_ydata() == pytest.approx([0.95, 1.25, 1.525])
    assert all(container.lines[2] for container in lines)
    figure, _ = frontier()
    assert figure.axes[0].containers[0].lines[0].get_ydata() == pytest.approx([0.85, 2.0, 3.0])
