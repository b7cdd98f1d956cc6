"""Other rules by which a batch might grow, or a learning rate fall, each with its question."""

import math
from collections.abc import Callable
from itertools import pairwise

from coursekit.exercises.engine.declare import Mistake

Plan = list[list[float]]


def by_factors(factor: Callable[[list[float], int], float]) -> Callable[..., Plan]:
    """Return an answer that grows by another factor and keeps lr/B all the same."""

    def answer(lrs: list[float], b: int, most: int) -> Plan:
        sizes = [min(b * factor(lrs, i), most) for i in range(len(lrs))]
        return [[size, lr * size / b] for lr, size in zip(lrs, sizes, strict=True)]

    return answer


def whole(lrs: list[float], i: int) -> int:
    return round(lrs[0] / lrs[i])


def falls(lrs: list[float], i: int) -> int:
    """Count the falls of lr up to epoch i."""
    return sum(before > after for before, after in pairwise(lrs[: i + 1]))


def in_whole_batches(lrs: list[float], b: int, most: int) -> Plan:
    factors = [min(whole(lrs, i), most // b) for i in range(len(lrs))]
    return [[b * k, lr * k] for lr, k in zip(lrs, factors, strict=True)]


def root_at_the_limit(lrs: list[float], b: int, most: int) -> Plan:
    wanted = [b * whole(lrs, i) for i in range(len(lrs))]
    return [[min(w, most), lrs[0] * min(1.0, most / w) ** 0.5] for w in wanted]


def falls_twice(lrs: list[float], b: int, most: int) -> Plan:
    plan: Plan = []
    for i, lr in enumerate(lrs):
        wanted = b * whole(lrs, i)
        plan.append([wanted, lrs[0]] if wanted <= most else [most, lr * most / wanted])
    return plan


def rounded_steps(lrs: list[float], i: int) -> int:
    return math.prod(round(before / after) for before, after in pairwise(lrs[: i + 1]))


RULES: tuple[Mistake, ...] = (
    Mistake(
        "factors rounded one by one",
        "You round each fall by itself and multiply. Which ratio does the text call whole: that to "
        "the epoch before, or to the first?",
        by_factors(rounded_steps),
    ),
    Mistake(
        "each fall by itself, rounded",
        "Where the old learning rate rests, your batch is back at its first size. Of which two "
        "epochs do you compare the rates?",
        by_factors(lambda lrs, i: round(lrs[max(0, i - 1)] / lrs[i])),
    ),
    Mistake(
        "the factor rounded up",
        "Somewhere your batch is a whole multiple too large. Two numbers of a computer divide to "
        "just above a whole one: what does rounding up make of it?",
        by_factors(lambda lrs, i: math.ceil(lrs[0] / lrs[i])),
    ),
    Mistake(
        "the factor squared",
        "Your batch grows by the square of the factor. With which power does each of the two stand "
        "in what is kept?",
        by_factors(lambda lrs, i: whole(lrs, i) ** 2),
    ),
    Mistake(
        "the root at the limit",
        "At the limit your learning rate falls with a root. By which part of the factor should it?",
        root_at_the_limit,
    ),
    Mistake(
        "only whole batches at the limit",
        "At the limit your batch is a whole multiple of the first. How large is it there by the "
        "text?",
        in_whole_batches,
    ),
    Mistake(
        "an epoch late, lr at once",
        "Your batch follows an epoch after the learning rate. Which epoch's factor does it need?",
        by_factors(lambda lrs, i: whole(lrs, max(0, i - 1))),
    ),
    Mistake(
        "one batch more a fall",
        "You add the first batch once more at every fall. Does a factor on the learning rate "
        "correspond to a sum or to a factor?",
        by_factors(lambda lrs, i: 1 + falls(lrs, i)),
    ),
    Mistake(
        "always four times",
        "You take every fall for a factor of four. By which factor did the learning rate fall?",
        by_factors(lambda lrs, i: 4 ** falls(lrs, i)),
    ),
    Mistake(
        "falls twice at the limit",
        "At the limit your learning rate is below that of the old run's noise: you divide the old "
        "rate, which has fallen already. Which rate is it a part of?",
        falls_twice,
    ),
)
