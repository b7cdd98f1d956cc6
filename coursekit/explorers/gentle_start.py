"""Explorer of unit 03: two weights under a peak learning rate and a warmup."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coursekit.explorers.mode import interactive, show_html

NUM_STEPS = 60
TARGET = 1.0
STARTS = {"curvature can fall": (3.0, 2.0), "curvature can't fall": (4.0, 1.0)}
WARMUPS = (1, 2, 4, 8, 16, 32)
WIDTH, HEIGHT, LEFT, GAP = 560, 150, 46, 34  # pixels of a panel
BLUE, RED = "#0072B2", "#D55E00"


@dataclass(frozen=True)
class Walk:
    """A run of gradient descent on (u v - 1)^2 / 2, one entry a step."""

    lrs: list[float]
    curvatures: list[float]  # u^2 + v^2, before the step
    losses: list[float]

    @property
    def outcome(self) -> str:
        """Say in a word how it ended."""
        if len(self.losses) < NUM_STEPS or self.losses[-1] > 1.1 * self.losses[0]:
            return "diverged"
        return "trained" if self.losses[-1] < 1e-2 else "stuck"


def gentle_walk(start: tuple[float, float], times_limit: float, warmup_steps: int) -> Walk:
    """Descend with a linear warmup to ``times_limit`` times 2/curvature of the start.

    It stops early once a weight passes a million.
    """
    u, v = start
    peak = 2 * times_limit / (u * u + v * v)
    lrs: list[float] = []
    curvatures: list[float] = []
    losses: list[float] = []
    for step in range(NUM_STEPS):
        lr, error = peak * min(1.0, (step + 1) / warmup_steps), u * v - TARGET
        lrs.append(lr)
        curvatures.append(u * u + v * v)
        losses.append(error**2 / 2)
        u, v = u - lr * error * v, v - lr * error * u
        if max(abs(u), abs(v)) > 1e6:
            break
    return Walk(lrs, curvatures, losses)


def panel(
    lines: list[tuple[list[float], str, str]], *, low: float, high: float, top: int, label: str
) -> str:
    """Draw lines on a log axis between two values; what leaves them is cut off."""

    def pixel(value: float) -> float:
        share = (math.log10(min(max(value, low), high)) - math.log10(low)) / math.log10(high / low)
        return top + HEIGHT * (1 - share)

    parts = [
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="white" stroke="#999"/>'
        f'<text x="{LEFT + WIDTH - 6}" y="{top + 16}" text-anchor="end" font-size="13" '
        f'fill="black">{label}</text>'
    ]
    for exponent in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1, 2):
        y = pixel(10.0**exponent)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}h{WIDTH}" stroke="#ddd"/>'
            f'<text x="{LEFT - 4}" y="{y + 4:.1f}" text-anchor="end" font-size="11" '
            f'fill="currentColor">10^{exponent}</text>'
        )
    for values, colour, dash in lines:
        points = " ".join(
            f"{LEFT + WIDTH * i / (NUM_STEPS - 1):.1f},{pixel(v):.1f}" for i, v in enumerate(values)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
        )
    return "".join(parts)


def walk_svg(start: str, times_limit: float, warmup_steps: int) -> str:
    """Draw curvature against 2/lr, and the loss, of one run."""
    walk = gentle_walk(STARTS[start], times_limit, warmup_steps)
    limits = [2 / lr for lr in walk.lrs]
    second = HEIGHT + GAP
    total = 2 * HEIGHT + GAP + 44
    said = (
        f"{start}; peak {times_limit:g} times the start's limit; warmup of {warmup_steps} steps: "
        f"{walk.outcome}"
    )
    return (
        f'<svg width="{LEFT + WIDTH + 10}" height="{total}" '
        f'viewBox="0 0 {LEFT + WIDTH + 10} {total}" role="img" aria-label="{said}">'
        + panel(
            [(walk.curvatures, BLUE, ""), (limits, RED, "6 4")],
            low=0.1,
            high=1e4,
            top=4,
            label="curvature (solid) and its limit 2/lr (dashed)",
        )
        + panel([(walk.losses, BLUE, "")], low=1e-8, high=1e6, top=second, label="loss")
        + f'<text x="{LEFT + WIDTH / 2}" y="{second + HEIGHT + 18}" text-anchor="middle" '
        f'font-size="13" fill="currentColor">steps 0 to {NUM_STEPS - 1}</text>'
        f'<text x="{LEFT}" y="{second + HEIGHT + 38}" font-size="13" font-weight="bold" '
        f'fill="currentColor">{said}</text></svg>'
    )


def gentle_start() -> None:
    """Show a two-weight model under sliders for peak learning rate and warmup.

    In grading and in a plain script three fixed runs stand in for the sliders.
    """
    caption = (
        "Model: output u·v, target 1, loss ½(u·v − 1)². Solid: curvature u² + v² before each step. "
        "Dashed: its limit 2/lr. Where the solid line runs above it, each jump across is longer "
        "than the last."
    )
    first, second = STARTS
    if not interactive():
        shown = ((first, 4.0, 1), (first, 4.0, 8), (second, 4.0, 8))
        panels = "".join(walk_svg(*settings) for settings in shown)
        show_html(f"<div>{panels}</div><p>{caption}</p>", f"[explorer] {caption}")
        return
    import ipywidgets as widgets
    from IPython.display import display

    start = widgets.Dropdown(options=list(STARTS), description="start")
    times = widgets.FloatSlider(
        value=4.0, min=0.5, max=6.0, step=0.25, description="peak / limit", readout_format=".2f"
    )
    warmup = widgets.SelectionSlider(options=list(WARMUPS), value=1, description="warmup steps")
    picture = widgets.HTML(walk_svg(first, 4.0, 1))

    def redraw(change: Mapping[str, Any]) -> None:
        picture.value = walk_svg(start.value, times.value, warmup.value)

    for control in (start, times, warmup):
        control.observe(redraw, names="value")
    display(widgets.VBox([start, times, warmup, picture, widgets.HTML(caption)]))
