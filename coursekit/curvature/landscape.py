"""The loss at weights other than the model's own, which get theirs back afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from coursekit.curvature._preserve import preserved, write_params
from coursekit.gradients.batches import (
    Batch,
    Data,
    Loss,
    as_batch_loss,
    iter_batches,
    model_device,
    num_examples,
    trainable_params,
)
from coursekit.gradients.checks import check_mean_loss, refuse_batch_norm, refuse_dropout
from coursekit.gradients.minibatch import flatten


class Landscape:
    """The mean loss over the data as a function of a shift of all trainable weights."""

    def __init__(self, model: nn.Module, loss_fn: Loss, data: Data, chunk_size: int | None) -> None:
        self.params = list(trainable_params(model).values())
        refuse_batch_norm(model)
        refuse_dropout(model)
        self._model, self._loss = model, as_batch_loss(loss_fn)
        self._data, self._chunk_size = data, chunk_size
        self._device = model_device(model)
        check_mean_loss(model, self._loss, next(self._chunks()))
        self.centre = flatten([p.detach() for p in self.params]).clone()  # the weights themselves
        self.cost = 0.0  # gradients over the data so far; a loss alone counts 1/3

    def loss(self, shift: Tensor | None = None) -> float:
        """Return the mean loss at the weights plus `shift`."""
        self._move(shift)
        total, count = 0.0, 0
        with torch.no_grad():
            for chunk in self._chunks():
                total += self._loss(self._model, chunk).item() * num_examples(chunk)
                count += num_examples(chunk)
        self.cost += 1 / 3
        return total / count

    def loss_and_gradient(self, shift: Tensor | None = None) -> tuple[float, Tensor]:
        """Return the mean loss and its gradient at the weights plus `shift`."""
        self._move(shift)
        total, count = 0.0, 0
        gradient = torch.zeros_like(self.centre)
        with torch.enable_grad():
            for chunk in self._chunks():
                loss = self._loss(self._model, chunk)
                grads = torch.autograd.grad(loss, self.params, materialize_grads=True)
                gradient.add_(flatten(list(grads)), alpha=num_examples(chunk))
                total += loss.item() * num_examples(chunk)
                count += num_examples(chunk)
        self.cost += 1
        return total / count, gradient / count

    def _chunks(self) -> Iterator[Batch]:
        return iter_batches(self._data, chunk_size=self._chunk_size, device=self._device)

    def _move(self, shift: Tensor | None) -> None:
        write_params(self.params, self.centre if shift is None else self.centre + shift)


@contextmanager
def landscape(
    model: nn.Module, loss_fn: Loss, data: Data, *, chunk_size: int | None = None
) -> Iterator[Landscape]:
    """Walk the loss landscape around a model; on leaving, the model is as it was (`preserved`).

    Args:
        model: In the mode to measure in.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss.
        data: A batch or an iterable of batches.
        chunk_size: Examples per pass at most; None: the batches as they come.

    Yields:
        A Landscape, whose shifts have shape (num_params,).

    Raises:
        ValueError: If the loss is not a finite, deterministic mean over examples, a BatchNorm
            uses batch statistics, dropout is on, or no parameter requires a gradient.
    """
    with preserved(model):
        yield Landscape(model, loss_fn, data, chunk_size)


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
    return torch.tensor(losses, dtype=torch.float64).max().item()
