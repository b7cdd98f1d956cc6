"""Statistics of the wrong examples, over the wrong axis, with the wrong divisor."""

import torch
from torch import Tensor, nn

from coursekit.exercises.engine.declare import Mistake


def by_parts(x: Tensor, b: int, rule) -> Tensor:
    """Apply rule(part, whole, first part) to each micro-batch."""
    parts = x.split(b)
    return torch.cat([rule(part, x, parts[0]) for part in parts])


def scaled(part: Tensor, mean: Tensor, variance: Tensor, eps: float) -> Tensor:
    return (part - mean) / (variance + eps).sqrt()


def moments(x: Tensor, axis: int = 0) -> tuple[Tensor, Tensor]:
    return x.mean(dim=axis, keepdim=True), x.var(dim=axis, correction=0, keepdim=True)


def stale(x: Tensor, b: int, eps: float) -> Tensor:
    parts = x.split(b)
    sources = (parts[0], *parts[:-1])
    return torch.cat(
        [scaled(part, *moments(old), eps) for part, old in zip(parts, sources, strict=True)]
    )


def short_by_the_one_before(x: Tensor, b: int, eps: float) -> Tensor:
    parts = x.split(b)
    source = [p if len(p) == b or i == 0 else parts[i - 1] for i, p in enumerate(parts)]
    return torch.cat([scaled(p, *moments(q), eps) for p, q in zip(parts, source, strict=True)])


def by_running(x: Tensor, b: int, eps: float) -> Tensor:
    norm = nn.BatchNorm1d(x.shape[1], eps=eps, affine=False)
    rows = []
    for part in x.split(b):
        norm.train()(part)
        rows.append(norm.eval()(part))
    return torch.cat(rows)


def joined_tail(x: Tensor, b: int, eps: float) -> Tensor:
    parts = list(x.split(b))
    if len(parts) > 1 and len(parts[-1]) < b:
        parts[-2:] = [torch.cat(parts[-2:])]
    return torch.cat([scaled(p, *moments(p), eps) for p in parts])


def running_by_hand(x: Tensor, b: int, eps: float) -> Tensor:
    mean, variance = torch.zeros_like(x[:1]), torch.ones_like(x[:1])
    rows = []
    for part in x.split(b):
        new_mean, new_variance = moments(part)
        mean, variance = 0.9 * mean + 0.1 * new_mean, 0.9 * variance + 0.1 * new_variance
        rows.append(scaled(part, mean, variance, eps))
    return torch.cat(rows)


def strided(x: Tensor, b: int, eps: float) -> Tensor:
    rows, num_parts = torch.empty_like(x), -(-len(x) // b)
    for k in range(num_parts):
        rows[k::num_parts] = scaled(x[k::num_parts], *moments(x[k::num_parts]), eps)
    return rows


def by_full_size(part: Tensor, size: int, eps: float) -> Tensor:
    mean = part.sum(dim=0) / size
    return scaled(part, mean, (part - mean).square().sum(dim=0) / size, eps)


SHORT_LAST: tuple[Mistake, ...] = (
    Mistake(
        "a short last one left as it is",
        "You leave a last, shorter micro-batch as it is. What does a forward pass make of it?",
        lambda x, b, e: by_parts(
            x, b, lambda p, w, f: p if len(p) < b else scaled(p, *moments(p), e)
        ),
    ),
    Mistake(
        "a short last one divided by b",
        "You divide the variance of a shorter micro-batch by the size of a full one. How many "
        "examples are in it?",
        lambda x, b, e: by_parts(
            x, b, lambda p, w, f: scaled(p, p.mean(0), (p - p.mean(0)).square().sum(0) / b, e)
        ),
    ),
)
