"""The loss at weights other than the model's own, which get theirs back afterwards."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from coursekit.curvature._preserve import preserved, write_params
from coursekit.gradients._rows import flat_gradient, flatten
from coursekit.gradients.batches import Batch, Data, Loss
from coursekit.gradients.objective import Objective, opened


class Landscape:
    """The mean loss over the data as a function of a shift of all measured weights."""

    def __init__(self, objective: Objective) -> None:
        self.params = list(objective.weights.values())
        self._objective = objective
        self.centre = flatten([p.detach() for p in self.params]).clone()  # the weights themselves
        self.cost = 0.0  # gradients over the data so far; a loss alone counts 1/3
        self._count = 1.0  # examples, once a loss was taken

    def rounding(self, loss: float) -> float:
        """Return about how far rounding moves a mean loss of this size.

        Each example's loss is rounded as what it is computed with, the mean as a float32 or
        float64; the weights themselves are, too, which the first of the two holds.
        """
        mean_eps = torch.finfo(torch.promote_types(self._objective.dtype, torch.float32)).eps
        return abs(loss) * max(mean_eps, self._objective.eps / math.sqrt(self._count))

    def loss(self, shift: Tensor | None = None) -> float:
        """Return the mean loss at the weights plus `shift`."""
        self._move(shift)
        total, count = 0.0, 0.0
        with torch.no_grad():
            for weight, loss in self._objective.each(self._loss_of):
                total += loss.item() * weight
                count += weight
        self.cost += 1 / 3
        self._count = count
        return total / count

    def loss_and_gradient(self, shift: Tensor | None = None) -> tuple[float, Tensor]:
        """Return the mean loss and its gradient at the weights plus `shift`."""
        self._move(shift)
        total, count = 0.0, 0.0
        gradient = torch.zeros_like(self.centre)
        for weight, (loss, found) in self._objective.each(self._loss_and_gradient_of):
            gradient.add_(found, alpha=weight)
            total += loss * weight
            count += weight
        self.cost += 1
        return total / count, gradient / count

    def _loss_of(self, batch: Batch) -> Tensor:
        return self._objective.loss(self._objective.model, batch)

    def _loss_and_gradient_of(self, batch: Batch) -> tuple[float, Tensor]:
        with torch.enable_grad():
            loss = self._loss_of(batch)
            return loss.item(), flat_gradient(loss, self.params)

    def _move(self, shift: Tensor | None) -> None:
        write_params(self.params, self.centre if shift is None else self.centre + shift)


@contextmanager
def landscape(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    chunk_size: int | None = None,
) -> Iterator[Landscape]:
    """Walk the loss landscape around a model; on leaving, the model is as it was (`preserved`).

    Args:
        model: An Objective, or a model in the mode to measure in.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss.
        data: A batch or an iterable of batches.
        chunk_size: Examples per pass at most; None: the batches as they come.

    Yields:
        A Landscape, whose shifts have shape (num_params,).

    Raises:
        ValueError: If the loss is not a finite, deterministic mean over examples, a BatchNorm
            uses batch statistics, dropout is on, or no parameter requires a gradient.
    """
    with (
        opened(model, loss_fn, data, chunk_size=chunk_size) as objective,
        preserved(objective.model),
    ):
        objective.refuse_changing_data(ordered=False)
        yield Landscape(objective)


def climb(land: Landscape, furthest: Callable[[Tensor], Tensor], num_steps: int) -> list[float]:
    """Go num_steps times to the shift that `furthest` picks for the last gradient.

    With `furthest` the point of a convex set that lies furthest along the gradient, this never
    goes down where the loss is convex (the loss lies above its tangent).

    Returns:
        The losses at all points, the centre first; num_steps gradients and one loss are spent.
    """
    shift, losses = None, []
    for _ in range(num_steps):
        loss, gradient = land.loss_and_gradient(shift)
        losses.append(loss)
        shift = furthest(gradient)
    return [*losses, land.loss(shift)]


def max_or_nan(losses: list[float]) -> float:
    """Return the largest loss; nan if one of them is nan."""
    return torch.tensor(losses, dtype=torch.float64, device="cpu").max().item()
