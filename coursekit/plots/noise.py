"""Figures of gradient noise: the law, its price, correlated batches."""

from collections.abc import Mapping, Sequence

import numpy as np

from coursekit.plots.style import (
    BLUE,
    GREEN,
    RED,
    SKY,
    Plot,
    log2_axis,
    means,
    new_figure,
)


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


def law_plot(rows: Sequence[Sequence[float]], *, title: str) -> Plot:
    """Draw a learner's rows [B, variance, standard error, law], bars of two errors, log-log."""
    figure, (axes,) = new_figure(7.5, 4.2)
    sizes, measured, errors, law = np.array(rows, dtype=float).T
    axes.plot(sizes, law, "--", color="black", label="tr(Σ)/B")
    axes.errorbar(
        sizes, measured, 2 * errors, fmt="o", color=BLUE, capsize=4, label="measured, ± 2 errors"
    )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.set_xlabel("batch size B, examples")
    axes.set_ylabel("E|g − G|², squared gradient")
    axes.set_title(title)
    axes.legend()
    away = np.abs(measured - law) / errors
    slope = np.polyfit(np.log(sizes), np.log(measured), 1)[0]
    alt = f"{title}. Log-log slope {slope:.2f}; the farthest point is {away.max():.1f} errors away."
    return figure, alt
