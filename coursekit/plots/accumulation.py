"""Figures of accumulation: wrong averages, curves over a run, arms over learning rates."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes

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

LOOKS = ((BLUE, "o", "-"), (RED, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"))


def errors_plot(
    errors: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    yours: Mapping[str, float] | None = None,
    title: str,
) -> Plot:
    """Draw relative errors on a log scale, a dot a net: a group a case, a colour a kind of net.

    Args:
        errors: case -> kind -> one relative error a seed.
        yours: case -> the error that the learner just measured, a diamond on the first kind.
        title: What was measured, with the number of seeds.
    """
    figure, (axes,) = new_figure(9.0, 4.2)
    kinds = list(next(iter(errors.values())))
    width = 0.8 / len(kinds)
    told = []
    for k, (kind, colour, marker) in enumerate(
        zip(kinds, (BLUE, ORANGE, GREEN), "os^", strict=False)
    ):
        at = np.arange(len(errors)) + (k - (len(kinds) - 1) / 2) * width
        dots_and_means(
            axes, at, [errors[case][kind] for case in errors], colour, marker, width, label=kind
        )
        told += [
            f"{case}, {kind}: {np.mean(errors[case][kind]):.2g} "
            f"({min(errors[case][kind]):.2g} to {max(errors[case][kind]):.2g})"
            for case in errors
        ]
    if yours:
        first = -(len(kinds) - 1) / 2 * width  # the learner's net is of the first kind
        at = np.array([list(errors).index(case) + first for case in yours])
        axes.plot(at, list(yours.values()), "D", color="black", markersize=7, label="your net")
    axes.axhline(1.0, color="black", linewidth=1)
    axes.annotate("as long as the gradient itself", (-0.45, 1.12), fontsize=9)
    axes.set_yscale("log")
    plain_ticks(axes)
    axes.set_xticks(range(len(errors)), list(errors))
    axes.set_ylabel("relative error of the gradient")
    axes.set_title(title)
    axes.legend(fontsize=9)
    axes.grid(axis="x", visible=False)
    return figure, f"{title}. Relative error: {'; '.join(told)}.".replace("\n", " ")


def dots_and_means(
    axes: Axes,
    at: np.ndarray,
    columns: Sequence[Sequence[float]],
    colour: str,
    marker: str,
    width: float,
    *,
    label: str | None = None,
) -> None:
    """Draw each column's values as dots beside one another, and a bar at their mean."""
    for i, (x, values) in enumerate(zip(at, columns, strict=True)):
        spread = np.linspace(-0.3, 0.3, len(values)) * width
        axes.plot(
            x + spread, values, marker, color=colour, markersize=4, alpha=0.7,
            label=label if i == 0 else None,
        )  # fmt: skip
        mean = float(np.mean(values))
        axes.plot([x - 0.4 * width, x + 0.4 * width], [mean, mean], color=colour, linewidth=2.5)


def dots_plot(
    values: Mapping[str, Sequence[float]],
    *,
    yours: Mapping[str, float],
    ylabel: str,
    title: str,
) -> Plot:
    """Draw one dot a net and the mean of each kind; the learner's own net is a diamond.

    Args:
        values: Kind of net -> one value a net.
        yours: Kind of net -> the learner's value.
        ylabel: What is drawn.
        title: What was measured, with the number of nets.
    """
    figure, (axes,) = new_figure(8.0, 3.8)
    at = np.arange(len(values), dtype=float)
    dots_and_means(axes, at, list(values.values()), BLUE, "o", 0.6, label="ledger, one net")
    places = [list(values).index(kind) for kind in yours]
    axes.plot(places, list(yours.values()), "D", color="black", markersize=8, label="your net")
    axes.set_xticks(at, list(values))
    axes.set_ylim(0, 1.1 * max(max(column) for column in values.values()))
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.legend(fontsize=9)
    axes.grid(axis="x", visible=False)
    told = "; ".join(
        f"{kind}: {np.mean(column):.2g}, from {min(column):.2g} to {max(column):.2g}"
        for kind, column in values.items()
    )
    mine = "; ".join(f"{kind} {value:.2g}" for kind, value in yours.items())
    return figure, f"{title}. {ylabel}: {told}. Yours: {mine}."


def runs_plot(
    x: Sequence[float],
    runs: Mapping[str, Sequence[Sequence[float]]],
    *,
    xlabel: str,
    ylabel: str,
    title: str,
    own: tuple[Sequence[float], Mapping[str, Sequence[Sequence[float]]]] | None = None,
) -> Plot:
    """Draw every run as a line of its own on a log scale: no mean over runs that differ in kind.

    Args:
        x: One value a point.
        runs: Name -> one list of values a run.
        xlabel: With its unit.
        ylabel: With its unit.
        title: What was measured.
        own: The learner's own x and runs, drawn thick over the others, in the same order.
    """
    figure, (axes,) = new_figure(8.5, 4.2)
    told = []
    for thick, (points, table) in enumerate([(x, runs), *([own] if own else [])]):
        for (name, lines), (colour, marker, line) in zip(table.items(), LOOKS, strict=False):
            shade = {BLUE: SKY, RED: ORANGE}.get(colour, colour) if own and not thick else colour
            for i, values in enumerate(lines):
                axes.plot(
                    points, values, linestyle=line, color=shade, marker=marker if thick else None,
                    markersize=4, linewidth=2.2 if thick or not own else 1.2,
                    alpha=0.9 if thick or own is None else 0.8, label=name if i == 0 else None,
                )  # fmt: skip
            ends = [values[-1] for values in lines]
            told.append(f"{name}: {len(lines)} from {min(ends):.2g} to {max(ends):.2g} at the end")
    axes.set_yscale("log")
    plain_ticks(axes)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.legend(fontsize=9)
    return figure, f"{title}. {ylabel}, run by run: {'; '.join(told)}."


def lines_plot(
    x: Sequence[float],
    lines: Mapping[str, Sequence[Sequence[float]]],
    *,
    xlabel: str,
    ylabel: str,
    title: str,
    log_x: bool = False,
    log_y: bool = True,
) -> Plot:
    """Draw a line a name over x, with intervals over seeds.

    Args:
        x: One value a point.
        lines: name -> (points, seeds).
        xlabel: With its unit.
        ylabel: With its unit.
        title: What was measured, with the number of seeds.
        log_x: Whether x has a log scale.
        log_y: Whether y has a log scale; intervals then end above zero.
    """
    figure, (axes,) = new_figure(8.0, 4.0)
    told = []
    for (name, points), (colour, marker, line) in zip(lines.items(), LOOKS, strict=False):
        centre, half = means(points)
        lower = np.minimum(half, 0.9 * centre) if log_y else half
        axes.errorbar(
            x,
            centre,
            [lower, half],
            color=colour,
            marker=marker,
            linestyle=line,
            capsize=3,
            label=name,
        )
        told.append(f"{name}: from {centre[0]:.3g} at {x[0]:g} to {centre[-1]:.3g} at {x[-1]:g}")
    if log_x:
        log2_axis(axes, x, xlabel)
    axes.set_xlabel(xlabel)
    if log_y:
        axes.set_yscale("log")
        plain_ticks(axes)
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.legend(fontsize=9)
    return figure, f"{title}. {'; '.join(told)}."


def plain_ticks(axes: Axes) -> None:
    """Label a log scale with plain numbers, at 1, 2 and 5 of each decade if it has few decades."""
    low, high = axes.get_ylim()
    if high / low < 1e4:
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())


def weights_plot(sizes: Sequence[int], *, title: str) -> Plot:
    """Draw what one example weighs in the mean of means, over what it should, by micro-batch."""
    figure, (axes,) = new_figure(8.0, 3.4)
    total, k = sum(sizes), len(sizes)
    weights = [total / (k * n) for n in sizes]
    axes.bar(range(1, k + 1), weights, color=SKY, edgecolor=BLUE, width=0.7)
    axes.axhline(1.0, color="black", linewidth=1.5, linestyle="--", label="every example alike")
    for i, (n, w) in enumerate(zip(sizes, weights, strict=True), start=1):
        axes.annotate(f"{n} ex.: × {w:.2g}", (i, w), xytext=(0, 4), textcoords="offset points",
                      ha="center", fontsize=9)  # fmt: skip
    axes.set_ylim(0, 1.2 * max(weights))
    axes.set_xticks(range(1, k + 1))
    axes.set_xlabel("micro-batch")
    axes.set_ylabel("weight of one example")
    axes.set_title(title)
    axes.legend(fontsize=9, loc="upper left")
    axes.grid(axis="x", visible=False)
    told = ", ".join(f"{n} examples: {w:.2g} times" for n, w in zip(sizes, weights, strict=True))
    return figure, f"{title}. Weight of one example in a micro-batch of {told}."
