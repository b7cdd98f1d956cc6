"""Explorer of unit 04: the gradients of micro-batches as arrows, and what becomes of their mean."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from coursekit.explorers.mode import interactive, show_html

SIDE = 380  # pixels
MICRO, FULL = 32, 7  # examples in a full micro-batch, and how many full ones there are
LAST_SIZES = (1, 2, 4, 8, 16, 32)
LIMITS = (0.25, 0.5, 1.0, 2.0, 8.0)  # of the whole gradient's norm


def directions(per_example_grads: Tensor) -> Tensor:
    """Return two unit vectors (2, num_params): the mean gradient's, and the noisiest beside it."""
    centre = per_example_grads.mean(dim=0)
    along = centre / centre.norm()
    rest = per_example_grads - torch.outer(per_example_grads @ along, along)
    vectors = torch.linalg.eigh((rest @ rest.T).double())[1]
    across = vectors[:, -1].to(rest.dtype) @ rest
    return torch.stack([along, across / across.norm()])


def averages(grads: Tensor, last_size: int, limit: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the micro-batches' means and the averages made of them, in all parameters.

    Args:
        grads: Per-example gradients, (256 or more, num_params).
        last_size: Examples in the short last micro-batch.
        limit: Clipping norm, in units of the exact mean's norm.
    """
    used = grads[: FULL * MICRO + last_size]
    means = torch.stack([part.mean(dim=0) for part in used.split([MICRO] * FULL + [last_size])])
    exact = used.mean(dim=0)
    bound = limit * exact.norm()
    inside = means * (bound / means.norm(dim=1, keepdim=True)).clamp(max=1.0)
    return means, {
        "the large batch": exact,
        "mean of means": means.mean(dim=0),
        "clipped after": exact * min(1.0, limit),
        "clipped inside, then averaged": inside.mean(dim=0),
    }


LOOKS = {
    "the large batch": ("black", 5, ""),
    "mean of means": ("#E69F00", 3, "8 4"),
    "clipped after": ("#009E73", 5, "2 3"),
    "clipped inside, then averaged": ("#D55E00", 3, "6 3"),
}


def arrow(tip: Tensor, reach: float, colour: str, width: float, dash: str) -> str:
    """Draw an arrow from the origin, a quarter in from the left; a circle is its head."""
    x, y = SIDE / 4 + tip[0] * SIDE / reach, SIDE / 2 - tip[1] * SIDE / reach
    return (
        f'<line x1="{SIDE / 4}" y1="{SIDE / 2}" x2="{x:.1f}" y2="{y:.1f}" stroke="{colour}" '
        f'stroke-width="{width}" stroke-dasharray="{dash}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width + 1.5}" fill="{colour}"/>'
    )


def arrows_svg(grads: Tensor, plane: Tensor, last_size: int, limit: float) -> str:
    """Draw the micro-batches' gradients thin, the averages thick, with their full lengths."""
    means, made = averages(grads, last_size, limit)
    whole = made["the large batch"].norm()
    tips = (means @ plane.T / whole).cpu()
    reach = 1.15 * max(4 / 3 * tips[:, 0].max().item(), 2 * tips[:, 1].abs().max().item(), 2.0)
    thin = "".join(
        arrow(tip, reach, "#CC79A7" if i == len(tips) - 1 else "#56B4E9", 1.5, "")
        for i, tip in enumerate(tips)
    )
    thick = "".join(
        arrow((plane @ made[name] / whole).cpu(), reach, *look) for name, look in LOOKS.items()
    )
    lengths = {name: (made[name].norm() / whole).item() for name in LOOKS}
    legend = "".join(
        f'<line x1="{SIDE + 12}" x2="{SIDE + 44}" y1="{30 + 26 * i}" y2="{30 + 26 * i}" '
        f'stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dash}"/>'
        f'<text x="{SIDE + 52}" y="{35 + 26 * i}" font-size="13" fill="currentColor">{name}: '
        f"{lengths[name]:.2f}</text>"
        for i, (name, (colour, width, dash)) in enumerate(LOOKS.items())
    )
    told = ", ".join(f"{name} has length {value:.2f}" for name, value in lengths.items())
    return (
        f'<svg width="{SIDE + 280}" height="{SIDE}" viewBox="0 0 {SIDE + 280} {SIDE}" role="img" '
        f'aria-label="Last micro-batch of {last_size}, clipping at {limit:g} of the norm: {told}">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="white" stroke="#999"/>{thin}{thick}'
        f"{legend}</svg>"
    )


def micro_arrows(per_example_grads: Tensor) -> None:
    """Show seven micro-batches of 32 and a shorter last one; sliders change it and the limit.

    The right direction of the picture is the mean gradient; up is the noisiest direction beside
    it. In grading and in a plain script two fixed pictures stand in for the sliders.
    """
    grads = per_example_grads[: (FULL + 1) * MICRO]
    plane = directions(grads)
    caption = (
        "Thin blue arrows: the mean gradients of seven micro-batches of 32. Thin pink arrow: the "
        "last, shorter one. Thick arrows: what is made of them. The numbers are full lengths, as "
        "shares of the large batch's. Of all directions the picture shows two: to the right that "
        "of the mean gradient, upwards the noisiest one beside it."
    )
    if not interactive():
        pictures = arrows_svg(grads, plane, 2, 8.0) + arrows_svg(grads, plane, 32, 0.5)
        show_html(f"<div>{pictures}</div><p>{caption}</p>", f"[explorer] {caption}")
        return
    import ipywidgets as widgets
    from IPython.display import display

    last = widgets.SelectionSlider(options=LAST_SIZES, value=2, description="last size")
    limit = widgets.SelectionSlider(options=LIMITS, value=8.0, description="clip at |g| ×")
    picture = widgets.HTML(arrows_svg(grads, plane, last.value, limit.value))

    def redraw(change: Mapping[str, Any]) -> None:
        picture.value = arrows_svg(grads, plane, last.value, limit.value)

    last.observe(redraw, names="value")
    limit.observe(redraw, names="value")
    display(widgets.VBox([last, limit, picture, widgets.HTML(caption)]))
