"""Figures of hardware: a step's time, the roofline, memory, workers, and three best batches."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from coursekit.plots.style import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, Plot, means, new_figure

LOOKS = ((BLUE, "o", "-"), (RED, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"))


def _batch_axis(axes: Axes, batch_sizes: Sequence[int]) -> None:
    """Label a logarithmic axis of batch sizes with at most eight of them."""
    axes.set_xscale("log", base=2)
    ticks = list(batch_sizes)[:: 1 + (len(batch_sizes) - 1) // 7]
    axes.set_xticks(ticks, [f"{b:,}" for b in ticks])
    axes.minorticks_off()
    axes.set_xlabel("batch size B, examples")


def step_time_plot(
    times: Mapping[str, Mapping[int, Sequence[float]]],
    laws: Mapping[str, tuple[float, float]],
    *,
    title: str,
) -> Plot:
    """Draw seconds a step against batch size: median and range over rounds, and the fitted law.

    Args:
        times: Name of a network -> batch size -> seconds, one a round.
        laws: The same names -> (floor in seconds, examples per second); nan where unresolved.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.4)
    told, sizes = [], sorted({b for table in times.values() for b in table})
    for (name, table), (colour, marker, line) in zip(times.items(), LOOKS, strict=False):
        own = np.array(list(table))
        rows = 1e3 * np.array([table[b] for b in table])
        middle = np.median(rows, axis=1)
        spread = np.stack([middle - rows.min(axis=1), rows.max(axis=1) - middle])
        axes.errorbar(own, middle, spread, fmt=marker, color=colour, capsize=3, label=name)
        floor, rate = laws[name]
        grid = np.geomspace(own.min(), own.max(), 200)
        law = 1e3 * np.fmax(floor, grid / rate)
        axes.plot(grid, law, line, color=colour, linewidth=1.5)
        knee = floor * rate
        if np.isfinite(knee) and own.min() < knee < own.max():
            axes.plot([knee, knee], [0.45e3 * floor, 1e3 * floor], color=colour, linewidth=1)
            axes.annotate(
                f"knee {knee:.0f}", (knee, 0.45e3 * floor), color=colour, fontsize=10, ha="center",
                va="top",
            )  # fmt: skip
        told.append(
            f"{name}: floor {1e3 * floor:.2g} ms, {rate:.3g} examples per second, knee {knee:.3g}"
        )
    _batch_axis(axes, sizes)
    axes.set_yscale("log")
    axes.set_ylabel("milliseconds a step")
    axes.set_title(f"{title}: medians; bars: lowest to highest round; lines: the law", fontsize=11)
    axes.legend(fontsize=9, loc="upper left")
    return figure, f"{title}. The fitted laws: {'; '.join(told)}."


def roofline_plot(
    batch_sizes: Sequence[int],
    seconds: Sequence[Sequence[float]],
    compute: Sequence[float],
    move: Sequence[float],
    *,
    title: str,
) -> Plot:
    """Draw seconds of one product against batch size, with the two times that bound it below.

    Args:
        batch_sizes: B.
        seconds: Measured, (sizes, rounds).
        compute: Operations over the machine's peak.
        move: Bytes over the machine's bandwidth.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.4)
    rows = 1e6 * np.array(seconds)
    middle = np.median(rows, axis=1)
    spread = np.stack([middle - rows.min(axis=1), rows.max(axis=1) - middle])
    axes.plot(
        batch_sizes, 1e6 * np.array(compute), "--", color=RED, label="computing: FLOPs / peak"
    )
    axes.plot(
        batch_sizes, 1e6 * np.array(move), "-.", color=GREEN, label="moving: bytes / bandwidth"
    )
    axes.errorbar(batch_sizes, middle, spread, fmt="o", color=BLUE, capsize=3, label="measured")
    least = np.maximum(compute, move) * 1e6
    ahead = np.log(compute) - np.log(move)  # of the lines; where it passes zero they meet
    if ahead[0] < 0 < ahead[-1]:
        knee = float(np.exp(np.interp(0.0, ahead, np.log(batch_sizes))))
        axes.axvline(knee, color="0.4", linewidth=1, linestyle=":")
        axes.annotate(f" knee {knee:.2g}", (knee, least.min() / 1.8), fontsize=10, va="bottom")
    axes.fill_between(batch_sizes, least.min() / 4, least, color="0.93", zorder=0)
    axes.set_ylim(bottom=least.min() / 2)
    _batch_axis(axes, batch_sizes)
    axes.set_yscale("log")
    axes.set_ylabel("microseconds")
    axes.set_title(f"{title}; grey: faster than the machine", fontsize=11)
    axes.legend(fontsize=9)
    over = middle / least
    return figure, (
        f"{title}. Measured over the roofline's least time: {over[0]:.2g} at B = "
        f"{batch_sizes[0]}, {over[-1]:.2g} at B = {batch_sizes[-1]}."
    )


def checkpoint_plot(
    segments: Sequence[str],
    megabytes: Sequence[float],
    seconds: Sequence[Sequence[float]],
    *,
    title: str,
) -> Plot:
    """Draw the activations that are held, and the time of a step, for each kind of checkpoints.

    Args:
        segments: Label of each kind; the first is without checkpoints.
        megabytes: Held at most.
        seconds: (kinds, rounds); drawn over the first kind's median.
        title: What was measured.
    """
    figure, (left, right) = new_figure(10.0, 3.8, 2)
    places = np.arange(len(segments))
    left.bar(places, megabytes, color=SKY)
    for x, value in zip(places, megabytes, strict=True):
        left.annotate(
            f"{value:.3g}" if value >= 10 else f"{value:.2f}",
            (x, value),
            ha="center",
            va="bottom",
            fontsize=10,
        )
    left.set_ylabel("activations held at most, MB")
    rows = np.array(seconds) / np.median(seconds[0])
    middle = np.median(rows, axis=1)
    spread = np.stack([middle - rows.min(axis=1), rows.max(axis=1) - middle])
    right.errorbar(places, middle, spread, fmt="o", color=BLUE, capsize=4)
    right.axhline(1.0, color="black", linewidth=1)
    right.axhline(4 / 3, color=ORANGE, linestyle="--", linewidth=1.5)
    right.annotate("one more forward pass: 4/3", (places[-1] + 0.1, 4 / 3), ha="right", va="top",
                   fontsize=9)  # fmt: skip
    right.set_ylabel("time of a step / without checkpoints")
    right.set_ylim(bottom=0.8)
    for axes in (left, right):
        axes.set_xticks(places, segments)
        axes.set_xlabel("layers between checkpoints")
    figure.suptitle(title, fontsize=12)
    told = "; ".join(
        f"{n}: {mb:.2g} MB, {t:.2f} times the time"
        for n, mb, t in zip(segments, megabytes, middle, strict=True)
    )
    return figure, f"{title}. {told}."


def arms_plot(arms: Mapping[str, Sequence[float]], *, title: str, label: str) -> Plot:
    """Draw one row an arm: a dot a seed, the mean with its 95 % interval.

    Args:
        arms: Name -> one value a seed.
        title: What was measured.
        label: Of the axis, with its unit.
    """
    figure, (axes,) = new_figure(8.5, 0.8 + 0.55 * len(arms))
    centre, half = means(list(arms.values()))
    for i, values in enumerate(arms.values()):
        axes.plot(values, np.full(len(values), -i) - 0.18, "o", color=SKY, markersize=4)
    axes.errorbar(centre, -np.arange(len(arms)), xerr=half, fmt="D", color=BLUE, capsize=5)
    axes.set_yticks(-np.arange(len(arms)), list(arms))
    axes.set_ylim(-len(arms) + 0.4, 0.6)
    axes.set_xlabel(f"{label} (dots: seeds; diamonds: means with their 95 % intervals)")
    axes.set_title(title, fontsize=11)
    told = "; ".join(f"{n} {c:.1f} ± {h:.1f}" for n, c, h in zip(arms, centre, half, strict=True))
    return figure, f"{title}. {told}."


def compression_plot(
    shares: Sequence[float],
    laws: Mapping[str, Sequence[float]],
    measured: Mapping[str, Sequence[Sequence[float]]],
    *,
    batch_size: int,
    title: str,
) -> Plot:
    """Draw the batch that would be as noisy, against the share of entries that is sent.

    Args:
        shares: q.
        laws: Name -> effective batch at each share, by the formula.
        measured: The same names -> (shares, seeds).
        batch_size: B that was paid for.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.2)
    told = []
    for name, (colour, marker, line) in zip(laws, LOOKS, strict=False):
        axes.plot(shares, laws[name], line, color=colour, linewidth=1.5, label=f"{name}, formula")
        centre, half = means(measured[name])
        axes.errorbar(shares, centre, half, fmt=marker, color=colour, capsize=3,
                      label=f"{name}, measured")  # fmt: skip
        told.append(f"{name}: {centre[0]:.3g} examples at a share of {shares[0]:g}")
    axes.axhline(batch_size, color="black", linewidth=1)
    axes.annotate(f"paid for: {batch_size}", (shares[0], batch_size), va="bottom", fontsize=10)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(list(shares), [f"{q:.0%}" for q in shares])
    axes.minorticks_off()
    ticks = [b for b in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if b <= 2 * batch_size]
    axes.set_yticks(ticks, [str(b) for b in ticks])
    low = min(np.min(list(laws.values())), min(np.min(rows) for rows in measured.values()))
    axes.set_ylim(0.7 * low, 1.6 * batch_size)
    axes.set_xlabel("share of the gradient's entries that is sent")
    axes.set_ylabel("a batch as noisy, examples")
    axes.set_title(title, fontsize=11)
    axes.legend(fontsize=9)
    return figure, f"{title}. Of a batch of {batch_size}: {'; '.join(told)}."


def best_batches_plot(
    table: Mapping[int, tuple[float, float, float]], best: tuple[int, int, int], *, title: str
) -> Plot:
    """Draw examples, seconds and money to a target against batch size, each over its own least.

    Args:
        table: Batch size -> (examples, seconds, money).
        best: The batch size with the least of each.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.5, 4.4)
    sizes = np.array(list(table))
    rows = np.array(list(table.values()))
    told = []
    for i, (name, (colour, marker, line)) in enumerate(
        zip(("examples", "seconds", "money"), LOOKS, strict=False)
    ):
        relative = rows[:, i] / rows[:, i].min()
        axes.plot(sizes, relative, line, color=colour, label=name)
        axes.plot([best[i]], [1.0], marker, color=colour, markersize=10)
        axes.annotate(
            f"B = {best[i]:,}", (best[i], 1.0), xytext=(0, -16), textcoords="offset points",
            color=colour, ha="center", fontsize=10,
        )  # fmt: skip
        told.append(f"{name} are least at B = {best[i]}" if i < 2 else f"money at {best[i]}")
    _batch_axis(axes, [int(b) for b in sizes if (b & (b - 1)) == 0])
    axes.set_yscale("log", base=2)
    top = min(16.0, float((rows / rows.min(axis=0)).max()) * 1.1)
    ticks = [t for t in (1, 2, 4, 8, 16) if t <= top]
    axes.set_yticks(ticks, [f"{t}×" for t in ticks])
    axes.set_ylim(0.72, top)
    axes.set_ylabel("over the least that it can be")
    axes.set_title(title, fontsize=11)
    axes.legend(fontsize=9, loc="upper center")
    return figure, f"{title}. {'; '.join(told)}."
