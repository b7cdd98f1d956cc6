"""Figures of what noise does: a law, two wells, walkers that wait, and noise put back."""

from collections.abc import Mapping, Sequence

import numpy as np

from coursekit.plots.style import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, Plot, means, new_figure


def rest_plot(
    shares: Sequence[float],
    measured: Sequence[Sequence[float]],
    exact: Sequence[float],
    *,
    title: str,
) -> Plot:
    """Draw the variance at rest over that of small steps, against lr times curvature.

    Args:
        shares: lr times curvature of each measurement, ascending.
        measured: Variance over the diffusion's, (points, groups of walkers).
        exact: Your formula over the diffusion's, at the same points.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.0)
    centre, half = means(measured)
    axes.axhline(1.0, color=GREEN, linestyle="--", label="limit of small steps (the SDE)")
    axes.plot(shares, exact, color=BLUE, label="exact, by your formula")
    axes.errorbar(shares, centre, half, fmt="o", color=RED, capsize=3, label="your walkers")
    axes.set_yscale("log")
    axes.set_xlabel("lr times curvature, ηλ (the batch grows with η: η/B is fixed)")
    axes.set_ylabel("variance / that of small steps")
    ticks = [tick for tick in (1, 2, 3, 5, 10, 20, 50, 100) if tick <= 2 * max(exact)]
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_title(title)
    axes.legend(fontsize=9)
    return figure, (
        f"{title}. Variance over that of small steps: {centre[0]:.2f} at {shares[0]:g}, "
        f"{centre[-1]:.2f} at {shares[-1]:g}; the formula gives {exact[-1]:.2f} there."
    )


def wells_plot(
    x: Sequence[float],
    energy: Sequence[float],
    visited: Sequence[float],
    density: Sequence[float],
    temperatures: Sequence[float],
    mine: Sequence[Sequence[float]],
    lines: Mapping[str, Sequence[float]],
    *,
    title: str,
) -> Plot:
    """Draw two wells with the places that walkers visit, and the share of time in the flat one.

    Args:
        x: Places.
        energy: U there.
        visited: How often walkers were there, as a density.
        density: What Gibbs says.
        temperatures: Of the right panel.
        mine: Your walkers' shares, (temperatures, groups).
        lines: Name -> a theory's share at each temperature.
        title: What was measured.
    """
    figure, (left, right) = new_figure(10.5, 4.2, 2)
    left.fill_between(x, visited, color=SKY, alpha=0.6, step="mid", label="your walkers")
    left.plot(x, density, color=BLUE, label="Gibbs density")
    left.plot(
        x, np.array(energy), color="black", linewidth=1, linestyle="--", label="U, the energy"
    )
    left.set_ylim(0, 1.6)
    left.set_xlabel("place")
    left.set_ylabel("energy; density of visits")
    left.set_title(f"Where walkers are, T = {temperatures[0]:g}")
    left.legend(fontsize=9, loc="upper right")
    centre, half = means(mine)
    for (name, values), (colour, style) in zip(
        lines.items(), ((BLUE, "-"), (PURPLE, ":"), (GREEN, "-.")), strict=False
    ):
        right.plot(temperatures, values, style, color=colour, label=name)
    right.errorbar(temperatures, centre, half, fmt="o", color=RED, capsize=4, label="your walkers")
    right.set_ylim(0.5, 1.0)
    right.set_xticks(list(temperatures))
    right.set_xlabel("temperature T")
    right.set_ylabel("share of time in the flat well")
    right.set_title("Which density?")
    right.legend(fontsize=9, loc="upper right")
    figure.suptitle(title, fontsize=12)
    told = ", ".join(f"{name} {values[0]:.2f}" for name, values in lines.items())
    return figure, (
        f"{title}. Share of time in the flat well at T = {temperatures[0]:g}: walkers "
        f"{centre[0]:.2f}, {told}."
    )


def waiting_plot(
    temperatures: Sequence[float],
    estimates: Mapping[str, Sequence[float]],
    exact: Sequence[float],
    *,
    title: str,
) -> Plot:
    """Draw escape times against 1/T, on a log scale where Arrhenius' law is a straight line.

    Args:
        temperatures: T of each measurement.
        estimates: Name of the estimate -> mean times.
        exact: The walk's exact mean times.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.2)
    inverse = 1 / np.array(temperatures)
    axes.plot(inverse, exact, color="black", linewidth=1.2, label="exact")
    told = []
    for (name, values), (colour, marker, style) in zip(
        estimates.items(), ((RED, "s", "--"), (ORANGE, "v", ":"), (BLUE, "o", "-")), strict=False
    ):
        axes.plot(inverse, values, marker + style, color=colour, label=name)
        slope = np.polyfit(inverse, np.log(values), 1)[0]
        told.append(f"{name}: slope {slope:.2f}")
    axes.set_yscale("log")
    axes.set_xlabel("1/T (colder to the right)")
    axes.set_ylabel("mean escape time, lr times steps")
    axes.set_title(title)
    axes.legend(fontsize=9)
    slope = np.polyfit(inverse, np.log(exact), 1)[0]
    return figure, f"{title}. Slope of the exact line {slope:.2f}; {'; '.join(told)}."


def put_in_plot(
    names: Sequence[str],
    measured: Mapping[str, Sequence[float]],
    law: Mapping[str, Sequence[float]],
    *,
    title: str,
) -> Plot:
    """Draw the spread of three runs at rest in each direction, beside the law of two batch sizes.

    Args:
        names: The directions.
        measured: Run -> mean square distance in each direction.
        law: "law at B = 64" -> the formula's values.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.0)
    at = np.arange(len(names))
    for k, ((name, values), colour) in enumerate(
        zip(measured.items(), (SKY, BLUE, RED), strict=False)
    ):
        axes.bar(at + 0.26 * (k - 1), values, 0.24, color=colour, label=name)
    for (name, values), style in zip(law.items(), ("--", "-"), strict=False):
        for i, value in enumerate(values):
            axes.plot([i - 0.4, i + 0.4], [value] * 2, "k" + style, linewidth=1.5,
                      label=name if i == 0 else None)  # fmt: skip
    axes.set_xticks(at, list(names))
    axes.set_ylabel("mean square distance at rest")
    axes.set_title(title)
    axes.legend(fontsize=9)
    told = "; ".join(
        f"{name} {', '.join(f'{v:.2g}' for v in values)}"
        for name, values in (*measured.items(), *law.items())
    )
    return figure, f"{title}. Mean square distance in each direction: {told}."


def put_back_plot(
    panels: Mapping[str, tuple[Mapping[str, Sequence[float]], Mapping[str, Sequence[float]]]],
    *,
    title: str,
) -> Plot:
    """Draw test accuracy of three arms, a panel for many epochs and one for a single pass.

    Args:
        panels: Name -> (the ledger's arms, your arms): arm -> accuracies over seeds, percent.
        title: What was measured.
    """
    figure, frames = new_figure(10.0, 4.2, len(panels))
    told = []
    for axes, (how, (ledger, mine)) in zip(frames, panels.items(), strict=True):
        centre, half = means(list(ledger.values()))
        at = np.arange(len(ledger))
        axes.errorbar(at - 0.08, centre, half, fmt="D", color=BLUE, capsize=5, markersize=8,
                      label="ledger, mean ±")  # fmt: skip
        for i, name in enumerate(ledger):
            values = list(mine.get(name, []))
            axes.plot(i + 0.12 + np.linspace(-0.05, 0.05, len(values)), values, "o", color=RED,
                      markersize=4, label="your runs" if i == 0 else None)  # fmt: skip
        axes.set_xticks(at, list(ledger))
        axes.set_xlim(-0.5, len(ledger) - 0.5)
        axes.set_title(how)
        told.append(
            f"{how}: " + ", ".join(f"{n} {c:.1f} %" for n, c in zip(ledger, centre, strict=True))
        )
    frames[0].set_ylabel("test accuracy, %")
    frames[0].legend(fontsize=9, loc="best")
    figure.suptitle(title, fontsize=12)
    return figure, f"{title}. The ledger's means: {'; '.join(told)}."
