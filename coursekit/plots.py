"""Figures of the course: one style, an interval on everything, a text for those who can't see them.

Each function takes numbers and returns (figure, alt text). Nothing here trains or measures.
"""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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
    data = base64.b64encode(png(figure)).decode()
    display(
        HTML(
            f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt, quote=True)}" '
            'style="max-width:100%">'
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


def variance_plot(
    batch_sizes: Sequence[int],
    measured: Mapping[str, Sequence[Sequence[float]]],
    theory: Mapping[str, Sequence[float]],
    *,
    title: str,
) -> Plot:
    """Draw measured variance over batch size against theory, and their ratio with intervals.

    Args:
        batch_sizes: B, one a point.
        measured: "with replacement" and "without replacement" -> (points, seeds), each over the
            tr(Sigma) of its own seed.
        theory: The same names -> one prediction a point, for tr(Sigma) = 1.
        title: What was measured, with the number of seeds.
    """
    figure, (left, right) = new_figure(10.5, 4.0, 2)
    looks = {
        "with replacement": (BLUE, "o", "-"),
        "without replacement": (RED, "s", "--"),
    }
    worst = 0.0
    for name, points in measured.items():
        colour, marker, line = looks[name]
        centre, half = means(points)
        predicted = np.array(theory[name], dtype=float)
        alive = predicted > 0
        x = np.array(batch_sizes)[alive]
        left.plot(x, predicted[alive], color=colour, linestyle=line, label=f"theory, {name}")
        left.errorbar(
            x, centre[alive], half[alive], fmt=marker, color=colour, label=f"measured, {name}"
        )
        ratio = centre[alive] / predicted[alive]
        worst = max(worst, float(np.abs(ratio - 1).max()))
        right.errorbar(
            x * (1.04 if name.startswith("without") else 0.96),
            ratio,
            half[alive] / predicted[alive],
            fmt=marker,
            color=colour,
            capsize=3,
            label=name,
        )
    log2_axis(left, batch_sizes, "batch size B, examples")
    left.set_yscale("log")
    left.set_ylabel("E|g_B − G|², in units of tr Σ")
    left.set_title("The noise of a batch")
    left.legend(fontsize=9)
    log2_axis(right, batch_sizes, "batch size B, examples")
    right.axhline(1.0, color="black", linewidth=1)
    spread = max(0.1, 1.6 * worst)
    right.set_ylim(1 - spread, 1 + spread)
    right.set_ylabel("measured / theory")
    right.set_title("Measured over theory, 95 % intervals")
    right.legend(fontsize=9)
    figure.suptitle(title, fontsize=12)
    alt = (
        f"{title}. Left: the variance of the mini-batch gradient falls along the line "
        f"tr(Sigma)/B from B={batch_sizes[0]} to B={batch_sizes[-1]}; without replacement it drops "
        f"to zero at the whole data set. Right: measured over theory stays within "
        f"{100 * worst:.0f} % of one."
    )
    return figure, alt


def signal_plot(grad_sq_norm: float, tr_cov: float, batch_sizes: Sequence[int]) -> Plot:
    """Draw what a batch buys: its price in examples, and the share of signal in a step."""
    figure, (left, right) = new_figure(10.5, 3.8, 2)
    sizes = np.array(batch_sizes, dtype=float)
    left.plot(sizes, tr_cov / sizes / tr_cov, "o-", color=BLUE, label="variance of one step")
    left.plot(
        sizes, np.ones_like(sizes), "s--", color=RED, label="variance × examples paid for the step"
    )
    log2_axis(left, batch_sizes, "batch size B, examples")
    left.set_yscale("log")
    left.set_ylabel("relative to B = 1")
    left.set_title("The price of variance is the same at every B")
    left.legend(fontsize=9)
    share = grad_sq_norm / (grad_sq_norm + tr_cov / sizes)
    half_way = tr_cov / grad_sq_norm
    right.plot(sizes, 100 * share, "o-", color=GREEN)
    right.axvline(half_way, color="black", linestyle=":", linewidth=1.5)
    right.annotate(
        f"tr Σ / |G|² = {half_way:.0f}",
        (half_way, 50),
        xytext=(-8, 22),
        textcoords="offset points",
        ha="right",
    )
    log2_axis(right, batch_sizes, "batch size B, examples")
    right.set_ylim(0, 100)
    right.set_ylabel("signal in |g_B|², %")
    right.set_title("What saturates is the share of signal")
    alt = (
        "Left: the variance of one step falls as 1/B while variance times examples stays flat. "
        f"Right: the share of signal in a step's squared length rises in an S from near 0 to 100 % "
        f"and passes 50 % at B = {half_way:.0f}."
    )
    return figure, alt


def bars_plot(
    bars: Mapping[str, Sequence[float]],
    *,
    theory: Mapping[str, float],
    ylabel: str,
    title: str,
) -> Plot:
    """Draw one bar a condition, mean over seeds with interval, and theory as a diamond."""
    figure, (axes,) = new_figure(8.0, 3.8)
    centre, half = means(list(bars.values()))
    names = list(bars)
    axes.bar(names, centre, yerr=half, color=SKY, edgecolor=BLUE, capsize=5, width=0.6)
    marked = [(names.index(name), value) for name, value in theory.items()]
    if marked:
        axes.plot(*zip(*marked, strict=True), "D", color=RED, markersize=9, label="theory")
        axes.legend()
    for i, (value, width) in enumerate(zip(centre, half, strict=True)):
        axes.annotate(
            f"{value:.2f}",
            (i, value + width),
            xytext=(0, 9),
            textcoords="offset points",
            ha="center",
        )
    axes.axhline(1.0, color="black", linewidth=1)
    axes.set_ylim(0, 1.2 * float((centre + half).max()))
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.grid(axis="x", visible=False)
    told = "; ".join(f"{n}: {v:.2f}" for n, v in zip(names, centre, strict=True))
    return figure, f"{title}. {told}.".replace("\n", " ")


def plane_plot(
    accuracy: np.ndarray,
    batch_sizes: Sequence[int],
    lrs: Sequence[float],
    *,
    title: str,
    jump: tuple[tuple[int, float], tuple[int, float]] | None = None,
) -> Plot:
    """Draw test accuracy over batch size and learning rate.

    Args:
        accuracy: Shape (seeds, learning rates, batch sizes), 0 to 1.
        batch_sizes: Columns.
        lrs: Rows, in ascending order, upwards in the picture.
        title: Task, budget and number of seeds.
        jump: From (batch size, lr) to (batch size, lr): drawn as an arrow.
    """
    figure, (axes,) = new_figure(8.2, 5.6)
    mean = 100 * np.asarray(accuracy).mean(axis=0)
    image = axes.imshow(mean, origin="lower", aspect="auto", cmap="viridis")
    low, high = float(mean.min()), float(mean.max())
    best = mean.argmax(axis=0)
    for i in range(len(lrs)):
        for j in range(len(batch_sizes)):
            dark = mean[i, j] < low + 0.6 * (high - low)
            axes.text(
                j,
                i,
                f"{mean[i, j]:.0f}",
                ha="center",
                va="center",
                fontsize=10,
                color="white" if dark else "black",
                fontweight="bold" if best[j] == i else "normal",
            )
    axes.plot(
        range(len(batch_sizes)),
        best,
        "s",
        markersize=26,
        markerfacecolor="none",
        markeredgecolor=RED,
        markeredgewidth=2.2,
        label="best learning rate at this batch size",
    )
    if jump is not None:
        (b0, lr0), (b1, lr1) = jump
        axes.annotate(
            "",
            (batch_sizes.index(b1), lrs.index(lr1)),
            (batch_sizes.index(b0), lrs.index(lr0)),
            arrowprops={
                "arrowstyle": "-|>",
                "color": "white",
                "lw": 3,
                "shrinkA": 14,
                "shrinkB": 14,
            },
        )
    axes.set_xticks(range(len(batch_sizes)), [str(b) for b in batch_sizes])
    axes.set_yticks(range(len(lrs)), [f"{lr:.3g}" for lr in lrs])
    axes.set_xlabel("batch size B, examples per step")
    axes.set_ylabel("learning rate")
    axes.grid(visible=False)
    axes.set_title(title)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), markerscale=0.45)
    figure.colorbar(image, label="test accuracy, %")
    ridge = ", ".join(f"B={b}: {lrs[i]:g}" for b, i in zip(batch_sizes, best, strict=True))
    alt = f"{title}. Heat map of test accuracy from {low:.0f} to {high:.0f} %. Best lr at {ridge}."
    return figure, alt


def flagship_plot(
    accuracy: np.ndarray,
    batch_sizes: Sequence[int],
    lrs: Sequence[float],
    *,
    best: Sequence[int],
    frontier: np.ndarray,
    num_steps: Sequence[int],
    bands: Mapping[str, tuple[float, float]],
    title: str,
    within: float = 0.02,
) -> Plot:
    """Draw the flagship plane: accuracy, best learning rates, both rules, where training fails.

    Args:
        accuracy: Mean over seeds, shape (learning rates, batch sizes), 0 to 1.
        batch_sizes: Columns, powers of two.
        lrs: Rows, powers of two, ascending.
        best: Row of the best learning rate at each batch size, chosen on validation data.
        frontier: Learning rate above which training fails, one a batch size.
        num_steps: Steps that a run has at each batch size; written along the top.
        bands: Name of a batch-size scale -> (low, high), drawn below the plane.
        title: Task, budget and number of seeds.
        within: A vertical bar spans the learning rates this close to the best of their column.
    """
    figure, (axes,) = new_figure(9.6, 7.2)
    x, y = np.log2(batch_sizes), np.log2(lrs)
    mean = 100 * np.asarray(accuracy)
    image = axes.pcolormesh(x, y, mean, cmap="viridis", shading="nearest", vmin=0)
    figure.colorbar(image, label="test accuracy, %", pad=0.02)
    card: dict[str, Any] = {"boxstyle": "round,pad=0.3", "facecolor": "white", "alpha": 0.92, "lw": 0}
    bold: dict[str, Any] = {"fontsize": 11, "fontweight": "bold", "bbox": card}
    edges = np.array([x[0] - 0.5, *x, x[-1] + 0.5])
    wall = np.log2([frontier[0], *frontier, frontier[-1]])
    top = y[-1] + 0.5
    axes.fill_between(edges, wall, top, facecolor="none", edgecolor="white", hatch="//", alpha=0.4)
    axes.plot(edges, wall, color="white", lw=2)
    ridge = y[list(best)]
    for j in range(len(x)):
        close = y[mean[:, j] >= mean[:, j].max() - 100 * within]
        axes.plot([x[j], x[j]], [close.min() - 0.3, close.max() + 0.3], color="black", lw=1.5)
        axes.text(
            x[j],
            ridge[j],
            f"{mean[best[j], j]:.0f}",
            ha="center",
            va="center",
            fontsize=11,
            fontweight="bold",
            bbox={"boxstyle": "square,pad=0.35", "facecolor": "white", "edgecolor": "black"},
        )
    linear = np.where(ridge[0] + (x - x[0]) <= top, ridge[0] + (x - x[0]), np.nan)
    root = ridge[0] + 0.5 * (x - x[0])
    axes.plot(x, linear, "-", color=RED, lw=3, zorder=1.5)
    axes.plot(x, root, "--", color=PURPLE, lw=3, zorder=1.5)
    end = int(np.flatnonzero(np.isfinite(linear))[-1])
    axes.text(x[end], linear[end], "linear rule", color=RED, ha="center", va="center", **bold)
    axes.text(x[-1], root[-1], "sqrt rule", color="black", ha="center", va="center", **bold)
    axes.text(x[0] - 0.4, top - 0.45, "training fails", va="center", **bold)
    crossed = np.flatnonzero(np.nan_to_num(linear, nan=np.inf) > np.log2(frontier))
    if len(crossed) and 0 < crossed[0] <= end:
        k = int(crossed[0])
        row = int(np.abs(y - linear[k]).argmin())
        axes.annotate(
            f"here the linear rule breaks:\nB = {batch_sizes[k]} falls to {mean[row, k]:.0f} %",
            (x[k], linear[k]),
            xytext=(x[max(k - 3, 0)], y[-1] - 0.75),
            va="center",
            ha="center",
            arrowprops={"arrowstyle": "-|>", "color": "white", "lw": 2.5},
            **bold,
        )
    low_row = min(2, len(y) - 1)
    axes.annotate(
        f"too few steps: {num_steps[-1]} in all,\nand a larger lr fails",
        (x[-1], ridge[-1] - 0.4),
        xytext=(x[-1] + 0.35, y[low_row]),
        ha="right",
        va="center",
        arrowprops={"arrowstyle": "-|>", "color": "white", "lw": 2.5},
        **bold,
    )
    axes.set_xlim(x[0] - 0.5, x[-1] + 0.5)
    axes.set_ylim(y[0] - 0.5 - 0.75 * len(bands), top)
    for row, (name, (low, high)) in enumerate(bands.items()):
        height = y[0] - 0.9 - 0.75 * row
        axes.plot(np.log2([low, high]), [height, height], color=BLUE, lw=7, solid_capstyle="butt")
        axes.annotate(
            name,
            (np.log2(low), height),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=10,
        )
    axes.set_xticks(x, [str(b) for b in batch_sizes])
    axes.set_yticks(y, [f"{lr:.3g}" for lr in lrs])
    axes.set_xlabel(
        "batch size B, examples per step   (white box: best learning rate and its accuracy; "
        f"bar: within {100 * within:g} points)"
    )
    axes.set_ylabel("learning rate")
    axes.grid(visible=False)
    above = axes.secondary_xaxis("top")
    above.set_xticks(x, [str(n) for n in num_steps])
    above.set_xlabel("SGD steps in the same number of epochs")
    figure.suptitle(title, fontsize=12)
    told = ", ".join(f"B={b}: {lrs[i]:g}" for b, i in zip(batch_sizes, best, strict=True))
    alt = (
        f"{title}. Heat map of test accuracy over batch size and learning rate. The best learning "
        f"rate climbs with the linear rule ({told}) until it meets the region where training "
        f"fails; further right there are too few steps ({num_steps[-1]} at B={batch_sizes[-1]}) "
        "and accuracy falls."
    )
    return figure, alt
