"""Accumulation on several workers with chosen faults, each with its question."""

from collections.abc import Callable

import torch
from torch import Tensor

from coursekit.exercises.banks.unit_04_accumulation.linear_loss import sum_grad, weight_of
from coursekit.exercises.banks.unit_04_accumulation.loop_slips import MicroBatches
from coursekit.exercises.engine.declare import Mistake

Shards = list[MicroBatches]  # one list of micro-batches a worker


def loop(
    *,
    reduce: str = "by examples",
    inside: str = "by examples",
    leftovers: str = "flush",
    clear: str = "after a step",
    steps: str = "all",
    scale: Callable[[dict[str, int]], float] = lambda n: 1.0,
    rate: Callable[[int], float] = lambda k: 1.0,
    length: Callable[[int], int] = lambda k: k,
) -> Callable[..., Tensor]:
    """Return a loop with chosen faults; the defaults are right.

    `reduce`: workers count "by examples", "mean" or "sum" of their means, "none" (each its own),
    the "first" or the "last" one's for all, or each its "own share" of the sum; the sum "to the
    first" alone, or "shared" and cleared by the first, or added up "in turn", the sums included.
    `inside` a worker's window: micro-batches count "by examples", or all "alike".
    `leftovers`: "flush", "drop" or "leak" (into the next window).
    `clear`: "after a step" or "never".
    `steps`: "all" workers, or the "first", or all of them "twice".
    `scale`: a factor on every gradient, from the counts of the step: "workers", "parts" (in a
    window), "full" (K), "examples" (of the step; "first" of worker 0) and "epoch" (examples of it).
    `rate`: a factor on the rate, from K. `length`: of a window, from K.
    """

    def train(models: list, optimizers: list, epochs: list[Shards], accum_steps: int) -> Tensor:
        waiting: list[MicroBatches] = [[] for _ in models]
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] *= rate(accum_steps)
        accum_steps = length(accum_steps)
        kept: Tensor | None = None
        for shards in epochs:
            for start in range(0, len(shards[0]), accum_steps):
                now = [shard[start : start + accum_steps] for shard in shards]
                short = len(now[0]) < accum_steps
                if short and leftovers == "drop":
                    continue
                waiting = [w + n for w, n in zip(waiting, now, strict=True)]
                if short and leftovers == "leak":
                    continue
                counts = [sum(len(y) for _, y in window) for window in waiting]
                means = []
                for model, window, count in zip(models, waiting, counts, strict=True):
                    weights = [len(y) / count for _, y in window]
                    if inside == "alike":
                        weights = [1 / len(window)] * len(window)
                    parts = [
                        w / len(y) * sum_grad(model, x, y)
                        for (x, y), w in zip(window, weights, strict=True)
                    ]
                    means.append(torch.stack(parts).sum(dim=0))
                stacked, shares = torch.stack(means), torch.tensor(counts).double()
                shares = shares / shares.sum()
                reduced = {
                    "by examples": torch.einsum("w,wij->ij", shares, stacked),
                    "mean": stacked.mean(dim=0),
                    "sum": stacked.sum(dim=0),
                    "first": stacked[0],
                }
                numbers = {
                    "workers": len(models),
                    "parts": len(waiting[0]),
                    "full": accum_steps,
                    "examples": sum(counts),
                    "first": counts[0],
                    "epoch": sum(len(y) for shard in shards for _, y in shard),
                }
                factor = scale(numbers)
                reduced["last"] = stacked[-1]
                kept = None if clear != "never" else kept
                whole, parts_of_all = reduced["by examples"], shares[:, None, None] * stacked
                in_turn = [whole]
                for i in range(1, len(models)):
                    in_turn.append(torch.stack([*in_turn, *parts_of_all[i:]]).sum(dim=0))
                each_its_own = {
                    "to the first": [whole, *parts_of_all[1:]],
                    "shared": [whole, *torch.zeros_like(parts_of_all[1:])],
                    "in turn": in_turn,
                }
                for i, (model, optimizer) in enumerate(zip(models, optimizers, strict=True)):
                    grad = (
                        factor
                        * each_its_own.get(reduce, [reduced.get(reduce, means[i])] * (i + 1))[i]
                    )
                    grad = grad * shares[i] if reduce == "own share" else grad
                    weight_of(model).grad = grad if kept is None else grad + len(models) * kept
                    if steps != "first" or i == 0:
                        optimizer.step()
                    if steps == "twice":
                        optimizer.step()
                kept = weight_of(models[0]).grad
                waiting = [[] for _ in models]
        return weight_of(models[0]).detach()

    return train


def first_share(models: list, optimizers: list, epochs: list[Shards], accum_steps: int) -> Tensor:
    """Give everyone the first worker's part of the sum."""
    for shards in epochs:
        for start in range(0, len(shards[0]), accum_steps):
            windows = [shard[start : start + accum_steps] for shard in shards]
            count = sum(len(y) for window in windows for _, y in window)
            grad = torch.stack([sum_grad(models[0], x, y) / count for x, y in windows[0]]).sum(
                dim=0
            )
            for model, optimizer in zip(models, optimizers, strict=True):
                weight_of(model).grad = grad
                optimizer.step()
    return weight_of(models[0]).detach()


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "each on its own",
        "Your workers step along their own gradients, and their weights part. What passes "
        "between them before a step?",
        loop(reduce="none"),
    ),
    Mistake(
        "sum of the workers' means",
        "You add the workers' mean gradients. How long is the step with twice the workers?",
        loop(reduce="sum"),
    ),
    Mistake(
        "mean of the workers' means",
        "Every worker has the same say, as in frameworks. Do they all speak for as many examples?",
        loop(reduce="mean"),
    ),
    Mistake(
        "first worker's gradient for all",
        "All your workers use the first one's gradient. What have the others computed theirs for?",
        loop(reduce="first"),
    ),
    Mistake(
        "last worker's gradient for all",
        "All your workers use the last one's gradient. What have the others computed theirs for?",
        loop(reduce="last"),
    ),
    Mistake(
        "its share of the sum for each",
        "You divide by all examples of the step, and every worker steps along its own share. "
        "What does the all-reduce do?",
        loop(reduce="own share"),
    ),
    Mistake(
        "first worker's share for all",
        "You divide by all examples of the step, and every worker steps along the first one's "
        "share. What adds the others?",
        first_share,
    ),
    Mistake(
        "averaged once more over workers",
        "Your shares add up to one already, and then you divide by the number of workers. "
        "Which of the two makes the mean?",
        loop(scale=lambda n: 1 / n["workers"]),
    ),
    Mistake(
        "sum over examples",
        "Your gradient is a sum over the examples of the step. Does the text ask for a sum or "
        "a mean?",
        loop(scale=lambda n: n["examples"]),
    ),
    Mistake(
        "divided by the number of micro-batches",
        "You add up examples and divide by the number of micro-batches. How many terms has "
        "your sum?",
        loop(scale=lambda n: n["examples"] / n["workers"] / n["full"]),
    ),
    Mistake(
        "divided by the epoch",
        "You divide by all examples of the epoch. Over how many does one step average?",
        loop(scale=lambda n: n["examples"] / n["epoch"]),
    ),
    Mistake(
        "rate scaled",
        "Your rates grow. What does the text say about the rates here?",
        loop(rate=lambda k: k**0.5),
    ),
    Mistake(
        "rate scaled linearly",
        "Your rates grow with K. What does the text say about the rates here?",
        loop(rate=float),
    ),
    Mistake(
        "a step for every micro-batch",
        "Your windows hold one micro-batch of each worker. How many of them make one step?",
        loop(length=lambda k: 1),
    ),
    Mistake(
        "windows too long",
        "Your windows hold one micro-batch more than asked. How many does `accum_steps` name?",
        loop(length=lambda k: k + 1),
    ),
    Mistake(
        "two steps for one",
        "Your workers step twice along one gradient. How many steps does a window make?",
        loop(steps="twice"),
    ),
    Mistake(
        "first epoch only",
        "Your training ends after one epoch. What does `epochs` hold?",
        lambda models, optimizers, epochs, k: loop()(models, optimizers, epochs[:1], k),
    ),
    Mistake(
        "only the first worker steps",
        "Only your first worker steps. What are the other replicas' weights then?",
        loop(steps="first"),
    ),
    Mistake(
        "micro-batches alike",
        "Inside a worker every micro-batch weighs the same. Has each as many examples?",
        loop(inside="alike"),
    ),
    Mistake(
        "micro-batches and workers alike",
        "You average the means of all micro-batches on all workers. Has each as many examples?",
        loop(inside="alike", reduce="mean"),
    ),
    Mistake(
        "leftovers thrown away",
        "You throw an incomplete window away. What could its examples still do?",
        loop(leftovers="drop"),
    ),
    Mistake(
        "leftovers leak",
        "An incomplete window waits in the gradient. Which step gets it?",
        loop(leftovers="leak"),
    ),
    Mistake(
        "leftovers leak, workers alike",
        "Every worker has the same say, and an incomplete window waits in the gradient. Which "
        "of the two first?",
        loop(leftovers="leak", reduce="mean"),
    ),
    Mistake(
        "leftovers thrown away, workers alike",
        "Every worker has the same say, and an incomplete window is thrown away. Which of the "
        "two first?",
        loop(leftovers="drop", reduce="mean"),
    ),
    Mistake(
        "never cleared",
        "Your gradient is never cleared, so each step holds all the ones before. When is a "
        "gradient used up?",
        loop(clear="never"),
    ),
)
