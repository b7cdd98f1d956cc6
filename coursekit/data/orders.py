"""The order in which examples arrive: freshly shuffled epochs, and what loaders do by mistake.

Each function yields index batches without end and can stand in the place of `epoch_batches`. In the
other three the examples of a batch resemble each other, so a batch of B averages less
noise away than B independent examples would.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK = 4096  # examples of a sticky stream that are drawn at once


def epoch_batches(
    num_examples: int, batch_size: int, *, generator: torch.Generator
) -> Iterator[Tensor]:
    """Yield index batches without end: shuffle, cut into batches, shuffle again.

    One generator state gives one stream of examples, and batch size B reads that stream B at a
    time. Two runs that differ only in B therefore see the same examples in the same order:
    they are paired. The leftover of an epoch that fills no whole batch is dropped.

    Args:
        num_examples: N, size of the training set.
        batch_size: B, examples per optimizer step.
        generator: Source of the shuffles.

    Raises:
        ValueError: If not 1 <= B <= N.
    """
    if not 1 <= batch_size <= num_examples:
        raise ValueError(
            f"batch_size must lie between 1 and the {num_examples} examples, got {batch_size}"
        )
    steps_per_epoch = num_examples // batch_size
    while True:
        order = torch.randperm(num_examples, generator=generator)
        yield from order[: steps_per_epoch * batch_size].view(steps_per_epoch, batch_size)


def unshuffled_batches(
    order: Tensor, batch_size: int, *, generator: torch.Generator
) -> Iterator[Tensor]:
    """Yield runs of consecutive examples of one fixed order, over and over.

    With `order = targets.argsort(stable=True)` this is a loader over files sorted by class that
    forgot to shuffle. Only the starting point is random.

    Args:
        order: A permutation of the examples, shape (N,).
        batch_size: B.
        generator: Source of the starting point.

    Yields:
        Indices, shape (B,). A batch may run over the end of the order to its front.

    Raises:
        ValueError: If not 1 <= B <= N.
    """
    check_batch_size(batch_size, len(order))
    start = int(torch.randint(len(order), (1,), generator=generator))
    steps = torch.arange(batch_size)
    while True:
        yield order[(start + steps) % len(order)]
        start = (start + batch_size) % len(order)


def duplicated_batches(
    num_examples: int, batch_size: int, *, copies: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Yield batches in which every example comes `copies` times: B on paper, B / copies in fact.

        Var(mini-batch gradient) = trSigma / (B / copies)       with replacement

    It happens when ranks share a seed, or when a loader repeats its workers' data.

    Args:
        num_examples: N.
        batch_size: B, a multiple of `copies`.
        copies: c, how often each example of a batch comes.
        generator: Source of the draws. Distinct examples are drawn as shuffles of all N, B / c a
            batch; what is left of a shuffle and fills no batch is dropped.

    Yields:
        Indices, shape (B,); the copies stand side by side.

    Raises:
        ValueError: If c does not divide B, or B / c > N.
    """
    if copies < 1 or batch_size % copies:
        raise ValueError(f"copies must divide batch_size, got {copies} and {batch_size}")
    distinct = batch_size // copies
    check_batch_size(distinct, num_examples)
    while True:
        order = torch.randperm(num_examples, generator=generator)
        for part in order[: num_examples // distinct * distinct].view(-1, distinct):
            yield part.repeat_interleave(copies)


def sticky_batches(
    groups: Tensor, batch_size: int, *, stay: float, generator: torch.Generator
) -> Iterator[Tensor]:
    """Yield a stream whose next example is of the same group as the last with chance `stay`.

        with chance stay: any example of the same group; else: any example at all
        corr(group effect at i, at i + k) = stay^k
        variance of a batch's group part = (sigma_group^2 / B) (1 + 2 sum_k (1 - k/B) stay^k)
                                         -> (sigma_group^2 / B) (1 + stay) / (1 - stay)

    Groups may be classes, users, documents, episodes. Only what the group explains is correlated:
    the rest of an example's gradient still averages out like 1/B. Every example is drawn equally
    often in the long run, whatever `stay` is.

    Args:
        groups: The group of each example, shape (N,), integers.
        batch_size: B; examples are drawn with replacement.
        stay: 0 (independent draws) to below 1.
        generator: Source of the draws.

    Yields:
        Indices, shape (B,). The stream goes on from batch to batch, and equal generators give one
        stream whatever B is: runs that differ only in B are paired.

    Raises:
        ValueError: If B < 1, there are no examples, or `stay` is out of range.
    """
    if not 0 <= stay < 1:
        raise ValueError(f"stay must lie in [0, 1), got {stay}")
    if batch_size < 1 or len(groups) == 0:
        raise ValueError(f"need examples and batch_size >= 1, got {len(groups)} and {batch_size}")
    waiting = torch.empty(0, dtype=torch.int64)
    blocks = sticky_blocks(groups, stay, generator)
    while True:
        while len(waiting) < batch_size:
            waiting = torch.cat([waiting, next(blocks)])
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]


def sticky_blocks(groups: Tensor, stay: float, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield the stream of `sticky_batches` in blocks of `BLOCK` examples."""
    order = groups.argsort(stable=True)  # examples, group by group
    _, member, sizes = groups.unique(return_inverse=True, return_counts=True)
    first = sizes.cumsum(0) - sizes
    last = int(torch.randint(len(groups), (1,), generator=generator))
    while True:
        anywhere = torch.randint(len(groups), (BLOCK,), generator=generator)
        stays = torch.rand(BLOCK, generator=generator) < stay
        within = torch.rand(BLOCK, generator=generator, dtype=torch.float64)
        # The group of a draw is that of the last jump before it (or of the last block's end).
        jumps = torch.where(stays, -1, torch.arange(BLOCK)).cummax(0).values
        group = torch.where(jumps < 0, member[last], member[anywhere[jumps.clamp(min=0)]])
        same = order[first[group] + (within * sizes[group]).long()]
        block = torch.where(stays, same, anywhere)
        last = int(block[-1])
        yield block


def check_batch_size(batch_size: int, num_examples: int) -> None:
    """Refuse a batch that does not fit."""
    if not 1 <= batch_size <= num_examples:
        raise ValueError(
            f"batch_size must lie between 1 and the {num_examples} examples, got {batch_size}"
        )
