"""Arms that differ in their noise alone: a batch size, noise put back, or what may replace it.

Equal learning rate, equal steps, equal starts. All seeds of an arm train in one stack.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from coursekit.data.splits import Dataset
from coursekit.device import one_thread
from coursekit.models.perceptrons import mlp

SIZES = (40, 64, 64, 10)
LR = 0.2
BLOCK = 64  # steps whose examples are drawn at once


@dataclass(frozen=True)
class Arm:
    """What a run does besides plain SGD at batch size B."""

    batch_size: int
    added: int | None = None  # adds the noise of a batch of this size
    weight_decay: float = 0.0
    dropout: float = 0.0


def example_weights(arm: Arm) -> Tensor:
    """Return the weight of each example in a step's gradient.

    1/B for the batch; where noise is added, +1/(b sqrt 2) and -1/(b sqrt 2) for two further
    batches of b: their difference has mean zero and the covariance of one batch of b.
    """
    weights = [torch.full((arm.batch_size,), 1 / arm.batch_size)]
    if arm.added is not None:
        one = torch.full((arm.added,), 1 / (arm.added * math.sqrt(2)))
        weights += [one, -one]
    return torch.cat(weights)


def sizes_for(data: Dataset) -> tuple[int, ...]:
    """Return the widths of the network for a data set: two hidden layers of 64."""
    return (data.num_features, *SIZES[1:-1], data.num_classes)


def stacked_weights(
    seeds: Sequence[int], device: torch.device, sizes: Sequence[int] = SIZES
) -> list[Tensor]:
    """Return weights (R, in, out) and biases (R, 1, out) of R networks, layer by layer."""
    stacks: list[list[Tensor]] = []
    for seed in seeds:
        model = mlp(sizes, generator=torch.Generator().manual_seed(seed))
        params = [p.detach() for p in model.parameters()]
        stacks.append([p.T if p.dim() == 2 else p[None] for p in params])
    return [torch.stack(same).to(device).requires_grad_() for same in zip(*stacks, strict=True)]


def flat_weights(params: Sequence[Tensor]) -> Tensor:
    """Return (R, P) in the order of ``model.parameters()``, as `mlp_with` takes them."""
    rows = [p.transpose(1, 2) if p.shape[1] > 1 else p for p in params]
    return torch.cat([p.detach().flatten(1) for p in rows], dim=1)


def logits(params: Sequence[Tensor], inputs: Tensor, keep: Sequence[Tensor] = ()) -> Tensor:
    """Return (R, B, classes) for inputs (R, B, features); ``keep`` scales the hidden units."""
    hidden = inputs
    for i in range(0, len(params), 2):
        hidden = torch.baddbmm(params[i + 1], hidden, params[i])
        if i + 2 < len(params):
            hidden = hidden.relu() * keep[i // 2] if keep else hidden.relu()
    return hidden


def steps_of(
    arm: Arm,
    params: list[Tensor],
    data: Dataset,
    seeds: Sequence[int],
    num_steps: int,
    *,
    once: bool = False,
) -> Iterator[int]:
    """Train ``params`` in place; yield the number of updates done after each."""
    device = data.train_inputs.device
    weights = example_weights(arm).to(device)
    masks = torch.Generator(device=device).manual_seed(seeds[0])
    step = 0
    for block in drawn_examples(len(data.train_inputs), len(weights), seeds, num_steps, once):
        for batch in block.to(device):
            keep = [
                (torch.rand(len(seeds), len(weights), width, generator=masks, device=device)
                 > arm.dropout) / (1 - arm.dropout)
                for width in SIZES[1:-1]
            ] if arm.dropout else []  # fmt: skip
            out = logits(params, data.train_inputs[batch], keep)
            losses = cross_entropy(
                out.flatten(0, 1), data.train_targets[batch].flatten(), reduction="none"
            )
            grads = torch.autograd.grad((losses.view(len(seeds), -1) * weights).sum(), params)
            with torch.no_grad():
                for param, grad in zip(params, grads, strict=True):
                    param.mul_(1 - LR * arm.weight_decay).sub_(LR * grad)
            step += 1
            yield step


def drawn_examples(
    num_examples: int, count: int, seeds: Sequence[int], num_steps: int, once: bool
) -> Iterator[Tensor]:
    """Yield indices (steps, seeds, count): drawn with replacement, or each used at most once.

    Raises:
        ValueError: If one pass over the examples is too short for all steps.
    """
    if once and count * num_steps > num_examples:
        raise ValueError(
            f"{num_steps} steps of {count} examples need {count * num_steps} for one pass, "
            f"there are {num_examples}"
        )
    streams = [torch.Generator().manual_seed(1000 + seed) for seed in seeds]
    orders = [torch.randperm(num_examples, generator=g) for g in streams] if once else []
    for start in range(0, num_steps, BLOCK):
        steps = min(BLOCK, num_steps - start)
        if once:
            span = slice(start * count, (start + steps) * count)
            yield torch.stack([order[span].view(steps, count) for order in orders], dim=1)
        else:
            drawn = [torch.randint(num_examples, (BLOCK, count), generator=g) for g in streams]
            yield torch.stack(drawn, dim=1)[:steps]


def train_arm(
    arm: Arm,
    data: Dataset,
    seeds: Sequence[int],
    num_steps: int,
    at: Sequence[int],
    *,
    once: bool = False,
) -> dict[int, list[Tensor]]:
    """Train one network a seed; return the weights after the steps named in ``at``.

    Args:
        arm: Batch size and what is added to it.
        data: Its training split is used.
        seeds: Each draws its own weights and examples.
        num_steps: Updates.
        at: When to keep the weights.
        once: One pass: no run meets an example twice, as where data are plentiful. Otherwise
            examples are drawn with replacement.

    Raises:
        ValueError: If there are too few examples for one pass.
    """
    params = stacked_weights(seeds, data.train_inputs.device, sizes_for(data))
    kept = {}
    with one_thread(data.train_inputs.device):
        for step in steps_of(arm, params, data, seeds, num_steps, once=once):
            if step in at:
                kept[step] = [p.detach().clone() for p in params]
    return kept


def train_arm_to_loss(
    arm: Arm,
    data: Dataset,
    seeds: Sequence[int],
    *,
    target: float,
    max_steps: int,
    check_every: int = 20,
) -> tuple[Tensor, np.ndarray]:
    """Train an arm until its training loss, without dropout or penalty, falls below a target.

    Returns:
        Weights (seeds, P) at the first look below, nan where there was none; and the steps done
        by then, -1 where there was none.
    """
    params = stacked_weights(seeds, data.train_inputs.device, sizes_for(data))
    kept = torch.full_like(flat_weights(params), torch.nan)
    steps = np.full(len(seeds), -1)
    with one_thread(data.train_inputs.device):
        for step in steps_of(arm, params, data, seeds, max_steps):
            if step % check_every == 0:
                losses = np.array(loss_of(params, data.train_inputs, data.train_targets))
                new = np.flatnonzero((losses < target) & (steps < 0))
                kept[new], steps[new] = flat_weights(params)[new], step
                if (steps >= 0).all():
                    break
    return kept, steps


@torch.no_grad()
def right_of(params: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> np.ndarray:
    """Return 100 where an example is right and 0 where it is wrong, shape (networks, examples)."""
    predicted = logits(params, inputs.expand(len(params[0]), *inputs.shape)).argmax(dim=2)
    return 100 * (predicted == targets).double().cpu().numpy()


def accuracy_of(params: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> list[float]:
    """Return accuracy in %, one a network."""
    found: list[float] = right_of(params, inputs, targets).mean(axis=1).tolist()
    return found


@torch.no_grad()
def loss_of(params: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> list[float]:
    """Return the mean cross-entropy, one a network."""
    out = logits(params, inputs.expand(len(params[0]), *inputs.shape))
    return [cross_entropy(one, targets).item() for one in out]
