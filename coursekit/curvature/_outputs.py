"""A loss in two steps, by way of the model's output: its parts, and the slopes at the output."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.curvature._differences import best_difference
from coursekit.curvature._padding import padding_rows_held
from coursekit.curvature._preserve import preserved, write_params
from coursekit.gradients.batches import Batch, Loss, OutputLoss, batch_tensors, map_tensors
from coursekit.gradients.minibatch import flatten
from coursekit.gradients.objective import Objective

OutputOf = Callable[[nn.Module, Batch], Any]
LossOf = Callable[[Any, Batch], Tensor]


def output_and_loss(loss_fn: Loss) -> tuple[OutputOf, LossOf]:
    """Return (model, batch) -> output and (output, batch) -> loss."""
    if isinstance(loss_fn, OutputLoss):
        return loss_fn.output_of, loss_fn.loss_of
    return (lambda model, batch: model(batch[0])), (lambda output, batch: loss_fn(output, batch[1]))


def output_and_tensors(
    objective: Objective, output_of: OutputOf, batch: Batch
) -> tuple[Any, list[Tensor]]:
    """Return what the model gives for a batch, and those of its tensors that depend on weights."""
    output = output_of(objective.model, batch)
    objective.after_pass()
    tensors = [t for t in batch_tensors(output) if t.requires_grad]
    if not tensors:
        raise ValueError(
            f"the model's output, a {type(output).__name__}, holds no tensor that depends "
            f"on the trainable parameters"
        )
    return output, tensors


def slopes_at(
    loss_of: LossOf, output: Any, tensors: list[Tensor], batch: Batch
) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Return the output's tensors as leaves, and the loss's slopes there with their graph."""
    leaves = [t.detach().requires_grad_() for t in tensors]
    ids = {id(t): leaf for t, leaf in zip(tensors, leaves, strict=True)}
    loss = loss_of(map_tensors(lambda t: ids.get(id(t), t), output), batch)
    slopes = torch.autograd.grad(loss, leaves, create_graph=True, materialize_grads=True)
    return leaves, slopes


def ggn_difference_on(
    output_of: OutputOf, loss_of: LossOf, objective: Objective, batch: Batch, vector: Tensor
) -> tuple[Tensor, float, float]:
    """Return the Gauss-Newton matrix times a unit vector from first derivatives alone.

        J' (s(w + h v) - s(w - h v)) / (2 h),    s = slopes of the loss at the output

    Args:
        output_of: (model, batch) -> output.
        loss_of: (output, batch) -> mean loss.
        objective: Whose weights are moved and put back.
        batch: A few examples.
        vector: v, shape (num_params,).

    Returns:
        The product in float64, its relative error, and the step h.
    """
    params = list(objective.weights.values())

    def slopes(centre: Tensor, shift: Tensor) -> list[Tensor]:
        write_params(params, centre + shift)
        with torch.enable_grad():
            output, tensors = output_and_tensors(objective, output_of, batch)
            return [s.detach() for s in slopes_at(loss_of, output, tensors, batch)[1]]

    def product_at(step: float) -> Tensor:
        with preserved(objective.model), padding_rows_held(params):
            centre = flatten([p.detach() for p in params]).clone()
            ends = [slopes(centre, sign * step * vector) for sign in (1, -1)]
        bent = [(high - low) / (2 * step) for high, low in zip(*ends, strict=True)]
        with torch.enable_grad():
            _, tensors = output_and_tensors(objective, output_of, batch)
            pulled = torch.autograd.grad(tensors, params, bent, materialize_grads=True)
        return flatten(list(pulled)).double()

    return best_difference(objective, product_at)
