"""One style for all figures, and what each of them is made with."""

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from coursekit.intervals import t_interval

# Okabe & Ito 2008: told apart with any colour vision; line style and marker differ as well
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
)
STYLE: dict[str, Any] = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "figure.facecolor": "white",  # a white card also in a dark notebook
    "savefig.facecolor": "white",
    "lines.linewidth": 2,
}
Plot = tuple[Figure, str]
READ_AT = 800  # CSS pixels: the width of a notebook's column beside the table of contents
LEAST = 11  # CSS pixels of the smallest letters there
GAP = 0.3  # between two labels of an x axis, in their height
MOST_BYTES = 400_000  # of an SVG; a figure of more points than that becomes a PNG


def new_figure(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes side by side; no global state, no window."""
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        return figure, list(np.atleast_1d(figure.subplots(1, columns)))


def png(figure: Figure, dpi: int = 100) -> bytes:
    """Return the figure as a PNG file."""
    buffer = io.BytesIO()
    with matplotlib.style.context(["default", STYLE]):
        figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """Return the figure as an SVG file, letters as shapes: the same on every machine."""
    buffer = io.BytesIO()
    with matplotlib.style.context(["default", STYLE]):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def make_legible(figure: Figure) -> None:
    """Raise letters that would be too small where the figure is shrunk to a notebook's column."""
    least = LEAST * 72 / 96 * max(1.0, figure.get_figwidth() * 96 / READ_AT)  # points
    figure.draw_without_rendering()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            sizes = [float(label.get_fontsize()) for label in axis.get_ticklabels()]
            if sizes and min(sizes) < least:
                axis.set_tick_params(which="both", labelsize=least)
    for text in figure.findobj(Text):
        if float(text.get_fontsize()) < least:
            text.set_fontsize(least)
    figure.draw_without_rendering()
    for axes in figure.axes:
        for axis, which in ((axes.xaxis, "x"), (axes.yaxis, "y")):
            thin_out([*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)], which)


def thin_out(labels: Sequence[Text], which: str) -> None:
    """Hide each label of an axis that would touch the one before it."""
    side = 0 if which == "x" else 1
    boxes = [(label.get_window_extent(), label) for label in labels if label.get_text()]
    boxes.sort(key=lambda pair: pair[0].min[side])
    end = -np.inf
    for box, label in boxes:
        if box.min[side] < end + GAP * box.height * (which == "x"):
            label.set_visible(False)
        else:
            end = box.max[side]


def data_url(figure: Figure) -> str:
    """Return a figure for an <img>: an SVG, or a PNG of 200 dpi where that would be large."""
    make_legible(figure)
    drawn = svg(figure)
    kind, data = ("svg+xml", drawn) if len(drawn) <= MOST_BYTES else ("png", png(figure, dpi=200))
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def show(plot: Plot) -> None:
    """Show a figure with its alt text in a notebook; outside a notebook print the alt text."""
    figure, alt = plot
    try:
        from IPython import get_ipython
        from IPython.display import HTML, display
    except ImportError:
        print(f"[figure] {alt}")
        return
    if get_ipython() is None:
        print(f"[figure] {alt}")
        return
    width = round(96 * figure.get_figwidth())
    display(
        HTML(
            f'<img src="{data_url(figure)}" alt="{html.escape(alt, quote=True)}" width="{width}" '
            'style="max-width:100%;height:auto;box-sizing:border-box;padding:6px;background:white;'
            'border-radius:4px">'
        )
    )


def means(per_seed: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return means and half-widths of 95 % intervals; ``per_seed`` is (points, seeds)."""
    both = np.array([t_interval(values) for values in per_seed])
    return both[:, 0], np.nan_to_num(both[:, 1])


def log2_axis(axes: Axes, values: Sequence[float], label: str, *, which: str = "x") -> None:
    """Give an axis a log scale that is labelled at the given values, at every other if many."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("log", base=2)
    ticks = list(values) if len(values) <= 8 else list(values)[:: 1 + (len(values) - 1) // 8]
    axis.set_major_locator(ticker.FixedLocator(ticks))
    axis.set_major_formatter(ticker.FixedFormatter([f"{v:g}" for v in ticks]))
    axis.set_minor_locator(ticker.NullLocator())
    (axes.set_xlabel if which == "x" else axes.set_ylabel)(label)
