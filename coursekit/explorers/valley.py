"""Explorer of unit 06: one function, many weights; where gradient descent can stay.

The loss (w1 w2 - 1)^2 / 2 is zero all along the curve w1 w2 = 1, where w2 relu(w1) is one and the
same function. Along that curve lambda_max = w1^2 + w2^2.
"""

from collections.abc import Mapping
from typing import Any

from coursekit.explorers.mode import interactive, show_html

SIDE, LOW, LIMIT = 340, -0.9, 4.2  # pixels; weights from LOW to LIMIT on both axes
ALPHAS = (0.25, 0.33, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 4.0)
LRS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 0.95)
NUM_STEPS = 300
NUDGE = 0.05  # how far from the valley's floor the descent starts


def sharpness_at(w1: float, w2: float) -> float:
    """Return the largest eigenvalue of the Hessian of (w1 w2 - 1)^2 / 2 at a minimum."""
    return w1 * w1 + w2 * w2


def descend(
    w1: float, w2: float, lr: float, num_steps: int = NUM_STEPS
) -> list[tuple[float, float]]:
    """Return the path of gradient descent, its start first; it ends early where it leaves 1e3."""
    path = [(w1, w2)]
    for _ in range(num_steps):
        error = w1 * w2 - 1
        w1, w2 = w1 - lr * error * w2, w2 - lr * error * w1
        if not (abs(w1) < 1e3 and abs(w2) < 1e3):
            break
        path.append((w1, w2))
    return path


def valley_svg(alpha: float, lr: float) -> str:
    """Draw the valley, the part of it where lambda_max < 2 / lr, and a descent from alpha."""

    def at(x: float, y: float) -> str:
        share = [(z - LOW) / (LIMIT - LOW) for z in (x, y)]
        return f"{SIDE * share[0]:.1f},{SIDE * (1 - share[1]):.1f}"

    def line(points: list[tuple[float, float]], look: str) -> str:
        inside = [at(min(max(x, -9), 9), min(max(y, -9), 9)) for x, y in points]
        return f'<polyline points="{" ".join(inside)}" fill="none" {look}/>'

    xs = [LIMIT * (i + 0.5) / 240 for i in range(240)]
    floor = [(x, 1 / x) for x in xs if 1 / x <= 1.2 * LIMIT]
    stays = [p for p in floor if sharpness_at(*p) < 2 / lr]
    path = descend(alpha + NUDGE, 1 / alpha + NUDGE, lr)
    start, end = sharpness_at(alpha, 1 / alpha), sharpness_at(*path[-1])
    settled = abs(path[-1][0] * path[-1][1] - 1) < 0.05
    fate = f"settles at λ = {end:.2f}" if settled else "does not settle"
    dots = "".join(
        f'<circle cx="{c.split(",")[0]}" cy="{c.split(",")[1]}" r="2.5" fill="#D55E00"/>'
        for c in (at(x, y) for x, y in path[:60])
    )
    grey = line(floor, 'stroke="#999"')
    for axis in ([(LOW, 0.0), (LIMIT, 0.0)], [(0.0, LOW), (0.0, LIMIT)]):
        grey += line(axis, 'stroke="#ccc"')
    cx, cy = at(alpha, 1 / alpha).split(",")
    return (
        f'<svg width="{SIDE}" height="{SIDE + 66}" viewBox="0 0 {SIDE} {SIDE + 66}" role="img" '
        f'aria-label="Start at sharpness {start:.2f}, threshold {2 / lr:.2f}; descent {fate}">'
        f'<defs><clipPath id="box"><rect width="{SIDE}" height="{SIDE}"/></clipPath></defs>'
        f'<rect width="{SIDE}" height="{SIDE}" fill="white" stroke="#999"/>'
        f'<g clip-path="url(#box)">{grey}'
        + (line(stays, 'stroke="#009E73" stroke-width="7" stroke-opacity="0.5"') if stays else "")
        + line(path, 'stroke="#D55E00" stroke-width="1"')
        + f'{dots}<circle cx="{cx}" cy="{cy}" r="6" fill="none" stroke="#0072B2" '
        f'stroke-width="3"/></g>'
        f'<text x="{SIDE / 2}" y="{SIDE + 18}" text-anchor="middle" font-size="13" '
        f'fill="currentColor">weight of layer 1 (up: weight of layer 2)</text>'
        f'<text x="{SIDE / 2}" y="{SIDE + 38}" text-anchor="middle" font-size="14" '
        f'fill="currentColor">start: λ = {start:.2f}, limit 2/η = {2 / lr:.2f}</text>'
        f'<text x="{SIDE / 2}" y="{SIDE + 58}" text-anchor="middle" font-size="14" '
        f'fill="currentColor">descent {fate}</text></svg>'
    )


def valley() -> None:
    """Show the valley with two sliders: where on it to start, and the learning rate.

    In grading and in a plain script three fixed panels stand in for the sliders.
    """
    caption = (
        "Every point of the curve is the same function with zero loss. Green: where gradient "
        "descent can stay, λ < 2/η. Blue ring: a minimum; red: descent from just beside it."
    )
    if not interactive():
        panels = "".join(valley_svg(a, lr) for a, lr in ((1.0, 0.2), (3.0, 0.1), (3.0, 0.3)))
        show_html(f"<div>{panels}</div><p>{caption}</p>", f"[explorer] {caption}")
        return
    import ipywidgets as widgets
    from IPython.display import display

    where = widgets.SelectionSlider(options=ALPHAS, value=3.0, description="weight 1")
    rate = widgets.SelectionSlider(options=LRS, value=0.3, description="lr η")
    picture = widgets.HTML(valley_svg(where.value, rate.value))

    def redraw(change: Mapping[str, Any]) -> None:
        picture.value = valley_svg(where.value, rate.value)

    for slider in (where, rate):
        slider.observe(redraw, names="value")
    display(widgets.VBox([where, rate, picture, widgets.HTML(caption)]))
