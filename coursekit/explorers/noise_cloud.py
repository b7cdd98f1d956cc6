"""Explorer of unit 01: the cloud of mini-batch gradients tightens as the batch grows."""

import torch
from torch import Tensor

from coursekit.explorers.live import show_explorer


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


def cloud_data(per_example_grads: Tensor) -> dict[str, object]:
    """Return what web/noise_cloud.js shows: coordinates to four digits, noisiest first."""
    errors, share = two_directions(per_example_grads)
    rows = errors.flip(1).tolist()
    return {"coords": [[float(f"{v:.4g}") for v in row] for row in rows], "share": round(share, 4)}


def noise_cloud(per_example_grads: Tensor) -> None:
    """Show mini-batch gradients as dots around the full gradient; a slider changes B.

    The two axes are the noisiest directions of this gradient. The circle is the theory: its radius
    is the root of E|dot|^2 = (variance of one example in these directions) / B.
    """
    show_explorer("noise_cloud", data=cloud_data(per_example_grads))
