"""Gradients of examples alone: always right where the loss is a mean of independent examples.

So they decide whether it is: their sum must be the gradient of the examples together.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    num_examples,
    slice_batch,
    trainable_params,
)
from coursekit.gradients.checks import check_mean_loss

Weigh = Callable[[Batch], float]  # what the loss of a batch is the mean over: examples, tokens
COARSE = 1e-5  # types with a larger eps round too much for the finer tolerance


def tolerance(eps: float) -> float:
    """Return by how much, relatively, two ways to one squared norm may differ by rounding."""
    return 100 * eps**0.75 if eps < COARSE else 12 * eps


def gradient_of(
    model: nn.Module, loss: BatchLoss, batch: Batch, weight: float
) -> dict[str, Tensor]:
    """Return the gradient of `weight` times the loss of a batch, by an ordinary backward pass."""
    params = trainable_params(model)
    with torch.enable_grad():
        value = loss(model, batch)
    scale = torch.full_like(value, weight)
    grads = torch.autograd.grad(value, list(params.values()), scale, allow_unused=True)
    return {n: g for n, g in zip(params, grads, strict=True) if g is not None}


def squared_norm(grads: dict[str, Tensor]) -> float:
    """Return the squared norm of a gradient that is given by parameter."""
    parts = [torch.linalg.vector_norm(g, dtype=torch.float64) for g in grads.values()]
    return torch.stack(parts).square().sum().item() if parts else 0.0


@dataclass
class AddedUp:
    """The sum of gradients of examples alone."""

    total: dict[str, Tensor] = field(default_factory=dict)
    squares: float = 0.0  # sum of their squared norms
    count: int = 0

    def add(self, grads: dict[str, Tensor]) -> float:
        """Add one example's gradient and return its squared norm."""
        square = squared_norm(grads)
        for name, g in grads.items():
            self.total[name] = self.total[name] + g if name in self.total else g.double()
        self.squares += square
        self.count += 1
        return square

    def refuse_coupling(
        self, model: nn.Module, loss: BatchLoss, batch: Batch, weigh: Weigh, eps: float
    ) -> None:
        """Raise ValueError unless the sum is the gradient of all of them together."""
        whole = gradient_of(model, loss, batch, weigh(batch))
        off = {name: g.double() - whole.get(name, 0) for name, g in self.total.items()}
        off |= {name: g for name, g in whole.items() if name not in self.total}
        error = sum(t.square().sum().item() for t in off.values())
        if not math.isfinite(error):
            raise ValueError(
                f"the gradients of some of {self.count} examples are not finite: look for nan or "
                f"inf in the data, or for a loss that overflows"
            )
        if error <= (tolerance(eps) ** 2 + 100 * eps**2) * self.squares:
            return
        check_mean_loss(model, loss, batch, count=weigh)  # names the usual causes
        raise ValueError(
            f"the gradient of {self.count} examples together is not the sum of theirs alone (off "
            f"by {(error / max(self.squares, 1e-300)) ** 0.5:.1e} of it): batch statistics, class "
            f"weights or another count in the mean couple the examples; give a loss that is the "
            f"mean of one loss per example, or the count that it is the mean over"
        )


def check_independence(
    model: nn.Module, loss: BatchLoss, batch: Batch, weigh: Weigh, eps: float
) -> None:
    """Raise ValueError unless the gradient of a batch is the sum of its examples' alone."""
    alone = AddedUp()
    for i in range(num_examples(batch)):
        example = slice_batch(batch, i, i + 1)
        if weight := weigh(example):
            alone.add(gradient_of(model, loss, example, weight))
    alone.refuse_coupling(model, loss, batch, weigh, eps)
