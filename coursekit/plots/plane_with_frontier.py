"""The flagship plane, with both rules, the frontier and the scales of batch size."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from coursekit.plots.style import (
    BLUE,
    PURPLE,
    RED,
    Plot,
    new_figure,
)


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
    card: dict[str, Any] = {
        "boxstyle": "round,pad=0.3",
        "facecolor": "white",
        "alpha": 0.92,
        "lw": 0,
    }
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
