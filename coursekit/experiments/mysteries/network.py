"""A small network, many at once: stacked weights (runs, 1, in, out), inputs (runs, K, b, in)."""

from itertools import pairwise

import torch
from torch import Tensor

BN_MEMORY = 0.9  # what the running statistics keep at each micro-batch
BN_EPS = 1e-5
HIDDEN = 48


def fresh_weights(
    seeds: list[int], num_inputs: int, num_classes: int, init_scale: float
) -> list[Tensor]:
    """Return weights and biases of a two-layer ReLU network for each seed, He's times a factor."""
    layers: list[list[Tensor]] = [[], [], [], [], [], []]
    sizes = (num_inputs, HIDDEN, HIDDEN, num_classes)
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        for i, (wide, out) in enumerate(pairwise(sizes)):
            scale = init_scale * (2 / wide) ** 0.5
            layers[2 * i].append(scale * torch.randn(1, wide, out, generator=generator))
            layers[2 * i + 1].append(torch.zeros(1, 1, out))
    return [torch.stack(layer) for layer in layers]


def fresh_statistics(num_runs: int) -> tuple[Tensor, Tensor]:
    """Return the running mean and variance that BatchNorm begins with, (runs, 1, 1, width)."""
    return torch.zeros(num_runs, 1, 1, HIDDEN), torch.ones(num_runs, 1, 1, HIDDEN)


def outputs(
    weights: list[Tensor], inputs: Tensor, statistics: tuple[Tensor, Tensor] | None
) -> Tensor:
    """Return the logits; BatchNorm without scale and shift comes before the first ReLU.

    Args:
        weights: From `fresh_weights`, the second axis 1 or K.
        inputs: (runs, K, b, in).
        statistics: Mean and variance that BatchNorm uses; None: no BatchNorm.
    """
    w1, b1, w2, b2, w3, b3 = weights
    first = inputs @ w1 + b1
    if statistics is not None:
        first = (first - statistics[0]) / (statistics[1] + BN_EPS).sqrt()
    return (first.relu() @ w2 + b2).relu() @ w3 + b3


def batch_statistics(weights: list[Tensor], inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance over each micro-batch before the first ReLU, (runs, K, 1, width)."""
    first = inputs @ weights[0] + weights[1]
    return first.mean(dim=2, keepdim=True), first.var(dim=2, keepdim=True, correction=0)


def remember(running: tuple[Tensor, Tensor], seen: tuple[Tensor, Tensor], size: int) -> None:
    """Let the running statistics take in those of K micro-batches of some size, in their order."""
    with torch.no_grad():
        num_micro = seen[0].shape[1]
        ages = torch.arange(num_micro - 1, -1, -1.0)
        shares = ((1 - BN_MEMORY) * BN_MEMORY**ages).view(1, -1, 1, 1)
        unbiased = size / (size - 1)
        for kept, now, factor in zip(running, seen, (1.0, unbiased), strict=True):
            new = (shares * now.detach()).sum(dim=1, keepdim=True) * factor
            kept.mul_(BN_MEMORY**num_micro).add_(new)
