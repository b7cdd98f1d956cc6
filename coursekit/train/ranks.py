"""Data-parallel training, simulated in one process: every rank is a copy of the model.

    ranks = copy_to_ranks(model, 8)
    for index in epoch_batches(N, 1024, generator=g):
        parallel_step(ranks, optimizers, loss_fn, data, split_to_ranks(index, 8))

Real frameworks average the ranks' local MEAN gradients. That is the large batch's gradient only
under conditions that nobody checks for you; here they are checked.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.gradients.batches import Batch, Loss, num_examples, select_examples, trainable_params
from coursekit.gradients.counts import Count, checked_count
from coursekit.train.accumulation import accumulate, clip


@dataclass(frozen=True)
class ParallelStep:
    """What one step over all ranks gave.

    Attributes:
        loss: Mean loss over everything counted on all ranks, before the update.
        count: Examples or tokens on all ranks together.
        grad_norm: Norm of the averaged gradient before clipping.
        local_norms: Norm of each rank's own mean gradient. They are longer than `grad_norm`,
            since a rank's smaller batch is noisier.
    """

    loss: float
    count: float
    grad_norm: float
    local_norms: tuple[float, ...]


def copy_to_ranks(model: nn.Module, num_ranks: int) -> list[nn.Module]:
    """Return the model and `num_ranks` - 1 exact copies: the broadcast at the start.

    Raises:
        ValueError: If there is no rank.
    """
    if num_ranks < 1:
        raise ValueError(f"num_ranks must be >= 1, got {num_ranks}")
    return [model, *(copy.deepcopy(model) for _ in range(num_ranks - 1))]


def split_to_ranks(index: Tensor, num_ranks: int) -> list[Tensor]:
    """Cut one large batch's example indices into equal shards, a rank each.

    Raises:
        ValueError: If the batch does not divide evenly.
    """
    if num_ranks < 1 or len(index) % num_ranks:
        raise ValueError(
            f"{len(index)} examples do not split evenly over {num_ranks} ranks; "
            f"choose a batch size that is a multiple of the number of ranks"
        )
    return list(index.chunk(num_ranks))


def parallel_step(
    ranks: Sequence[nn.Module],
    optimizers: Sequence[torch.optim.Optimizer],
    loss_fn: Loss,
    data: Batch,
    shards: Sequence[Tensor],
    *,
    count: Count = num_examples,
    micro_batch_size: int | None = None,
    weighted: bool = False,
    max_norm: float | None = None,
    allow_batch_norm: bool = False,
) -> ParallelStep:
    """Update all ranks by the average of their local mean gradients.

        g = (1/R) sum_r g_r                     as frameworks do; needs equal counts n_r
        g = (1/R) sum_r (R n_r / n) g_r         weighted=True: exact for unequal counts too

    With n_r = m for all ranks this is the gradient of one batch of R m examples, and R workers
    with m examples each train the same model as one worker with R m, up to rounding.

    Args:
        ranks: R copies with equal weights, see `copy_to_ranks`.
        optimizers: One a rank, with equal settings.
        loss_fn: As in `accumulate`.
        data: The training set as one batch, such as (inputs, targets).
        shards: Example indices of each rank.
        count: As in `accumulate`.
        micro_batch_size: Examples per backward pass on a rank.
        weighted: Weight the ranks by what they count instead of refusing unequal counts.
        max_norm: Clips the averaged gradient, once.
        allow_batch_norm: Accept BatchNorm. Every rank then normalises by its own shard: the ranks
            together compute ghost BatchNorm, not the large batch's gradient.

    Returns:
        Loss and norms. The gradients are cleared.

    Raises:
        ValueError: If the ranks differ in weights before or after, a shard is empty, shards
            overlap, or counts differ without `weighted`.
    """
    if not len(ranks) == len(optimizers) == len(shards) or not ranks:
        raise ValueError(
            f"need one optimizer and one shard for each rank, got {len(ranks)} ranks, "
            f"{len(optimizers)} optimizers and {len(shards)} shards"
        )
    refuse_overlap(shards)
    refuse_drift(ranks, "before the step; start from copy_to_ranks(model, num_ranks)")
    batches = [select_examples(data, shard) for shard in shards]
    counts = [checked_count(count, batch) for batch in batches]
    if not weighted and len(set(counts)) > 1:
        raise ValueError(
            f"ranks count {counts}: an equal average of their means is not the mean over all; "
            f"make the counts equal or pass weighted=True"
        )
    total, weights = math.fsum(counts), [len(ranks) * n for n in counts]
    parts = []
    for model, batch, weight in zip(ranks, batches, weights, strict=True):
        if weight == 0:
            raise ValueError(f"a rank counts 0, so its mean is 0/0; counts are {counts}")
        parts.append(
            accumulate(
                model,
                loss_fn,
                batch,
                micro_batch_size=micro_batch_size,
                count=count,
                allow_batch_norm=allow_batch_norm,
            )
        )
    average_gradients(ranks, [w / total for w in weights])
    norm = math.nan
    for model, optimizer in zip(ranks, optimizers, strict=True):
        grads = [p.grad for p in trainable_params(model).values() if p.grad is not None]
        norm = clip(grads, max_norm)
        optimizer.step()
        optimizer.zero_grad()
    refuse_drift(ranks, "after the step; give every rank's optimizer the same settings and state")
    loss = math.fsum(part.loss * part.count for part in parts) / total
    return ParallelStep(loss, total, norm, tuple(part.grad_norm for part in parts))


@torch.no_grad()
def average_gradients(ranks: Sequence[nn.Module], weights: Sequence[float]) -> None:
    """Replace every rank's `.grad` by the weighted average over ranks: the all-reduce.

        g <- (1/R) sum_r w_r g_r

    A parameter that the loss of no rank used keeps `.grad` None.
    """
    for params in zip(*(trainable_params(m).values() for m in ranks), strict=True):
        pairs = [(w, p.grad) for w, p in zip(weights, params, strict=True) if p.grad is not None]
        if not pairs:
            continue
        mean = torch.stack([w * grad for w, grad in pairs]).sum(dim=0) / len(ranks)
        for param in params:
            param.grad = mean.clone()


def refuse_overlap(shards: Sequence[Tensor]) -> None:
    """Raise ValueError if a shard is empty or an example is on two ranks."""
    if any(len(shard) == 0 for shard in shards):
        raise ValueError(f"every rank needs examples, got shards of {[len(s) for s in shards]}")
    together = torch.cat([shard.unique() for shard in shards])
    examples, times = together.unique(return_counts=True)
    if (times > 1).any():
        raise ValueError(
            f"example {examples[times > 1][0].item()} is on {times.max().item()} ranks: it would "
            f"count more than once; cut ONE shuffled batch with split_to_ranks"
        )


def refuse_drift(ranks: Sequence[nn.Module], when: str) -> None:
    """Raise ValueError if a rank's weights differ, by even one bit, from those of the first."""
    for rank, model in enumerate(ranks[1:], start=1):
        for (name, first), other in zip(
            ranks[0].named_parameters(), model.parameters(), strict=True
        ):
            if not torch.equal(first, other) and not (first.isnan() & other.isnan()).any():
                raise ValueError(f"rank {rank} differs from rank 0 in {name} {when}")
