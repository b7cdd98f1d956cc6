"""Gradient accumulation that equals the large batch, whatever the sizes of its micro-batches."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.gradients.batches import (
    Batch,
    Data,
    Loss,
    as_batch_loss,
    is_one_batch,
    iter_batches,
    num_examples,
    slice_batch,
    trainable_params,
)
from coursekit.gradients.checks import refuse_batch_norm
from coursekit.gradients.counts import Count, checked_count
from coursekit.gradients.counts import target_count as target_count
from coursekit.train.workers import workers_of


@dataclass(frozen=True)
class Accumulated:
    """What one accumulated batch gave, beside the gradient in `.grad`.

    Attributes:
        loss: Mean loss over everything counted, before any update.
        count: Examples or tokens that the mean is over.
        grad_norm: Norm of the whole gradient BEFORE clipping; inf or nan if it is not finite.
        num_micro: Backward passes. Micro-batches that count 0 need none.
    """

    loss: float
    count: float
    grad_norm: float
    num_micro: int


def accumulate(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    micro_batch_size: int | None = None,
    count: Count = num_examples,
    max_norm: float | None = None,
    allow_batch_norm: bool = False,
) -> Accumulated:
    """Leave the gradient of one large batch's mean loss in `.grad`, a micro-batch at a time.

        grad L = sum_k (n_k / n) grad l_k,    n = sum_k n_k;   clip after the sum, not inside it

    l_k is the mean loss of micro-batch k over n_k examples (or tokens). Dividing every loss by the
    number of micro-batches K instead is the same only if all n_k are equal.

    A model in DistributedDataParallel is right too: k runs over the micro-batches of all workers,
    and n is counted over all of them, since the average of the workers' own means is not the mean
    over all. They average once, in each worker's last backward pass; every worker must call.

    Args:
        model: In train mode or not; its weights do not change.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: The large batch: its tensors, or a list of micro-batches of any sizes.
        micro_batch_size: b, examples per backward pass at most; None: as they come.
        count: What the loss of a batch is the mean over: `num_examples`, or `target_count` for
            tokens with padding. `check_count` tells whether it fits the loss.
        max_norm: Largest norm of the whole gradient; a longer one is scaled down to it. None:
            no clipping.
        allow_batch_norm: Accept BatchNorm in train mode. It then normalises every micro-batch by
            itself, and the result is NOT the large batch's gradient.

    Returns:
        Loss and norm. A gradient that is not finite is left as it is, unclipped: look at
        `grad_norm` before the optimizer steps.

    Raises:
        ValueError: If `.grad` holds leftovers, BatchNorm couples the examples, a count is
            negative, or nothing is counted at all (on any one worker).

    Assumes that examples do not influence each other's loss (no BatchNorm, no contrastive loss)
    and that random layers (dropout) may draw anew for each micro-batch. (On a CPU one dropout layer
    draws the large batch's numbers in pieces, and agrees by luck; two do not.)
    """
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm must be > 0, or None for no clipping, got {max_norm}")
    if not allow_batch_norm:
        refuse_coupling(model)
    params = trainable_params(model)
    refuse_leftovers(params)
    workers = workers_of(model)
    micro_batches = list(iter_batches(data, chunk_size=micro_batch_size))
    counts = [checked_count(count, batch) for batch in micro_batches]
    total, idle = workers.sums(math.fsum(counts), float(not any(counts)))
    if idle:
        raise ValueError(
            f"nothing to average: all {len(counts)} micro-batches count 0"
            + (f" on {idle:.0f} of {workers.count} workers" if workers.count > 1 else "")
            + "; leave out batches that are only padding"
        )
    # a micro-batch that counts 0 has the mean 0/0
    parts = [(b, n) for b, n in zip(micro_batches, counts, strict=True) if n]
    loss_of, losses = as_batch_loss(loss_fn), []
    for k, (batch, weight) in enumerate(parts, start=1):
        with workers.without_averaging(last=k == len(parts)):
            part = loss_of(model, batch) * (workers.count * weight / total)
            part.backward()
        losses.append(part.detach())  # reading it now would make a GPU wait
    grads = [p.grad for p in params.values() if p.grad is not None]
    norm = clip(grads, max_norm)
    (loss,) = workers.sums(math.fsum(part.item() for part in losses) / workers.count)
    return Accumulated(loss, total, norm, len(losses))


def clip(grads: Sequence[Tensor], max_norm: float | None) -> float:
    """Scale gradients down in place to a joint norm of at most `max_norm`.

        g <- g min(1, max_norm / |g|)

    Returns:
        The norm before. One that is not finite scales nothing.
    """
    norms = [torch.linalg.vector_norm(_values(g).double()).item() for g in grads]
    norm = math.hypot(*norms)
    if max_norm is not None and max_norm < norm < math.inf:
        for grad in grads:
            grad.mul_(max_norm / norm)
    return norm


def _values(grad: Tensor) -> Tensor:
    """Return the numbers of a gradient that may be sparse, each once."""
    return grad.coalesce().values() if grad.layout == torch.sparse_coo else grad


def accumulation_windows(micro_batches: Iterable[Batch], accum_steps: int) -> Iterator[list[Batch]]:
    """Group a loader's micro-batches into optimizer steps; the last group may be smaller.

    With `accumulate` an incomplete last group is a smaller batch with its own correct mean. The
    usual loop (`if (i + 1) % accum_steps == 0: step()`) leaves that group's gradient in `.grad`,
    where it leaks into the first step of the next epoch.

    Args:
        micro_batches: A DataLoader or any iterable of batches.
        accum_steps: K, micro-batches per optimizer step.

    Yields:
        Lists of up to K micro-batches.

    Raises:
        ValueError: If K < 1.
    """
    if accum_steps < 1:
        raise ValueError(f"accum_steps must be >= 1, got {accum_steps}")
    window: list[Batch] = []
    for batch in micro_batches:
        window.append(batch)
        if len(window) == accum_steps:
            yield window
            window = []
    if window:
        yield window


def check_count(model: nn.Module, loss_fn: Loss, data: Data, *, count: Count) -> None:
    """Raise ValueError unless the loss is a mean over exactly what `count` counts.

        n l(whole) = n_1 l(first part) + n_2 l(rest)

    Three forward passes over the first batch; call it once, before the loop. It finds a sum
    instead of a mean and padding that is counted as examples. It cannot see them where the parts
    agree by chance: equal losses, or as many counted tokens per example everywhere.

    Args:
        model: In the mode in which it will be trained.
        loss_fn: As in `accumulate`.
        data: As in `accumulate`; its first batch needs two examples or more.
        count: The count to be checked.
    """
    batch = data if is_one_batch(data) else next(iter(iter_batches(data)))
    size = num_examples(batch)
    if size < 2:
        raise ValueError(f"checking a count needs a batch of >= 2 examples, got {size}")
    cut = -(-size // 3)
    parts = [batch, slice_batch(batch, 0, cut), slice_batch(batch, cut, size)]
    counts = [checked_count(count, part) for part in parts]
    loss_of = as_batch_loss(loss_fn)
    with torch.no_grad():
        losses = [
            loss_of(model, part).double().item() if n else 0.0
            for part, n in zip(parts, counts, strict=True)
        ]
    whole, first, rest = (n * loss for n, loss in zip(counts, losses, strict=True))
    if math.isclose(whole, first + rest, rel_tol=1e-4):
        return
    if math.isclose(losses[0], losses[1] + losses[2], rel_tol=1e-4):
        raise ValueError("the loss is a sum over the batch; use reduction='mean'")
    raise ValueError(
        f"the loss is not a mean over what count counts: {counts[0]:g} times {losses[0]:.6g} is "
        f"not {counts[1]:g} times {losses[1]:.6g} plus {counts[2]:g} times {losses[2]:.6g}; "
        f"for tokens with padding use count=target_count"
    )


def refuse_coupling(model: nn.Module) -> None:
    """Raise ValueError if BatchNorm makes one example's loss depend on the others."""
    try:
        refuse_batch_norm(model)
    except ValueError as error:
        raise ValueError(
            f"{error}; allow_batch_norm=True accumulates all the same, but that is not the large "
            f"batch's gradient"
        ) from None


def refuse_leftovers(params: dict[str, nn.Parameter]) -> None:
    """Raise ValueError if a gradient of an earlier step would leak into this one."""
    for name, param in params.items():
        if param.grad is not None and _values(param.grad).any():
            raise ValueError(
                f"{name}.grad is not zero: it holds leftovers of an earlier batch, which would "
                f"leak into this step; call optimizer.zero_grad() first"
            )
