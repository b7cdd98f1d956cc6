"""Figures of the noise scale and of what a larger batch saves and costs."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from coursekit.plots.accumulation import plain_ticks
from coursekit.plots.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    Plot,
    log2_axis,
    means,
    new_figure,
)

LOOKS = ((BLUE, "o", "-"), (RED, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"))


def estimators_plot(
    counts: Sequence[int], curves: Mapping[str, Sequence[Sequence[float]]], *, title: str
) -> Plot:
    """Draw estimates over the exact value against the number of steps averaged.

    Args:
        counts: Steps averaged, one a point.
        curves: Name -> (points, networks), each over the exact value of its network.
        title: What was estimated, with the number of networks.
    """
    figure, panels = new_figure(10.5, 4.0, len(curves))
    told, largest = [], 1.0
    for axes, (name, points), (colour, _, _) in zip(panels, curves.items(), LOOKS, strict=False):
        values = np.array(points)
        axes.plot(counts, values, color=colour, linewidth=1.2, alpha=0.8)
        axes.axhline(1.0, color="black", linewidth=1)
        axes.set_yscale("symlog", linthresh=1.0)
        axes.set_title(name, fontsize=11)
        log2_axis(axes, counts, "steps averaged")
        last, largest = values[-1], max(largest, float(abs(values).max()))
        told.append(f"{name}: {last.min():.2g} to {last.max():.2g}")
    for axes in panels:
        axes.set_ylim(-2.0 * largest, 2.0 * largest)
        ticks = [t for t in (-100, -10, -1, 0, 1, 10, 100) if abs(t) <= 2.0 * largest]
        axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
        axes.set_ylabel("estimate / exact noise scale")
    figure.suptitle(f"{title}, one line each", fontsize=12)
    return figure, f"{title}. At {counts[-1]} steps, estimate over exact value: {'; '.join(told)}."


def growth_plot(
    steps: Sequence[int],
    scale: Sequence[Sequence[float]],
    signal: Sequence[Sequence[float]],
    noise: Sequence[Sequence[float]],
    *,
    title: str,
    own: tuple[Sequence[float], Sequence[Sequence[float]]] | None = None,
) -> Plot:
    """Draw signal and noise, and their ratio, along a run.

    Args:
        steps: Steps done at each point; 0 is drawn at 1.
        scale: tr(Sigma)/|G|^2, (points, seeds).
        signal: |G|^2, (points, seeds).
        noise: tr(Sigma), (points, seeds).
        title: Task and number of seeds.
        own: The learner's own runs: steps, and the running estimates of each run.
    """
    figure, (left, right) = new_figure(10.5, 4.0, 2)
    x = np.maximum(1, np.array(steps))
    for values, name, (colour, marker, line) in (
        (noise, "noise tr Σ, of one example", LOOKS[1]),
        (signal, "signal |G|²", LOOKS[0]),
    ):
        centre, half = means(values)
        left.errorbar(
            x, centre, half, marker=marker, linestyle=line, color=colour, label=name, capsize=3
        )
    left.axvline(50, color="0.5", linestyle=":", linewidth=1.2)
    left.set_yscale("log")
    left.set_ylabel("squared gradient length")
    left.set_title("First the signal falls, then the noise rises")
    centre, half = means(scale)
    right.errorbar(x, centre, half, fmt="o-", color=GREEN, capsize=3, label="exact, 95 % interval")
    if own is not None:
        for i, run in enumerate(own[1]):
            label = "your online estimate, one run" if i == 0 else None
            right.plot(own[0], run, color=ORANGE, lw=1.2, label=label)
    right.set_ylim(0, 1.35 * float((centre + half).max()))
    right.set_ylabel("tr Σ / |G|², examples")
    right.set_title("So the noise scale grows, twice over")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlabel("optimizer steps done (start drawn at 1)")
        axes.legend(fontsize=9)
    figure.suptitle(title, fontsize=12)
    alt = (
        f"{title}. Left: |G|^2 falls until about step 50 and then stands still; tr(Sigma) dips and "
        "rises again. Right: their ratio "
        f"grows from {centre[0]:.0f} at the start to {centre[-1]:.0f} after {steps[-1]} steps."
    )
    return figure, alt


def progress_plot(
    batch_sizes: Sequence[int],
    measured: Sequence[Sequence[float]],
    noise_scale: float,
    *,
    title: str,
) -> Plot:
    """Draw the progress of one step, over that of the full gradient, against batch size.

    Args:
        batch_sizes: B, one a point.
        measured: Fall of the loss at the best learning rate of this B, over the full gradient's,
            (points, networks).
        noise_scale: tr(H Sigma)/G'HG: the theory is 1/(1 + noise_scale/B).
        title: What was measured, with the number of networks.
    """
    figure, (axes,) = new_figure(8.0, 4.0)
    centre, half = means(measured)
    fine = np.geomspace(batch_sizes[0], batch_sizes[-1], 100)
    axes.plot(fine, 1 / (1 + noise_scale / fine), "--", color=RED, label="1 / (1 + B_noise / B)")
    axes.errorbar(
        batch_sizes, centre, half, fmt="o", color=BLUE, capsize=3, label="measured, 95 % interval"
    )
    axes.axvline(noise_scale, color="black", linestyle=":", linewidth=1.5)
    axes.annotate(
        f"B_noise = {noise_scale:.0f}:\nhalf of the progress",
        (noise_scale, 0.5),
        xytext=(12, -26),
        textcoords="offset points",
    )
    log2_axis(axes, batch_sizes, "batch size B, examples")
    axes.set_ylim(0, max(1.1, 1.05 * float((centre + half).max())))
    axes.set_ylabel("progress of one step\n(full gradient = 1)")
    axes.set_title(title)
    axes.legend(loc="upper left")
    told = ", ".join(f"B={b}: {c:.2f}" for b, c in zip(batch_sizes, centre, strict=True))
    return figure, f"{title}. Progress of one step over that of the full gradient: {told}."


def trade_off_plot(
    batch_sizes: Sequence[int],
    steps: Sequence[Sequence[float]],
    *,
    min_steps: float,
    critical_batch: float,
    title: str,
    own: tuple[Sequence[int], Sequence[Sequence[float]]] | None = None,
) -> Plot:
    """Draw steps and examples to a target loss against batch size, with the fitted law.

    Args:
        batch_sizes: B, one a point.
        steps: (points, seeds).
        min_steps: S_min of the law S = S_min (1 + B_crit/B).
        critical_batch: B_crit, examples.
        title: Task, target and number of seeds.
        own: The learner's own runs: batch sizes and steps (points, seeds).
    """
    figure, (left, right) = new_figure(10.5, 4.2, 2)
    x = np.array(batch_sizes, dtype=float)
    fine = np.geomspace(x.min() / 1.5, x.max() * 1.5, 100)
    law = min_steps * (1 + critical_batch / fine)
    for axes, curve, factor, floor, name in (
        (left, law, np.ones_like(x), min_steps, "steps to the target"),
        (right, law * fine, x, min_steps * critical_batch, "examples to the target"),
    ):
        axes.plot(fine, curve, "-", color=RED, label="fitted law")
        centre, half = means((np.array(steps) * factor[:, None]).tolist())
        axes.errorbar(x, centre, half, fmt="o", color=BLUE, capsize=3, label="ledger, 95 %")
        if own is not None:
            sizes = np.array(own[0], dtype=float)
            times = sizes[:, None] if axes is right else 1.0
            centre, half = means((np.array(own[1]) * times).tolist())
            axes.errorbar(
                1.12 * sizes, centre, half, fmt="s", color=ORANGE, capsize=3, label="your runs"
            )
        axes.axhline(floor, color="black", linewidth=1)
        axes.annotate(
            f"least: {floor:,.0f}", (0.02, floor), xycoords=("axes fraction", "data"),
            xytext=(0, 3), textcoords="offset points", fontsize=9,
        )  # fmt: skip
        axes.axvline(critical_batch, color="black", linestyle=":", linewidth=1.5)
        log2_axis(axes, batch_sizes, "batch size B, examples")
        axes.set_yscale("log")
        axes.set_ylabel(name)
        low, high = curve.min(), curve.max()
        axes.set_ylim(0.8 * floor, 1.2 * high)
        plain_ticks(axes)
        axes.annotate(
            f"B_crit = {critical_batch:.0f}",
            (critical_batch, (low * high**2) ** (1 / 3)),
            xytext=(5, 0),
            textcoords="offset points",
        )
    left.set_title("Steps fall to a floor ...")
    right.set_title("... and examples rise from one")
    left.legend(fontsize=9)
    right.legend(fontsize=9, loc="upper left")
    figure.suptitle(title, fontsize=12)
    alt = (
        f"{title}. Left: steps fall with batch size towards the floor of {min_steps:.0f}. Right: "
        f"examples rise from the floor of {min_steps * critical_batch:.0f}. At B_crit = "
        f"{critical_batch:.0f} both are twice their floor."
    )
    return figure, alt


def doubling_plot(
    ratios: Sequence[float], speedup: Sequence[float], cost: Sequence[float], *, title: str
) -> Plot:
    """Draw what doubling the batch gains and costs against B_crit over the present B."""
    figure, (axes,) = new_figure(8.0, 4.0)
    axes.plot(ratios, speedup, "-", color=BLUE, label="speed-up")
    axes.plot(ratios, cost, "--", color=RED, label="GPU-hours, after / before")
    axes.axhline(1.0, color="black", linewidth=1)
    axes.axvline(1.0, color="black", linestyle=":", linewidth=1.5)
    axes.annotate("B = B_crit", (1.0, 0.86), xytext=(6, 0), textcoords="offset points")
    log2_axis(axes, [2.0**k for k in range(-4, 5)], "critical batch size / present batch size")
    axes.set_xlim(min(ratios), max(ratios))
    axes.set_ylim(0.8, 2.3)
    axes.set_ylabel("factor")
    axes.set_title(title)
    axes.legend(loc="upper center", ncols=2)
    alt = (
        f"{title}. Where B_crit is {ratios[0]:.2g} of the present batch, the speed-up is "
        f"{speedup[0]:.2f} and the cost {cost[0]:.2f} times; where it is {ratios[-1]:.3g} times "
        f"the present batch, {speedup[-1]:.2f} and {cost[-1]:.2f}."
    )
    return figure, alt


def ages_plot(
    ways: Mapping[str, Mapping[float, Sequence[float]]],
    *,
    title: str,
    unit: str,
    bounds: Mapping[str, Collection[float]] | None = None,
) -> Plot:
    """Draw batch sizes that are called critical against a run's age, several ways of measuring.

    Args:
        ways: How it was measured -> age in examples -> one batch size a seed.
        title: Task and number of seeds.
        unit: What an example is, in the plural.
        bounds: How it was measured -> ages at which the numbers are upper bounds: drawn hollow.
    """
    figure, (axes,) = new_figure(7.4, 4.6)
    told, ages = [], sorted({age for points in ways.values() for age in points})
    for i, ((name, points), (colour, marker, line)) in enumerate(
        zip(ways.items(), LOOKS, strict=False)
    ):
        centre, half = means([np.log2(values).tolist() for values in points.values()])
        x = np.array(list(points)) * 2 ** (0.09 * (i - (len(ways) - 1) / 2))  # side by side
        away = [2**centre - 2 ** (centre - half), 2 ** (centre + half) - 2**centre]
        axes.errorbar(
            x, 2**centre, away, marker=marker, linestyle=line, color=colour, label=name, capsize=3
        )
        hollow = [age in (bounds or {}).get(name, ()) for age in points]
        if any(hollow):
            axes.plot(
                x[hollow],
                2 ** centre[hollow],
                marker,
                color=colour,
                markerfacecolor="white",
                zorder=3,
            )
        told.append(
            f"{name}: "
            + ", ".join(
                f"{'at most ' * bound}{2**c:.0f}" for c, bound in zip(centre, hollow, strict=True)
            )
        )
    if bounds and any(bounds.values()):
        axes.plot(
            [], [], "o", color="grey", markerfacecolor="white", label="hollow: an upper bound"
        )
    log2_axis(axes, ages, f"{unit} read before")
    axes.set_yscale("log", base=2)
    low, high = axes.get_ylim()
    log2_axis(
        axes,
        [2.0**k for k in range(int(np.ceil(np.log2(low))), int(np.log2(high)) + 1)],
        f"batch size, {unit} a step",
        which="y",
    )
    axes.legend(fontsize=9)
    axes.set_title(title, fontsize=11)
    return figure, f"{title}. Geometric mean with 95 % interval over seeds. {'; '.join(told)}."
