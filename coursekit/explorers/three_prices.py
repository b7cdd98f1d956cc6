"""Explorer of unit 09: examples, seconds and money to a target, and the best batch of each."""

import math
from collections.abc import Mapping
from typing import Any

from coursekit.explorers.mode import interactive, show_html
from coursekit.hardware import Prices, StepTime, best_batches

WIDTH, HEIGHT, LEFT, BOTTOM = 560, 320, 52, 44
TOP = 5.0  # factors above this leave the picture
SIZES = sorted({round(2 ** (k / 8)) for k in range(8 * 12 + 1)})  # 1 to 4,096
CURVES = (  # name, colour, dash, lift of the label
    ("examples", "#0072B2", "", 0),
    ("money", "#009E73", "2 4", 14),
    ("seconds", "#D55E00", "7 4", 28),
)
FLOORS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)  # seconds
KNEES = (8, 32, 128, 512, 2048)
CRITICALS = (16, 64, 256, 1024)
HOURS = (0.1, 0.5, 2.0, 8.0)
MILLIONS = (0.0, 0.001, 0.01, 0.1, 1.0)


def three_best(
    critical_batch: float, knee: float, floor: float, hour: float, million: float
) -> tuple[dict[str, int], dict[str, dict[int, float]]]:
    """Return the best batch by each goal, and every cost over its least.

    Args:
        critical_batch: B_crit of the steps' law.
        knee: Batch that just fills the device.
        floor: Seconds of the shortest step.
        hour: Price of a device hour.
        million: Price of a million examples.
    """
    law = StepTime(floor, knee / floor, 0.0)
    found = best_batches(
        SIZES,
        steps=lambda b: 1000 * (1 + critical_batch / b),
        step_seconds=law.seconds,
        prices=Prices(hour, million),
    )
    best = {"examples": found.examples, "seconds": found.seconds, "money": found.money}
    columns = {name: i for i, name in enumerate(("examples", "seconds", "money"))}
    curves = {
        name: {b: row[i] / found.table[best[name]][i] for b, row in found.table.items()}
        for name, i in columns.items()
    }
    return best, curves


def describe(best: Mapping[str, int]) -> str:
    """Say the three best batches in one line."""
    return (
        f"Best batch: {best['examples']:,} for the fewest examples (blue), {best['money']:,} for "
        f"the lowest price (green, dotted), {best['seconds']:,} for the fewest seconds (red, "
        f"dashed)"
    )


def three_prices_svg(
    critical_batch: float, knee: float, floor: float, hour: float, million: float
) -> str:
    """Draw the three costs against batch size, each over its own least, with a dot on that."""
    best, curves = three_best(critical_batch, knee, floor, hour, million)
    last = len(SIZES) - 1

    def x(batch_size: int) -> float:
        return LEFT + math.log2(batch_size) / math.log2(SIZES[last]) * (WIDTH - LEFT - 24)

    def y(factor: float) -> float:
        return HEIGHT - BOTTOM - 48 - (min(factor, TOP) - 1) / (TOP - 1) * (HEIGHT - BOTTOM - 60)

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for level in range(1, int(TOP) + 1):
        parts.append(
            f'<path d="M{LEFT} {y(level):.1f}H{WIDTH - 10}" stroke="#ddd"/>'
            f'<text x="{LEFT - 8}" y="{y(level) + 4:.1f}" text-anchor="end" font-size="12">'
            f"{level}×</text>"
        )
    for k in range(0, 13, 2):
        parts.append(
            f'<text x="{x(2**k):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" '
            f'font-size="12">{2**k:,}</text>'
        )
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle" font-size="13">batch size B, '
        "examples per step</text>"
    )
    for name, colour, dash, lift in CURVES:
        points = " ".join(
            f"{x(b):.1f},{y(f):.1f}" for b, f in curves[name].items() if f <= 1.02 * TOP
        )
        at = x(best[name])
        anchor = "start" if at < WIDTH / 2 else "end"
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5" '
            f'stroke-dasharray="{dash}"/>'
            f'<circle cx="{at:.1f}" cy="{y(1):.1f}" r="6" fill="{colour}"/>'
            f'<text x="{at:.1f}" y="{y(1) + 16 + lift:.1f}" text-anchor="{anchor}" '
            f'font-size="12" fill="{colour}">{name}: {best[name]:,}</text>'
        )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{describe(best)}" fill="black">{"".join(parts)}</svg>'
    )


def three_prices(
    *,
    critical_batch: float = 64,
    knee: float = 512,
    floor: float = 0.0003,
    hour: float = 0.1,
    million: float = 0.01,
) -> None:
    """Show the three costs against B; menus change the task, the machine and the prices.

    In grading and in a plain script one fixed picture stands in for the menus.
    """
    start = (critical_batch, knee, floor, hour, million)
    caption = (
        "Each curve over its own least. Steps follow 1 + B_crit/B, a step's time max(floor, "
        "B/rate). Curves are cut at 5×."
    )
    if not interactive():
        said = describe(three_best(*start)[0])
        show_html(
            f"<div>{three_prices_svg(*start)}</div><p>{said}</p>", f"[explorer] {said}. {caption}"
        )
        return
    import ipywidgets as widgets
    from IPython.display import display

    def slider(label: str, options: tuple, value: float, unit: str) -> Any:
        return widgets.SelectionSlider(
            options=[(f"{v:,g}{unit}", v) for v in options],
            value=value,
            description=label,
            style={"description_width": "220px"},
            layout=widgets.Layout(width="540px"),
        )

    sliders = [
        slider("critical batch size (task)", CRITICALS, critical_batch, ""),
        slider("knee (machine and model)", KNEES, knee, ""),
        slider("shortest step", FLOORS, floor, " s"),
        slider("price of a device hour", HOURS, hour, ""),
        slider("price of a million examples", MILLIONS, million, ""),
    ]
    picture = widgets.HTML(three_prices_svg(*start))
    told = widgets.HTML(describe(three_best(*start)[0]))

    def redraw(change: Mapping[str, Any]) -> None:
        values = tuple(s.value for s in sliders)
        picture.value, told.value = three_prices_svg(*values), describe(three_best(*values)[0])

    for one in sliders:
        one.observe(redraw, names="value")
    display(widgets.VBox([*sliders, picture, told, widgets.HTML(caption)]))
