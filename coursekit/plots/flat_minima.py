"""Figures of flatness: against accuracy, in three kinds of correlation, in a bound, after cures."""

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
    means,
    new_figure,
)

MARKS = ((BLUE, "o"), (RED, "s"), (GREEN, "^"), (PURPLE, "D"))
Columns = Mapping[str, Sequence[float]]


def population_plot(
    ledger: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]],
    mine: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]],
    *,
    title: str,
) -> Plot:
    """Draw test accuracy against sharpness: a small dot a run, tied to its setting's large mark.

    Args:
        ledger: Group ("B = 8") -> one (sharpness, accuracy) a setting, each a list over seeds.
        mine: The same groups -> your own runs.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.6)
    told = []
    for (name, settings), (colour, marker) in zip(ledger.items(), MARKS, strict=False):
        for i, (x, y) in enumerate(settings):
            middle = (float(np.exp(np.mean(np.log(x)))), float(np.mean(y)))
            for run in zip(x, y, strict=True):  # a spoke says which setting a run belongs to
                axes.plot(*zip(middle, run, strict=True), color=colour, linewidth=0.6, alpha=0.35,
                          zorder=1)  # fmt: skip
            axes.plot(x, y, marker, color=colour, markersize=3, alpha=0.6, zorder=2)
            label = f"{name}, ledger: mean of a setting" if i == 0 else None
            axes.plot(*middle, marker, color=colour, markersize=10, markeredgecolor="black",
                      label=label, zorder=4)  # fmt: skip
        told.append(
            f"{name}: sharpness {np.mean([np.mean(x) for x, _ in settings]):.2g}, accuracy "
            f"{np.mean([np.mean(y) for _, y in settings]):.1f} %"
        )
        for i, (x, y) in enumerate(mine.get(name, [])):
            label = f"{name}, your runs" if i == 0 else None
            axes.plot(x, y, "x", color=colour, markersize=7, label=label, zorder=3)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("λmax of the training loss (each run stopped at the same loss)")
    axes.plot([], [], ".-", color="0.6", linewidth=0.6, label="small: one run of its setting")
    axes.set_ylabel("test accuracy, %")
    axes.set_title(title)
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.15 * (high - low), high)  # room for the legend
    axes.legend(fontsize=8, loc="lower left", ncols=2)
    return figure, f"{title}. Means: {'; '.join(told)}."


def three_correlations_plot(kinds: Mapping[str, Columns], *, title: str) -> Plot:
    """Draw rank correlations with accuracy, one row of marks a kind of correlation.

    Args:
        kinds: "across settings" -> measure -> one correlation a seed (or a setting).
        title: What was measured.
    """
    figure, (axes,) = new_figure(9.0, 4.0)
    told = []
    for k, ((kind, columns), (colour, marker)) in enumerate(
        zip(kinds.items(), MARKS, strict=False)
    ):
        centre, half = means(list(columns.values()))
        at = np.arange(len(columns)) + 0.22 * (k - (len(kinds) - 1) / 2)
        axes.errorbar(at, centre, half, fmt=marker, color=colour, capsize=4, markersize=8,
                      label=kind)  # fmt: skip
        told.append(
            f"{kind}: " + ", ".join(f"{n} {c:.2f}" for n, c in zip(columns, centre, strict=True))
        )
        axes.set_xticks(range(len(columns)), list(columns))
    axes.axhline(0.0, color="black", linewidth=1)
    axes.set_ylim(-1.05, 1.05)
    axes.set_ylabel("rank correlation with accuracy")
    axes.set_title(title)
    axes.text(0.01, 0.03, "flatter is better", transform=axes.transAxes, fontsize=9)
    axes.text(0.01, 0.93, "sharper is better", transform=axes.transAxes, fontsize=9)
    axes.legend(fontsize=9, loc="upper right")
    return figure, f"{title}. {'; '.join(told)}."


def bound_plot(
    sigmas: Sequence[float],
    error: Sequence[float],
    bound: Sequence[float],
    test_error: float,
    *,
    title: str,
) -> Plot:
    """Draw a bound on the error against the width of the noise, and the two parts of it.

    Args:
        sigmas: Standard deviation of the noise on each weight.
        error: Training error with that noise, 0 to 1.
        bound: The bound.
        test_error: Test error of the network without noise.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.2)
    axes.axhspan(1.0, 1e3, color="0.93", zorder=0)
    axes.plot(sigmas, bound, "o-", color=BLUE, label="bound: both together")
    axes.plot(
        sigmas, np.array(bound) - np.array(error), "^:", color=GREEN, label="price of distance"
    )
    axes.plot(sigmas, error, "s--", color=RED, label="training error with noise")
    axes.axhline(test_error, color="black", linewidth=1.2, linestyle="-.")
    axes.annotate("test error without noise", (sigmas[0], test_error), xytext=(0, 4),
                  textcoords="offset points", fontsize=9)  # fmt: skip
    axes.annotate("grey: above 1 a bound says nothing", (sigmas[0], 1.0), xytext=(0, 4),
                  textcoords="offset points", fontsize=9)  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(min(0.01, *[max(e, 0.003) for e in error]), max(20.0, 1.2 * max(bound)))
    axes.set_xlabel("σ, standard deviation of the noise on each weight")
    axes.set_ylabel("share of examples that are wrong")
    axes.set_title(title)
    axes.legend(fontsize=9)
    best = int(np.argmin(bound))
    return figure, (
        f"{title}. Lowest bound {bound[best]:.2f}, at sigma {sigmas[best]:g}, where the noisy "
        f"training error is {error[best]:.2f}; test error without noise {test_error:.2f}."
    )


def cures_plot(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]], *, title: str
) -> Plot:
    """Draw accuracy against sharpness for several arms, a panel for each way to compare them.

    Args:
        panels: "at one training loss" -> arm -> (sharpness, accuracy), each a list over seeds.
        title: What was measured.
    """
    figure, frames = new_figure(10.5, 4.4, len(panels))
    told = []
    for axes, (how, arms) in zip(frames, panels.items(), strict=True):
        lines = []
        for (name, (x, y)), (colour, marker) in zip(
            arms.items(), (*MARKS, (ORANGE, "v"), (SKY, "P")), strict=False
        ):
            axes.plot(x, y, marker, color=colour, markersize=4, alpha=0.4)
            middle = float(np.exp(np.mean(np.log(x))))
            axes.plot(middle, np.mean(y), marker, color=colour, markersize=11,
                      markeredgecolor="black", label=name)  # fmt: skip
            lines.append(f"{name} {middle:.2g} and {np.mean(y):.1f} %")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel("λmax of the training loss")
        axes.set_title(how)
        told.append(f"{how}, sharpness and accuracy: {'; '.join(lines)}")
    frames[0].set_ylabel("test accuracy, %")
    frames[0].legend(fontsize=9, loc="best")
    figure.suptitle(title, fontsize=12)
    return figure, f"{title}. {'. '.join(told)}."
