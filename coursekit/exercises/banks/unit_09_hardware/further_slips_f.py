"""Slips of unit 09 that a fourth, blind trial of its text brought up, from the workers on."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.plan_slips import of, plan, with_cost
from coursekit.exercises.banks.unit_09_hardware.step_time_law import fit_step_time
from coursekit.exercises.engine.declare import Mistake


def over(base: Callable[[list[float], list[int]], float]) -> Callable[..., list[float]]:
    """Return each worker's rate over base(rates, workers)."""

    def answer(workers, examples, seconds):
        rates = [b / n / t for n, b, t in zip(workers, examples, seconds, strict=True)]
        return [rate / base(rates, list(workers)) for rate in rates]

    return answer


def over_the_next_smaller(workers, examples, seconds):
    rates = over(lambda rates, workers: 1.0)(workers, examples, seconds)
    by_size = sorted(zip(workers, rates, strict=True))
    place = {n: max(0, i - 1) for i, (n, _) in enumerate(by_size)}
    return [rate / by_size[place[n]][1] for n, rate in zip(workers, rates, strict=True)]


def by_root(workers, examples, seconds):
    return [
        share * n**0.5
        for n, share in zip(
            workers,
            over(lambda rates, ns: rates[ns.index(1)])(workers, examples, seconds),
            strict=True,
        )
    ]


def each_sorted(workers, examples, seconds):
    return over(lambda rates, ns: rates[ns.index(1)])(*map(sorted, (workers, examples, seconds)))


EFFICIENCY = (
    Mistake(
        "place one for worker one",
        "You compare with the second entry. Where does Python begin to count, and which entry has "
        "one worker?",
        over(lambda rates, workers: rates[min(1, len(rates) - 1)]),
    ),
    Mistake(
        "the mean of the table",
        "You compare with the mean of the table. With whom does the text compare?",
        over(lambda rates, workers: sum(rates) / len(rates)),
    ),
    Mistake(
        "the next smaller number of workers",
        "You compare with the next smaller number of workers. With how many does the text?",
        over_the_next_smaller,
    ),
    Mistake(
        "root of the workers",
        "You divide by a root. How many times one worker's examples would all of them do, if none "
        "waited?",
        by_root,
    ),
    Mistake(
        "each list sorted",
        "You sort each list by itself. Which seconds belong to which workers then?",
        each_sorted,
    ),
)


def known(indices, right):
    pairs = zip(indices, right, strict=True)
    return {i: hit for w, hits in pairs for i, hit in zip(w, hits, strict=True)}


def unlike_the_worker_before(indices, right):
    kept: list[int] = []
    last: set[int] = set()
    for examples, hits in zip(indices, right, strict=True):
        kept += [hit for i, hit in dict(zip(examples, hits, strict=True)).items() if i not in last]
        last = set(examples)
    return sum(kept) / len(kept)


def order_lost(indices, right):
    """Take the set of a worker's examples, and the answers in their old order."""
    seen: dict[int, int] = {}
    for examples, hits in zip(indices, right, strict=True):
        seen.update(zip(sorted(set(examples)), hits, strict=False))
    return sum(seen.values()) / len(seen)


def all_but_the_last_worker(indices, right):
    kept = known(indices[:-1], right[:-1]) or known(indices, right)
    return sum(kept.values()) / len(kept)


OVER_WORKERS = (
    Mistake(
        "unlike the worker before",
        "You take out what the worker before had. What of an example that two others share?",
        unlike_the_worker_before,
    ),
    Mistake(
        "the largest index itself",
        "You divide by the largest index. How many different examples were seen?",
        lambda indices, right: (
            sum(known(indices, right).values()) / max(1, max(known(indices, right)))
        ),
    ),
    Mistake(
        "the longest worker's length for all",
        "You count as many examples for each worker as the longest has. How many are there, each "
        "counted once?",
        lambda indices, right: (
            sum(known(indices, right).values()) / (max(map(len, indices)) * len(indices))
        ),
    ),
    Mistake(
        "the last worker left out",
        "You leave the last worker out. Does it hold nothing but what others have?",
        all_but_the_last_worker,
    ),
    Mistake(
        "the order of a worker's examples lost",
        "You make a set of a worker's examples and keep its answers as they were. Which answer "
        "belongs to which example then?",
        order_lost,
    ),
)


def noise_of(g, tr, b, n, q, added=lambda factor, one: factor * one):
    return tr / b + added(1 / q - 1, g + n * tr / b) / n


def compressed(total: Callable[..., float], effective=None) -> Callable[..., list[float]]:
    """Return total(|G|^2, tr, B, N, q), and tr over it or another second number."""

    def answer(*args):
        noise = float(total(*args))
        if effective is None:
            return [noise, args[1] / noise if noise else math.inf]
        return [noise, float(effective(*args, noise))]

    return answer


COMPRESSED = (
    Mistake(
        "what is added, and the batch where nothing is",
        "Your first number is what compression adds. What else is in the error?",
        compressed(
            lambda g, tr, b, n, q: noise_of(g, tr, b, n, q) - tr / b,
            lambda g, tr, b, n, q, noise: tr / noise if noise else b,
        ),
    ),
    Mistake(
        "the noise scale",
        "Your second number is the noise scale. Does it depend on what is sent?",
        compressed(noise_of, lambda g, tr, b, n, q, noise: tr / g),
    ),
    Mistake(
        "factor squared",
        "You square the factor in front of |g|². What stands there in the text?",
        compressed(
            lambda g, tr, b, n, q: noise_of(
                g, tr, b, n, q, added=lambda factor, one: factor**2 * one
            )
        ),
    ),
    Mistake(
        "the share that is not sent",
        "You take the share for that which is not sent. What does q say?",
        lambda g, tr, b, n, q: compressed(noise_of)(g, tr, b, n, 1 - q if q < 1 else 1.0),
    ),
    Mistake(
        "examples lost",
        "Your second number is what is lost of the batch. What is asked for?",
        compressed(noise_of, lambda g, tr, b, n, q, noise: b - tr / noise),
    ),
    Mistake(
        "no noise where all is sent",
        "Where all is sent you have no noise. What of the batch's own?",
        lambda g, tr, b, n, q: [0.0, b] if q == 1 else compressed(noise_of)(g, tr, b, n, q),
    ),
)


def straight_time(b, floor, rate, timed):
    return float(np.polyval(np.polyfit(timed[0], timed[1], 1), b))


def beside_the_knee(choose: Callable[[dict, float], float]) -> Callable[..., list[float]]:
    """Return the mistake that picks a batch by the knee where seconds are the goal."""

    def answer(goal, candidates, timed, runs, memory, prices):
        if goal != "seconds":
            return plan(goal, candidates, timed, runs, memory, prices)
        inner = with_cost(choose=lambda found: choose(found, knee_of(timed)))
        return inner(goal, candidates, timed, runs, memory, prices)

    return answer


def knee_of(timed):
    floor, rate = fit_step_time(*timed)
    return floor * rate


def not_above(found, knee):
    return max((b for b in found if b <= knee), default=min(found))


def not_below(found, knee):
    return min((b for b in found if b >= knee * (1 - 1e-9)), default=max(found))


PLAN = (
    Mistake(
        "a straight line through the times",
        "You draw a straight line through the times. Which law does exercise 1 fit to them?",
        with_cost(time=straight_time),
    ),
    Mistake(
        "the largest up to the knee",
        "You take the largest candidate up to the knee. Could one beyond it save more steps than "
        "it costs?",
        beside_the_knee(not_above),
    ),
    Mistake(
        "the smallest from the knee on",
        "You take the smallest candidate from the knee on. What do the others cost?",
        beside_the_knee(not_below),
    ),
    Mistake(
        "the nearest to the knee",
        "You take the candidate that lies nearest to the knee. What do the others cost?",
        beside_the_knee(lambda found, knee: min(found, key=lambda b: abs(b - knee))),
    ),
    Mistake(
        "the smallest of the shortest steps",
        "You look for the shortest step, and the smallest batch that has it. How many steps are "
        "there to the target?",
        with_cost(
            of("seconds", lambda b, s, floor, rate, prices: max(floor, b / rate)),
            choose=lambda found: min(found, key=lambda b: (found[b], b)),
        ),
    ),
    Mistake(
        "zero and infinite where none fits",
        "Nothing fits here, and you name a batch of size zero. What does the text ask for then?",
        with_cost(nothing=lambda candidates: [0.0, math.inf]),
    ),
    Mistake(
        "the first that does not fit ends the search",
        "You stop at the first candidate that does not fit. In which order does the text say that "
        "they come?",
        lambda goal, candidates, timed, runs, memory, prices: plan(
            goal, up_to_the_first_too_large(candidates, memory), timed, runs, memory, prices
        ),
    ),
    Mistake(
        "the floor at every batch",
        "A step takes the floor at any batch in your bill. How long is one above the knee?",
        with_cost(
            of(
                "money",
                lambda b, s, floor, rate, prices: (
                    s * floor / 3600 * prices[0] + b * s / 1e6 * prices[1]
                ),
            )
        ),
    ),
)


def up_to_the_first_too_large(candidates, memory):
    too_large = (i for i, b in enumerate(candidates) if memory[0] + memory[1] * b > memory[2])
    return list(candidates)[: next(too_large, len(candidates))]
