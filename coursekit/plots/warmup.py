"""Figures of unit 03: schedules, curvature under a large learning rate, gains, growing batches."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

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
PerSeed = Sequence[Sequence[float]]  # (points, seeds)
WIDEST_BAND = 30.0  # upper over lower end of an interval that is drawn as a band


def log_means(per_seed: PerSeed) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return geometric means and both ends of their 95 % intervals, for a log axis."""
    centre, half = means(np.log(np.maximum(np.array(per_seed, dtype=float), 1e-12)))
    return np.exp(centre), np.exp(centre - half), np.exp(centre + half)


def schedule_plot(schedules: Mapping[str, Sequence[float]], *, title: str) -> Plot:
    """Draw learning rates against the step, one line a schedule."""
    figure, (axes,) = new_figure(8.0, 3.4)
    wide = len(schedules) + 1.5  # the first lines are wider, so that later ones do not hide them
    for i, ((name, lrs), (colour, _, line)) in enumerate(
        zip(schedules.items(), LOOKS, strict=False)
    ):
        axes.plot(range(len(lrs)), lrs, line, color=colour, label=name, linewidth=wide - 1.2 * i)
    axes.set_xlabel("step (the first is 0)")
    axes.set_ylabel("learning rate")
    axes.set_ylim(bottom=0)
    axes.set_title(title)
    axes.legend(fontsize=9)
    told = "; ".join(
        f"{name}: {lrs[0]:.3g} at step 0, {lrs[-1]:.3g} at step {len(lrs) - 1}"
        for name, lrs in schedules.items()
    )
    return figure, f"{title}. Learning rate by step. {told}."


def lr_range_plot(
    curves: Mapping[str, tuple[Sequence[float], PerSeed]],
    *,
    limit: float,
    title: str,
) -> Plot:
    """Draw test accuracy over the learning rate, with the quadratic's limit as a wall.

    Args:
        curves: Name -> (learning rates, accuracies in %, shape (rates, seeds)).
        limit: 2/lambda_max at the start, mean over seeds.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.0)
    every = sorted({lr for lrs, _ in curves.values() for lr in lrs})
    for (name, (lrs, per_seed)), (colour, marker, line) in zip(curves.items(), LOOKS, strict=False):
        centre, half = means(per_seed)
        axes.errorbar(
            lrs, centre, half, fmt=marker + line, color=colour, capsize=3, label=name, markersize=5
        )
    axes.axvline(limit, color="black", linestyle=":", linewidth=2)
    axes.axhline(10, color="#777", linewidth=1)
    log2_axis(axes, every[::2] if len(every) > 8 else every, "learning rate (constant)")
    axes.set_ylim(0, None)
    top = axes.get_ylim()[1]
    axes.annotate(
        "2/λmax at the start:\nthe quadratic's limit",
        (limit, 0.97 * top),
        xytext=(6, 0),
        textcoords="offset points",
        va="top",
    )
    axes.annotate("chance", (every[0], 10), xytext=(0, -12), textcoords="offset points")
    axes.set_ylabel("test accuracy, %")
    axes.set_title(title)
    axes.legend(fontsize=9, loc="upper right")
    name, (lrs, per_seed) = next(iter(curves.items()))
    centre, _ = means(per_seed)
    alive = [lr for lr, c in zip(lrs, centre, strict=True) if c > 20]
    best = list(lrs)[int(centre.argmax())]
    alt = (
        f"{title}. {name}: accuracy peaks at {centre.max():.0f} % for lr {best:.3g} and stays "
        f"above 20 % up to lr {max(alive, default=lrs[0]):.3g}; 2/lambda_max at the start is "
        f"{limit:.2f}."
    )
    return figure, alt


def curvature_plot(
    steps: Sequence[int],
    curvatures: Mapping[str, PerSeed],
    losses: Mapping[str, PerSeed],
    *,
    title: str,
    over_limit: bool,
    limits: Mapping[str, Sequence[float]] | None = None,
) -> Plot:
    """Draw curvature and loss along the first steps of runs, bands over seeds.

    Args:
        steps: Updates done at each point.
        curvatures: Arm -> (points, seeds): lambda_max, or lr lambda_max / 2 if ``over_limit``.
            Means and 95 % intervals are taken of logarithms.
        losses: Arm -> (points, seeds), the loss at the same steps.
        title: What was measured.
        over_limit: Whether curvatures are in units of 2/lr; then 1 is the limit.
        limits: Arm -> 2/lr at each point, drawn dotted in the arm's colour.
    """
    figure, (left, right) = new_figure(11.0, 4.0, 2)
    told = []
    seen: dict[int, list[float]] = {0: [], 1: []}  # centres of a panel: a wild band may leave it
    for (name, values), (colour, marker, line) in zip(curvatures.items(), LOOKS, strict=False):
        for i, (axes, per_seed) in enumerate(((left, values), (right, losses[name]))):
            centre, low, high = log_means(per_seed)
            seen[i] += centre.tolist()
            axes.plot(
                steps[: len(centre)], centre, marker + line, color=colour, label=name, markersize=4
            )
            if (high / low).max() < WIDEST_BAND:
                axes.fill_between(
                    steps[: len(centre)], low, high, color=colour, alpha=0.2, linewidth=0
                )
            else:  # some seeds live and some die: a band would fill the panel and say nothing
                seeds = np.maximum(np.array(per_seed, dtype=float), 1e-12)
                axes.plot(steps[: len(centre)], seeds, color=colour, alpha=0.35, linewidth=0.8)
        first, last = log_means(values)[0][[0, -1]]
        told.append(f"{name}: curvature {first:.2g} to {last:.2g}")
        if limits is not None and name in limits:
            left.plot(steps, limits[name], ":", color=colour, linewidth=2.5, label=f"2/lr, {name}")
    if over_limit:
        left.axhline(1.0, color="black", linewidth=1.5, label="limit of stability")
    for i, axes in enumerate((left, right)):
        axes.set_yscale("log")
        axes.set_ylim(0.4 * min(seen[i]), 5 * max(seen[i]))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("step")
    left.set_ylabel("lr · λmax / 2" if over_limit else "largest curvature λmax")
    left.set_title("Curvature" + (", in units of 2/lr" if over_limit else " and its limit"))
    left.legend(fontsize=9)
    right.set_ylabel("training loss")
    right.set_title("Loss")
    right.legend(fontsize=9)
    figure.suptitle(title, fontsize=12)
    return figure, f"{title}. {'; '.join(told)}, from the first step to the last."


def gain_plot(gains: Mapping[str, Sequence[float]], *, title: str, xlabel: str) -> Plot:
    """Draw paired gains as points with intervals beside the line of no gain."""
    figure, (axes,) = new_figure(8.5, 0.9 + 0.55 * len(gains))
    centre, half = means(list(gains.values()))
    place = np.arange(len(gains))[::-1]
    clear = np.abs(centre) > half
    for c, h, y, sure in zip(centre, half, place, clear, strict=True):
        axes.errorbar(c, y, xerr=h, fmt="o" if sure else "s", color=BLUE if sure else ORANGE,
                      capsize=4, markersize=7)  # fmt: skip
        axes.annotate(
            f"{c:+.1f}".replace("-", "−"), (c, y), xytext=(0, 8), textcoords="offset points",
            ha="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
    axes.axvline(0, color="black", linewidth=1.5)
    axes.set_yticks(place, list(gains))
    axes.set_ylim(-0.6, len(gains) - 0.2)
    axes.set_xlabel(xlabel)
    axes.set_title(title)
    axes.grid(axis="y", visible=False)
    told = "; ".join(
        f"{n}: {c:+.1f} ± {h:.1f}" for n, c, h in zip(gains, centre, half, strict=True)
    )
    return figure, f"{title}. {told}.".replace("\n", " ")


def growth_plot(
    plans: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    accuracy: Mapping[str, Sequence[float]],
    updates: Mapping[str, float],
    *,
    title: str,
) -> Plot:
    """Draw what each plan does to lr and B, and the accuracy it reaches in how many updates.

    Args:
        plans: Name -> (learning rate, batch size) of each epoch.
        accuracy: Name -> test accuracy in %, one a seed.
        updates: Name -> optimizer steps taken.
        title: What was measured.
    """
    figure, (left, right) = new_figure(11.0, 4.0, 2)
    told = []
    for (name, (lrs, sizes)), (colour, marker, line) in zip(plans.items(), LOOKS, strict=False):
        noise = np.array(lrs) / np.array(sizes)
        left.step(
            range(len(noise)), noise / noise[0], line, color=colour, where="post", label=name,
            linewidth=5 if line == "-" else 2,
        )  # fmt: skip
        ((centre,), (half,)) = means([accuracy[name]])
        right.errorbar(
            updates[name], centre, half, fmt=marker, color=colour, capsize=5, markersize=9
        )
        right.annotate(
            name, (updates[name], centre), xytext=(10, 8), textcoords="offset points", color=colour
        )
        told.append(f"{name}: {centre:.1f} ± {half:.1f} % in {updates[name]:.0f} updates")
    left.set_yscale("log", base=2)
    left.set_xlabel("epoch (the first is 0)")
    left.set_ylabel("lr / B, relative to the start")
    left.set_title("The noise that each plan leaves")
    left.legend(fontsize=9)
    right.set_xlim(0, 1.35 * max(updates.values()))
    right.margins(y=0.3)
    right.set_xlabel("optimizer steps")
    right.set_ylabel("test accuracy, %")
    right.set_title("What it reaches, at equal epochs")
    figure.suptitle(title, fontsize=12)
    return figure, f"{title}. {'; '.join(told)}."


def lengths_plot(
    arms: Mapping[str, Sequence[float]],
    *,
    stored: Mapping[str, Sequence[float]] | None = None,
    title: str,
) -> Plot:
    """Draw the accuracy of each seed under each warmup as dots, with means and intervals.

    Args:
        arms: Warmup -> test accuracy in %, one a seed.
        stored: The same from the ledger, drawn beside them.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.0, 3.8)
    centre, half = means(list(arms.values()))
    for i, values in enumerate(arms.values()):
        shift = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else [0.0]
        axes.plot(i + np.array(shift), values, ".", color=SKY, markersize=8)
    axes.errorbar(
        range(len(arms)), centre, half, fmt="D", color=BLUE, capsize=6, markersize=7,
        label="mean, 95 % interval" + ("" if stored is None else " (yours)"),
    )  # fmt: skip
    if stored is not None:
        kept, spread = means([stored[name] for name in arms])
        axes.errorbar(
            np.arange(len(arms)) + 0.3, kept, spread, fmt="s", color=ORANGE, capsize=6,
            markersize=7, markerfacecolor="none", label="the ledger's",
        )  # fmt: skip
    axes.axhline(10, color="#777", linewidth=1)
    axes.annotate("chance", (0.45, 10), xytext=(0, 3), textcoords="offset points")
    axes.set_xticks(range(len(arms)), list(arms))
    axes.set_ylim(0, None)
    axes.set_ylabel("test accuracy, %")
    axes.set_title(title)
    axes.legend(fontsize=9)
    axes.grid(axis="x", visible=False)
    told = "; ".join(f"{n}: {c:.1f} %" for n, c in zip(arms, centre, strict=True))
    return figure, f"{title}. A dot is a run. {told}."
