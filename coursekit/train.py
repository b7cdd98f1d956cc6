"""The one readable training loop of the course."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from coursekit.data import Dataset, epoch_batches


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a run of plain SGD.

    Attributes:
        batch_size: B, examples per optimizer step.
        num_steps: Optimizer steps.
        lr_schedule: 0-based step -> learning rate.
    """

    batch_size: int
    num_steps: int
    lr_schedule: Callable[[int], float]


@dataclass(frozen=True)
class History:
    """What a run recorded.

    Attributes:
        losses: Mini-batch loss before each step.
        diverged_at: The step whose loss was not finite, or None. The run stops there.
    """

    losses: list[float] = field(default_factory=list)
    diverged_at: int | None = None


def train(model: nn.Module, data: Dataset, config: TrainConfig, *, rng: torch.Generator) -> History:
    """Train a classifier with SGD on the mean cross-entropy, in place.

        theta <- theta - lr(step) * gradient of the mini-batch's mean loss

    Args:
        model: Maps inputs (B, features) to logits (B, classes); changed in place.
        data: Its training split is used.
        config: Batch size, steps and learning rate.
        rng: Order of the examples; see `coursekit.data.epoch_batches`.

    Returns:
        The losses. If one is not finite the run stops there and says so in ``diverged_at``.
    """
    loss_fn = nn.CrossEntropyLoss()
    params = [p for p in model.parameters() if p.requires_grad]
    history = History()
    batches = epoch_batches(len(data.train_inputs), config.batch_size, generator=rng)
    for step, batch in zip(range(config.num_steps), batches, strict=False):
        batch = batch.to(data.train_inputs.device)
        loss = loss_fn(model(data.train_inputs[batch]), data.train_targets[batch])
        history.losses.append(loss.item())
        if not math.isfinite(history.losses[-1]):
            return History(history.losses, diverged_at=step)
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for param, grad in zip(params, grads, strict=True):
                param.sub_(config.lr_schedule(step) * grad)
    return history


@torch.no_grad()
def accuracy(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    """Return the share of examples whose largest logit is the target's, 0 to 1."""
    return (model(inputs).argmax(dim=1) == targets).double().mean().item()
