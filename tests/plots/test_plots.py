import base64
import io
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from matplotlib.text import Text

from coursekit.plots import (
    bars_plot,
    law_plot,
    means,
    plane_plot,
    png,
    show,
    signal_plot,
    style,
    variance_plot,
)
from coursekit.plots.style import LEAST, READ_AT, data_url, log2_axis, make_legible, new_figure

pytestmark = pytest.mark.quick
WAYS = ("with replacement", "without replacement")


def variance():
    rng = np.random.default_rng(0)
    sizes = [1, 4, 16]
    theory = {way: [1.0, 0.25, 0.0625] for way in WAYS}
    measured = {
        way: [t * rng.normal(1, 0.02, 5) for t in predicted] for way, predicted in theory.items()
    }
    return variance_plot(sizes, measured, theory, title="a task, 5 seeds")


def plane():
    accuracy = np.array([[[0.1, 0.5], [0.9, 0.2]]])
    return plane_plot(accuracy, [64, 256], [0.1, 0.4], title="plane", jump=((64, 0.1), (256, 0.4)))


PLOTS = {
    "variance": variance,
    "signal": lambda: signal_plot(2.0, 100.0, [1, 16, 256]),
    "bars": lambda: bars_plot(
        {"apart": [1.0, 1.1], "together": [6.9, 7.1]},
        theory={"apart": 1.0},
        ylabel="inflation",
        title="two ways",
    ),
    "plane": plane,
    "law": lambda: law_plot(
        [[1, 8.1, 0.2, 8.0], [2, 3.9, 0.1, 4.0], [4, 2.0, 0.1, 2.0]], title="a law"
    ),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_renders_and_speaks(name):
    figure, alt = PLOTS[name]()
    pixels = image.imread(io.BytesIO(png(figure)))
    assert min(pixels.shape[:2]) > 300
    assert pixels[..., :3].std() > 0.02  # not a blank card
    assert len(alt) > 30
    for axes in figure.axes:
        assert axes.get_xlabel() or axes.get_ylabel()


def test_the_alt_text_tells_what_the_figure_shows():
    assert "B = 50" in signal_plot(2.0, 100.0, [1, 16, 256])[1]
    assert "B=64: 0.4, B=256: 0.1" in plane()[1]
    assert "together: 7.00" in PLOTS["bars"]()[1]


def test_variance_shows_what_was_measured():
    figure, _ = variance()
    ratios = figure.axes[1].containers
    assert len(ratios) == 2
    for container in ratios:
        assert np.all(np.abs(container.lines[0].get_ydata() - 1) < 0.05)
        assert container.lines[2]  # error bars are drawn


def test_means_are_over_seeds():
    centre, half = means([[1.0, 3.0], [5.0, 5.0]])
    assert centre.tolist() == [2.0, 5.0]
    assert half[0] == pytest.approx(12.706, abs=0.01)  # t_1 = 12.706, s/sqrt(2) = 1
    assert half[1] == 0


def test_outside_a_notebook_the_text_is_printed(capsys):
    show((None, "what it shows"))
    assert capsys.readouterr().out == "[figure] what it shows\n"


def test_no_state_is_left_in_pyplot():
    import matplotlib.pyplot as plt

    PLOTS["plane"]()
    assert plt.get_fignums() == []


def test_colours_are_of_the_palette():
    source = Path(style.__file__).read_text()
    used = set(re.findall(r"#[0-9A-F]{6}", source))
    assert used == {"#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"}


def wide():
    """Two panels as in several units: a wide figure with a small legend."""
    figure, (left, right) = new_figure(11.5, 4.0, 2)
    for axes in (left, right):
        axes.plot([1, 2, 3], label="of a seed")
        axes.set_xlabel("step", fontsize=7)
        axes.legend(fontsize=9)
        axes.tick_params(axis="x", labelsize=8)
    return figure


def test_no_letter_is_small_in_a_narrow_notebook():
    figure = wide()
    make_legible(figure)
    figure.draw_without_rendering()
    shrunk = READ_AT / (96 * figure.get_figwidth())
    sizes = [text.get_fontsize() * 96 / 72 * shrunk for text in figure.findobj(Text)]
    assert min(sizes) > LEAST - 0.01
    small, _ = PLOTS["signal"]()  # 8 inches: nothing is shrunk, 9 points are enough
    make_legible(small)
    assert min(text.get_fontsize() for text in small.findobj(Text)) >= LEAST * 72 / 96


def test_labels_that_would_touch_are_thinned():
    figure, panels = new_figure(10.5, 4.0, 3)
    for axes in panels:
        axes.plot([8, 1024], [0.5, 3])
        log2_axis(axes, [2**k for k in range(3, 11)], "steps")
        axes.set_yscale("log")
    make_legible(figure)
    figure.draw_without_rendering()
    for axes in panels:
        labels = [label for label in axes.get_xticklabels() if label.get_visible()]
        ends = [label.get_window_extent() for label in labels if label.get_text()]
        assert 4 <= len(ends) < 8
        assert all(a.x1 < b.x0 for a, b in pairwise(ends))
    roomy, (axes,) = new_figure(8, 4)
    log2_axis(axes, [1, 2, 4], "steps")
    make_legible(roomy)
    assert all(label.get_visible() for label in axes.get_xticklabels())


def test_a_figure_is_an_svg_and_a_png_where_that_is_large(monkeypatch):
    begins = "data:image/svg+xml;base64,"
    url = data_url(PLOTS["signal"]()[0])
    assert url.startswith(begins)
    drawn = base64.b64decode(url.removeprefix(begins)).decode()
    assert "<svg" in drawn
    assert "<dc:date>" not in drawn, "the same picture gives the same notebook"
    monkeypatch.setattr(style, "MOST_BYTES", 1000)
    assert data_url(PLOTS["signal"]()[0]).startswith("data:image/png;base64,")
