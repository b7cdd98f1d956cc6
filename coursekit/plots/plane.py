"""The plane: test accuracy over batch size and learning rate."""

from collections.abc import Sequence

import numpy as np

from coursekit.plots.style import (
    RED,
    Plot,
    new_figure,
)


def plane_plot(
    accuracy: np.ndarray,
    batch_sizes: Sequence[int],
    lrs: Sequence[float],
    *,
    title: str,
    lowest: float | None = None,
    jump: tuple[tuple[int, float], tuple[int, float]] | None = None,
) -> Plot:
    """Draw test accuracy over batch size and learning rate.

    Args:
        accuracy: Shape (seeds, learning rates, batch sizes), 0 to 1.
        batch_sizes: Columns.
        lrs: Rows, in ascending order, upwards in the picture.
        title: Task, budget and number of seeds.
        lowest: Accuracy in % at which the colours begin: below it all cells look alike, so that
            differences among the good ones show.
        jump: From (batch size, lr) to (batch size, lr): drawn as an arrow.
    """
    figure, (axes,) = new_figure(8.2, 5.6)
    mean = 100 * np.asarray(accuracy).mean(axis=0)
    low, high = float(mean.min()), float(mean.max())
    floor = low if lowest is None or lowest >= high else lowest
    image = axes.imshow(mean, origin="lower", aspect="auto", cmap="viridis", vmin=floor, vmax=high)
    best = mean.argmax(axis=0)
    for i in range(len(lrs)):
        for j in range(len(batch_sizes)):
            dark = mean[i, j] < floor + 0.6 * (high - floor)
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
    extend = "min" if floor > low else "neither"
    figure.colorbar(image, label="test accuracy, %", extend=extend)
    edges = ", ".join(
        f"B={b}: {lrs[int(np.argmax(mean[:, j] >= high - 4))]:g}" for j, b in enumerate(batch_sizes)
    )
    ridge = ", ".join(f"B={b}: {lrs[i]:g}" for b, i in zip(batch_sizes, best, strict=True))
    alt = f"{title}. Heat map of test accuracy from {low:.0f} to {high:.0f} %. Best lr at {ridge}."
    alt += f" Lowest lr within 4 points of the best cell: {edges}."
    return figure, alt
