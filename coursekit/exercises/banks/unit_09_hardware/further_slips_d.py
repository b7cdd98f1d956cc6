"""Slips of unit 09 that a third trial of its text brought up, from the workers to the plan."""

import math
from collections.abc import Callable

from coursekit.exercises.banks.unit_09_hardware.further_slips_b import noises
from coursekit.exercises.banks.unit_09_hardware.plan_slips import costs, of, plan, with_cost
from coursekit.exercises.engine.declare import Mistake


def over_one(value: Callable[..., float], base=None) -> Callable[..., list[float]]:
    """Return value(N, B, t) of each entry over that of the one worker, or of another base."""

    def answer(workers, examples, seconds):
        each = [value(*row) for row in zip(workers, examples, seconds, strict=True)]
        place = workers.index(1) if base is None else base(examples)
        return [x / each[place] for x in each]

    return answer


EFFICIENCY = (
    Mistake(
        "one worker fewer",
        "You share out over one worker fewer than there are. Does the first one not work?",
        over_one(lambda n, b, t: b / t / max(1, n - 1)),
    ),
    Mistake(
        "seconds for each example and worker",
        "You divide seconds by examples and by workers. Which of them stands on top in a rate, and "
        "do more workers cost fewer seconds of work?",
        over_one(lambda n, b, t: t / (b * n)),
    ),
    Mistake(
        "the entry with the fewest examples",
        "You compare with the entry of the fewest examples. Is it always that of the one worker?",
        over_one(lambda n, b, t: b / n / t, base=lambda examples: examples.index(min(examples))),
    ),
    Mistake(
        "whole examples a worker",
        "You divide examples by workers and drop what is left over. Is that part of the rate?",
        over_one(lambda n, b, t: b // n / t),
    ),
)


def flat(lists):
    return [x for values in lists for x in values]


def up_to_the_largest(indices, right):
    seen = dict(zip(flat(indices), flat(right), strict=True))
    return sum(seen.values()) / (max(seen) - min(seen) + 1)


def not_within_a_worker(indices, right):
    seen: set[int] = set()
    hits = []
    for examples, answers in zip(indices, right, strict=True):
        hits += [hit for i, hit in zip(examples, answers, strict=True) if i not in seen]
        seen |= set(examples)
    return sum(hits) / len(hits)


def so_many_of_the_first(indices, right):
    count = len(set(flat(indices)))
    return sum(flat(right)[:count]) / count


OVER_WORKERS = (
    Mistake(
        "from the smallest to the largest index",
        "You count from the smallest index to the largest. Has every number between been seen?",
        up_to_the_largest,
    ),
    Mistake(
        "repeats within a worker",
        "You take an example out that another worker had. What of one that a worker has twice?",
        not_within_a_worker,
    ),
    Mistake(
        "as many entries as there are examples",
        "You keep as many entries as there are different examples, from the front. Are the repeats "
        "all at the end?",
        so_many_of_the_first,
    ),
)


def with_noise(total: Callable[..., float]) -> Callable[..., list[float]]:
    """Return an answer whose noise is total(|G|^2, tr, B, N, q), and the batch read off it."""

    def answer(*args):
        noise = float(total(*args))
        return [noise, args[1] / noise if noise else math.inf]

    return answer


def added(signal: float, noise: float, n: int, q: float) -> float:
    return (1 / q - 1) * (signal + n * noise) / n


COMPRESSED = (
    Mistake(
        "the batch's noise averaged once more",
        "You divide the noise of the batch by the workers. Whose average is it already?",
        with_noise(lambda g, tr, b, n, q: tr / b / n + added(g, tr / b, n, q)),
    ),
    Mistake(
        "nothing added",
        "Your noise does not depend on the share. What scatters where entries are left out?",
        with_noise(lambda g, tr, b, n, q: tr / b),
    ),
    Mistake(
        "root of the noise",
        "You return a root. Is the square of a length asked for, or a length?",
        with_noise(lambda g, tr, b, n, q: math.sqrt(sum(noises(g, tr, b, n, q)))),
    ),
    Mistake(
        "noise taken off the signal",
        "You take the noise off |G|². Is a worker's own gradient longer or shorter than the mean?",
        with_noise(lambda g, tr, b, n, q: tr / b + added(g, -tr / b, n, q)),
    ),
    Mistake(
        "distance of signal and noise",
        "You take the distance between |G|² and the noise. What is the mean square of a sum of "
        "two independent parts?",
        with_noise(lambda g, tr, b, n, q: tr / b + (1 / q - 1) * abs(g - n * tr / b) / n),
    ),
    Mistake(
        "signal squared once more",
        "You square the signal. What does the docstring say that the first argument is?",
        with_noise(lambda g, tr, b, n, q: tr / b + added(g * g, tr / b, n, q)),
    ),
    Mistake(
        "second moment of the average",
        "You add the signal itself. From where does the text measure the error?",
        with_noise(lambda g, tr, b, n, q: g + tr / b + added(g, tr / b, n, q)),
    ),
    Mistake(
        "a smaller batch, and all of the signal",
        "You make the batch smaller by the share and add the signal. How much of the signal "
        "scatters, where all is sent?",
        with_noise(lambda g, tr, b, n, q: tr / (b * q) + g / n),
    ),
)


def until_it_rises(goal, candidates, timed, runs, memory, prices):
    found = costs(goal, candidates, timed, runs, memory, prices)
    best = [math.nan, math.nan]
    for b, cost in found.items():
        if cost > best[1]:
            break
        best = [b, cost]
    return best


def place_in_the_list(goal, candidates, timed, runs, memory, prices):
    best, cost = plan(goal, candidates, timed, runs, memory, prices)
    return [math.nan if math.isnan(best) else list(candidates).index(best), cost]


def at_the_ends(goal, candidates, timed, runs, memory, prices):
    """Take the shortest time for the floor, and the rate of the largest batch."""
    rate = timed[0][-1] / timed[1][-1]
    return with_cost(time=lambda b, *_: max(min(timed[1]), b / rate))(
        goal, candidates, timed, runs, memory, prices
    )


PLAN = (
    Mistake(
        "the examples' price for each step",
        "You pay the examples' price once a step. How many of them does a step take?",
        with_cost(
            of("money", lambda b, s, t0, r, p: s * max(t0, b / r) / 3600 * p[0] + s / 1e6 * p[1])
        ),
    ),
    Mistake(
        "stops where the cost rises",
        "You stop where the cost first rises. In which order does the text say that candidates "
        "come?",
        until_it_rises,
    ),
    Mistake(
        "place in the list",
        "You return where the best candidate stands. What does the docstring ask for first?",
        place_in_the_list,
    ),
    Mistake(
        "shortest time and the largest batch's rate",
        "You take the shortest time and the rate of the largest batch. What do the sizes between "
        "them say?",
        at_the_ends,
    ),
)
