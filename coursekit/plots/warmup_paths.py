"""Figures of unit 03: a path of two weights, and a learner's own curvatures."""

from collections.abc import Mapping, Sequence

import numpy as np

from coursekit.plots.style import BLUE, GREEN, ORANGE, RED, Plot, new_figure


def path_plot(paths: Mapping[float, Sequence[tuple[float, float]]], *, title: str) -> Plot:
    """Draw the path of two weights with output u v, a panel for each learning rate.

    Args:
        paths: lr in units of 2/lambda of the start -> the points (u, v), the start first.
        title: What was measured.
    """
    figure, panels = new_figure(11.0, 4.2, len(paths))
    angle = np.linspace(0, 2 * np.pi, 200)
    told = []
    for axes, (times, points) in zip(panels, paths.items(), strict=True):
        u, v = np.array(points).T
        radius = float(np.hypot(u[0], v[0]) / np.sqrt(times))  # u^2 + v^2 = 2 / lr
        axes.plot(radius * np.cos(angle), radius * np.sin(angle), ":", color=RED, linewidth=2,
                  label="λ = 2/lr")  # fmt: skip
        axes.plot(u, v, "o-", color=BLUE, markersize=4, linewidth=1, label="steps")
        axes.plot(u[0], v[0], "D", color=GREEN, markersize=8, label="start")
        axes.axhline(0, color="#777", linewidth=1)
        axes.axvline(0, color="#777", linewidth=1)
        axes.set_aspect("equal")
        axes.set_xlim(0, 1.25 * u[0])
        axes.set_ylim(-0.75 * u[0], 0.75 * u[0])
        axes.set_xlabel("u")
        axes.set_title(f"lr = {times:g} × 2/λ")
        first, last = u[0] ** 2 + v[0] ** 2, u[-1] ** 2 + v[-1] ** 2
        told.append(f"{times:g} times: curvature {first:.2f} to {last:.2f}")
    panels[0].set_ylabel("v")
    panels[-1].legend(fontsize=9, loc="lower left")
    figure.suptitle(title, fontsize=12)
    return figure, f"{title}. Paths in the plane of u and v; {'; '.join(told)}."


def instrument_plot(curvatures: Sequence[float], *, first: float, title: str) -> Plot:
    """Draw a learner's own curvatures along a run, in units of 2/lr, with the library's first.

    Args:
        curvatures: lr lambda / 2 before the first step and after each.
        first: The library's value before the first step.
        title: What was measured.
    """
    figure, (axes,) = new_figure(8.0, 3.8)
    axes.plot(range(len(curvatures)), curvatures, "o-", color=BLUE, label="your instrument")
    axes.plot(0, first, "D", color=ORANGE, markersize=11, markerfacecolor="none",
              markeredgewidth=2, label="the library's, at the start")  # fmt: skip
    axes.axhline(1.0, color="black", linewidth=1.5, label="limit of a quadratic")
    axes.set_ylim(0, 1.15 * max(first, *curvatures))
    axes.set_xlabel("step")
    axes.set_ylabel("lr · λmax / 2")
    axes.set_title(title)
    axes.legend(fontsize=9)
    told = (
        f"{curvatures[0]:.2f} at the start (library: {first:.2f}), {curvatures[-1]:.2f} at the end"
    )
    return figure, f"{title}. Curvature in units of 2/lr: {told}."
