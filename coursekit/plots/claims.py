"""The picture of a claim: a dot a seed, mean and interval, and where the verdict would turn.

Drawn as SVG text: a few kilobytes each, the same on every machine, so that a test can compare
them with the ledger.
"""

import html
import math
from collections.abc import Mapping, Sequence

from coursekit.intervals import t_interval
from coursekit.plots.style import BLUE, RED

WIDTH, LEFT, RIGHT = 720, 190, 190  # pixels; names on the left, numbers on the right
ROW, AXIS, TOP = 34, 26, 8
TOGETHER = 40.0  # quantities share an axis if it is at most so many times as wide as each of them
Range = tuple[float, float]


def claim_picture(
    quantities: Mapping[str, Sequence[float]],
    turns: Mapping[str, Sequence[float]],
    labels: Mapping[str, str],
) -> tuple[str, str]:
    """Draw the quantities of a claim below each other.

    Args:
        quantities: Name -> per-seed values.
        turns: Name -> means at which the verdict would turn.
        labels: Name -> mean with interval, as printed elsewhere.

    Returns:
        (SVG, a text for those who can't see it).
    """
    body: list[str] = []
    y = TOP
    for panel in panels(quantities):
        view = view_of([quantities[name] for name in panel], [turns[name] for name in panel])
        ticks = nice_ticks(view)
        bottom = y + ROW * len(panel)
        for tick in ticks:
            x = place(tick, view)
            body.append(f'<path d="M{x:.1f} {y}V{bottom}" stroke="#ddd"/>')
            body.append(
                f'<text x="{x:.1f}" y="{bottom + 14}" class="t" text-anchor="middle">'
                f"{minus(tick)}</text>"
            )
        for name in panel:
            body += row(name, quantities[name], turns[name], labels[name], view, y)
            y += ROW
        body.append(f'<path d="M{LEFT} {bottom}H{WIDTH - RIGHT}" stroke="#888"/>')
        y = bottom + AXIS
    style = (
        "text{font-family:sans-serif;font-size:13px;fill:#222}.t{font-size:11px;fill:#666}"
        f".d{{fill:{BLUE};fill-opacity:.45}}.m{{stroke:#111;stroke-width:2;fill:none}}"
        f".r{{stroke:{RED};stroke-width:1.5;stroke-dasharray:4 3}}"
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" '
        f'height="{y}"><style>{style}</style><rect width="{WIDTH}" height="{y}" fill="#fff"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )
    return svg, describe(quantities, turns, labels)


def describe(
    quantities: Mapping[str, Sequence[float]],
    turns: Mapping[str, Sequence[float]],
    labels: Mapping[str, str],
) -> str:
    """Say in words what the picture shows."""
    told = []
    for name, values in quantities.items():
        text = f"{name.replace('_', ' ')} {labels[name]}"
        if len(values) > 1:
            text += f" over {len(values)} seeds"
        if turns[name]:
            text += f", turning at {' and '.join(minus(turn) for turn in turns[name])}"
        told.append(text)
    return "; ".join(told)


def row(
    name: str,
    values: Sequence[float],
    turns: Sequence[float],
    label: str,
    view: Range,
    y: int,
) -> list[str]:
    """Draw one quantity: name, dots, mean with interval, where the verdict turns, numbers."""
    middle = y + ROW / 2
    mean, half = t_interval(values)
    parts = [
        f'<text x="{LEFT - 12}" y="{middle + 4:.0f}" text-anchor="end">'
        f"{html.escape(name.replace('_', ' '))}</text>",
        f'<text x="{WIDTH - RIGHT + 12}" y="{middle + 4:.0f}">{html.escape(label)}</text>',
    ]
    for turn in turns:
        if view[0] <= turn <= view[1]:
            parts.append(f'<path d="M{place(turn, view):.1f} {y + 3}v{ROW - 6}" class="r"/>')
    for i, value in enumerate(values):
        jitter = (i * 5 % 7 - 3) * (1.6 if len(values) > 1 else 0)
        parts.append(
            f'<circle cx="{place(value, view):.1f}" cy="{middle + jitter:.1f}" r="3.5" class="d"/>'
        )
    x = place(mean, view)
    if math.isfinite(half) and half > 0:
        low, high = place(mean - half, view), place(mean + half, view)
        parts.append(f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}" class="m"/>')
    parts.append(f'<path d="M{x:.1f} {middle - 8:.1f}v16" class="m"/>')
    return parts


def span_of(values: Sequence[float]) -> Range:
    """Return the range of values with the interval of their mean."""
    mean, half = t_interval(values)
    half = half if math.isfinite(half) else 0.0
    return min(*values, mean - half), max(*values, mean + half)


def panels(quantities: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """Group neighbouring quantities that can share an axis and still show their spread."""
    grouped: list[list[str]] = []
    for name in quantities:
        if grouped:
            spans = [span_of(quantities[n]) for n in (*grouped[-1], name)]
            union = max(high for _, high in spans) - min(low for low, _ in spans)
            widths = [high - low for low, high in spans if high > low]
            size = max(abs(edge) for span in spans for edge in span)
            if (widths and union <= TOGETHER * min(widths)) or union <= 0.02 * size:
                grouped[-1].append(name)
                continue
        grouped.append([name])
    return grouped


def view_of(columns: Sequence[Sequence[float]], turns: Sequence[Sequence[float]]) -> Range:
    """Return the range of an axis: all values, the turns that lie near, and a margin."""
    spans = [span_of(values) for values in columns]
    low, high = min(s[0] for s in spans), max(s[1] for s in spans)
    width = max(high - low, 0.02 * max(abs(low), abs(high)), 1e-12)
    near = [t for those in turns for t in those if low - 1.5 * width <= t <= high + 1.5 * width]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.06 * max(high - low, width)
    return low - margin, high + margin


def place(value: float, view: Range) -> float:
    """Return the pixel of a value."""
    return LEFT + (value - view[0]) / (view[1] - view[0]) * (WIDTH - RIGHT - LEFT)


def nice_ticks(view: Range) -> list[float]:
    """Return three to six round numbers inside a range."""
    rough = (view[1] - view[0]) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * f for f in (1, 2, 5, 10) if power * f >= rough)
    first = math.ceil(view[0] / step)
    return [k * step for k in range(first, math.floor(view[1] / step) + 1)]


def minus(value: float) -> str:
    """Write a number with a real minus sign."""
    return f"{value:.4g}".replace("-", "−")
