"""The one readable training loop of the course."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from coursekit.data.splits import Dataset
from coursekit.train.optim import SGD, Settings, set_lr, torch_optimizer

Measure = Callable[[nn.Module, Dataset], dict[str, float]]


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one run.

    Attributes:
        batch_size: B, examples per optimizer step; or a function 0-based step -> B.
        num_steps: Optimizer steps.
        lr_schedule: 0-based step -> learning rate.
        optimizer: A name ("sgd", "momentum", "nesterov", "adam", "adamw", "lars", "lamb") or
            settings of `coursekit.train.optim`.
        micro_batch_size: b, examples per backward pass; None: the whole batch at once. The step
            is the same up to rounding, unless a layer mixes examples (BatchNorm).
        measures: Functions (model, data) -> {name: value}, see `coursekit.train.measures`.
        record_steps: When to call them: numbers of updates done, 0 (before the first) to
            ``num_steps`` (after the last).
    """

    batch_size: int | Callable[[int], int]
    num_steps: int
    lr_schedule: Callable[[int], float]
    optimizer: str | Settings = field(default_factory=SGD)
    micro_batch_size: int | None = None
    measures: Sequence[Measure] = ()
    record_steps: Sequence[int] = ()


@dataclass(frozen=True)
class History:
    """What a run recorded.

    Attributes:
        losses: Mini-batch loss before each step.
        diverged_at: The step whose loss was not finite, or None. The run stops there.
        recorded: Values of each measure, and under "step" the updates done by then.
    """

    losses: list[float] = field(default_factory=list)
    diverged_at: int | None = None
    recorded: dict[str, list[float]] = field(default_factory=dict)


def train(
    model: nn.Module,
    data: Dataset,
    config: TrainConfig,
    *,
    rng: torch.Generator,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
) -> History:
    """Train a model on the mean loss of mini-batches, in place.

        theta <- theta - lr(step) * gradient of the mini-batch's mean loss      (plain SGD)

    Args:
        model: Maps inputs (B, ...) to outputs; changed in place, and left in the mode it is in.
        data: Its training split is used.
        config: Batch size, steps, learning rate, optimizer, and what to record.
        rng: Order of the examples; see `stream_blocks`.
        loss_fn: Mean loss of (outputs, targets).

    Returns:
        The losses and records. If a loss is not finite the run stops there, before the update,
        and says so in ``diverged_at``.

    Raises:
        ValueError: For a batch size, micro-batch size or record step that cannot be.
    """
    check_config(config, len(data.train_inputs))
    optimizer = torch_optimizer(
        config.optimizer, [p for p in model.parameters() if p.requires_grad]
    )
    losses: list[float] = []
    recorded: dict[str, list[float]] = {}
    for step, batch in enumerate(batches(len(data.train_inputs), config, rng)):
        record(model, data, config, step, recorded)
        batch = batch.to(data.train_inputs.device)
        losses.append(backward(model, data, batch, config.micro_batch_size, loss_fn))
        if not math.isfinite(losses[-1]):
            return History(losses, diverged_at=step, recorded=recorded)
        set_lr(optimizer, config.lr_schedule(step))
        optimizer.step()
        torch.clear_autocast_cache()  # around the loop it would keep copies of the old weights
        optimizer.zero_grad()
    record(model, data, config, config.num_steps, recorded)
    return History(losses, recorded=recorded)


def backward(
    model: nn.Module,
    data: Dataset,
    batch: Tensor,
    micro_batch_size: int | None,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
) -> float:
    """Add the gradient of the batch's mean loss to ``.grad``; return that loss.

    A micro-batch of n of the B examples counts n / B, so a smaller last one is weighted rightly.
    """
    total = 0.0
    for micro in batch.split(micro_batch_size or len(batch)):
        loss = loss_fn(model(data.train_inputs[micro]), data.train_targets[micro])
        loss = loss * (len(micro) / len(batch))
        loss.backward()
        total += loss.item()
    return total


def batches(num_examples: int, config: TrainConfig, rng: torch.Generator) -> Iterator[Tensor]:
    """Yield the indices of each step's batch."""
    size = config.batch_size
    sizes = [size if isinstance(size, int) else size(step) for step in range(config.num_steps)]
    for block in stream_blocks(num_examples, sizes, [rng]):
        yield from block[:, 0]


def stream_blocks(
    num_examples: int, batch_sizes: Sequence[int], generators: Sequence[torch.Generator]
) -> Iterator[Tensor]:
    """Read one stream of examples per generator, in blocks of steps of equal batch size.

    A stream is one shuffle of the training set after another. A step reads the next B of it; what
    is left of a shuffle and fills no batch is dropped. For a constant B this is
    `coursekit.data.epoch_batches`: equal generators read equal streams, whatever B is.

    Args:
        num_examples: N, size of the training set.
        batch_sizes: B of each step.
        generators: One a stream.

    Yields:
        Indices, shape (steps, streams, B); a block never spans two shuffles.

    Raises:
        ValueError: If a batch size does not lie between 1 and N.
    """
    for size in set(batch_sizes):
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= num_examples:
            raise ValueError(
                f"batch_size must be an integer between 1 and the {num_examples} examples, "
                f"got {size!r}"
            )
    step = 0
    while step < len(batch_sizes):
        shuffles = [torch.randperm(num_examples, generator=g, device=g.device) for g in generators]
        orders = torch.stack(shuffles)
        left = num_examples
        while step < len(batch_sizes) and batch_sizes[step] <= left:
            size, steps = batch_sizes[step], 1
            while steps < left // size and batch_sizes[step + steps : step + steps + 1] == [size]:
                steps += 1
            taken = orders[:, num_examples - left :][:, : steps * size]
            yield taken.reshape(len(generators), steps, size).transpose(0, 1)
            left -= steps * size
            step += steps


def check_config(config: TrainConfig, num_examples: int) -> None:
    """Refuse settings that cannot be, before anything runs."""
    if config.num_steps < 1:
        raise ValueError(f"num_steps must be >= 1, got {config.num_steps}")
    if config.micro_batch_size is not None and config.micro_batch_size < 1:
        raise ValueError(f"micro_batch_size must be >= 1, got {config.micro_batch_size}")
    if isinstance(config.batch_size, int) and not 1 <= config.batch_size <= num_examples:
        raise ValueError(
            f"batch_size must lie between 1 and the {num_examples} examples, "
            f"got {config.batch_size}"
        )
    outside = [s for s in config.record_steps if not 0 <= s <= config.num_steps]
    if outside:
        raise ValueError(f"record_steps lie between 0 and {config.num_steps}, got {outside[0]}")
    if bool(config.record_steps) != bool(config.measures):
        raise ValueError("measures and record_steps go together: give both or neither")


def record(
    model: nn.Module,
    data: Dataset,
    config: TrainConfig,
    step: int,
    recorded: dict[str, list[float]],
) -> None:
    """Append every measure's values, if this is a step to record."""
    if step not in config.record_steps:
        return
    recorded.setdefault("step", []).append(step)
    for measure in config.measures:
        for name, value in measure(model, data).items():
            recorded.setdefault(name, []).append(value)


@torch.no_grad()
def accuracy(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    """Return the share of examples whose largest logit is the target's, 0 to 1."""
    return (model(inputs).argmax(dim=1) == targets).double().mean().item()
