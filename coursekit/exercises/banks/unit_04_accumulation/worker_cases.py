"""Shards of workers, sound and broken."""

from itertools import pairwise

import numpy as np

from coursekit.exercises.engine.declare import Case

HAND = np.array([[1.0, 0.0], [5.0, 4.0]])
THREE = np.array([[1.0, 2.0], [3.0, 0.0], [1.0, 1.0]])
FOUR = np.array([[1.0, 2.0], [3.0, 0.0], [1.0, 1.0], [2.0, 5.0]])
ONCE = "an example comes more than once, on one worker or on two."


def refused(grads: np.ndarray, shards: list[list[int]], *keeps: str, quotes: str = ONCE) -> Case:
    return Case("broken shards", (grads, shards), ("refused", *keeps), quotes)


BY_HAND = (
    Case(
        "equal shards",
        (HAND, [[0, 1], [2, 3]]),
        ("by hand",),
        "Gradient of the mean loss over the examples of all workers",
    ),
    Case("unequal shards", (HAND, [[7], [4, 0, 2]]), ("uneven",), "lengths may differ."),
    Case(  # one worker
        "equal shards",
        (np.array([[1.5, -2.0]]), [[3]]),
        ("smallest",),
        "each worker's mean gradient over its shard",
    ),
    Case(
        "unequal shards",
        (np.array([[0.0, 0.0], [5.0, 4.0]]), [[7], [4, 0, 2]]),
        ("uneven", "sign"),
        "each worker's mean gradient over its shard",
    ),
    Case("unequal shards", (HAND, [[0], [1, 2]]), ("uneven",), "N lists of example indices;"),
    refused(THREE, [[0], [1, 2], [3, 1]]),
    refused(THREE, [[0], [1], [1]]),
    refused(HAND, [[0, 1], [1, 2]]),
    refused(HAND, [[0, 1, 1], [2, 3]]),
    refused(THREE, [[0], [1], [0]], "order"),
    refused(FOUR, [[3], [1], [0], [1]], "order"),
    refused(np.array([[1.0, 0.0], [0.0, 0.0]]), [[3, 4], []], quotes="a shard is empty;"),
)


def draw_shards(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    kinds = ("equal", "unequal", "empty", "inside", "next", "ends") * 2 + ("apart", "single")
    for kind in kinds:
        workers, m = int(rng.integers(3 + (kind == "apart"), 6)), int(rng.integers(2, 5))
        counts = [m] * workers
        if kind != "equal":
            counts = [int(c) for c in rng.permutation([m, m + 3, *[m + 1] * (workers - 2)])]
        if kind == "single":
            counts[0] = 1
        index = [int(i) for i in rng.permutation(60)[: sum(counts)]]
        ends = np.cumsum([0, *counts])
        shards = [index[a:b] for a, b in pairwise(ends)]
        grads = rng.normal(size=(workers, 3)) + 1
        if kind == "empty":
            worker = int(rng.integers(workers))
            shards[worker], grads[worker] = [], 0.0
        elif kind == "inside":
            shards[1][-1] = shards[1][0]
        elif kind == "next":
            shards[1][0] = shards[0][-1]
        elif kind == "ends":
            shards[-1][0] = shards[0][0]
        elif kind == "apart":  # two in the middle that are not neighbours
            shards[3][-1] = shards[1][0]
        elif kind == "single":  # example 0 is an example
            shards = [[0], *([i + 60 * (i == 0) for i in shard] for shard in shards[1:])]
        elif len(cases) == 7:  # examples whose gradients cancel are examples all the same
            grads[0] = 0.0
        group = (
            f"{kind} shards".replace("single", "unequal")
            if kind in ("equal", "unequal", "single")
            else "broken shards"
        )
        cases.append(Case(group, (grads, shards)))
    return cases
