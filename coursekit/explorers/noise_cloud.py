"""Explorer of unit 01: the cloud of mini-batch gradients tightens as the batch grows."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from coursekit.explorers.mode import interactive, show_html
from coursekit.gradients.sampling import draw_batches

NUM_DOTS = 150
SIDE = 300  # pixels of a panel


def two_directions(per_example_grads: Tensor) -> tuple[Tensor, float]:
    """Project the errors of all examples on their two noisiest directions.

    Returns:
        Coordinates (num_examples, 2), and the share of tr(Sigma) that they hold.
    """
    errors = per_example_grads - per_example_grads.mean(dim=0)
    values, vectors = torch.linalg.eigh((errors @ errors.T).double())
    top = values[-2:].clamp_min(0).sqrt()
    share = (values[-2:].sum() / values.sum()).item()
    return (vectors[:, -2:] * top).float(), share


def cloud_svg(errors: Tensor, batches: Tensor, radius: float, limit: float) -> str:
    """Draw one panel: a dot for each batch's error, a cross for the full gradient, a circle."""
    dots = errors[batches].mean(dim=1)
    to_pixel = SIDE / 2 / limit
    points = "".join(
        f'<circle cx="{SIDE / 2 + x * to_pixel:.1f}" cy="{SIDE / 2 - y * to_pixel:.1f}" r="3" '
        'fill="#0072B2" fill-opacity="0.55"/>'
        for x, y in dots.tolist()
    )
    centre = SIDE / 2
    batch_size = batches.shape[1]
    return (
        f'<svg width="{SIDE}" height="{SIDE + 24}" viewBox="0 0 {SIDE} {SIDE + 24}" role="img" '
        f'aria-label="Gradients of {len(batches)} batches of {batch_size} examples around the '
        f'full gradient; typical distance {radius:.2g}">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="white" stroke="#999"/>{points}'
        f'<circle cx="{centre}" cy="{centre}" r="{radius * to_pixel:.1f}" fill="none" '
        'stroke="#D55E00" stroke-width="2" stroke-dasharray="6 4"/>'
        f'<path d="M{centre - 8} {centre}h16M{centre} {centre - 8}v16" stroke="black" '
        'stroke-width="2"/>'
        f'<text x="{centre}" y="{SIDE + 18}" text-anchor="middle" font-size="14" '
        f'fill="currentColor">B = {batch_size}</text></svg>'
    )


def noise_cloud(per_example_grads: Tensor, *, seed: int = 0) -> None:
    """Show mini-batch gradients as dots around the full gradient; a slider changes B.

    The two axes are the noisiest directions of this gradient. The circle is the theory: its radius
    is the root of E|dot|^2 = (variance of one example in these directions) / B.
    In grading and in a plain script three fixed panels stand in for the slider.
    """
    errors, share = two_directions(per_example_grads)
    variance = errors.square().sum(dim=1).mean().item()  # of one example, both directions
    limit = 1.05 * errors.abs().max().item()
    n = len(errors)

    def panel(batch_size: int) -> str:
        generator = torch.Generator().manual_seed(seed)
        batches = draw_batches(n, batch_size, NUM_DOTS, replacement=True, generator=generator)
        radius = math.sqrt(variance / batch_size)
        return cloud_svg(errors, batches, radius, limit)

    caption = (
        f"Each dot: the gradient of one batch. Cross: the full gradient. Dashed circle: the "
        f"root-mean-square distance that theory predicts. Shown are the two noisiest directions, "
        f"{100 * share:.0f} % of tr(Σ)."
    )
    if not interactive():
        panels = "".join(panel(b) for b in (1, 16, 256) if b <= n)
        show_html(f"<div>{panels}</div><p>{caption}</p>", f"[explorer] {caption}")
        return
    import ipywidgets as widgets
    from IPython.display import display

    exponents = range(int(math.log2(n)) + 1)
    slider = widgets.SelectionSlider(
        options=[(str(2**k), 2**k) for k in exponents], value=1, description="batch size"
    )
    picture = widgets.HTML(panel(1))

    def redraw(change: Mapping[str, Any]) -> None:
        picture.value = panel(change["new"])

    slider.observe(redraw, names="value")
    display(widgets.VBox([slider, picture, widgets.HTML(caption)]))
