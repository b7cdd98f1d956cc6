"""Explorer of unit 02: two rules on their way to the frontier of stability."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from coursekit.explorers.mode import interactive, show_html
from coursekit.train.scaling import saturating_lr, scaled_lr

WIDTH, HEIGHT, MARGIN = 560, 360, 56  # pixels
LOG2_B = (3.0, 13.0)  # batch sizes 8 to 8192
LOG2_LR = (-8.0, 4.0)
RED, PURPLE = "#D55E00", "#CC79A7"


def pixel(log2_b: float, log2_lr: float) -> tuple[float, float]:
    """Return where a batch size and a learning rate lie in the picture."""
    across = (log2_b - LOG2_B[0]) / (LOG2_B[1] - LOG2_B[0])
    up = (log2_lr - LOG2_LR[0]) / (LOG2_LR[1] - LOG2_LR[0])
    return MARGIN + across * (WIDTH - MARGIN - 12), 12 + (1 - up) * (HEIGHT - MARGIN - 12)


def curve(lr_at: Callable[[float], float], low: float, high: float) -> str:
    """Return the SVG points of a learning rate over batch size, cut where the picture ends."""
    points = []
    for i in range(121):
        log2_b = low + (high - low) * i / 120
        log2_lr = math.log2(lr_at(2.0**log2_b))
        if LOG2_LR[0] <= log2_lr <= LOG2_LR[1]:
            points.append("{:.1f},{:.1f}".format(*pixel(log2_b, log2_lr)))
    return " ".join(points)


def meeting(
    base_lr: float, base_batch_size: float, max_lr: float, half_batch_size: float, rule: str
) -> float:
    """Return the batch size at which a rule's rate first reaches the frontier.

    The base batch size if the rate is above it from the start; inf where it stays below up to the
    end of the picture.
    """

    def above(log2_b: float) -> bool:
        b = 2.0**log2_b
        lr = scaled_lr(base_lr, base_batch_size, b, rule=rule)
        return lr >= saturating_lr(max_lr, half_batch_size, b)

    low = math.log2(base_batch_size)
    if above(low):
        return base_batch_size
    steps = [low + (LOG2_B[1] - low) * i / 400 for i in range(1, 401)]
    high = next((log2_b for log2_b in steps if above(log2_b)), math.inf)
    if math.isinf(high):
        return math.inf
    low = high - (LOG2_B[1] - low) / 400
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if above(middle) else (middle, high)
    return 2.0**high


def verdict(rule: str, base: float, meets: float) -> str:
    """Say in a sentence how far a rule carries."""
    if meets <= base:
        return f"the {rule} rule starts above the frontier"
    if math.isinf(meets):
        return f"the {rule} rule stays below it up to B = {2 ** LOG2_B[1]:.0f}"
    return f"the {rule} rule meets it at B = {meets:.0f}, {meets / base:.1f} times the start"


def frontier_svg(
    base_lr: float, base_batch_size: float, max_lr: float, half_batch_size: float
) -> tuple[str, str]:
    """Draw the frontier, both rules and where they meet it; return (svg, what it says)."""
    start = math.log2(base_batch_size)
    wall = curve(lambda b: saturating_lr(max_lr, half_batch_size, b), *LOG2_B)
    left, top = pixel(LOG2_B[0], LOG2_LR[1])
    right, bottom = pixel(LOG2_B[1], LOG2_LR[0])
    parts = [
        f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" fill="white" '
        'stroke="#999"/>',
        f'<polygon points="{left},{top} {wall} {right},{top}" fill="{RED}" fill-opacity="0.12"/>',
        f'<polyline points="{wall}" fill="none" stroke="{RED}" stroke-width="3"/>',
    ]
    said = []
    for rule, name, colour, dash in (
        ("linear", "linear", "black", "none"),
        ("sqrt", "root", PURPLE, "7 5"),
    ):
        meets = meeting(base_lr, base_batch_size, max_lr, half_batch_size, rule)
        end = LOG2_B[1] if math.isinf(meets) else math.log2(meets)
        rate = partial(scaled_lr, base_lr, base_batch_size, rule=rule)
        path = curve(rate, start, end)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="3" '
            f'stroke-dasharray="{dash}"/>'
        )
        if not math.isinf(meets):
            x, y = pixel(end, math.log2(scaled_lr(base_lr, base_batch_size, meets, rule=rule)))
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="{colour}"/>')
        said.append(verdict(name, base_batch_size, meets))
    x, y = pixel(start, math.log2(base_lr))
    parts.append(f'<rect x="{x - 6:.1f}" y="{y - 6:.1f}" width="12" height="12" fill="black"/>')
    for k in range(math.ceil(LOG2_B[0]), math.floor(LOG2_B[1]) + 1, 2):
        x, _ = pixel(k, LOG2_LR[0])
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle" font-size="12" '
            f'fill="currentColor">{2**k}</text>'
        )
    for k in range(math.ceil(LOG2_LR[0]), math.floor(LOG2_LR[1]) + 1, 2):
        _, y = pixel(LOG2_B[0], k)
        parts.append(
            f'<text x="{left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end" font-size="12" '
            f'fill="currentColor">{2**k if k >= 0 else f"1/{2**-k}"}</text>'
        )
    parts.append(
        f'<text x="{left + 10:.1f}" y="{top + 20:.1f}" font-size="14" fill="{RED}">training breaks'
        f'</text><text x="{(left + right) / 2:.1f}" y="{HEIGHT - 8}" text-anchor="middle" '
        'font-size="13" fill="currentColor">batch size B (up: learning rate)</text>'
    )
    text = f"From B = {base_batch_size:.0f}, lr {base_lr:.3g}: " + "; ".join(said) + "."
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{text}">{"".join(parts)}</svg>',
        text,
    )


def lr_frontier(max_lr: float, half_batch_size: float) -> None:
    """Show how far the linear and the root rule carry a learning rate before training breaks.

    Sliders change where a rule starts and the frontier max_lr / (1 + half_batch_size / B). In
    grading and in a plain script two fixed pictures stand in for them.

    Args:
        max_lr: The frontier for very large batches.
        half_batch_size: Batch size at which the frontier is half as high.
    """
    caption = (
        "Square: where you start. Black: linear rule. Dashed: root rule. Red: the frontier above "
        "which training breaks. A dot marks where a rule meets it."
    )
    if not interactive():
        pictures = [frontier_svg(lr, 16, max_lr, half_batch_size) for lr in (1 / 64, 0.25)]
        show_html(
            "".join(f"<div>{svg}<p>{text}</p></div>" for svg, text in pictures)
            + f"<p>{caption}</p>",
            "\n".join(f"[explorer] {text}" for _, text in pictures),
        )
        return
    import ipywidgets as widgets
    from IPython.display import display

    def slider(name: str, value: float, low: float, high: float, step: float) -> Any:
        return widgets.FloatLogSlider(
            value=value, base=2, min=low, max=high, step=step, description=name,
            readout_format=".3g", style={"description_width": "130px"},
            layout=widgets.Layout(width="440px"),
        )  # fmt: skip

    sliders = (
        slider("start: lr", 2.0**-6, -7, 0, 0.25),
        slider("start: batch size", 16.0, 3, 8, 1),
        slider("frontier at the top", max_lr, -1, 3, 0.25),
        slider("half as high at B", half_batch_size, 3, 11, 0.5),
    )
    picture, said = widgets.HTML(), widgets.HTML()

    def redraw(change: Mapping[str, Any] | None = None) -> None:
        picture.value, said.value = frontier_svg(*(s.value for s in sliders))

    for one in sliders:
        one.observe(redraw, names="value")
    redraw()
    display(widgets.VBox([*sliders, picture, said, widgets.HTML(caption)]))
