"""Explorer of unit 04: what is summed, divided and clipped when, and the step that comes of it."""

import torch
from torch import Tensor

from coursekit.explorers.live import show_explorer

MICRO, FULL = 32, 7  # examples in a full micro-batch, and how many full ones there are
LAST_SIZES = (1, 2, 4, 8, 16, 32)


def directions(per_example_grads: Tensor) -> Tensor:
    """Return two unit vectors (2, num_params): the mean gradient's, and the noisiest beside it."""
    centre = per_example_grads.mean(dim=0)
    along = centre / centre.norm()
    rest = per_example_grads - torch.outer(per_example_grads @ along, along)
    vectors = torch.linalg.eigh((rest @ rest.T).double())[1]
    across = vectors[:, -1].to(rest.dtype) @ rest
    return torch.stack([along, across / across.norm()])


def micro_data(per_example_grads: Tensor) -> dict[str, dict[str, list[list[float]]]]:
    """Return what web/micro_arrows.js shows, for each size of the last micro-batch.

    Everything that is drawn is a linear combination of the micro-batches' mean gradients g_k, so
    their inner products (`gram`, num_micro x num_micro) and two coordinates (`plane`) suffice. They
    are in units of the length of the gradient of all examples used.
    """
    grads = per_example_grads[: (FULL + 1) * MICRO]
    plane = directions(grads)
    found = {}
    for last in LAST_SIZES:
        used = grads[: FULL * MICRO + last]
        parts = used.split([MICRO] * FULL + [last])
        means = torch.stack([part.mean(dim=0) for part in parts]).double()
        means = means / used.double().mean(dim=0).norm()
        tables = {"gram": means @ means.T, "plane": means @ plane.double().T}
        found[str(last)] = {
            name: [[float(f"{v:.5g}") for v in row] for row in table.tolist()]
            for name, table in tables.items()
        }
    return found


def micro_arrows(per_example_grads: Tensor) -> None:
    """Show seven micro-batches of 32 and a shorter last one on their way to one step.

    Sliders change the last one, how its sum is divided, and where and how hard it is clipped. The
    right direction of the picture is the mean gradient; up is the noisiest direction beside it.
    """
    show_explorer("micro_arrows", data=micro_data(per_example_grads))
