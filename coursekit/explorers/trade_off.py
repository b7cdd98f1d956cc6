"""Explorer of unit 05: steps, examples and time at a batch size, by the fitted law."""

import math
from collections.abc import Mapping
from typing import Any

from coursekit.explorers.mode import interactive, show_html

WIDTH, HEIGHT, LEFT, BOTTOM = 520, 300, 60, 44
MIN_LOG, MAX_LOG = 3, 14  # batch sizes 8 to 16,384 on the axis
TOP = 6.0  # factors above this leave the picture
CURVES = (
    ("steps", "#0072B2", ""),
    ("examples", "#D55E00", "7 4"),
    ("time", "#009E73", "2 4"),
)


def factors(batch_size: float, critical_batch: float, full_batch: float) -> dict[str, float]:
    """Return steps, examples and time at B, each over the least it can be.

        S/S_min = 1 + B_crit/B,   E/E_min = 1 + B/B_crit,   T = S max(1, B/B_full)

    Time is over its least value on this hardware: with B_full examples a step is full, below that
    it takes as long.

    Args:
        batch_size: B.
        critical_batch: B_crit.
        full_batch: B_full, from which on a larger batch takes longer.
    """
    steps = 1 + critical_batch / batch_size
    time = steps * max(1.0, batch_size / full_batch)
    return {
        "steps": steps,
        "examples": 1 + batch_size / critical_batch,
        "time": time / (1 + critical_batch / full_batch),
    }


def trade_off_svg(batch_size: float, critical_batch: float, full_batch: float) -> str:
    """Draw the three factors against batch size, with a dot on each at B."""

    def x(log_size: float) -> float:
        return LEFT + (log_size - MIN_LOG) / (MAX_LOG - MIN_LOG) * (WIDTH - LEFT - 10)

    def y(factor: float) -> float:
        return HEIGHT - BOTTOM - (min(factor, TOP) - 1) / (TOP - 1) * (HEIGHT - BOTTOM - 12)

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for level in range(1, int(TOP) + 1):
        parts.append(
            f'<path d="M{LEFT} {y(level):.1f}H{WIDTH - 10}" stroke="#ddd"/>'
            f'<text x="{LEFT - 8}" y="{y(level) + 4:.1f}" text-anchor="end" font-size="12">'
            f"{level}×</text>"
        )
    for k in range(MIN_LOG, MAX_LOG + 1, 2):
        parts.append(
            f'<text x="{x(k):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" '
            f'font-size="12">{2**k}</text>'
        )
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle" font-size="13">batch size B, '
        "examples per step</text>"
    )
    grid = [MIN_LOG + i / 8 for i in range(8 * (MAX_LOG - MIN_LOG) + 1)]
    for name, colour, dash in CURVES:
        points = " ".join(
            f"{x(k):.1f},{y(factors(2**k, critical_batch, full_batch)[name]):.1f}" for k in grid
        )
        now = factors(batch_size, critical_batch, full_batch)[name]
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5" '
            f'stroke-dasharray="{dash}"/>'
            f'<circle cx="{x(math.log2(batch_size)):.1f}" cy="{y(now):.1f}" r="6" fill="{colour}"/>'
        )
    at = x(math.log2(critical_batch))
    parts.append(
        f'<path d="M{at:.1f} 12V{HEIGHT - BOTTOM}" stroke="black" stroke-dasharray="2 3"/>'
        f'<text x="{at + 4:.1f}" y="24" font-size="12">B_crit</text>'
    )
    told = describe(batch_size, critical_batch, full_batch)
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{told}" fill="black">{"".join(parts)}</svg>'
    )


def describe(batch_size: float, critical_batch: float, full_batch: float) -> str:
    """Say the three factors in one line."""
    now = factors(batch_size, critical_batch, full_batch)
    return (
        f"B = {batch_size:g}: steps {now['steps']:.2f} x the least (blue), examples "
        f"{now['examples']:.2f} x (red, dashed), time {now['time']:.2f} x (green, dotted)"
    )


def trade_off(*, critical_batch: int = 128, full_batch: int = 1024) -> None:
    """Show steps, examples and time against B; sliders change B, B_crit and the hardware.

    In grading and in a plain script one fixed picture stands in for the sliders.
    """
    caption = (
        "Each curve over the least that it can be: steps with an endless batch, examples with the "
        "smallest, time with a batch that just fills the hardware. Curves are cut at 6×."
    )
    start = (critical_batch, critical_batch, full_batch)
    if not interactive():
        text = f"[explorer] {describe(*start)}. {caption}"
        show_html(f"<div>{trade_off_svg(*start)}</div><p>{describe(*start)}</p>", text)
        return
    import ipywidgets as widgets
    from IPython.display import display

    def slider(label: str, value: int) -> Any:
        return widgets.SelectionSlider(
            options=[(str(2**k), 2**k) for k in range(MIN_LOG, MAX_LOG + 1)],
            value=value,
            description=label,
            style={"description_width": "170px"},
            layout=widgets.Layout(width="520px"),
        )

    sliders = [
        slider("batch size B", critical_batch),
        slider("critical batch size", critical_batch),
        slider("batch that fills hardware", full_batch),
    ]
    picture = widgets.HTML(trade_off_svg(*start))
    said = widgets.HTML(describe(*start))

    def redraw(change: Mapping[str, Any]) -> None:
        values = tuple(s.value for s in sliders)
        picture.value, said.value = trade_off_svg(*values), describe(*values)

    for one in sliders:
        one.observe(redraw, names="value")
    display(widgets.VBox([*sliders, picture, said, widgets.HTML(caption)]))
