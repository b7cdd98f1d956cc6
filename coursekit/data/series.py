"""Series of 40 points like those of MNIST-1D, as many as asked for: data for one pass."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from coursekit.data.splits import Dataset, from_splits

# ten shapes of twelve points, from the package mnist1d (Apache 2.0), arXiv:2011.14439
SHAPES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
LONG, SHORT, LEAST, MOST = 72, 40, 36, 60  # points before and after; zeros behind a shape
BLOCK = 20_000  # series made at a time


def fresh_series(num_train: int, *, generator: torch.Generator, num_other: int = 4000) -> Dataset:
    """Draw a data set of series like MNIST-1D's, no two alike, each class equally likely.

    A shape is stretched, scaled and moved along the line; its surroundings get smooth noise, all
    of it white noise and a slope; then 40 points are read off. That is the recipe of MNIST-1D with
    its constants, so a network that has learned one set does as well on the other.

    Args:
        num_train: Training examples, about 10 microseconds each.
        generator: Source of all that is random; a CPU generator.
        num_other: Examples in the validation split, and in the test split.

    Returns:
        The splits, standardised by the first 4,000 training examples (or all, if fewer).

    Raises:
        ValueError: If a number of examples is below 1.

    Source: Greydanus & Kobak 2020, arXiv:2011.14439.
    """
    if num_train < 1 or num_other < 1:
        raise ValueError(f"need num_train and num_other >= 1, got {num_train} and {num_other}")
    parts = [draw_series(count, generator) for count in (num_train, num_other, num_other)]
    start = parts[0][0][:4000]
    centre = start.mean(dim=0)
    scale = (start - centre).std()
    return from_splits("fresh series", [t for x, y in parts for t in ((x - centre) / scale, y)])


def draw_series(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw series (count, 40) as they come, and their classes (count,)."""
    blocks = [
        series_block(min(BLOCK, count - start), generator) for start in range(0, count, BLOCK)
    ]
    return torch.cat([x for x, _ in blocks]), torch.cat([y for _, y in blocks])


def series_block(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw one block."""

    def uniform() -> Tensor:
        return torch.rand(count, 1, generator=generator)

    shapes = torch.tensor(SHAPES)
    shapes = shapes - shapes.mean(dim=1, keepdim=True)
    shapes = shapes / shapes.std(dim=1, correction=0, keepdim=True)
    shapes = (shapes - shapes[:, :1]) / 6 + 1e-8  # a shape is nowhere exactly 0, the rest is
    shapes = torch.nn.functional.pad(shapes, (0, MOST))
    targets = torch.randint(len(SHAPES), (count,), generator=generator)
    zeros = torch.randint(LEAST, MOST + 1, (count, 1), generator=generator)
    at = torch.linspace(0, 1, LONG) * (shapes.shape[1] - 1 - MOST + zeros)
    x = between(shapes[targets], at) * (1 + 0.4 * (uniform() - 0.5))
    moved = torch.arange(LONG) - torch.randint(48, (count, 1), generator=generator)
    x = x.gather(1, moved % LONG)
    smooth = torch.from_numpy(gaussian_filter1d(np.eye(LONG), 2, axis=0)).float()
    around = 0.25 * torch.randn(count, LONG, generator=generator) @ smooth.T
    x = torch.where(x != 0, x, around) + 0.02 * torch.randn(count, LONG, generator=generator)
    x = x - 0.75 * (uniform() - 0.5) * torch.linspace(-0.5, 0.5, LONG)
    return between(x, torch.linspace(0, LONG - 1, SHORT).expand(count, SHORT)), targets


def between(x: Tensor, at: Tensor) -> Tensor:
    """Read rows of x at places that need not be whole, along straight lines."""
    low = at.floor().long().clamp(max=x.shape[1] - 2)
    share = at - low
    return (1 - share) * x.gather(1, low) + share * x.gather(1, low + 1)
