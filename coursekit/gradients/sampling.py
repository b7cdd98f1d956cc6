"""Draw many mini-batches at one point of parameter space and measure how far they fall."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class MeasuredVariance:
    """E|g_B - G|^2 as an average over drawn batches, in loss^2/param^2.

    Attributes:
        value: Mean squared distance of a batch's gradient from the full one.
        stderr: Standard error of ``value`` over the draws.
        num_draws: Batches drawn.
    """

    value: float
    stderr: float
    num_draws: int


def draw_batches(
    num_examples: int,
    batch_size: int,
    num_draws: int,
    *,
    replacement: bool,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Draw index batches, each independent of the others.

    Args:
        num_examples: N, size of the data set.
        batch_size: B, examples in a batch.
        num_draws: Batches to draw.
        replacement: Whether an example can come twice in one batch.
        generator: Source of the draws. One on the CPU gives every device the same, up to ties.
        device: Where the indices shall lie; without replacement they are also sorted out there,
            which is most of the work.

    Returns:
        Indices, shape (num_draws, batch_size), int64.

    Raises:
        ValueError: If B or the number of draws is below 1, or B > N without replacement.
    """
    if batch_size < 1 or num_draws < 1:
        raise ValueError(f"need batch_size and num_draws >= 1, got {batch_size} and {num_draws}")
    if replacement:
        size, here = (num_draws, batch_size), generator.device
        return torch.randint(num_examples, size, generator=generator, device=here).to(device)
    if batch_size > num_examples:
        raise ValueError(
            f"without replacement batch_size is at most the {num_examples} examples, "
            f"got {batch_size}"
        )
    keys = torch.rand(num_draws, num_examples, generator=generator, device=generator.device)
    keys = keys.to(device)
    return keys.topk(batch_size, dim=1, largest=False).indices  # cheaper than to sort them all


def draw_windows(
    num_examples: int, batch_size: int, num_draws: int, *, generator: torch.Generator
) -> Tensor:
    """Draw windows of consecutive examples: what a loader does that forgets to shuffle.

    Returns:
        Indices, shape (num_draws, batch_size); a window may run over the end to the front.

    Raises:
        ValueError: If not 1 <= B <= N.
    """
    if not 1 <= batch_size <= num_examples:
        raise ValueError(f"batch_size must lie between 1 and {num_examples}, got {batch_size}")
    starts = torch.randint(
        num_examples, (num_draws, 1), generator=generator, device=generator.device
    )
    return (starts + torch.arange(batch_size, device=starts.device)) % num_examples


def error_products(per_example_grads: Tensor) -> Tensor:
    """Return the inner products of all pairs of per-example errors.

        K_ij = <g_i - G, g_j - G>,   tr Sigma = mean of the diagonal (divisor N)

    With it, the error of any batch is a sum of numbers: no gradient is averaged again.

    Args:
        per_example_grads: Shape (num_examples, num_params).

    Returns:
        Shape (num_examples, num_examples), same dtype, loss^2/param^2.
    """
    errors = per_example_grads - per_example_grads.mean(dim=0)
    return errors @ errors.T


def measure_variance(products: Tensor, batches: Tensor) -> MeasuredVariance:
    """Measure the variance of the mini-batch gradient over drawn batches.

        |g_B - G|^2 = 1/B^2 sum_{i,j in batch} K_ij,   averaged over the draws

    Args:
        products: K of `error_products`, shape (num_examples, num_examples).
        batches: Example indices, shape (num_draws, batch_size); repeats count.

    Returns:
        The average with its standard error over draws (nan for a single draw).

    Raises:
        ValueError: If ``batches`` is not two-dimensional.

    Assumes that the draws are independent of each other; examples within a draw need not be.
    """
    if batches.dim() != 2:
        raise ValueError(f"batches must be (num_draws, batch_size), got {tuple(batches.shape)}")
    num_draws, batch_size = batches.shape
    counts = torch.zeros(num_draws, len(products), dtype=products.dtype, device=products.device)
    batches = batches.to(products.device)
    counts.scatter_add_(1, batches, torch.ones_like(batches, dtype=products.dtype))
    sq_distances = ((counts @ products) * counts).sum(dim=1).double() / batch_size**2
    stderr = sq_distances.std().item() / math.sqrt(num_draws) if num_draws > 1 else math.nan
    return MeasuredVariance(sq_distances.mean().item(), stderr, num_draws)


def variance_curve(
    products: Tensor,
    batch_sizes: Iterable[int],
    num_draws: int,
    *,
    replacement: bool,
    generator: torch.Generator,
) -> list[MeasuredVariance]:
    """Measure the variance at each batch size from fresh draws; see `measure_variance`."""
    curve = []
    for b in batch_sizes:
        batches = draw_batches(
            len(products),
            b,
            num_draws,
            replacement=replacement,
            generator=generator,
            device=products.device,
        )
        curve.append(measure_variance(products, batches))
    return curve


def draw_groups(
    num_examples: int,
    group_size: int,
    batch_size: int,
    num_draws: int,
    *,
    generator: torch.Generator,
) -> Tensor:
    """Draw batches made of whole groups: all copies of a source come together.

    Args:
        num_examples: N; group k holds examples k*c to (k+1)*c - 1.
        group_size: c, copies of each source.
        batch_size: B, a multiple of c.
        num_draws: Batches to draw. Groups are drawn with replacement.
        generator: Source of the draws.

    Returns:
        Indices, shape (num_draws, batch_size).

    Raises:
        ValueError: If c does not divide N and B.
    """
    if num_examples % group_size or batch_size % group_size:
        raise ValueError(
            f"group_size must divide num_examples and batch_size, got {group_size} for "
            f"{num_examples} and {batch_size}"
        )
    groups = torch.randint(
        num_examples // group_size,
        (num_draws, batch_size // group_size, 1),
        generator=generator,
        device=generator.device,
    )
    places = groups * group_size + torch.arange(group_size, device=groups.device)
    return places.view(num_draws, batch_size)


def group_correlation(products: Tensor, group_size: int) -> float:
    """Return rho, the correlation of two errors that share a group.

        rho = mean of K_ij over pairs i != j in one group / mean of K_ii

    Args:
        products: K of `error_products`; groups are consecutive runs of ``group_size``.
        group_size: c >= 2.

    Raises:
        ValueError: If ``group_size`` is below 2 or does not divide the number of examples.
    """
    n = len(products)
    if group_size < 2 or n % group_size:
        raise ValueError(f"group_size must be >= 2 and divide {n}, got {group_size}")
    own = products.diagonal().double().sum().item()
    blocks = products.view(n // group_size, group_size, n // group_size, group_size)
    inside = torch.einsum("kikj->", blocks).double().item()
    return (inside - own) / (group_size - 1) / own
