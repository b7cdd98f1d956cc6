"""What a loss function gives as one number, and with its gradient."""

from typing import Any

import torch
from torch import Tensor, nn

from coursekit.gradients._graph import refuse_reentrant_checkpoint
from coursekit.gradients.batches import Batch, Loss, as_batch_loss, trainable_params


def scalar_loss(value: Any) -> Tensor:
    """Return what a loss function gave as one number; the `.loss` of a model's output counts.

    Raises:
        ValueError: If it is None, no tensor, has several entries or does not depend on weights.
    """
    inner = getattr(value, "loss", None)
    if not isinstance(value, Tensor) and isinstance(inner, Tensor):
        value = inner
    if not isinstance(value, Tensor):
        raise ValueError(
            f"the loss function returned {'None' if value is None else type(value).__name__}; it "
            f"must return the mean loss of the batch, a tensor with one number"
        )
    if value.numel() != 1:
        raise ValueError(
            f"the loss must be one number, the mean over the batch, got shape "
            f"{tuple(value.shape)}; use reduction='mean'"
        )
    if value.is_complex():
        raise ValueError("the loss is complex; return a real number, such as loss.abs() or .real")
    return value


class LossAndGradient:
    """The loss of a batch and its gradient, a tensor for each parameter."""

    def __init__(self, model: nn.Module, loss_fn: Loss) -> None:
        self.params = list(trainable_params(model).values())
        self.num_params = sum(p.numel() for p in self.params)
        self.model, self.loss = model, as_batch_loss(loss_fn)

    def __call__(self, batch: Batch) -> tuple[float, list[Tensor]]:
        with torch.enable_grad():
            loss = scalar_loss(self.loss(self.model, batch))
            if not torch.isfinite(loss).all():
                raise ValueError(
                    f"the loss of some examples is {loss.item()}: nothing to measure; look for nan "
                    f"or inf in the data, and for examples without a target (all ignored, or "
                    f"padding alone), whose mean is 0/0: leave those out"
                )
            if not loss.requires_grad:
                raise ValueError(
                    "the loss does not depend on the trainable parameters: it was detached, or "
                    "computed under no_grad"
                )
            refuse_reentrant_checkpoint(loss)
            grads = torch.autograd.grad(loss, self.params, allow_unused=True)
        dense = [
            torch.zeros_like(p) if g is None else g.to_dense() if g.is_sparse else g
            for g, p in zip(grads, self.params, strict=True)
        ]
        return loss.item(), dense


def joint_norm(tensors: list[Tensor]) -> float:
    """Return the joint norm of some tensors, summed in float64."""
    norms = [torch.linalg.vector_norm(t, dtype=torch.float64) for t in tensors]
    return torch.stack(norms).norm().item()
