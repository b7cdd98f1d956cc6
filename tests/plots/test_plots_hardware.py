import io
import math

import numpy as np
import pytest
from matplotlib import image

from coursekit.plots import png
from coursekit.plots.hardware import (
    arms_plot,
    best_batches_plot,
    checkpoint_plot,
    compression_plot,
    roofline_plot,
    step_time_plot,
)

SIZES = [2**k for k in range(11)]


def rounds(*centres):
    rng = np.random.default_rng(0)
    return [list(c * rng.uniform(1.0, 1.3, 5)) for c in centres]


PLOTS = {
    "step_time": lambda: step_time_plot(
        {
            "narrow": dict(zip(SIZES, rounds(*np.fmax(3e-4, np.array(SIZES) / 1e6)), strict=True)),
            "wide": dict(zip(SIZES, rounds(*np.fmax(1e-3, np.array(SIZES) / 2e4)), strict=True)),
        },
        {"narrow": (3e-4, math.nan), "wide": (1.1e-3, 2e4)},
        title="a machine",
    ),
    "roofline": lambda: roofline_plot(
        SIZES, rounds(*np.fmax(5e-5, np.array(SIZES) * 4e-6)), np.array(SIZES) * 3e-6,
        4e-5 + np.array(SIZES) * 1e-7, title="one layer",
    ),
    "checkpoint": lambda: checkpoint_plot(
        ["none", "1", "4"], [16.8, 17.0, 8.4], rounds(1.0, 1.4, 1.3), title="16 layers"
    ),
    "arms": lambda: arms_plot(
        {"every step": [44.0, 45, 46], "every 16": [31.0, 33, 32]}, title="shards",
        label="test accuracy, %",
    ),
    "compression": lambda: compression_plot(
        [0.01, 0.1, 1.0],
        {"early": [2.0, 20, 256], "late": [5.0, 50, 256]},
        {"early": rounds(2.0, 20, 256), "late": rounds(5.0, 50, 256)},
        batch_size=256,
        title="a network",
    ),
    "best_batches": lambda: best_batches_plot(
        {b: (b + 100.0, (1 + 100 / b) * max(1, b / 200), b / 50 + 3 + 100 / b) for b in SIZES},
        (1, 256, 64),
        title="this machine",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_says_what_it_shows(name):
    figure, alt = PLOTS[name]()
    picture = image.imread(io.BytesIO(png(figure, dpi=40)))
    assert picture.std() > 0.02
    assert len(alt) > 40
    assert all(axes.get_xlabel() for axes in figure.axes)


def test_numbers_reach_the_text():
    assert "knee 22" in PLOTS["step_time"]()[1]
    assert "money at 64" in PLOTS["best_batches"]()[1]
