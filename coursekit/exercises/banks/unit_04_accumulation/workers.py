"""Average over workers, and refuse what would make the average wrong."""

from collections import Counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_04_accumulation.worker_cases import BY_HAND, draw_shards
from coursekit.exercises.banks.unit_04_accumulation.worker_slips import (
    AS_MANY_AS_THE_LONGEST,
    LOOKED_FOR,
    Shards,
    any_fault,
    counted_once,
    exact,
    has_empty,
    refusing,
    refusing_zero,
    repeats_inside,
    shared,
    shared_with_next,
    weighted_by,
)
from coursekit.exercises.engine.declare import Exercise, Mistake
from coursekit.exercises.engine.plain import close


def average_over_workers(local_grads: Tensor, shards: Shards) -> Tensor:
    indices = [i for shard in shards for i in shard]
    if not all(shards) or len(set(indices)) < len(indices):
        raise ValueError("every worker needs examples of its own, each only once")
    counts = torch.tensor([len(shard) for shard in shards], dtype=local_grads.dtype)
    return counts @ local_grads / counts.sum()


def average_by_owner(local_grads, shards):
    owner = {}
    for worker, shard in enumerate(shards):
        if len(shard) == 0:
            raise ValueError("empty")
        for i in shard:
            if i in owner:
                raise ValueError("twice")
            owner[i] = worker
    return local_grads[list(owner.values())].mean(dim=0)


def average_by_loop(local_grads, shards):
    if min(len(s) for s in shards) == 0:
        raise ValueError("a worker has no examples")
    if Counter(i for s in shards for i in s).most_common(1)[0][1] > 1:
        raise ValueError("an example comes more than once")
    total, seen = np.zeros(local_grads.shape[1]), 0
    for g, s in zip(local_grads.double().numpy(), shards, strict=True):
        total, seen = total + len(s) * g, seen + len(s)
    return total / seen


SAME_NUMBERS = close(rtol=1e-4, atol=1e-5)  # sums that nearly cancel


def same(got: Any, want: Any) -> bool:
    """Compare numbers as usual; a mistake may also give words, or nothing."""
    if want is None or isinstance(want, str):
        return got is want or (isinstance(got, str) and got == want)
    return SAME_NUMBERS(got, want)


U04_WORKERS = Exercise(
    id="u04_workers",
    call="average_over_workers(local_grads, shards)",
    points={"equal shards": 1.0, "unequal shards": 1.0, "broken shards": 1.0},
    by_hand=BY_HAND,
    promises=("by hand", "order", "refused", "sign", "smallest", "uneven"),
    draw=draw_shards,
    reference=average_over_workers,
    same=same,
    run="refusing",
    mistakes=(
        Mistake(
            "mean of means",
            "Every worker has the same say in your average. Do they all speak for as many "
            "examples?",
            refusing(any_fault, lambda g, s: g.mean(dim=0)),
        ),
        Mistake(
            "mean of means, nothing refused",
            "You average as frameworks do, and look at no shard. Do all workers speak for as many "
            "examples?",
            lambda g, s: g.mean(dim=0),
        ),
        Mistake(
            "sum of means",
            "You add the workers' gradients. How long does the step get with twice the workers?",
            refusing(any_fault, lambda g, s: g.sum(dim=0)),
        ),
        Mistake(
            "sum over examples",
            "Your weights are numbers of examples. What do they have to add up to?",
            refusing(any_fault, lambda g, s: weighted_by(g, [float(len(x)) for x in s])),
        ),
        Mistake(
            "divided by the number of workers",
            "You weight by examples and divide by workers. What do your weights add up to?",
            refusing(any_fault, lambda g, s: weighted_by(g, [len(x) / len(s) for x in s])),
        ),
        Mistake(
            "sizes taken from the first",
            "You divide as if each worker had as many examples as the first. Has it?",
            refusing(
                any_fault, lambda g, s: weighted_by(g, [len(x) / (len(s) * len(s[0])) for x in s])
            ),
        ),
        AS_MANY_AS_THE_LONGEST,
        Mistake(
            "short shards count more",
            "In your average the worker with fewer examples has the larger weight. Whose mean is "
            "noisier?",
            refusing(
                any_fault,
                lambda g, s: weighted_by(g, [1 / len(x) / sum(1 / len(y) for y in s) for x in s]),
            ),
        ),
        Mistake(
            "nothing refused",
            "Your average is right for sound shards, and you let broken ones pass. Which two "
            "things can be wrong with a shard?",
            exact,
        ),
        Mistake(
            "empty shard let through",
            "You find repeated examples, and pass over an empty shard. What is the mean over no "
            "examples, and what should the caller learn?",
            refusing(lambda s: repeats_inside(s) or shared(s), exact),
        ),
        Mistake(
            "only empty shards refused",
            "You refuse empty shards, and let an example pass that comes twice. In which places "
            "may it be?",
            refusing(has_empty, exact),
        ),
        Mistake(
            "repeat inside a shard let through",
            "You compare workers with each other. Can an example come more than once on one "
            "worker?",
            refusing(lambda s: has_empty(s) or shared(s), exact),
        ),
        Mistake(
            "overlap between workers let through",
            "You look for repeats inside each shard. Can two workers hold the same example?",
            refusing(lambda s: has_empty(s) or repeats_inside(s), exact),
        ),
        Mistake(
            "only neighbours compared",
            "You refuse an example on two neighbours, and let one pass on two that are not. "
            "Which pairs of workers can share an example?",
            refusing(lambda s: has_empty(s) or repeats_inside(s) or shared_with_next(s), exact),
        ),
        *LOOKED_FOR,
        Mistake(
            "unequal shards refused",
            "You refuse shards of unequal size. Is there no average that is right for them?",
            refusing(lambda s: any_fault(s) or len({len(x) for x in s}) > 1, exact),
        ),
        Mistake(
            "repeats counted once",
            "You count each example once, and carry on with a repeat. Is it once in the gradients "
            "too?",
            refusing(
                has_empty,
                lambda g, s: weighted_by(g, [len(x) / len(set().union(*s)) for x in s]),
            ),
        ),
        Mistake(
            "largest index for a count",
            "You divide by the largest index. How many examples are on the workers?",
            refusing(
                any_fault,
                lambda g, s: weighted_by(g, [len(x) / (1 + max(map(max, s))) for x in s]),
            ),
        ),
        Mistake(
            "one gradient a worker",
            "You return one row a worker. The optimizer wants one gradient: what is done with the "
            "rows?",
            refusing(
                any_fault,
                lambda g, s: g * torch.tensor([[len(x) / sum(map(len, s))] for x in s]),
            ),
        ),
        Mistake(
            "repeats taken out",
            "You take repeated examples out of the count and carry on. Are they out of the "
            "gradients too?",
            refusing(
                has_empty,
                lambda g, s: weighted_by(g, [len(set(x)) / len(set().union(*s)) for x in s]),
            ),
        ),
        Mistake(
            "means over the number of examples",
            "You divide means by the number of examples. How many terms has your sum?",
            refusing(any_fault, lambda g, s: g.sum(dim=0) / sum(map(len, s))),
        ),
        Mistake(
            "a gradient of zero refused",
            "You take a gradient of zero for a worker without examples. Can examples have a mean "
            "gradient of zero, and what tells how many there are?",
            refusing_zero,
        ),
        Mistake(
            "repeats inside a shard removed in silence",
            "You take repeats out of a shard and carry on, and let two workers share an example. "
            "What should the caller learn?",
            refusing(
                has_empty,
                lambda g, s: weighted_by(g, [len(set(x)) / sum(len(set(y)) for y in s) for x in s]),
            ),
        ),
        Mistake(
            "gaps refused",
            "You refuse shards whose indices have gaps. Must a step use every example there is?",
            refusing(
                lambda s: any_fault(s) or set().union(*s) != set(range(sum(map(len, s)))),
                exact,
            ),
        ),
        Mistake(
            "repeats taken from the later worker",
            "You count a repeated example for the first worker that has it, and carry on. In whose "
            "gradient is it all the same?",
            refusing(has_empty, counted_once),
        ),
        Mistake(
            "an empty list for a refusal",
            "You return an empty list. Does a caller who goes on with it notice that something is "
            "wrong?",
            lambda g, s: [] if any_fault(s) else exact(g, s),
        ),
        Mistake(
            "None for a refusal",
            "You return None for broken shards. What stops a caller who does not look?",
            lambda g, s: None if any_fault(s) else exact(g, s),
        ),
    ),
    accepted=(average_by_owner, average_by_loop),
    lesson="Frameworks average the workers' means with equal weights and check nothing. Equal "
    "counts, no example twice, nobody empty: those are your invariants to keep.",
    answered_by=("coursekit.train.ranks", "coursekit.train.accumulation"),
)
