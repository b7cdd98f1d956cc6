"""Averages over workers, and what each of them refuses."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Mistake

Shards = list[list[int]]


def has_empty(shards: Shards) -> bool:
    return not all(shards)


def repeats_inside(shards: Shards) -> bool:
    return any(len(set(s)) < len(s) for s in shards)


def shared(shards: Shards) -> bool:
    return len(set().union(*shards)) < sum(len(set(s)) for s in shards)


def shared_with_next(shards: Shards) -> bool:
    return any(set(a) & set(b) for a, b in pairwise(shards))


def weighted_by(g: Tensor, weights: list[float]) -> Tensor:
    return torch.tensor(weights, dtype=g.dtype) @ g


def exact(g: Tensor, s: Shards) -> Tensor:
    return weighted_by(g, [len(x) / sum(map(len, s)) for x in s])


def refusing(
    broken: Callable[[Shards], bool], average: Callable[[Tensor, Shards], Tensor]
) -> Callable[[Tensor, Shards], Tensor]:
    """Return an average that refuses some shards."""

    def answer(g: Tensor, s: Shards) -> Tensor:
        if broken(s):
            raise ValueError("broken shards")
        return average(g, s)

    return answer


def refusing_zero(g: Tensor, s: Shards) -> Tensor:
    if bool((g == 0).all(dim=1).any()) or repeats_inside(s) or shared(s):
        raise ValueError("an empty or a broken shard")
    return exact(g, s)


def counted_once(g: Tensor, s: Shards) -> Tensor:
    seen: set[int] = set()
    sizes = []
    for shard in s:
        sizes.append(len(set(shard) - seen))
        seen |= set(shard)
    return weighted_by(g, [n / len(seen) for n in sizes])


def as_many_as_the_longest(g: Tensor, s: Shards) -> Tensor:
    return weighted_by(g, [len(x) / (len(s) * max(map(len, s))) for x in s])


def any_fault(s: Shards) -> bool:
    return has_empty(s) or repeats_inside(s) or shared(s)


AS_MANY_AS_THE_LONGEST = Mistake(
    "sizes taken from the longest",
    "You divide as if every shard were as long as the longest. Is it?",
    refusing(any_fault, as_many_as_the_longest),
)
