"""Explorer of unit 08: one method against itself, with more tries on one side."""

from collections.abc import Mapping, Sequence
from math import comb
from typing import Any

from coursekit.explorers.mode import interactive, show_html

# Momentum 0.9 at B = 512, 16 epochs of N = 2,048, six seeds: validation and test accuracy in
# percent at lr 2^-5 to 2^-1, constant and then with warmup and cosine.
VALIDATION = (32.5, 38.3, 43.8, 47.5, 49.2, 28.8, 31.9, 35.9, 41.2, 46.2)
TEST = (32.7, 38.5, 44.6, 49.1, 50.4, 29.8, 32.0, 36.3, 41.9, 46.3)
MOST = len(TEST)
WIDTH, HEIGHT, LEFT, BOTTOM = 520, 300, 52, 44
LOW, HIGH = 38.0, 52.0  # percent on the axis
BLUE, RED = "#0072B2", "#D55E00"


def best_of(tries: int, validation: Sequence[float], test: Sequence[float]) -> float:
    """Return the expected test accuracy of the best of some random settings by validation."""
    order = [t for _, t in sorted(zip(validation, test, strict=True))]
    return sum(comb(i, tries - 1) * t for i, t in enumerate(order)) / comb(len(order), tries)


def gap(remedy: int, baseline: int) -> float:
    """Return what a method gains over itself by its tries alone, in points."""
    return best_of(remedy, VALIDATION, TEST) - best_of(baseline, VALIDATION, TEST)


def sentence(remedy: int, baseline: int) -> str:
    """Say what a table of results would say."""
    return (
        f'"Our optimizer" after {remedy} of {MOST} settings: '
        f"{best_of(remedy, VALIDATION, TEST):.1f} %. The baseline after {baseline}: "
        f"{best_of(baseline, VALIDATION, TEST):.1f} %. Gain: {gap(remedy, baseline):+.1f} points. "
        "Both are the same optimizer."
    )


def tuning_svg(remedy: int, baseline: int) -> str:
    """Draw the expected best over the tries, with both arms on the one curve."""

    def x(tries: float) -> float:
        return LEFT + (tries - 1) / (MOST - 1) * (WIDTH - LEFT - 24)

    def y(percent: float) -> float:
        return HEIGHT - BOTTOM - (percent - LOW) / (HIGH - LOW) * (HEIGHT - BOTTOM - 16)

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for level in range(int(LOW), int(HIGH) + 1, 4):
        parts.append(
            f'<path d="M{LEFT} {y(level):.1f}H{WIDTH - 10}" stroke="#ddd"/>'
            f'<text x="{LEFT - 8}" y="{y(level) + 4:.1f}" text-anchor="end" font-size="12">'
            f"{level} %</text>"
        )
    for tries in range(1, MOST + 1):
        parts.append(
            f'<text x="{x(tries):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" '
            f'font-size="12">{tries}</text>'
        )
    values = [best_of(k, VALIDATION, TEST) for k in range(1, MOST + 1)]
    line = " ".join(f"{x(k):.1f},{y(v):.1f}" for k, v in enumerate(values, start=1))
    parts.append(f'<polyline points="{line}" fill="none" stroke="#555" stroke-width="2.5"/>')
    top, low = values[remedy - 1], values[baseline - 1]
    parts.append(
        f'<path d="M{x(remedy):.1f} {y(top):.1f}V{y(low):.1f}H{x(baseline):.1f}" fill="none" '
        'stroke="#555" stroke-dasharray="4 4"/>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle" font-size="13">settings '
        "tried; up: expected test accuracy of the best</text>"
    )
    for tries, value, colour, name, below in (
        (baseline, low, RED, "baseline", 22),
        (remedy, top, BLUE, "&quot;ours&quot;", -10),
    ):
        parts.append(
            f'<circle cx="{x(tries):.1f}" cy="{y(value):.1f}" r="6" fill="{colour}"/>'
            f'<text x="{x(tries):.1f}" y="{y(value) + below:.1f}" text-anchor="middle" '
            f'font-size="13" fill="{colour}">{name}</text>'
        )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Ours after {remedy} tries {top:.1f} percent, the baseline after {baseline} '
        f'tries {low:.1f} percent">{"".join(parts)}</svg>'
    )


def tuning() -> None:
    """Show what a method gains over itself, with a slider for the tries of either arm.

    In grading and in a plain script one fixed picture stands in for the sliders.
    """
    if not interactive():
        said = sentence(8, 1)
        show_html(f"<div>{tuning_svg(8, 1)}</div><p>{said}</p>", f"[explorer] {said}")
        return
    import ipywidgets as widgets
    from IPython.display import display

    options = list(range(1, MOST + 1))
    ours = widgets.SelectionSlider(options=options, value=8, description="ours")
    base = widgets.SelectionSlider(options=options, value=1, description="baseline")
    picture = widgets.HTML(tuning_svg(8, 1))
    said_now = widgets.HTML(sentence(8, 1))

    def redraw(change: Mapping[str, Any]) -> None:
        picture.value = tuning_svg(ours.value, base.value)
        said_now.value = sentence(ours.value, base.value)

    for slider in (ours, base):
        slider.observe(redraw, names="value")
    display(widgets.VBox([ours, base, picture, said_now]))
