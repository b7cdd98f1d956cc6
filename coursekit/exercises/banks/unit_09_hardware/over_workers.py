"""Accuracy over all workers, when a sampler has handed some examples out twice."""

from collections.abc import Sequence

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.further_slips_d import OVER_WORKERS as FURTHER_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_f import OVER_WORKERS as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def accuracy_over_workers(
    indices: Sequence[Sequence[int]], right: Sequence[Sequence[int]]
) -> float:
    seen: dict[int, int] = {}
    for worker, answers in zip(indices, right, strict=True):
        seen.update(zip(worker, answers, strict=True))
    return sum(seen.values()) / len(seen)


def accuracy_by_unique(indices, right):
    flat = np.concatenate([np.array(x, dtype=int) for x in indices])
    hits = np.concatenate([np.array(x, dtype=float) for x in right])
    _, first = np.unique(flat, return_index=True)
    return hits[first].mean()


def accuracy_by_sets(indices, right):
    everyone, hits = set(), set()
    for worker, answers in zip(indices, right, strict=True):
        for i, hit in zip(worker, answers, strict=True):
            everyone.add(i)
            if hit == 1:
                hits.add(i)
    return len(hits) / len(everyone)


def draw_shards(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("uneven shards", "filled up") * 3:
        while True:
            n = int(rng.choice([13, 14, 15, 17, 18, 19, 21, 22, 23]))  # not by fours: repeats move
            names = [int(i) for i in rng.choice(900, n, replace=False)]
            if 0 not in names:
                names[int(rng.integers(n))] = 0  # an index like any other
            hit = dict(zip(names, (int(x) for x in rng.random(n) < 0.6), strict=True))
            if group == "uneven shards":
                cuts = sorted(int(c) for c in rng.choice(np.arange(2, n - 1), 2, replace=False))
                shards = [names[: cuts[0]], names[cuts[0] : cuts[1]], names[cuts[1] :]]
            else:  # as a sampler fills up: the first examples again, so that all have as many
                extra = 4 - n % 4 + 4 * int(rng.integers(0, 2))
                filled = names + names[:extra]
                shards = [filled[k::4] for k in range(4)]
                shards[0] = [*shards[0], shards[0][0]]
            rights = [[hit[i] for i in shard] for shard in shards]
            if slips_show(group, shards, rights):
                break
        cases.append(Case(group, (shards, rights)))
    return cases


def slips_show(group: str, shards: list[list[int]], rights: list[list[int]]) -> bool:
    """Say whether the mistakes that can show here differ from what is right and mostly in pairs."""
    values = [round(m.answer(shards, rights), 9) for m in MISTAKES]
    right = round(accuracy_over_workers(shards, rights), 9)
    alike = values.count(right)
    return alike == (0 if group == "filled up" else 5) and len(set(values)) >= 11 - alike


def pooled(indices, right):
    hits = [hit for answers in right for hit in answers]
    return sum(hits) / len(hits)


def mean_of_means(indices, right):
    return float(np.mean([np.mean(answers) for answers in right]))


def within_workers(indices, right):
    """Take repeats out within each worker only."""
    parts = [dict(zip(w, r, strict=True)) for w, r in zip(indices, right, strict=True)]
    hits = [hit for part in parts for hit in part.values()]
    return sum(hits) / len(hits)


def repeats_left_out(indices, right):
    flat = [i for worker in indices for i in worker]
    hits = [hit for answers in right for hit in answers]
    single = [hit for i, hit in zip(flat, hits, strict=True) if flat.count(i) == 1]
    return sum(single) / len(single)


def hits_over_distinct(indices, right):
    return sum(sum(r) for r in right) / len({i for w in indices for i in w})


def distinct_over_all(indices, right):
    hits = {
        i for w, r in zip(indices, right, strict=True) for i, hit in zip(w, r, strict=True) if hit
    }
    return len(hits) / sum(len(w) for w in indices)


def weighted_by_square(indices, right):
    sizes = [len(w) for w in indices]
    means = [np.mean(r) for r in right]
    return float(np.dot(np.square(sizes), means) / np.square(sizes).sum())


def up_to_the_shortest(indices, right):
    least = min(len(w) for w in indices)
    return float(np.mean([np.mean(r[:least]) for r in right]))


def median_worker(indices, right):
    return float(np.median([np.mean(r) for r in right]))


MISTAKES = (
    Mistake(
        "mean of the workers' means",
        "You average the workers' shares. Does each stand for as many examples?",
        mean_of_means,
    ),
    Mistake(
        "repeats counted",
        "You pool all answers. How often does an example count that was handed out twice?",
        pooled,
    ),
    Mistake(
        "repeats taken out within a worker only",
        "You count each example once for each worker. What if two workers hold it?",
        within_workers,
    ),
    Mistake(
        "repeated examples left out",
        "You leave out what was handed out twice. Are these examples not part of the data?",
        repeats_left_out,
    ),
    Mistake(
        "all hits over distinct examples",
        "You count examples once and hits twice. Can that exceed one?",
        hits_over_distinct,
    ),
    Mistake(
        "distinct hits over all answers",
        "You count hits once and examples twice. By which number do you divide?",
        distinct_over_all,
    ),
    Mistake(
        "one worker",
        "You report the first worker's share. What did the others see?",
        lambda indices, right: float(np.mean(right[0])),
    ),
    Mistake(
        "the worst worker",
        "You report the worst worker. Is that the accuracy on all examples?",
        lambda indices, right: float(min(np.mean(r) for r in right)),
    ),
    Mistake(
        "the middle worker",
        "You report a middle worker. Is that the accuracy on all examples?",
        median_worker,
    ),
    Mistake(
        "sizes counted twice",
        "You weight sums as if they were means. Is a worker's number of examples in there twice?",
        weighted_by_square,
    ),
    Mistake(
        "cut to the shortest",
        "You cut every worker to the shortest one's length. What about the examples beyond?",
        up_to_the_shortest,
    ),
    Mistake(
        "percent",
        "You return percent. What is asked for?",
        lambda indices, right: 100 * accuracy_over_workers(indices, right),
    ),
)


def with_known(change):
    """Return the mistake that knows which examples are right, and reports something else."""

    def answer(indices, right):
        known: dict[int, int] = {}
        for worker, hits in zip(indices, right, strict=True):
            known.update(zip(worker, hits, strict=True))
        return float(change(known))

    return answer


def last_left_out(indices, right):
    """Leave out every worker's last example."""
    pairs = zip(indices, right, strict=True)
    known = {i: h for w, r in pairs for i, h in zip(w[:-1], r[:-1], strict=True)}
    return sum(known.values()) / max(len(known), 1)


def by_distinct(indices, right):
    sizes = [len(set(w)) for w in indices]
    return float(np.dot(sizes, [np.mean(r) for r in right]) / sum(sizes))


def shortest_known(indices, right):
    n = min(len(w) for w in indices)
    return accuracy_over_workers([w[:n] for w in indices], [r[:n] for r in right])


FURTHER = (
    Mistake(
        "the number of right ones",
        "You return how many are right. Out of how many?",
        with_known(lambda known: sum(known.values())),
    ),
    Mistake(
        "the share of wrong ones",
        "You return the share that is wrong. Which share is asked for?",
        with_known(lambda known: 1 - sum(known.values()) / len(known)),
    ),
    Mistake(
        "right over wrong",
        "You divide by those that are wrong. Of which examples is the share?",
        with_known(lambda k: sum(k.values()) / max(1, len(k) - sum(k.values()))),
    ),
    Mistake(
        "largest index for the number",
        "You count up to the largest index. Has every number up to there been seen?",
        with_known(lambda known: sum(known.values()) / (max(known) + 1)),
    ),
    Mistake(
        "rounded",
        "You round. How many digits does the text ask for?",
        with_known(lambda known: round(sum(known.values()) / len(known), 2)),
    ),
    Mistake(
        "index zero left out",
        "An example is missing in your count: index zero. Is it a filling?",
        with_known(lambda k: (sum(k.values()) - k.get(0, 0)) / max(1, len(k) - (0 in k))),
    ),
    Mistake(
        "every worker's last left out",
        "You leave each worker's last example out. Is it always one that was handed out again?",
        last_left_out,
    ),
    Mistake(
        "shares weighted by distinct examples",
        "You weight shares by a worker's distinct examples. What of one that two workers hold?",
        by_distinct,
    ),
)

DISTINCT = "Return the share of distinct examples that are right."

U09_OVER_WORKERS = Exercise(
    id="u09_over_workers",
    call="accuracy_over_workers(indices, right)",
    points={"uneven shards": 1.0, "filled up": 2.0},
    by_hand=(
        Case(
            "uneven shards",
            ([[0, 1, 2, 3], [4]], [[1, 1, 1, 0], [0]]),
            keeps=("uneven",),
            quotes="how workers of different size are joined",
        ),
        Case("uneven shards", ([[7], [9], [2]], [[1], [0], [1]]), keeps=("smallest",)),
        Case("filled up", ([[0, 1, 2], [3, 4, 0]], [[1, 0, 0], [0, 1, 1]]), keeps=("by hand",)),
        Case(
            "filled up",
            ([[5, 6, 5], [6, 8, 9], [5, 7, 9]], [[1, 1, 1], [1, 0, 0], [1, 0, 0]]),
            keeps=("order",),
            quotes=DISTINCT,
        ),
        Case(  # the larger index first, and it comes again
            "filled up",
            ([[7, 2, 7], [4, 2, 0]], [[1, 0, 1], [0, 0, 1]]),
            keeps=("order",),
            quotes="1 where that example was right, else 0",
        ),
    ),
    promises=("by hand", "order", "smallest", "uneven"),
    draw=draw_shards,
    reference=accuracy_over_workers,
    mistakes=(*MISTAKES, *FURTHER, *FURTHER_SLIPS, *LATEST_SLIPS),
    accepted=(accuracy_by_unique, accuracy_by_sets),
    lesson="A sampler that makes all workers equally long hands some examples out twice. In "
    "training that hardly matters; in an evaluation it is a wrong number.",
)
