"""Weighted sums of micro-batch gradients, and other wrong loops."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.exercises.banks.unit_04_accumulation.linear_loss import sum_grad, weight_of
from coursekit.exercises.engine.declare import Mistake

MicroBatches = list[list[Tensor]]


def weighted(
    model: nn.Sequential, micro_batches: MicroBatches, weights: list[float]
) -> Tensor | None:
    """Leave sum_k w_k g_k in the gradient."""
    parts = [
        w / len(y) * sum_grad(model, x, y) for (x, y), w in zip(micro_batches, weights, strict=True)
    ]
    weight_of(model).grad = sum(parts, start=torch.zeros_like(weight_of(model)))
    return weight_of(model).grad


def sizes(micro_batches: MicroBatches) -> list[int]:
    return [len(y) for _, y in micro_batches]


def full_ones(micro_batches: MicroBatches) -> MicroBatches:
    return [m for m in micro_batches if len(m[1]) == len(micro_batches[0][1])]


def only_longest(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    longest = max(sizes(micro_batches))
    kept = [m for m in micro_batches if len(m[1]) == longest]
    return weighted(model, kept, [1 / len(kept)] * len(kept))


def without_single(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    total = sum(sizes(micro_batches))
    return weighted(
        model, micro_batches, [n / total if n > 1 else 0.0 for n in sizes(micro_batches)]
    )


def short_ones_lifted(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    """Multiply each mean by the average size over its own, and divide by their number."""
    lengths = sizes(micro_batches)
    average = sum(lengths) / len(lengths)
    return weighted(model, micro_batches, [average / n / len(lengths) for n in lengths])


def softmax_twice(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    x, y = (torch.cat(column) for column in zip(*micro_batches, strict=True))
    cross_entropy(model(x).softmax(dim=1), y).backward()
    return weight_of(model).grad


def outputs_for_logs(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    x, y = (torch.cat(column) for column in zip(*micro_batches, strict=True))
    one_hot = torch.eye(len(weight_of(model)), dtype=x.dtype)[y]
    weight_of(model).grad = -one_hot.T @ x / len(y)
    return weight_of(model).grad


def weights_moved(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    weight, total = weight_of(model), sum(sizes(micro_batches))
    grad = torch.zeros_like(weight)
    for x, y in micro_batches:
        grad += sum_grad(model, x, y) / total
        weight.data -= 0.1 * grad
    weight.grad = grad
    return grad


SHARES: tuple[Mistake, ...] = (
    Mistake(
        "short ones lifted",
        "You lift the short micro-batches, so that each has the same sum. Has it as many examples?",
        short_ones_lifted,
    ),
    Mistake(
        "the first one's share for all",
        "Every micro-batch has the first one's share of the batch in your gradient. Has it as many "
        "examples?",
        lambda m, mb: weighted(m, mb, [sizes(mb)[0] / sum(sizes(mb))] * len(mb)),
    ),
    Mistake(
        "the neighbour's share",
        "You give each micro-batch the share of another one. Which index has each of the two?",
        lambda m, mb: weighted(m, mb, [sizes(mb)[k - 1] / sum(sizes(mb)) for k in range(len(mb))]),
    ),
    Mistake(
        "one example less",
        "You divide by one less than the number of examples. Is a mean asked for, or a variance?",
        lambda m, mb: weighted(m, mb, [n / max(1, sum(sizes(mb)) - 1) for n in sizes(mb)]),
    ),
    Mistake(
        "roots of the sizes",
        "You weight by the roots of the sizes. Which weights make the mean over all examples?",
        lambda m, mb: weighted(m, mb, [n**0.5 / sum(s**0.5 for s in sizes(mb)) for n in sizes(mb)]),
    ),
)
