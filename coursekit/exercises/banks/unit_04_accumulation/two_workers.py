"""Build it: accumulation on several workers, each with a replica of the model."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.exercises.banks.unit_04_accumulation.faulty_replicas import REPLICAS
from coursekit.exercises.banks.unit_04_accumulation.faulty_workers import MISTAKES
from coursekit.exercises.banks.unit_04_accumulation.linear_loss import weight_of
from coursekit.exercises.banks.unit_04_accumulation.loop_slips import MicroBatches
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import close

Shards = list[MicroBatches]  # one list of micro-batches a worker
MILESTONES = ("one worker", "two equal workers", "all of it")


def train_on_workers(
    models: list[nn.Sequential],
    optimizers: list[torch.optim.Optimizer],
    epochs: list[Shards],
    accum_steps: int,
) -> Tensor:
    for shards in epochs:
        for start in range(0, len(shards[0]), accum_steps):
            windows = [shard[start : start + accum_steps] for shard in shards]
            count = sum(len(y) for window in windows for _, y in window)
            for model, window in zip(models, windows, strict=True):
                for x, y in window:
                    (cross_entropy(model(x), y, reduction="sum") / count).backward()
            for replicas in zip(*(model.parameters() for model in models), strict=True):
                total = torch.stack([p.grad for p in replicas if p.grad is not None]).sum(dim=0)
                for p in replicas:
                    p.grad = total.clone()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
    return weight_of(models[0]).detach()


def grad_of(model: nn.Sequential) -> Tensor:
    grad = weight_of(model).grad
    assert grad is not None
    return grad


def workers_by_averages(models, optimizers, epochs, accum_steps):
    """Average the workers' own means, weighted by their examples."""
    for shards in epochs:
        left = [list(shard) for shard in shards]
        while left[0]:
            windows = [shard[:accum_steps] for shard in left]
            left = [shard[accum_steps:] for shard in left]
            counts = [sum(len(y) for _, y in window) for window in windows]
            mean = torch.zeros_like(weight_of(models[0]))
            for model, optimizer, window, count in zip(
                models, optimizers, windows, counts, strict=True
            ):
                optimizer.zero_grad()
                for x, y in window:
                    (cross_entropy(model(x), y) * len(y) / count).backward()
                mean += grad_of(model) * count / sum(counts)
            for model, optimizer in zip(models, optimizers, strict=True):
                weight_of(model).grad = mean.clone()
                optimizer.step()
    return weight_of(models[0]).detach()


def workers_as_one(models, optimizers, epochs, accum_steps):
    """Join all examples of a step, and give the one gradient to every replica."""
    for shards in epochs:
        for start in range(0, len(shards[0]), accum_steps):
            pairs = [m for shard in shards for m in shard[start : start + accum_steps]]
            x, y = (torch.cat(column) for column in zip(*pairs, strict=True))
            (grad,) = torch.autograd.grad(
                cross_entropy(models[0](x), y), list(models[0].parameters())
            )
            for model, optimizer in zip(models, optimizers, strict=True):
                weight_of(model).grad = grad.clone()
                optimizer.step()
    return weight_of(models[0]).detach()


def same(got: Any, want: Any) -> bool:
    """Compare the rows of each worker, which may have made unequally many steps."""
    if not isinstance(got, list | np.ndarray) or len(got) != len(want):
        return False
    return all(SAME_NUMBERS(g, w) for g, w in zip(got, want, strict=True))


SAME_NUMBERS = close(rtol=1e-4, atol=1e-6)


def shards_of(rng: np.random.Generator, sizes: list[list[int]], *, whole: bool = False) -> list:
    """Return a shard of micro-batches for each list of sizes."""

    def inputs(n: int) -> np.ndarray:
        if whole:
            return rng.integers(-2, 3, (n, 2)).astype(float)
        return rng.normal(size=(n, 2)) + 0.5

    return [[[inputs(n), rng.integers(0, 3 - whole, n)] for n in shard] for shard in sizes]


def sizes_for(group: str, b: int, rng: np.random.Generator) -> tuple[list[list[int]], int]:
    """Return sizes of micro-batches, worker by worker, and K."""
    if group == "one worker":
        return [[b, b, b, 1]], 2
    if group == "two equal workers":
        return [[b, b], [b, b]], 1
    return [[b + int(rng.integers(2, 4)), b, b], [1, b, b - 1], [b, 2, 1]], 2


def draw_workers(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in MILESTONES:
        sizes, k = sizes_for(group, int(rng.integers(3, 6)), rng)
        epochs = [shards_of(rng, sizes)]
        if group == "all of it":  # a second epoch, of another length
            epochs.append(
                shards_of(rng, [[*shard, b] for shard, b in zip(sizes, (2, 1, 3), strict=True)])
            )
        args = (rng.normal(size=(3, 2)), float(rng.uniform(0.05, 0.2)), epochs, k)
        cases.append(Case(group, args))
    return cases


def hand(sizes: list[list[int]], k: int, seed: int, *, num_epochs: int = 1) -> tuple:
    """Return a small case with round numbers, all epochs of the same sizes."""
    return hand_epochs([sizes] * num_epochs, k, seed)


def hand_epochs(sizes: list[list[list[int]]], k: int, seed: int) -> tuple:
    """Return a small case with round numbers."""
    rng = np.random.default_rng(seed)
    epochs = [shards_of(rng, epoch, whole=True) for epoch in sizes]
    return np.array([[1.0, 0.0], [0.0, 0.5]]), 0.125, epochs, k


ONE = "a loop by rules 1 and 2 of this section."
TWO = "sum the replicas' gradients, give each replica the sum."
ALL = "that of the mean loss over all examples of the step, on all workers"

U04_TWO_WORKERS = Exercise(
    id="u04_two_workers",
    call="train_on_workers(models, optimizers, epochs, accum_steps)",
    points={"one worker": 1.0, "two equal workers": 1.0, "all of it": 2.0},
    by_hand=(
        Case("one worker", hand([[2, 1]], 2, 1), ("smallest", "uneven"), ONE),
        Case(
            "one worker",
            hand_epochs([[[2, 1]], [[1]]], 2, 4),
            ("order",),
            "All shards of an epoch have equally many micro-batches;",
        ),
        Case("two equal workers", hand([[2], [2]], 1, 2), ("by hand",), TWO),
        Case("two equal workers", hand([[1, 1], [1, 1]], 1, 6), ("smallest",), TWO),
        Case("all of it", hand([[1, 1], [3, 1]], 2, 3), ("uneven",), ALL),
        Case(
            "all of it",
            hand([[1, 1, 1], [1, 1, 1]], 2, 9, num_epochs=2),
            ("uneven", "order"),
            "at an epoch's end fewer.",
        ),
        Case("all of it", hand([[1, 2], [3, 1], [2, 2]], 2, 5), ("uneven",), ALL),  # three workers
    ),
    promises=("by hand", "order", "smallest", "uneven"),
    draw=draw_workers,
    reference=train_on_workers,
    same=same,
    run="worker_steps",
    may_change=("models.values", "models.grad", "optimizers"),
    mistakes=(*MISTAKES, *REPLICAS),
    accepted=(workers_by_averages, workers_as_one),
    lesson="Accumulation and workers are one sum over examples, cut twice. Divide once, by all the "
    "examples of the step, and let every replica step along the same gradient.",
    answered_by=("coursekit.train.accumulation", "coursekit.train.ranks"),
    graded=False,
)
