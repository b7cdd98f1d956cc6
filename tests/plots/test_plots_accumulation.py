import io

import numpy as np
import pytest
from matplotlib import image

from coursekit.plots import png
from coursekit.plots.accumulation import (
    dots_plot,
    errors_plot,
    lines_plot,
    runs_plot,
    weights_plot,
)


def errors():
    return errors_plot(
        {"few": {"He": [0.01, 0.02], "torch": [0.1, 0.2]}, "two": {"He": [1, 2], "torch": [2, 3]}},
        yours={"two": 1.5},
        title="errors, 2 seeds",
    )


def lines(**more):
    return lines_plot(
        (1, 4, 16),
        {"a": [[1.0, 1.1], [0.5, 0.6], [0.2, 0.3]], "b": [[1, 2], [2, 3], [4, 5]]},
        xlabel="b, examples",
        ylabel="error",
        title="lines, 2 seeds",
        **more,
    )


PLOTS = {
    "errors": errors,
    "lines": lines,
    "log lines": lambda: lines(log_x=True, log_y=False),
    "weights": lambda: weights_plot([64, 64, 4], title="weights"),
    "dots": lambda: dots_plot(
        {"He": [0.6, 0.7], "trained": [0.3, 0.5]}, yours={"He": 0.6}, ylabel="share", title="dots"
    ),
    "runs": lambda: runs_plot(
        (1, 2),
        {"ledger": [[1e-7, 1e-7], [1e-7, 1e-3]]},
        own=((1, 2), {"yours": [[1e-7, 1e-4]]}),
        xlabel="steps",
        ylabel="difference",
        title="runs",
    ),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_renders_and_speaks(name):
    figure, alt = PLOTS[name]()
    pixels = image.imread(io.BytesIO(png(figure)))
    assert min(pixels.shape[:2]) > 300
    assert pixels[..., :3].std() > 0.02
    assert len(alt) > 30
    assert figure.axes[0].get_ylabel()


def test_the_alt_text_tells_the_numbers():
    assert "two, torch: 2.5" in errors()[1]
    assert "a: from 1.05 at 1 to 0.25 at 16" in lines()[1]
    assert "4 examples: 11 times" in PLOTS["weights"]()[1]


def test_no_interval_reaches_zero_on_a_log_scale():
    figure, _ = lines()
    low = [
        seg[:, 1].min() for c in figure.axes[0].containers for seg in c.lines[2][0].get_segments()
    ]
    assert min(low) > 0


def test_weights_of_examples_average_to_one():
    sizes = [64, 64, 4]
    figure, _ = weights_plot(sizes, title="weights")
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert np.average(heights, weights=sizes) == pytest.approx(1.0)


def test_a_run_is_a_line_and_no_mean_of_unlike_runs_is_drawn():
    figure, alt = PLOTS["runs"]()
    assert [line.get_ydata()[-1] for line in figure.axes[0].get_lines()] == [1e-7, 1e-3, 1e-4]
    assert "ledger: 2 from 1e-07 to 0.001 at the end" in alt


def test_every_net_is_a_dot_and_the_learner_s_stands_among_them():
    figure, alt = PLOTS["dots"]()
    drawn = [len(line.get_xdata()) for line in figure.axes[0].get_lines()]
    assert drawn == [2, 2, 2, 2, 1]  # dots and mean of each kind, then yours
    assert "trained: 0.4, from 0.3 to 0.5" in alt
    assert "Yours: He 0.6" in alt
