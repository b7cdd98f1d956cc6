"""Pictures of the loss: slices through the weights along random, normalised directions."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.curvature.landscape import landscape
from coursekit.gradients.batches import Data, Loss
from coursekit.gradients.objective import Objective

NORMALIZE = ("filter", "layer", "none")


@dataclass(frozen=True)
class LossSlice:
    """The loss on a line or a plane through the weights."""

    steps: Tensor  # (num_points,): multiples of each direction
    value: Tensor  # (num_points,) or (num_points, num_points): mean loss
    directions: Tensor  # (num_directions, num_params)
    cost: float  # gradients over the data (a loss alone counts 1/3)


def loss_slice(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    num_directions: int = 1,
    span: float = 1.0,
    num_points: int = 21,
    normalize: str = "filter",
    chunk_size: int | None = None,
    rng: torch.Generator | None = None,
) -> LossSlice:
    """Evaluate the loss on a line or plane through the weights along random directions.

        L(w + s d),   each filter of d scaled to the norm of the same filter of w

    Without this normalisation a net with small weights looks sharp and the same net rescaled
    (`dinh_rescale`) looks flat. A filter is one row of a weight: what feeds one output unit or
    channel. Biases and normalisation factors (parameters with one dimension) are not moved, as in
    the paper.

    Args:
        model: An Objective, or a model in the mode to measure in; it is not changed.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss.
        data: A batch or an iterable of batches.
        num_directions: 1 for a line, 2 for a plane.
        span: The slice runs from -span to span; 1 moves each filter by its own length.
        num_points: Points along each direction; an odd number includes the weights themselves.
        normalize: "filter", "layer" (whole weight tensors), or "none" (a direction drawn with unit
            variance per weight, all parameters moved).
        chunk_size: Examples per pass at most.
        rng: Source of the directions; None: a new generator seeded 0.

    Returns:
        Losses on the grid. Two random directions out of thousands show little: a minimum that
        looks round may have a steep direction that neither meets.

    Raises:
        ValueError: As for `landscape`, or for impossible settings.

    Source: Li et al. 2018, arXiv:1712.09913, Sec. 4.
    """
    if num_directions not in (1, 2):
        raise ValueError(f"num_directions must be 1 or 2, got {num_directions}")
    if not span > 0 or num_points < 2:
        raise ValueError(f"need span > 0 and num_points >= 2, got {span} and {num_points}")
    if normalize not in NORMALIZE:
        raise ValueError(f"normalize must be one of {', '.join(NORMALIZE)}, got {normalize!r}")
    rng = torch.Generator().manual_seed(0) if rng is None else rng
    with landscape(model, loss_fn, data, chunk_size=chunk_size) as land:
        directions = torch.stack(
            [random_direction(land.params, normalize, rng) for _ in range(num_directions)]
        )
        steps = torch.linspace(-span, span, num_points, dtype=torch.float64, device="cpu")
        grids = torch.meshgrid(*[steps] * num_directions, indexing="ij")
        points = torch.stack([g.reshape(-1) for g in grids], dim=1)
        losses = [land.loss(point.to(directions) @ directions) for point in points]
        value = torch.tensor(losses, dtype=torch.float64, device="cpu").view(grids[0].shape)
        return LossSlice(steps, value, directions, land.cost)


def random_direction(params: list[nn.Parameter], normalize: str, rng: torch.Generator) -> Tensor:
    """Draw a direction in weight space, normalised as `loss_slice` says; shape (num_params,)."""
    pieces = []
    for param in params:
        noise = torch.randn(param.shape, generator=rng, device=rng.device, dtype=param.dtype)
        noise = noise.to(param.device)
        weights = param.detach()
        if normalize != "none" and param.dim() < 2:
            noise = torch.zeros_like(noise)
        elif normalize != "none":
            rows = (len(param), -1) if normalize == "filter" else (1, -1)
            lengths = weights.reshape(rows).norm(dim=1, keepdim=True)
            drawn = noise.reshape(rows)
            noise = drawn * (lengths / drawn.norm(dim=1, keepdim=True))
        pieces.append(noise.reshape(-1))
    return torch.cat(pieces)
