import io

import numpy as np
import pytest
from matplotlib import image

from coursekit.plots import png
from coursekit.plots.sharpness import (
    arms_plot,
    correlation_plot,
    edge_plot,
    estimates_plot,
    lanczos_plot,
    rescaled_plot,
)


def rows(*centres):
    rng = np.random.default_rng(0)
    return [c * rng.normal(1, 0.05, 5) for c in centres]


PLOTS = {
    "estimates": lambda: estimates_plot(
        [[90, 100, 108], [99, 101, 130], [100, 101, 99]],
        [[9.0, 9.0, 9.0], [4.0, 4.0, 4.0], [2.0, 2.0, 2.0]],
        100.0,
        [4, 16, 64],
        title="a network",
    ),
    "lanczos": lambda: lanczos_plot(
        [1, 2, 4],
        {"power iteration": rows(0.5, 0.3, 0.2), "Lanczos": rows(0.5, 0.1, 0.001)},
        title="a network",
    ),
    "edge": lambda: edge_plot(
        [0, 10, 20], {"η = 0.2": rows(0.4, 0.8, 1.02)}, title="a run",
        points={"η = 0.2": ([40, 60], rows(1.0, 1.0))},
    ),
    "edge in panels": lambda: edge_plot(
        [0, 10, 20],
        {"η = 0.2": rows(0.4, 0.8, 1.02), "η = 0.4": rows(2.4, 0.8, 1.1)},
        title="runs",
        points={"η = 0.2": ([40, 60], rows(1.0, 1.0)), "η = 0.4": ([40, 60], rows(1.0, 1.0))},
        panels=True,
    ),
    "arms": lambda: arms_plot(
        [8, 512],
        {"fixed": rows(2.0, 11.0), "scaled": rows(7.0, 2.5)},
        {"fixed": rows(44, 41), "scaled": rows(42, 42)},
        title="two rules",
    ),
    "rescaled": lambda: rescaled_plot(
        [0.1, 1.0, 10.0], {"λmax": rows(200, 6, 330), "adaptive": rows(0.1, 0.1, 0.1)}, title="one",
    ),
    "correlation": lambda: correlation_plot(
        {"λmax": [-0.9, -0.7, -0.8], "SAM": [0.1, -0.2, 0.3]}, title="nine settings"
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
        assert axes.get_xlabel() or axes.get_ylabel()


def test_the_alt_texts_tell_what_the_figures_show():
    assert "η = 0.2 ends at 0.98" in PLOTS["edge"]()[1]
    assert "fixed: 2" in PLOTS["arms"]()[1]
    assert "λmax -0.80" in PLOTS["correlation"]()[1]
    assert (
        "4 probes: errors of 0.09, 0 miss; 16 probes: errors of 0.04, 1 miss"
        in (PLOTS["estimates"]()[1])
    )
    assert "η = 0.4 ends at 1.05" in PLOTS["edge in panels"]()[1]
    assert "Lanczos: 0.5 to 0.00097" in PLOTS["lanczos"]()[1]


def test_single_runs_are_drawn_and_the_ledger_beside_them():
    figure, _ = PLOTS["edge in panels"]()
    assert len(figure.axes) == 2
    names = [line.get_label() for line in figure.axes[0].get_lines()]
    assert sum(name.startswith("_child") for name in names) >= 10  # five seeds of yours, and theirs
    assert {"your runs", "ledger"} <= set(names)


def test_rescaled_values_are_relative_to_the_original_weights():
    figure, alt = rescaled_plot([0.1, 1.0], {"λmax": [[20.0, 40.0], [2.0, 4.0]]}, title="t")
    assert "× 10 and × 1" in alt
    assert figure.axes[0].get_lines()[0].get_ydata().tolist() == [10.0, 1.0]
