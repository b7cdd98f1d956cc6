"""A batch-size schedule that stands in for a decay of the learning rate."""

import math
from itertools import pairwise

import numpy as np

from coursekit.exercises.banks.unit_03_warmup.grow_batch_rules import RULES
from coursekit.exercises.banks.unit_03_warmup.grow_batch_slips import MISTAKES, grow_instead
from coursekit.exercises.engine.declare import Case, Exercise


def grow_by_noise(lrs, batch_size, max_batch_size):
    noise = np.array(lrs) / batch_size
    sizes = np.minimum(np.rint(lrs[0] / noise), max_batch_size)
    return np.stack([sizes, noise * sizes], axis=1)


def grow_step_by_step(lrs, batch_size, max_batch_size):
    size, lr, plan = float(batch_size), lrs[0], [[batch_size, lrs[0]]]
    for before, after in pairwise(lrs):
        fall = before / after
        room = min(fall, max_batch_size / size)
        size, lr = size * room, lr * room / fall
        plan.append([size, lr])
    return plan


def rounded_away(lrs: list[float], batch_size: int) -> list[bool]:
    """Say for three ways to write it whether int() loses an example, and if ceil() adds one."""
    sizes = [round(batch_size * lrs[0] / lr) for lr in lrs]
    ways = (
        lambda lr: batch_size * lrs[0] / lr,
        lambda lr: batch_size * int(lrs[0] / lr),
        lambda lr: batch_size / (lr / lrs[0]),
    )
    pairs = list(zip(lrs, sizes, strict=True))
    lost = [any(int(way(lr)) != b for lr, b in pairs) for way in ways]
    added = any(batch_size * math.ceil(lrs[0] / lr) != b for lr, b in pairs)
    return [*lost, added]


def draw_decays(rng: np.random.Generator) -> list[Case]:
    cases = []
    for k in range(6):
        group = ("under the limit", "at the limit")[k % 2]
        wanted = [k == 2] * 3 + [k == 4]  # one decay on which cutting off is no rounding, one up
        lrs: list[float] = []
        batch_size = 0
        while not lrs or rounded_away(lrs, batch_size) != wanted:
            batch_size = int(rng.choice([8, 16, 24, 32]))
            factors = [int(f) for f in rng.permutation([2, 3, 4, 5])[:3]]
            falls = [math.prod(factors[:i]) for i in range(4)]
            if k == 0:  # each is a whole part of the first, and not of the one before
                falls = [1, *([2, 3, 5], [2, 5, 7], [3, 4, 6], [3, 5, 8])[int(rng.integers(4))]]
            first = float(rng.uniform(0.2, 0.9))
            lrs = [first / fall for fall in falls]
        lengths = [int(n) for n in rng.integers(1, 3, 4)]
        lrs = [lr for lr, n in zip(lrs, lengths, strict=True) for _ in range(n)]
        most = batch_size * falls[-1] * 2
        if group == "at the limit":
            most = batch_size * factors[0] + int(rng.integers(3, 7)) * batch_size // 8
        cases.append(Case(group, (lrs, batch_size, most)))
    return cases


WHOLE = "such that lrs[0] / lr is a whole number up to rounding"
SAME = "The new run keeps η/B of the old run in"
TAKEN = "that part of the factor which the batch could not take over."

U03_GROW_BATCH = Exercise(
    id="u03_grow_batch",
    call="grow_instead(lrs, batch_size, max_batch_size)",
    points={"under the limit": 2.0, "at the limit": 1.0},
    by_hand=(
        Case("under the limit", ([0.5, 0.5, 0.125], 16, 512), ("by hand", "order"), SAME),
        Case("under the limit", ([0.5], 16, 16), ("smallest", "boundary"), SAME),
        Case("at the limit", ([0.5, 0.125], 16, 32), ("boundary",), TAKEN),
        Case("at the limit", ([0.5, 0.25, 0.125, 0.0625], 16, 32), ("boundary",), TAKEN),
        Case(
            "under the limit", ([0.6, 0.3, 0.2], 16, 512), ("uneven",), WHOLE
        ),  # 2.9999999999999996
        Case("under the limit", ([2.1, 0.7], 16, 512), ("uneven",), WHOLE),  # 3.0000000000000004
    ),
    promises=(
        "by hand",
        "boundary",
        "order",
        "smallest",
    ),
    draw=draw_decays,
    reference=grow_instead,
    mistakes=(*MISTAKES, *RULES),
    accepted=(grow_by_noise, grow_step_by_step),
    lesson="What SGD feels is lr over B: dividing the one or multiplying the other is the same "
    "medicine, in fewer steps. Beyond the largest batch only the learning rate is left.",
    answered_by=("coursekit.train.schedules",),
)
