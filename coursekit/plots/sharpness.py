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


def estimates_plot(
    num_products: Sequence[int],
    residuals: Sequence[Sequence[float]],
    traces: Sequence[Sequence[float]],
    reported: Sequence[float],
    exact_trace: float,
    probes: Sequence[int],
    *,
    title: str,
) -> Plot:
    """Draw power iteration's residual against products, and Hutchinson's estimate against probes.

    Args:
        num_products: Products taken at each point.
        residuals: Residual over |value| there, (points, starts).
        traces: Estimates at each number of probes, (numbers, repeats).
        reported: Mean standard error that the estimates carry, at each number of probes.
        exact_trace: The trace itself.
        probes: The numbers of probes.
        title: What was measured.
    """
    figure, (left, right) = new_figure(10.5, 4.0, 2)
    rows = np.array(residuals)
    left.plot(num_products, rows, color=SKY, linewidth=1)
    left.plot(num_products, np.median(rows, axis=1), color=BLUE, label="median over starts")
    left.set_yscale("log")
    log2_axis(left, num_products, "products with the Hessian")
    left.set_ylabel("residual / eigenvalue")
    left.set_title("Power iteration: how far from an eigenvector?")
    left.legend(fontsize=9)
    values, errors = np.array(traces) / exact_trace, np.array(reported) / exact_trace
    right.axhline(1.0, color="black", linewidth=1)
    right.plot(np.repeat(probes, values.shape[1]), values.ravel(), "o", color=SKY, markersize=5)
    right.fill_between(
        probes, 1 - 2 * errors, 1 + 2 * errors, color=RED, alpha=0.15, label="± 2 reported errors"
    )
    log2_axis(right, probes, "probes K")
    right.set_ylabel("estimate / exact trace")
    right.set_title("Hutchinson: is the error bar honest?")
    right.legend(fontsize=9)
    figure.suptitle(title, fontsize=12)
    alt = (
        f"{title}. Left: the residual falls from {np.median(rows[0]):.2g} to "
        f"{np.median(rows[-1]):.2g} of the eigenvalue in {num_products[-1]} products. Right: "
        f"estimates of the trace scatter around the exact one; their reported error falls from "
        f"{errors[0]:.2g} of it with {probes[0]} probes to {errors[-1]:.2g} with {probes[-1]}."
    )
    return figure, alt


def edge_plot(
    steps: Sequence[int],
    ratios: Mapping[str, Sequence[Sequence[float]]],
    *,
    title: str,
    points: Mapping[str, tuple[Sequence[int], Sequence[Sequence[float]]]] | None = None,
) -> Plot:
    """Draw sharpness over its threshold against steps, one line a learning rate.

    Args:
        steps: Updates done at each record.
        ratios: Name of the run -> (records, seeds) of lambda_max * lr / 2; nan where diverged.
        title: What was measured.
        points: Name -> (steps, (records, seeds)) of a longer run, drawn as open marks.
    """
    figure, (axes,) = new_figure(8.5, 4.2)
    told = []
    for (name, rows), (colour, marker, line) in zip(ratios.items(), LOOKS, strict=False):
        centre, half = means(rows)
        axes.errorbar(
            steps,
            centre,
            half,
            fmt=marker + line,
            color=colour,
            capsize=3,
            label=name,
            markersize=5,
        )
        told.append(f"{name} ends at {centre[-1]:.2f}")
        if points and name in points:
            late, values = points[name]
            axes.errorbar(
                late,
                *means(values),
                fmt=marker + ":",
                color=colour,
                mfc="white",
                capsize=3,
                linewidth=1,
            )
    axes.axhline(1.0, color="black", linewidth=1.5)
    axes.annotate(
        "edge of stability: λ = 2/η", (0.98, 1.0), xycoords=("axes fraction", "data"),
        xytext=(0, 22), textcoords="offset points", ha="right",
    )  # fmt: skip
    axes.set_ylim(0, None)
    axes.set_xlabel("gradient steps")
    axes.set_ylabel("λmax · η / 2")
    axes.set_title(title)
    axes.legend(fontsize=9, loc="lower right")
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
        centre, half = means(table / table[list(alphas).index(1.0)])
        axes.errorbar(alphas, centre, half, fmt=marker + line, color=colour, capsize=3, label=name)
        told.append(f"{name} × {centre[0]:.3g} and × {centre[-1]:.3g}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(1.0, color="black", linewidth=1)
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
