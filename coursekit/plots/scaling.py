"""Figures of unit 02: rules for the learning rate, where they break, how wide the window is."""

from collections.abc import Mapping, Sequence

import numpy as np

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

RULE_LOOKS = {
    "linear": (RED, "o", "-"),
    "sqrt": (PURPLE, "s", "--"),
    "none": (BLUE, "^", ":"),
}
RULE_NAMES = {"linear": "linear: lr × k", "sqrt": "root: lr × √k", "none": "no scaling"}


def rules_plot(
    panels: Mapping[str, Mapping[str, Mapping[int, Sequence[float]]]], *, ylabel: str, title: str
) -> Plot:
    """Draw what each rule ends at over batch size: a panel an optimizer, intervals over seeds.

    Args:
        panels: Panel title -> rule ("linear", "sqrt", "none") -> batch size -> values of the
            seeds. All rules share the smallest batch size, where they start; a dotted level
            marks its mean.
        ylabel: The quantity with its unit.
        title: Task, budget and number of seeds.
    """
    figure, all_axes = new_figure(5.4 * len(panels), 4.3, len(panels))
    told = []
    for axes, (name, rules) in zip(all_axes, panels.items(), strict=True):
        for rule, by_size in rules.items():
            colour, marker, line = RULE_LOOKS[rule]
            sizes = sorted(by_size)
            centre, half = means([by_size[b] for b in sizes])
            axes.errorbar(
                sizes,
                centre,
                half,
                color=colour,
                marker=marker,
                linestyle=line,
                capsize=4,
                label=RULE_NAMES[rule],
            )
            told.append(f"{name}, {rule}: {centre[0]:.2f} to {centre[-1]:.2f}")
        start = float(np.mean(rules["linear"][min(rules["linear"])]))
        axes.axhline(start, color="black", linewidth=1, alpha=0.6)
        axes.annotate(
            "as at the start",
            (sizes[-1], start),
            xytext=(0, -14),
            textcoords="offset points",
            ha="right",
            fontsize=9,
        )
        log2_axis(axes, sizes, "batch size B, examples per step")
        axes.set_ylim(bottom=0)
        axes.set_ylabel(ylabel)
        axes.set_title(name)
        axes.legend(fontsize=9)
    figure.suptitle(title, fontsize=12)
    return figure, f"{title}. {ylabel} from the smallest to the largest B: {'; '.join(told)}."


def trajectories_plot(
    curves: Mapping[str, tuple[Sequence[float], np.ndarray]], *, title: str
) -> Plot:
    """Draw training loss against epochs, one band a run setting.

    Args:
        curves: Label -> (epochs of the records, losses of shape (seeds, records)); the first is
            the run to be matched, drawn thick.
        title: Task and number of seeds.
    """
    figure, (axes,) = new_figure(8.6, 4.6)
    looks = [("black", "-"), (RED, "-"), (PURPLE, "--"), (BLUE, ":"), (GREEN, "-.")]
    told = []
    for i, (label, (epochs, losses)) in enumerate(curves.items()):
        colour, line = looks[i % len(looks)]
        centre, half = means(np.asarray(losses).T.tolist())
        width, shade = (5, 0.25) if i == 0 else (2, 0.2)
        axes.plot(epochs, centre, color=colour, linestyle=line, linewidth=width, label=label,
                  alpha=0.45 if i == 0 else 1.0)  # fmt: skip
        axes.fill_between(epochs, centre - half, centre + half, color=colour, alpha=shade, lw=0)
        told.append(f"{label} ends at {centre[-1]:.2f}")
    axes.set_xlabel("epochs: examples seen / N")
    axes.set_ylabel("training loss")
    axes.set_ylim(bottom=0)
    axes.set_title(title)
    axes.legend(fontsize=9)
    return figure, f"{title}. Training loss over epochs: {'; '.join(told)}."


def frontier_plot(
    edges: Mapping[int, Sequence[float]],
    *,
    max_lr: float,
    half_batch_size: float,
    starts: Mapping[str, tuple[float, float, float]],
    title: str,
) -> Plot:
    """Draw where training breaks, the fitted curve, and linear rules that run into it.

    Args:
        edges: Batch size -> learning rate at which training breaks, one value a seed.
        max_lr: Of the fitted frontier max_lr / (1 + half_batch_size / B).
        half_batch_size: Batch size at which the frontier is half as high.
        starts: Label -> (base batch size, base lr, batch size at which the linear rule meets the
            frontier).
        title: Task, definition and number of seeds.
    """
    figure, (axes,) = new_figure(8.6, 5.2)
    sizes = sorted(edges)
    grid = 2.0 ** np.linspace(np.log2(sizes[0]), np.log2(sizes[-1]), 200)
    wall = max_lr / (1 + half_batch_size / grid)
    top = 4 * max_lr
    axes.fill_between(grid, wall, top, color=RED, alpha=0.12, lw=0)
    axes.plot(grid, wall, color=RED, label=f"{max_lr:.1f} / (1 + {half_batch_size:.0f}/B), fitted")
    centre, half = means([edges[b] for b in sizes])
    axes.errorbar(sizes, centre, half, fmt="o", color="black", capsize=4, label="measured")
    axes.text(sizes[0] * 1.15, top / 1.9, "training breaks", fontsize=11, color=RED)
    told = []
    looks = [(BLUE, "-"), (GREEN, "--"), (ORANGE, "-.")]
    for (label, (b0, lr0, meets)), (colour, line) in zip(starts.items(), looks, strict=False):
        end = min(max(meets, b0), sizes[-1])
        axes.plot([b0, end], [lr0, lr0 * end / b0], color=colour, linestyle=line, label=label)
        axes.plot([b0], [lr0], "s", color=colour)
        if sizes[0] <= meets <= sizes[-1]:
            axes.plot([meets], [lr0 * meets / b0], "X", color=colour, markersize=12)
            axes.annotate(
                f"B = {meets:.0f}",
                (meets, lr0 * meets / b0),
                xytext=(0, 14),
                textcoords="offset points",
                ha="center",
            )
        told.append(f"{label} meets it at B = {meets:.0f}")
    log2_axis(axes, sizes, "batch size B, examples per step")
    lowest = min([lr0 for _, lr0, _ in starts.values()] + [float(centre.min())])
    axes.set_yscale("log", base=2)
    axes.set_ylim(lowest / 2, top)
    ticks = 2.0 ** np.arange(np.ceil(np.log2(lowest / 2)), np.floor(np.log2(top)) + 1)
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_ylabel("learning rate")
    axes.set_title(title)
    axes.legend(fontsize=9, loc="lower right")
    points = ", ".join(f"B={b}: {c:.2f}" for b, c in zip(sizes, centre, strict=True))
    return figure, (
        f"{title}. Training breaks at {points}; the fitted curve rises in proportion to B and "
        f"levels off at {max_lr:.1f}. {'; '.join(told)}."
    )


def windows_plot(
    columns: Mapping[int, tuple[Sequence[float], np.ndarray]],
    *,
    within: float,
    title: str,
) -> Plot:
    """Draw accuracy over learning rate at several batch sizes, and the window of good rates.

    A window holds the rates around the best whose mean accuracy is within so many points of it,
    without a gap.

    Args:
        columns: Batch size -> (learning rates, accuracy in % of shape (seeds, rates)).
        within: Points below the best that still count as good.
        title: Task, budget and number of seeds.
    """
    figure, (upper, lower) = new_figure(11.5, 4.4, 2)
    looks = [(BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":")]
    told = []
    for row, ((b, (lrs, table)), look) in enumerate(zip(columns.items(), looks, strict=False)):
        colour, marker, line = look
        centre, half = means(np.asarray(table).T.tolist())
        upper.errorbar(lrs, centre, half, color=colour, marker=marker, linestyle=line, capsize=2,
                       markersize=5, label=f"B = {b}")  # fmt: skip
        low, high = good_rates(lrs, centre, within)
        octaves = float(np.log2(high / low))
        lower.plot([low, high], [row, row], color=colour, linewidth=12, solid_capstyle="butt")
        lower.annotate(
            f"{octaves:.1f} octaves",
            (high, row),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
        )
        told.append(f"B={b}: {octaves:.1f} octaves")
    all_lrs = sorted({float(lr) for lrs, _ in columns.values() for lr in lrs})
    ticks = [lr for lr in all_lrs if abs(np.log2(lr) - round(np.log2(lr))) < 1e-6]
    for axes in (upper, lower):
        log2_axis(axes, ticks, "learning rate")
        axes.tick_params(axis="x", labelsize=9)
        axes.set_xlim(all_lrs[0] / 1.3, all_lrs[-1] * 1.3)
    upper.set_ylabel("test accuracy, %")
    upper.set_title("Accuracy over learning rate")
    upper.legend(fontsize=9)
    lower.set_yticks(range(len(columns)), [f"B = {b}" for b in columns])
    lower.set_ylim(-0.7, len(columns) - 0.3)
    lower.set_xlim(all_lrs[0] / 1.3, all_lrs[-1] * 5)
    lower.set_title(f"Learning rates within {within:g} points of the best")
    lower.grid(axis="y", visible=False)
    figure.suptitle(title, fontsize=12)
    return figure, f"{title}. Widths of the window of good learning rates: {'; '.join(told)}."


def good_rates(lrs: Sequence[float], mean: np.ndarray, within: float) -> tuple[float, float]:
    """Return the lowest and the highest rate of the stretch around the best that is good."""
    top = int(mean.argmax())
    bad = np.flatnonzero(mean < mean[top] - within)
    low = max([int(i) for i in bad if i < top], default=-1) + 1
    high = min([int(i) for i in bad if i > top], default=len(mean)) - 1
    return float(lrs[low]), float(lrs[high])


def sweep_plot(
    lrs: Sequence[float], found: Mapping[int, Sequence[Sequence[float]]], *, title: str
) -> Plot:
    """Draw a learner's sweep: validation loss over the learning rate, a curve a batch size.

    Args:
        lrs: Learning rates, ascending.
        found: Batch size -> rows [mean loss, standard error], one a rate.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.0, 4.2)
    colours, told = (BLUE, RED, GREEN, ORANGE), []
    start = 0.0
    for colour, (batch_size, rows) in zip(colours, found.items(), strict=False):
        loss, error = np.array(rows, dtype=float).T
        far = 1e3  # a run that diverged: its line leaves the picture
        loss = np.nan_to_num(loss, nan=far, posinf=far).clip(max=far)
        error = np.where(loss < far, np.nan_to_num(error), 0.0)
        axes.errorbar(
            lrs, loss, 2 * error, fmt="o-", color=colour, capsize=3, label=f"B = {batch_size}"
        )
        best = int(loss.argmin())
        start = max(start, float(loss[0]))
        told.append(f"B = {batch_size}: lowest, {loss[best]:.3g}, at lr {lrs[best]:.3g}")
    axes.set_ylim(0, 1.6 * start)
    axes.set_xscale("log", base=2)
    axes.set_xticks(lrs, [f"1/{1 / lr:.0f}" for lr in lrs])
    axes.minorticks_off()
    axes.set_xlabel("learning rate")
    axes.set_ylabel("validation loss (bars: ± 2 errors)")
    axes.set_title(title)
    axes.legend()
    return figure, f"{title}. {'; '.join(told)}."
