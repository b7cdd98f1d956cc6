"""Figures of unit 10: the arms of a decision experiment, the curves of a run that went wrong."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import FuncFormatter

from coursekit.experiments.mysteries.evidence import Evidence
from coursekit.plots.style import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, Plot, means, new_figure

LOOKS = ((BLUE, "o", "-"), (RED, "s", "--"), (GREEN, "^", ":"), (PURPLE, "D", "-."))


def decision_plot(
    arms: Mapping[str, Sequence[float]],
    *,
    title: str,
    other: Mapping[str, Sequence[float]] | None = None,
    names: tuple[str, str] = ("your runs", "the ledger's"),
) -> Plot:
    """Draw each arm's paired change to the base, with its interval over seeds.

    Args:
        arms: Name -> paired changes in points of test accuracy, one a seed.
        title: Task, base and number of seeds.
        other: The same from other runs, drawn below each.
        names: Of the two sets of runs.
    """
    figure, (axes,) = new_figure(8.6, 0.55 * len(arms) + 1.7)
    rows = np.arange(len(arms))[::-1]
    told = []
    for k, (changes, name) in enumerate(zip((arms, other or {}), names, strict=True)):
        if not changes:
            continue
        colour, marker, _ = LOOKS[k]
        centre, half = means([changes[arm] for arm in arms])
        axes.errorbar(
            centre,
            rows - 0.22 * k,
            xerr=half,
            color=colour,
            marker=marker,
            linestyle="none",
            capsize=4,
            label=name,
        )
        told += [f"{arm}: {c:+.1f} ± {h:.1f}" for arm, c, h in zip(arms, centre, half, strict=True)]
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(rows, list(arms))
    axes.set_ylim(-0.7, len(arms) - 0.4)
    axes.set_xlabel("test accuracy, change to the base in points")
    axes.set_title(title)
    axes.grid(axis="y", alpha=0)
    if other:
        axes.legend(loc="upper right")
    return figure, f"{title}. Paired change to the base: {'; '.join(told)}."


def mystery_plot(evidence: Evidence, *, title: str) -> Plot:
    """Draw the curves that the team has: loss and validation accuracy, or a sweep.

    Args:
        evidence: What is shown of the run.
        title: Which run it is.
    """
    if evidence.table:
        return _sweep(evidence, title)
    with_validation = len(evidence.epoch_ends) > 0
    figure, panels = new_figure(9.6 if with_validation else 5.4, 3.6, 1 + with_validation)
    loss = np.clip(np.nan_to_num(evidence.loss, nan=1e3, posinf=1e3), 1e-3, 1e3)
    for row in loss:
        panels[0].plot(evidence.steps, row, color=BLUE, linewidth=1.3, marker=".")
    panels[0].set_yscale("log")
    if loss.max() < 10 * loss.min():  # within a decade: 2.8 and 3.0, not powers of ten
        for axis_formatter in (
            panels[0].yaxis.set_major_formatter,
            panels[0].yaxis.set_minor_formatter,
        ):
            axis_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    panels[0].set_xlabel("step")
    panels[0].set_ylabel(
        "logged training loss (1000: more, or nan)" if loss.max() > 999 else "logged training loss"
    )
    panels[0].set_title(title)
    alt = (
        f"{title}: logged loss of {len(loss)} seeds, from {loss[:, 0].mean():.2f} to "
        f"{loss[:, -1].mean():.3g}, highest {loss.max():.3g}"
    )
    if with_validation:
        for row in evidence.validation:
            panels[1].plot(evidence.epoch_ends, row, color=ORANGE, linewidth=1.3, marker=".")
        panels[1].axhline(evidence.before["validation"], color="black", linestyle="--", linewidth=1)
        panels[1].annotate(
            "the run before, at its end",
            (evidence.epoch_ends[0], evidence.before["validation"]),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=9,
        )
        panels[1].set_ylim(0, 106)
        panels[1].set_xlabel("step")
        panels[1].set_ylabel("validation accuracy, %")
        alt += f"; validation accuracy at the end {evidence.validation[:, -1].mean():.1f} %"
        alt += f", of the run before {evidence.before['validation']:.1f} %"
    return figure, alt + "."


def _sweep(evidence: Evidence, title: str) -> Plot:
    figure, (axes,) = new_figure(6.4, 3.8)
    told = []
    for (size, table), (colour, marker, line) in zip(evidence.table.items(), LOOKS, strict=False):
        centre, half = means(table.tolist())
        axes.errorbar(
            evidence.grid,
            centre,
            half,
            color=colour,
            marker=marker,
            linestyle=line,
            capsize=4,
            label=f"B = {size}",
        )
        told.append(f"B = {size}: " + ", ".join(f"{x:.0f}" for x in centre))
    axes.set_xscale("log", base=2)
    axes.set_xticks(evidence.grid, [f"{lr:g}" for lr in evidence.grid])
    axes.set_xlabel("learning rate")
    axes.set_ylabel("validation accuracy, %")
    axes.set_title(title)
    axes.legend()
    return figure, f"{title}: validation accuracy in % over the learning rates. {'; '.join(told)}."


def loggers_plot(
    losses: Sequence[float], loggers: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *, title: str,
) -> Plot:  # fmt: skip
    """Draw one run's true losses, and what several loggers show of them.

    Args:
        losses: The loss of every step.
        loggers: Name -> (steps, shown values).
        title: Which run it is.
    """
    figure, (axes,) = new_figure(7.6, 3.8)
    axes.plot(losses, color=SKY, linewidth=0.8, alpha=0.8, label="every step")
    told = []
    for (name, (steps, shown)), (colour, marker, line) in zip(loggers.items(), LOOKS, strict=False):
        axes.plot(steps, shown, color=colour, marker=marker, linestyle=line, label=name)
        told.append(f"{name}: from {shown[0]:.2f} to {shown[-1]:.2f}")
    axes.set_xlabel("step")
    axes.set_ylabel("training loss")
    axes.set_title(title)
    axes.legend()
    return figure, f"{title}. {'; '.join(told)}; true loss at the end {losses[-1]:.2f}."


def ramp_plot(
    arms: Mapping[str, tuple[Sequence[float], float, float]], *, names: tuple[str, str], title: str
) -> Plot:
    """Draw final loss over seconds for several schedules of the batch, on two machines.

    Args:
        arms: Name -> (final losses, one a seed; seconds on the first machine; on the second).
        names: Of the two machines.
        title: Task and number of seeds.
    """
    figure, panels = new_figure(9.6, 3.8, 2)
    told = []
    for k, (axes, machine) in enumerate(zip(panels, names, strict=True)):
        for (name, (losses, *seconds)), (colour, marker, _) in zip(
            arms.items(), LOOKS, strict=False
        ):
            (centre,), (half,) = means([losses])
            axes.errorbar(
                [seconds[k]],
                [centre],
                [half],
                color=colour,
                marker=marker,
                markersize=9,
                capsize=4,
                linestyle="none",
                label=name,
            )
            told.append(f"{machine}, {name}: loss {centre:.3f} in {seconds[k]:.0f} s")
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds")
        axes.set_title(machine)
    panels[0].set_ylabel("final training loss")
    panels[0].legend()
    figure.suptitle(title)
    return figure, f"{title}. {'; '.join(told)}."
