"""Figures of remedies: paired gains, what tuning is worth, singular values, examples to a loss."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from coursekit.intervals import t_interval
from coursekit.plots.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Plot,
    log2_axis,
    means,
    new_figure,
)

LOOKS = (
    (BLUE, "o", "-"),
    (RED, "s", "--"),
    (GREEN, "^", "-."),
    (PURPLE, "D", ":"),
    (ORANGE, "v", "-"),
    (SKY, "P", "--"),
)


def gains_plot(
    gains: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    title: str,
    label: str,
    margin: float | None = None,
    summarised: Sequence[str] = (),
) -> Plot:
    """Draw gains with their intervals, a row a name: yours and the ledger's one below the other.

    Args:
        gains: Whose runs -> name of the arm -> one gain a seed.
        title: What was compared.
        label: Of the axis, with its unit.
        margin: What counts as no difference that matters, shaded; None: nothing is.
        summarised: Whose gains are (mean, half-width) already, in place of one a seed.
    """
    names = list(dict.fromkeys(name for arms in gains.values() for name in arms))
    figure, (axes,) = new_figure(8.5, 1.6 + 0.55 * len(names))
    told, labelled = [], set()
    if margin is not None:
        axes.axvspan(
            -margin, margin, color="0.9", zorder=0, label=f"within the margin, ± {margin:g}"
        )
    axes.axvline(0.0, color="black", linewidth=1)
    for i, (whose, arms) in enumerate(gains.items()):
        colour, marker, _ = LOOKS[i]
        shift = 0.5 / len(gains) * (i - (len(gains) - 1) / 2)
        for k, name in enumerate(names):
            if name not in arms:
                continue
            mean, half = arms[name] if whose in summarised else t_interval(arms[name])
            axes.errorbar(
                float(mean),
                k + shift,
                xerr=np.nan_to_num(half),
                fmt=marker,
                color=colour,
                capsize=4,
                label=None if whose in labelled else whose,
            )
            labelled.add(whose)
            told.append(f"{whose}, {name}: {mean:.2g} ± {half:.2g}")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(label)
    axes.set_title(title)
    axes.legend(fontsize=9, loc="best")
    return figure, f"{title}. {label}: {'; '.join(told)}."


def sweep_plot(
    arms: Mapping[str, tuple[Sequence[float], Sequence[Sequence[float]]]], *, title: str
) -> Plot:
    """Draw validation accuracy over the learning rate, a line an arm, its best one ringed.

    Args:
        arms: Name -> (learning rates, accuracies (rates, seeds) in percent).
        title: What was run.
    """
    figure, (axes,) = new_figure(8.5, 4.2)
    told, every = [], set()
    for (name, (lrs, table)), (colour, marker, line) in zip(arms.items(), LOOKS, strict=False):
        centre, half = means(table)
        axes.errorbar(lrs, centre, half, fmt=marker + line, color=colour, capsize=3, label=name)
        best = int(np.argmax(centre))
        axes.plot(lrs[best], centre[best], "o", markersize=15, markerfacecolor="none", color=colour)
        where = "inside its grid" if 0 < best < len(lrs) - 1 else "at an end of its grid"
        told.append(f"{name}: best {centre[best]:.1f} at {lrs[best]:g}, {where}")
        every |= set(lrs)
    log2_axis(axes, sorted(every), "learning rate")
    axes.set_ylabel("validation accuracy, %")
    axes.set_title(f"{title}; rings: each arm's best")
    axes.legend(fontsize=9)
    return figure, f"{title}. {'; '.join(told)}."


def tries_plot(curves: Mapping[str, Sequence[float]], *, title: str) -> Plot:
    """Draw the expected accuracy of the best of k settings against k, a line a method."""
    figure, (axes,) = new_figure(8.0, 4.0)
    told = []
    for (name, values), (colour, marker, line) in zip(curves.items(), LOOKS, strict=False):
        axes.plot(
            range(1, len(values) + 1), values, marker + line, color=colour, markersize=5, label=name
        )
        told.append(f"{name} {values[0]:.1f} to {values[-1]:.1f}")
    most = max(len(values) for values in curves.values())
    axes.set_xticks(range(1, most + 1))
    axes.set_xlabel("settings tried, k")
    axes.set_ylabel("expected test accuracy, %")
    axes.set_title(title)
    axes.legend(fontsize=9)
    return figure, f"{title}. From one try to all: {'; '.join(told)}."


def values_plot(
    polynomial: Callable[[np.ndarray], np.ndarray], counts: Sequence[int], *, title: str
) -> Plot:
    """Draw what repeated application of a polynomial makes of a singular value between 0 and 1."""
    figure, (axes,) = new_figure(8.0, 4.0)
    start = np.geomspace(1e-3, 1.0, 400)
    told = []
    for count, (colour, _, line) in zip(counts, LOOKS, strict=False):
        values = start
        for _ in range(count):
            values = polynomial(values)
        name = f"after {count} round{'s' * (count > 1)}" if count else "as it was"
        axes.plot(start, values, line, color=colour, label=name)
        told.append(f"{name}: 0.01 becomes {np.interp(0.01, start, values):.2f}")
    axes.axhline(1.0, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("singular value of the matrix, over its length")
    axes.set_ylabel("value after the iteration")
    axes.set_title(title)
    axes.legend(fontsize=9)
    return figure, f"{title}. {'; '.join(told)}."


def examples_plot(
    batch_sizes: Sequence[int], needed: Mapping[str, Sequence[Sequence[float]]], *, title: str
) -> Plot:
    """Draw examples to a target over the batch size: level where none is wasted.

    The legend says how many times as many the last batch size needs as the first.

    Args:
        batch_sizes: B, one a point.
        needed: Name -> (points, seeds) examples.
        title: What was measured.
    """
    figure, (axes,) = new_figure(7.5, 4.0)
    told = []
    for (name, rows), (colour, marker, line) in zip(needed.items(), LOOKS, strict=False):
        centre, half = means([[float(x) / 1000 for x in row] for row in rows])
        label = f"{name}: × {centre[-1] / centre[0]:.1f}"
        axes.errorbar(
            batch_sizes, centre, half, fmt=marker + line, color=colour, capsize=4, label=label
        )
        told.append(f"{name} {centre[0]:.1f} to {centre[-1]:.1f} thousand")
    log2_axis(axes, batch_sizes, "batch size B, examples")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("thousand examples to the loss")
    axes.set_title(title)
    axes.legend(fontsize=9)
    return (
        figure,
        f"{title}. Examples from B={batch_sizes[0]} to B={batch_sizes[-1]}: {'; '.join(told)}.",
    )
