"""The noise scale of optimizers that go by signs: noise and signal in the norm dual to their step.

For SGD a step is as long as its gradient in the Euclidean norm. A sign step moves every coordinate
alike; what it gains in loss is sum_i |G_i|, the l1 norm, and what noise costs it is measured there.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.gradients.batches import Loss
from coursekit.gradients.minibatch import per_example_gradients


@dataclass(frozen=True)
class SignNoiseScale:
    """Both noise scales of one training set, with nothing estimated."""

    value: float  # (sum_i sigma_i / sum_i |G_i|)^2, examples
    euclidean: float  # sum_i sigma_i^2 / sum_i G_i^2, examples
    grad_l1: float  # sum_i |G_i|
    noise_l1: float  # sum_i sigma_i: standard deviations of one example's coordinates
    num_examples: int


def sign_noise_scale(
    model: nn.Module,
    loss_fn: Loss,
    inputs: Tensor,
    targets: Tensor,
    *,
    chunk_size: int = 512,
) -> SignNoiseScale:
    """Compute the batch at which a sign step's noise in the l1 norm equals its signal.

        E|g_B - G|_1 <= sum_i sigma_i / sqrt(B)  =  |G|_1     at    B = (sum_i sigma_i / |G|_1)^2

    The data are the population: G is their mean gradient, sigma_i^2 the mean square about it. A
    sample would not do: |g_i| of a mean that holds noise is too large on average, and coordinates
    without signal are many.

    Args:
        model: In the mode in which it is to be measured.
        loss_fn: Mean loss, `loss_fn(output, target)`.
        inputs: Shape (num_examples, ...).
        targets: Shape (num_examples, ...).
        chunk_size: Examples whose gradients are held at a time.

    Returns:
        The scale in the l1 norm, and the Euclidean one of the same gradients. By Cauchy-Schwarz
        neither bounds the other.

    Raises:
        ValueError: For fewer than two examples, a gradient of exactly 0, or what
            `per_example_gradients` refuses.

    Source: arXiv:2602.03001 (2026), for sign descent.
    """
    total = len(inputs)
    if total < 2:
        raise ValueError(f"need >= 2 examples to see any spread, got {total}")
    sums = squares = torch.zeros((), dtype=torch.float64, device=inputs.device)
    for start in range(0, total, chunk_size):
        chosen = slice(start, start + chunk_size)
        rows = per_example_gradients(model, loss_fn, inputs[chosen], targets[chosen]).double()
        sums = sums + rows.sum(dim=0)
        squares = squares + rows.square().sum(dim=0)
    mean = sums / total
    # rounding alone can make a variance negative, where all gradients agree
    variances = (squares / total - mean.square()).clamp(min=0)
    grad_l1, noise_l1 = mean.abs().sum().item(), variances.sqrt().sum().item()
    if grad_l1 == 0:
        raise ValueError("the mean gradient is exactly 0: a noise scale needs a signal")
    return SignNoiseScale(
        value=(noise_l1 / grad_l1) ** 2,
        euclidean=(variances.sum() / mean.square().sum()).item(),
        grad_l1=grad_l1,
        noise_l1=noise_l1,
        num_examples=total,
    )
