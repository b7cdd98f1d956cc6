"""Small convolutional nets for images and series, with or without normalisation."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from coursekit.models.ghost_batch_norm import GhostBatchNorm

NORMS = ("none", "batch", "ghost", "group")
IMAGE, SERIES = (1, 8, 8), (1, 40)  # what one example of "digits" and of "mnist1d" is


def convnet(
    shape: Sequence[int],
    *,
    generator: torch.Generator,
    channels: Sequence[int] = (16, 32),
    num_classes: int = 10,
    norm: str = "none",
    ghost_size: int | None = None,
    init_scale: float = 1.0,
) -> nn.Sequential:
    """Build a convnet with He initialisation: per layer 3-wide filters, norm, ReLU, halving.

        W ~ N(0, gain^2 / fan_in),  fan_in = channels in * filter size;  gain = sqrt(2), output 1

    Every layer but the last keeps every second position (stride 2); after the last, positions are
    averaged, and a linear layer reads the classes off.

    Args:
        shape: Of one example: `IMAGE` (1, 8, 8) for digits, `SERIES` (1, 40) for MNIST-1D,
            (3, 32, 32) for CIFAR-10. Inputs may come flattened, as `coursekit.data.load` gives
            the first two.
        generator: Source of the weights, drawn on the CPU.
        channels: Filters of each layer.
        num_classes: Outputs.
        norm: "none"; "batch" (BatchNorm over the batch); "ghost" (over parts of it); "group"
            (GroupNorm over half of the channels of each example, which mixes no examples).
        ghost_size: Examples in a part; for "ghost" alone.
        init_scale: Factor on every weight. Without a norm it scales the function as well.

    Raises:
        ValueError: For another norm, an impossible shape, or a ghost_size that is missing or
            has no use.
    """
    if norm not in NORMS:
        raise ValueError(f"norm must be one of {', '.join(NORMS)}, got {norm!r}")
    if (norm == "ghost") != (ghost_size is not None):
        raise ValueError(f"ghost_size goes with norm='ghost', got {ghost_size} with {norm!r}")
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(
            f"shape must be (channels, length) or (channels, height, width), got {tuple(shape)}"
        )
    if not channels:
        raise ValueError("channels needs at least one layer")
    flat = len(shape) == 2
    layers: list[nn.Module] = [Reshape(shape)]
    width = shape[0]
    for depth, filters in enumerate(channels):
        stride = 1 if depth == len(channels) - 1 else 2
        make = nn.Conv1d if flat else nn.Conv2d
        layer = nn.utils.skip_init(make, width, filters, 3, stride=stride, padding=1)
        layers += [draw(layer, init_scale * math.sqrt(2.0), generator)]
        with torch.device("cpu"):  # where skip_init puts the others
            layers += [*norm_layer(norm, filters, ghost_size, flat), nn.ReLU()]
        width = filters
    layers += [nn.AdaptiveAvgPool1d(1) if flat else nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    output = nn.utils.skip_init(nn.Linear, width, num_classes)
    return nn.Sequential(*layers, draw(output, init_scale, generator))


class Reshape(nn.Module):
    """Gives every example a shape, whether it came flattened or not."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x as (B, *shape)."""
        return x.reshape(len(x), *self.shape)


def norm_layer(
    norm: str, filters: int, ghost_size: int | None, flat: bool
) -> tuple[nn.Module, ...]:
    """Return the layer that a norm's name stands for, or nothing."""
    if norm == "batch":
        return (nn.BatchNorm1d(filters) if flat else nn.BatchNorm2d(filters),)
    if norm == "ghost" and ghost_size is not None:
        return (GhostBatchNorm(filters, ghost_size),)
    if norm == "group":
        if filters % 2:
            raise ValueError(f"norm='group' needs an even number of channels, got {filters}")
        return (nn.GroupNorm(2, filters),)
    return ()


@torch.no_grad()
def draw(
    layer: nn.Conv1d | nn.Conv2d | nn.Linear, gain: float, generator: torch.Generator
) -> nn.Module:
    """Draw a layer's weights: N(0, gain^2 / fan_in), biases 0."""
    fan_in = layer.weight[0].numel()
    layer.weight.normal_(std=gain / math.sqrt(fan_in), generator=generator)
    if layer.bias is not None:
        layer.bias.zero_()
    return layer
