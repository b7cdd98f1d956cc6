"""Gradients as vectors: of a batch, and of each of its examples as rows."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from coursekit.gradients._memory import is_out_of_memory
from coursekit.gradients._still import unconverted
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    batch_tensors,
    cut_batch,
    map_tensors,
    num_examples,
)
from coursekit.gradients.objective import Objective


class LossModule(nn.Module):
    """The loss of a batch as a module's output, so that torch.func can swap the weights."""

    def __init__(self, model: nn.Module, loss: BatchLoss) -> None:
        super().__init__()
        self.model = model
        self.loss = loss

    def forward(self, batch: Batch) -> Tensor:
        """Return the mean loss of the batch."""
        return self.loss(self.model, batch)


def flatten(tensors: list[Tensor]) -> Tensor:
    """Join tensors into one vector, in the order of `trainable_params`."""
    return torch.cat([t.reshape(-1) for t in tensors])


def flat_gradient(loss: Tensor, params: list[nn.Parameter]) -> Tensor:
    """Return the gradient of a loss as one vector; zeros for parameters it does not use."""
    grads = torch.autograd.grad(loss, params, allow_unused=True)
    dense = [
        torch.zeros_like(p) if g is None else g.to_dense() if g.is_sparse else g
        for g, p in zip(grads, params, strict=True)
    ]
    return flatten(dense).detach()


class OneBatch:
    """A batch that is data: whatever its form, it is one batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __iter__(self) -> Iterator[Batch]:
        return iter([self._batch])


def rows_of(objective: Objective) -> Callable[[Batch], Tensor]:
    """Return a function that gives the gradients of a chunk's examples as rows.

    By vmap; where the model can't be batched so (recurrent nets, masks computed from data, moving
    buffers), by one backward pass per example.
    """
    names = {id(p): f"model.{name}" for name, p in objective.model.named_parameters()}
    values = {names[id(p)]: p.detach() for p in objective.weights.values()}
    params = list(objective.weights.values())
    of_batch = LossModule(objective.model, objective.loss)

    def by_vmap(batch: Batch) -> Tensor:
        total = num_examples(batch)
        tensors = batch_tensors(batch)
        cut = [t.dim() > 0 and len(t) == total for t in tensors]

        def loss_of_one(weights: dict[str, Tensor], given: list[Tensor]) -> Tensor:
            left = iter(zip(given, cut, strict=True))

            def restore(_: Tensor) -> Tensor:
                tensor, has_rows = next(left)
                return tensor.unsqueeze(0) if has_rows else tensor

            example = map_tensors(restore, batch)
            return functional_call(of_batch, weights, (example,)).reshape(())

        dims = [0 if rows else None for rows in cut]
        gradients_of = vmap(grad(loss_of_one), in_dims=(None, dims))
        # the fused attention kernels cannot be batched
        with sdpa_kernel(SDPBackend.MATH), unconverted(objective.model):
            grads = gradients_of(values, tensors)
        return torch.cat([g.unsqueeze(1).flatten(1) for g in grads.values()], dim=1)

    def by_loop(batch: Batch) -> Tensor:
        rows = []
        for example in cut_batch(batch, 1):
            with torch.enable_grad():
                rows.append(flat_gradient(objective.loss(objective.model, example), params))
        return torch.stack(rows)

    chosen = [by_vmap]

    def rows(batch: Batch) -> Tensor:
        try:
            return chosen[0](batch)
        except (RuntimeError, ValueError) as error:  # the loss names its own failures
            if is_out_of_memory(error) or chosen[0] is by_loop:
                raise
            chosen[0] = by_loop
            return by_loop(batch)

    return rows
