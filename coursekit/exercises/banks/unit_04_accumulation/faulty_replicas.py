"""Workers that pass gradients or weights on in other ways, each with its question."""

import torch
from torch import Tensor

from coursekit.exercises.banks.unit_04_accumulation.faulty_workers import Shards, loop
from coursekit.exercises.banks.unit_04_accumulation.linear_loss import sum_grad, weight_of
from coursekit.exercises.engine.declare import Mistake


def weights_averaged(models: list, optimizers: list, epochs: list[Shards], k: int) -> Tensor:
    """Step along the own gradient, then give every replica the mean of the weights."""
    for shards in epochs:
        for start in range(0, len(shards[0]), k):
            for model, optimizer, shard in zip(models, optimizers, shards, strict=True):
                window = shard[start : start + k]
                count = sum(len(y) for _, y in window)
                parts = [sum_grad(model, x, y) / count for x, y in window]
                weight_of(model).grad = torch.stack(parts).sum(dim=0)
                optimizer.step()
            mean = torch.stack([weight_of(m).detach() for m in models]).mean(dim=0)
            for model in models:
                weight_of(model).data.copy_(mean)
    return weight_of(models[0]).detach()


def across_epochs(models: list, optimizers: list, epochs: list[Shards], k: int) -> Tensor:
    joined = [[micro for epoch in epochs for micro in epoch[i]] for i in range(len(models))]
    return loop()(models, optimizers, [joined], k)


REPLICAS: tuple[Mistake, ...] = (
    Mistake(
        "the sum for the first worker alone",
        "Only your first worker gets the sum; the others step along their own parts. What does the "
        "word all in all-reduce mean?",
        loop(reduce="to the first"),
    ),
    Mistake(
        "one gradient tensor for all",
        "Your first worker steps, and then the others' gradients are zero. Do they share a tensor "
        "that the first one clears?",
        loop(reduce="shared"),
    ),
    Mistake(
        "sums added up again",
        "Your second worker's sum holds the first one's sum. Which numbers have to be added before "
        "any of them is overwritten?",
        loop(reduce="in turn"),
    ),
    Mistake(
        "weights averaged",
        "Your workers step along their own gradients, and then you average their weights. What is "
        "averaged by the text, and before or after the step?",
        weights_averaged,
    ),
    Mistake(
        "as many as worker 0",
        "You divide as if every worker had as many examples as the first. Has it?",
        loop(scale=lambda n: n["examples"] / n["first"] / n["workers"]),
    ),
    Mistake(
        "incomplete windows over K",
        "You shorten the step of an incomplete window once more. How many examples does it average "
        "over?",
        loop(scale=lambda n: n["parts"] / n["full"]),
    ),
    Mistake(
        "windows across epochs",
        "Your windows run on from one epoch into the next. Where does a window end, by the second "
        "rule?",
        across_epochs,
    ),
)
