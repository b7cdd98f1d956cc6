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


def shared_with_first(s: Shards) -> bool:
    return any(set(s[0]) & set(other) for other in s[1:])


def shared_in_a_ring(s: Shards) -> bool:
    return shared_with_next([*s, s[0]] if len(s) > 1 else s)


def ends_meet(s: Shards) -> bool:
    return any(a and b and a[-1] == b[0] for a, b in pairwise(s))


def on_all(s: Shards) -> bool:
    return len(s) > 1 and bool(set.intersection(*map(set, s)))


def zeros(g: Tensor, s: Shards) -> Tensor:
    return 0 * g[0] if any_fault(s) else exact(g, s)


LOOKED_FOR: tuple[Mistake, ...] = (
    Mistake(
        "compared with the first alone",
        "You compare each worker with the first one. Can two others share an example?",
        refusing(lambda s: has_empty(s) or repeats_inside(s) or shared_with_first(s), exact),
    ),
    Mistake(
        "compared in a ring",
        "You compare each worker with its neighbours, the last with the first. Can two share an "
        "example that are not neighbours?",
        refusing(lambda s: has_empty(s) or repeats_inside(s) or shared_in_a_ring(s), exact),
    ),
    Mistake(
        "only where shards meet",
        "You compare the last example of a worker with the first of the next. Where else can a "
        "shared example stand?",
        refusing(lambda s: has_empty(s) or repeats_inside(s) or ends_meet(s), exact),
    ),
    Mistake(
        "only examples that all have",
        "You look for an example that is on all workers. On how many may it be?",
        refusing(lambda s: has_empty(s) or repeats_inside(s) or on_all(s), exact),
    ),
    Mistake(
        "only equal shards",
        "You look for two shards that are the same. What if they share one example?",
        refusing(lambda s: has_empty(s) or len({tuple(sorted(x)) for x in s}) < len(s), exact),
    ),
    Mistake(
        "zero for no example",
        "You refuse the shard [0]. Is 0 an example? What does `any` say of a list that holds it "
        "alone?",
        refusing(lambda s: any_fault(s) or not all(map(any, s)), exact),
    ),
    Mistake(
        "a single example refused",
        "You refuse a shard of one example. How many faults does the text name?",
        refusing(lambda s: any_fault(s) or any(len(x) < 2 for x in s), exact),
    ),
    Mistake(
        "zeros for a refusal",
        "You return zeros for broken shards. What would the step be, and who would notice?",
        zeros,
    ),
)

AS_MANY_AS_THE_LONGEST = Mistake(
    "sizes taken from the longest",
    "You divide as if every shard were as long as the longest. Is it?",
    refusing(any_fault, as_many_as_the_longest),
)
