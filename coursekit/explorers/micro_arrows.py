"""Explorer of unit 04: the gradients of micro-batches as arrows, and what becomes of their mean."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from coursekit.explorers.mode import interactive, show_html

SIDE = 380  # pixels
MICRO, FULL = 32, 7  # examples in a full micro-batch, and how many full ones there are
LAST_SIZES = (1, 2, 4, 8, 16, 32)
LIMITS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the whole gradient's norm


def in_plane(per_example_grads: Tensor) -> Tensor:
    """Return per-example gradients in two directions: the mean's, and the noisiest beside it.

    Returns:
        Coordinates (num_examples, 2) in units of the mean gradient's norm, which is (1, 0).
    """
    centre = per_example_grads.mean(dim=0)
    norm = centre.norm()
    along = centre / norm
    rest = per_example_grads - torch.outer(per_example_grads @ along, along)
    vectors = torch.linalg.eigh((rest @ rest.T).double())[1]
    across = (vectors[:, -1].float() @ rest).nan_to_num()
    across = across / across.norm()
    return torch.stack([per_example_grads @ along, per_example_grads @ across], dim=1) / norm


def averages(points: Tensor, last_size: int, limit: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the micro-batches' means and the averages made of them.

    Args:
        points: Examples in the plane, at least 256.
        last_size: Examples in the short last micro-batch.
        limit: Clipping norm, in units of the exact mean's norm.
    """
    used = points[: FULL * MICRO + last_size]
    means = torch.stack([part.mean(dim=0) for part in used.split([MICRO] * FULL + [last_size])])
    exact = used.mean(dim=0)
    bound = limit * exact.norm()
    inside = means * (bound / means.norm(dim=1, keepdim=True)).clamp(max=1.0)
    return means, {
        "the large batch": exact,
        "mean of means": means.mean(dim=0),
        "clipped after": exact * min(1.0, limit),
        "clipped inside": inside.mean(dim=0),
    }


LOOKS = {
    "the large batch": ("black", 5, ""),
    "mean of means": ("#E69F00", 3, "8 4"),
    "clipped after": ("#009E73", 5, "2 3"),
    "clipped inside": ("#D55E00", 3, "6 3"),
}


def arrow(tip: Tensor, reach: float, colour: str, width: float, dash: str) -> str:
    """Draw an arrow from the centre; a circle is its head."""
    x, y = (SIDE / 2 + sign * t * SIDE / 2 / reach for sign, t in ((1, tip[0]), (-1, tip[1])))
    return (
        f'<line x1="{SIDE / 2}" y1="{SIDE / 2}" x2="{x:.1f}" y2="{y:.1f}" stroke="{colour}" '
        f'stroke-width="{width}" stroke-dasharray="{dash}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width + 1.5}" fill="{colour}"/>'
    )


def arrows_svg(points: Tensor, last_size: int, limit: float) -> str:
    """Draw the micro-batches' gradients thin, the averages thick, with their lengths."""
    means, made = averages(points, last_size, limit)
    reach = 1.1 * max(2.0, means.norm(dim=1).max().item())
    thin = "".join(
        arrow(m, reach, "#CC79A7" if i == len(means) - 1 else "#56B4E9", 1, "")
        for i, m in enumerate(means)
    )
    thick = "".join(arrow(tip, reach, *LOOKS[name]) for name, tip in made.items())
    whole = made["the large batch"].norm()
    legend = "".join(
        f'<line x1="{SIDE + 12}" x2="{SIDE + 44}" y1="{30 + 26 * i}" y2="{30 + 26 * i}" '
        f'stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dash}"/>'
        f'<text x="{SIDE + 52}" y="{35 + 26 * i}" font-size="13" fill="currentColor">{name}: '
        f"length {made[name].norm() / whole:.2f}</text>"
        for i, (name, (colour, width, dash)) in enumerate(LOOKS.items())
    )
    return (
        f'<svg width="{SIDE + 250}" height="{SIDE}" viewBox="0 0 {SIDE + 250} {SIDE}" role="img" '
        f'aria-label="Last micro-batch of {last_size}, clipping at {limit:g} of the norm: '
        + ", ".join(f"{n} has length {t.norm() / whole:.2f}" for n, t in made.items())
        + f'"><rect width="{SIDE}" height="{SIDE}" fill="white" stroke="#999"/>{thin}{thick}'
        f"{legend}</svg>"
    )


def micro_arrows(per_example_grads: Tensor) -> None:
    """Show seven micro-batches of 32 and a shorter last one; sliders change it and the limit.

    The right direction of the picture is the mean gradient; up is the noisiest direction beside
    it. In grading and in a plain script two fixed pictures stand in for the sliders.
    """
    points = in_plane(per_example_grads)
    caption = (
        "Thin blue arrows: the mean gradients of seven micro-batches of 32. Thin pink arrow: the "
        "last, shorter one. Thick arrows: what is made of them. Lengths are shares of the large "
        "batch's; seen are the mean gradient's direction and the noisiest one beside it."
    )
    if not interactive():
        pictures = arrows_svg(points, 2, 4.0) + arrows_svg(points, 32, 0.5)
        show_html(f"<div>{pictures}</div><p>{caption}</p>", f"[explorer] {caption}")
        return
    import ipywidgets as widgets
    from IPython.display import display

    last = widgets.SelectionSlider(options=LAST_SIZES, value=2, description="last size")
    limit = widgets.SelectionSlider(options=LIMITS, value=4.0, description="clip at |g| ×")
    picture = widgets.HTML(arrows_svg(points, last.value, limit.value))

    def redraw(change: Mapping[str, Any]) -> None:
        picture.value = arrows_svg(points, last.value, limit.value)

    last.observe(redraw, names="value")
    limit.observe(redraw, names="value")
    display(widgets.VBox([last, limit, picture, widgets.HTML(caption)]))
