"""Explorer of unit 07: a sharp well and a flat one, walkers that begin in the sharp one."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from coursekit.explorers.mode import interactive, show_html
from coursekit.toy.double_well import DoubleWell, barrier, potential, slope
from coursekit.toy.escape_theory import gibbs_share

SIDE, HIGH = 420, 240  # pixels
LOW, LIMIT, TALL = -2.6, 4.4, 2.2  # places from LOW to LIMIT; energies up to TALL
HEATS = (0.1, 0.2, 0.3, 0.4, 0.6)
LRS = (0.02, 0.1, 0.2, 0.24)  # times the sharp well's curvature: 0.16, 0.8, 1.6, 1.92
DEPTHS = (-0.4, -0.2, 0.0, 0.2, 0.4)  # how much deeper the sharp well is than the flat one
WALKERS, TIME, CELLS = 400, 40.0, 70


def well_of(depth: float) -> DoubleWell:
    """Return the wells; the flat one lies ``depth`` higher than the sharp one."""
    return DoubleWell(right_energy=depth)


@lru_cache(maxsize=64)
def wander(temperature: float, lr: float, depth: float) -> tuple[float, ...]:
    """Return where walkers from the sharp well are after the time TIME, lr times steps."""
    well, generator = well_of(depth), torch.Generator().manual_seed(0)
    x = torch.full((WALKERS,), well.left, dtype=torch.float64)
    for _ in range(round(TIME / lr)):
        noise = torch.randn(WALKERS, generator=generator, dtype=torch.float64)
        x = x - lr * slope(well, x) + (2 * lr * temperature) ** 0.5 * noise
    return tuple(x.tolist())


def wells_svg(temperature: float, lr: float, depth: float) -> str:
    """Draw the energy, Gibbs' density and the walkers."""
    well = well_of(depth)
    top = barrier(well).position
    places = np.linspace(LOW, LIMIT, 281)
    energy = potential(well, torch.from_numpy(places)).numpy()
    density = np.exp(-(energy - energy.min()) / temperature)
    density /= density.sum() * (places[1] - places[0])
    found = np.array(wander(temperature, lr, depth))
    counts, edges = np.histogram(found, bins=CELLS, range=(LOW, LIMIT))
    visits = counts / len(found) / (edges[1] - edges[0])
    now = (found > top).mean()
    later = gibbs_share(well, temperature=temperature)

    def at(x: float, y: float) -> str:
        return f"{SIDE * (x - LOW) / (LIMIT - LOW):.1f},{HIGH * (1 - min(y, 9) / TALL):.1f}"

    def line(values: np.ndarray, look: str) -> str:
        points = " ".join(at(x, y) for x, y in zip(places, values, strict=True))
        return f'<polyline points="{points}" fill="none" {look}/>'

    wide = SIDE / CELLS
    bars = "".join(
        f'<rect x="{i * wide:.1f}" y="{HIGH * (1 - v / TALL):.1f}" width="{wide - 0.5:.1f}" '
        f'height="{HIGH * v / TALL:.1f}" fill="#56B4E9"/>'
        for i, v in enumerate(visits)
        if v > 0
    )
    said = f"now {100 * now:.0f} % of the walkers are in the flat well, Gibbs {100 * later:.0f} %"
    return (
        f'<svg width="{SIDE}" height="{HIGH + 46}" viewBox="0 0 {SIDE} {HIGH + 46}" role="img" '
        f'aria-label="T {temperature:g}, lr {lr:g}, flat well {depth:g} higher: {said}">'
        f'<defs><clipPath id="pit"><rect width="{SIDE}" height="{HIGH}"/></clipPath></defs>'
        f'<rect width="{SIDE}" height="{HIGH}" fill="white" stroke="#999"/>'
        f'<g clip-path="url(#pit)">{bars}'
        + line(density, 'stroke="#0072B2" stroke-width="2"')
        + line(energy, 'stroke="#222" stroke-width="1.5" stroke-dasharray="5 3"')
        + "</g>"
        f'<text x="{SIDE / 2}" y="{HIGH + 18}" text-anchor="middle" font-size="14" '
        f'fill="currentColor">{said}</text>'
        f'<text x="{SIDE / 2}" y="{HIGH + 38}" text-anchor="middle" font-size="13" '
        f'fill="currentColor">sharp well: ηλ = {8 * lr:.2f} (limit 2)</text></svg>'
    )


def two_wells() -> None:
    """Show the wells with three sliders: temperature, learning rate, depth.

    In grading and in a plain script three fixed panels stand in for the sliders.
    """
    caption = (
        f"All walkers begin in the sharp well on the left and walk for a time of {TIME:g} (lr "
        "times steps). Bars: where they are then. Dashed: energy. Blue: Gibbs' density, where "
        "small steps end."
    )
    if not interactive():
        cases = ((0.3, 0.02, 0.0), (0.1, 0.2, 0.0), (0.3, 0.02, 0.4))
        panels = "".join(wells_svg(*case) for case in cases)
        show_html(f"<div>{panels}</div><p>{caption}</p>", f"[explorer] {caption}")
        return
    import ipywidgets as widgets
    from IPython.display import display

    heat = widgets.SelectionSlider(options=HEATS, value=0.3, description="heat T")
    rate = widgets.SelectionSlider(options=LRS, value=0.02, description="lr η")
    lift = widgets.SelectionSlider(options=DEPTHS, value=0.0, description="flat, higher")
    picture = widgets.HTML(wells_svg(heat.value, rate.value, lift.value))

    def redraw(change: Mapping[str, Any]) -> None:
        picture.value = wells_svg(heat.value, rate.value, lift.value)

    for slider in (heat, rate, lift):
        slider.observe(redraw, names="value")
    display(widgets.VBox([heat, rate, lift, picture, widgets.HTML(caption)]))
