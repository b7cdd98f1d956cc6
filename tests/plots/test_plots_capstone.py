"""Figures of unit 10 draw, and their texts hold what they show."""

import io

import numpy as np
import pytest
from matplotlib import image

from coursekit.experiments.mysteries.cases import draw_mystery
from coursekit.experiments.mysteries.evidence import evidence_of
from coursekit.plots import png
from coursekit.plots.capstone import decision_plot, loggers_plot, mystery_plot, ramp_plot

ARMS = {"their change": [-7.0, -6.0, -8.0], "old lr": [0.5, -0.5, 0.0]}
PLOTS = {
    "decision": (lambda: decision_plot(ARMS, title="arms", other=ARMS), "their change: -7.0 ± 2.5"),
    "run": (lambda: mystery_plot(evidence_of(draw_mystery(1)), title="Run 1"), "three seeds"),
    "sweep": (lambda: mystery_plot(evidence_of(draw_mystery(5)), title="Run 5"), "B = 512: "),
    "stopped": (lambda: mystery_plot(evidence_of(draw_mystery(4)), title="Run 4"), "Run 4"),
    "loggers": (
        lambda: loggers_plot([3.0, 2.0, 1.0], {"mended": ([0, 2], [2.5, 1.0])}, title="logs"),
        "mended: from 2.50 to 1.00",
    ),
    "ramp": (
        lambda: ramp_plot(
            {"small": ([0.5, 0.6], 10.0, 20.0)}, names=("many", "one"), title="ramps"
        ),
        "one, small: loss 0.550 in 20 s",
    ),
}


@pytest.mark.parametrize("name", PLOTS)
def test_it_draws_and_tells(name):
    make, told = PLOTS[name]
    figure, alt = make()
    pixels = image.imread(io.BytesIO(png(figure)))
    assert np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0).shape[0] > 20
    assert told in alt or (told == "three seeds" and "of 3 seeds" in alt)
