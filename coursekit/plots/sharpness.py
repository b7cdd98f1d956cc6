"""Figures of curvature: converging estimates, the edge of stability, disagreeing measures."""

from collections.abc import Mapping, Sequence

import numpy as np

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


def lanczos_plot(
    num_products: Sequence[int],
    residuals: Mapping[str, Sequence[Sequence[float]]],
    *,
    title: str,
) -> Plot:
    """Draw residuals against products on a log scale, where a geometric rate is a straight line.

    Args:
        num_products: Products taken at each point.
        residuals: Method -> residual over |value| there, (points, starts).
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.0, 4.0)
    told = []
    for (name, rows), (colour, marker, line) in zip(residuals.items(), LOOKS, strict=False):
        table = np.maximum(np.array(rows), 1e-9)
        axes.plot(num_products, table, color=colour, linewidth=0.8, alpha=0.5)
        middle = np.median(table, axis=1)
        axes.plot(num_products, middle, marker=marker, linestyle=line, color=colour, label=name)
        told.append(f"{name}: {middle[0]:.2g} to {middle[-1]:.2g}")
    axes.set_yscale("log")
    axes.set_xlabel("products with the Hessian")
    axes.set_ylabel("residual / eigenvalue")
    axes.set_title(f"{title}: thin lines, and their median")
    axes.legend(fontsize=9)
    return figure, (
        f"{title}. Residual over the eigenvalue from {num_products[0]} to {num_products[-1]} "
        f"products: {'; '.join(told)}."
    )


def estimates_plot(
    traces: Sequence[Sequence[float]],
    errors: Sequence[Sequence[float]],
    exact_trace: float,
    probes: Sequence[int],
    *,
    title: str,
) -> Plot:
    """Draw Hutchinson's estimates against probes, each with twice its own standard error.

    Args:
        traces: Estimates at each number of probes, (numbers, repeats).
        errors: The standard error that each estimate reports, (numbers, repeats).
        exact_trace: The trace itself.
        probes: The numbers of probes.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.0, 4.0)
    axes.axhline(1.0, color="black", linewidth=1)
    told = []
    for k, values, bars in zip(
        probes, np.array(traces) / exact_trace, np.array(errors) / exact_trace, strict=True
    ):
        at = k * np.geomspace(0.78, 1.28, len(values))
        hit = abs(values - 1) <= 2 * bars
        for which, colour, marker in ((hit, BLUE, "o"), (~hit, RED, "s")):
            axes.errorbar(
                at[which], values[which], 2 * bars[which], fmt=marker, color=colour, markersize=4,
                capsize=2, linewidth=1,
            )  # fmt: skip
        told.append(f"{k} probes: errors of {bars.mean():.2g}, {int((~hit).sum())} miss")
    axes.plot([], [], "o", color=BLUE, label="holds the exact trace")
    axes.plot([], [], "s", color=RED, label="misses it")
    log2_axis(axes, probes, "probes K")
    axes.set_ylabel("estimate / exact trace")
    axes.set_title(f"{title}, each ± 2 standard errors of its own")
    axes.legend(fontsize=9)
    return figure, f"{title}. Standard error over the trace, and bars that miss: {'; '.join(told)}."


def edge_plot(
    steps: Sequence[int],
    ratios: Mapping[str, Sequence[Sequence[float]]],
    *,
    title: str,
    points: Mapping[str, tuple[Sequence[int], Sequence[Sequence[float]]]] | None = None,
    panels: bool = False,
) -> Plot:
    """Draw sharpness over its threshold against steps: a thin line a seed, a thick one their mean.

    Args:
        steps: Updates done at each record.
        ratios: Name of the run -> (records, seeds) of lambda_max * lr / 2; nan where diverged.
        title: What was measured.
        points: Name -> (steps, (records, seeds)) of the ledger's longer run.
        panels: Draw each name in a panel of its own.
    """
    count = len(ratios) if panels else 1
    figure, frames = new_figure(10.5 if panels else 8.5, 4.0, count)
    told, top = [], 1.1
    for i, (name, rows) in enumerate(ratios.items()):
        axes = frames[i % count]
        colour, marker, line = LOOKS[0 if panels else i]
        top = max(top, float(np.nanmax(np.array(rows))))
        if points and name in points:
            late, values = points[name]
            table = np.array(values)
            axes.plot(late, table, color=GREEN, linewidth=0.7, alpha=0.5)
            axes.plot(late, table.mean(axis=1), "^--", color=GREEN, markersize=4, label="ledger")
            top = max(top, float(table.max()))
        axes.plot(steps, np.array(rows), color=colour, linewidth=0.7, alpha=0.5)
        centre, _ = means(rows)
        own = "your runs" if panels else name
        axes.plot(steps, centre, marker + line, color=colour, markersize=5, label=own)
        if panels:
            axes.set_title(name)
        told.append(f"{name} ends at {centre[-1]:.2f}")
    for axes in frames:
        axes.axhline(1.0, color="black", linewidth=1.5)
        axes.set_ylim(0, 1.05 * top)
        axes.set_xlabel("gradient steps")
        axes.legend(fontsize=9, loc="lower right")
    frames[0].annotate(
        "edge: λ = 2/η", (0.03, 1.0), xycoords=("axes fraction", "data"),
        xytext=(0, 4), textcoords="offset points", fontsize=9,
    )  # fmt: skip
    frames[0].set_ylabel("λmax · η / 2")
    figure.suptitle(f"{title}; thin lines: single seeds", fontsize=12)
    return figure, f"{title}. Sharpness over 2/eta: {'; '.join(told)}. One is the edge."


def arms_plot(
    batch_sizes: Sequence[int],
    sharpness: Mapping[str, Sequence[Sequence[float]]],
    accuracy: Mapping[str, Sequence[Sequence[float]]],
    *,
    title: str,
) -> Plot:
    """Draw sharpness and test accuracy against batch size, one line a rule for the learning rate.

    Args:
        batch_sizes: B, one a point.
        sharpness: Name of the rule -> (points, seeds).
        accuracy: The same names -> (points, seeds), percent.
        title: What was measured.
    """
    figure, (left, right) = new_figure(10.5, 4.0, 2)
    told = []
    for name, (colour, marker, line) in zip(sharpness, LOOKS, strict=False):
        for axes, table in ((left, sharpness), (right, accuracy)):
            centre, half = means(table[name])
            axes.errorbar(
                batch_sizes, centre, half, fmt=marker + line, color=colour, capsize=3, label=name
            )
        ends = [float(np.mean(sharpness[name][i])) for i in (0, -1)]
        told.append(f"{name}: {ends[0]:.2g} to {ends[1]:.2g}")
    for axes in (left, right):
        log2_axis(axes, batch_sizes, "batch size B, examples")
        axes.legend(fontsize=9)
    log2_axis(left, (1, 2, 4, 8, 16), "λmax of the training loss", which="y")
    left.set_title("Sharpness at one training loss")
    right.set_ylabel("test accuracy, %")
    right.set_title("Accuracy of the same runs")
    figure.suptitle(title, fontsize=12)
    return figure, (
        f"{title}. Sharpness from B={batch_sizes[0]} to B={batch_sizes[-1]}: {'; '.join(told)}."
    )


def rescaled_plot(
    alphas: Sequence[float], measures: Mapping[str, Sequence[Sequence[float]]], *, title: str
) -> Plot:
    """Draw what each measure says about one function, relative to its original weights.

    A mark a network; the line is their geometric mean.

    Args:
        alphas: Factors on the first layer, 1 among them.
        measures: Name -> (alphas, seeds).
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.2)
    told = []
    for (name, rows), look in zip(measures.items(), (*LOOKS, (ORANGE, "v", "-")), strict=False):
        colour, marker, line = look
        table = np.array(rows)
        table = table / table[list(alphas).index(1.0)]
        centre = np.exp(np.log(np.maximum(table, 1e-12)).mean(axis=1))
        axes.plot(alphas, table, marker, color=colour, markersize=4, alpha=0.5)
        axes.plot(alphas, centre, line, color=colour, label=name)
        told.append(f"{name} × {centre[0]:.3g} and × {centre[-1]:.3g}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(1.0, color="0.8", linewidth=1, zorder=0)
    axes.set_xticks(list(alphas), [f"{alpha:g}" for alpha in alphas])
    axes.set_xlabel("α: layer 1 times α, layer 2 divided by α")
    axes.set_ylabel("measure / its value at α = 1")
    axes.set_title(title)
    axes.legend(fontsize=9)
    ends = f"At alpha = {alphas[0]:g} and {alphas[-1]:g}"
    return figure, f"{title}. The function is the same. {ends}: {'; '.join(told)}."


def correlation_plot(correlations: Mapping[str, Sequence[float]], *, title: str) -> Plot:
    """Draw rank correlations with test accuracy, one dot a seed and the mean with its interval."""
    figure, (axes,) = new_figure(8.5, 3.8)
    centre, half = means(list(correlations.values()))
    for i, values in enumerate(correlations.values()):
        shift = np.linspace(-0.12, 0.12, len(values))
        axes.plot(i + shift, values, "o", color=SKY, markersize=4)
    axes.errorbar(range(len(centre)), centre, half, fmt="D", color=BLUE, capsize=6, markersize=8)
    axes.axhline(0.0, color="black", linewidth=1)
    axes.set_ylim(-1.05, 1.05)
    axes.set_xticks(range(len(centre)), list(correlations))
    axes.set_ylabel("rank correlation with accuracy")
    axes.set_title(title)
    axes.annotate(
        "flatter is better", (0.99, 0.04), xycoords="axes fraction", fontsize=9, ha="right"
    )
    axes.annotate(
        "sharper is better", (0.99, 0.92), xycoords="axes fraction", fontsize=9, ha="right"
    )
    told = "; ".join(
        f"{n} {c:.2f} ± {h:.2f}" for n, c, h in zip(correlations, centre, half, strict=True)
    )
    return figure, f"{title}. Rank correlation with test accuracy: {told}."
