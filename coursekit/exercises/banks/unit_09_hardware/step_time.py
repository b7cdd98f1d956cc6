"""The law of a step's time, t(B) = max(t_0, B/r), fitted by the best split."""

import math
from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake

Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # sizes, seconds: floor, then slope


def misfits(batch_sizes: Sequence[float], seconds: Sequence[float]) -> dict[int, float]:
    """Return the sum of squares at each number of batch sizes on the floor."""
    flat, sloped = np.log(seconds), np.log(np.divide(seconds, batch_sizes))
    return {
        k: float(flat[:k].var() * k + sloped[k:].var() * (len(flat) - k))
        for k in range(2, len(batch_sizes) - 1)
    }


def fit_step_time(batch_sizes: Sequence[float], seconds: Sequence[float]) -> list[float]:
    errors = misfits(batch_sizes, seconds)
    k = min(errors, key=errors.__getitem__)
    sizes, times = np.array(batch_sizes, dtype=float), np.array(seconds, dtype=float)
    floor = np.exp(np.log(times[:k]).mean())
    return [float(floor), float(np.exp(np.log(sizes[k:] / times[k:]).mean()))]


def fit_by_loops(batch_sizes, seconds):
    best = (math.inf, 0.0, 0.0)
    for k in range(2, len(seconds) - 1):
        floor = math.prod(seconds[:k]) ** (1 / k)
        rates = [b / t for b, t in zip(batch_sizes[k:], seconds[k:], strict=True)]
        rate = math.prod(rates) ** (1 / len(rates))
        error = sum(math.log(t / floor) ** 2 for t in seconds[:k])
        error += sum(math.log(x / rate) ** 2 for x in rates)
        if error < best[0]:
            best = error, floor, rate
    return best[1:]


def fit_by_running_sums(batch_sizes, seconds):
    """Sum of squares less the square of the sum, from sums that run along the table."""
    n = len(seconds)
    logs = [math.log(t) for t in seconds]
    rates = [math.log(b) - y for b, y in zip(batch_sizes, logs, strict=True)]
    s1, s2 = list(accumulate(logs)), list(accumulate(y * y for y in logs))
    r1 = list(accumulate(reversed(rates)))[::-1]
    r2 = list(accumulate(y * y for y in reversed(rates)))[::-1]

    def error(k):
        return s2[k - 1] - s1[k - 1] ** 2 / k + r2[k] - r1[k] ** 2 / (n - k)

    k = min(range(2, n - 1), key=error)
    return np.array([math.exp(s1[k - 1] / k), math.exp(r1[k] / (n - k))])


POWERS = [1, 2, 4, 8, 16, 32]
TRAPS = (  # another rule for the split comes out otherwise: absolute sizes, means, single points
    [2.0, 1.0, 4.0, 4.0, 8.0, 16.0],
    [1.0, 1.0, 1.0, 16.0, 4.0, 8.0],
    [1.0, 2.0, 4.0, 16.0, 16.0, 8.0],
)


def draw_tables(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for trap in TRAPS:
        n = int(rng.integers(7, 11))
        sizes = 2 ** np.arange(n) * int(rng.integers(1, 6))
        floor, knee = rng.uniform(0.5, 4.0), sizes[int(rng.integers(2, n - 3))] * 1.3
        times = np.maximum(floor, floor * sizes / knee) * np.exp(0.05 * rng.normal(size=n))
        cases.append(Case("floor and slope", (sizes.tolist(), times.tolist())))
        unit = int(rng.integers(2, 40))
        noise = np.exp(rng.uniform(-0.02, 0.02, len(trap)))
        times = np.array(trap) * rng.uniform(0.1, 9.0) * noise
        cases.append(Case("noisy", ([unit * b for b in POWERS], times.tolist())))
    return cases


def at_another_split(
    misfit: Callable[[np.ndarray, np.ndarray], float], *, ends: int = 2
) -> Callable[[Sequence[float], Sequence[float]], list[float]]:
    """Return the mistake that judges the two parts' deviations otherwise, or tries other splits."""

    def answer(batch_sizes, seconds):
        flat, sloped = np.log(seconds), np.log(np.divide(batch_sizes, seconds))
        found = []
        for k in range(ends, len(flat) - ends + 1):
            low, high = flat[:k], sloped[k:]
            error = misfit(low - low.mean(), high - high.mean())
            found.append((error, float(np.exp(low.mean())), float(np.exp(high.mean()))))
        return list(min(found)[1:])

    return answer


sizes_in_absolute_terms = at_another_split(lambda low, high: abs(low).sum() + abs(high).sum())
means_of_squares = at_another_split(lambda low, high: (low**2).mean() + (high**2).mean())
single_sizes_allowed = at_another_split(lambda low, high: (low**2).sum() + (high**2).sum(), ends=1)


def at_the_split(change: Callable[..., list[float]]) -> Callable[..., list[float]]:
    """Return a mistake that splits rightly and does something else with the two parts."""

    def answer(batch_sizes, seconds):
        errors = misfits(batch_sizes, seconds)
        k = min(errors, key=errors.__getitem__)
        b, t = np.array(batch_sizes, dtype=float), np.array(seconds, dtype=float)
        found = change(b[:k], t[:k], b[k:], t[k:])
        right = fit_step_time(batch_sizes, seconds)
        return [r if f is None else float(f) for f, r in zip(found, right, strict=True)]

    return answer


def straight_line(batch_sizes, seconds):
    slope, floor = np.polyfit(batch_sizes, seconds, 1)
    return [floor, 1 / slope]


def split_in_the_middle(batch_sizes, seconds):
    k = len(seconds) // 2
    floor = np.exp(np.log(seconds[:k]).mean())
    return [floor, np.exp(np.log(np.divide(batch_sizes[k:], seconds[k:])).mean())]


def worst_split(batch_sizes, seconds):
    errors = misfits(batch_sizes, seconds)
    k = max(errors, key=errors.__getitem__)
    floor = np.exp(np.log(seconds[:k]).mean())
    return [floor, np.exp(np.log(np.divide(batch_sizes[k:], seconds[k:])).mean())]


def geometric(values):
    return np.exp(np.log(values).mean())


MISTAKES = (
    Mistake(
        "plain means",
        "You average seconds and rates as they are. A slip by a factor two up and one down: which "
        "mean lets them cancel?",
        at_the_split(lambda b0, t0, b, t: [t0.mean(), (b / t).mean()]),
    ),
    Mistake(
        "totals",
        "You divide all examples by all seconds. Which size then has nearly all the say?",
        at_the_split(lambda b0, t0, b, t: [None, b.sum() / t.sum()]),
    ),
    Mistake(
        "shortest time as the floor",
        "Your floor is the shortest time seen. Where all of them scatter, is the luckiest one the "
        "law's?",
        at_the_split(lambda b0, t0, b, t: [t0.min(), None]),
    ),
    Mistake(
        "highest rate seen",
        "Your rate is the highest one seen. Where all of them scatter, is the luckiest one the "
        "law's?",
        at_the_split(lambda b0, t0, b, t: [None, (b / t).max()]),
    ),
    Mistake(
        "the largest batch alone",
        "Your rate is that of the largest batch. What do the other sizes on the slope say?",
        at_the_split(lambda b0, t0, b, t: [None, b[-1] / t[-1]]),
    ),
    Mistake(
        "the smallest batch alone",
        "Your floor is the time of the smallest batch. What do the other sizes on the floor say?",
        at_the_split(lambda b0, t0, b, t: [t0[0], None]),
    ),
    Mistake(
        "medians",
        "You take medians. Which mean does the text ask for?",
        at_the_split(lambda b0, t0, b, t: [np.median(t0), np.median(b / t)]),
    ),
    Mistake(
        "seconds an example",
        "Your second number falls when the machine gets faster. Which unit is asked for?",
        at_the_split(lambda b0, t0, b, t: [None, geometric(t / b)]),
    ),
    Mistake(
        "the knee in place of the rate",
        "Your second number is a batch size. Which unit has a rate?",
        at_the_split(lambda b0, t0, b, t: [None, geometric(t0) * geometric(b / t)]),
    ),
    Mistake(
        "rate over all sizes",
        "Your rate averages over the floor too. Does a batch of one fill the machine?",
        at_the_split(lambda b0, t0, b, t: [None, geometric(np.r_[b0, b] / np.r_[t0, t])]),
    ),
    Mistake(
        "floor over all sizes",
        "Your floor averages over the slope too. Which sizes take no longer than the smallest?",
        at_the_split(lambda b0, t0, b, t: [geometric(np.r_[t0, t]), None]),
    ),
    Mistake(
        "order of the two",
        "Your two numbers look exchanged. Which comes first?",
        at_the_split(lambda b0, t0, b, t: [geometric(b / t), geometric(t0)]),
    ),
    Mistake(
        "a straight line",
        "You fit one straight line, floor plus slope. Does a batch of two on an idle machine take "
        "longer than a batch of one?",
        straight_line,
    ),
    Mistake(
        "split in the middle",
        "You split the table in its middle. Does every machine fill up in the middle of your "
        "table?",
        split_in_the_middle,
    ),
    Mistake(
        "absolute deviations",
        "You add the sizes of the deviations. Which power of them does the text ask for?",
        sizes_in_absolute_terms,
    ),
    Mistake(
        "means of squares",
        "You add two mean squares. Does a long part then count as much as it should?",
        means_of_squares,
    ),
    Mistake(
        "a single size on one side",
        "You allow a part of one size alone. How well does a single point fit itself?",
        single_sizes_allowed,
    ),
    Mistake(
        "the first split",
        "You always split after the second size. Where does this machine fill up?",
        lambda batch_sizes, seconds: [
            float(geometric(seconds[:2])),
            float(geometric(np.divide(batch_sizes[2:], seconds[2:]))),
        ],
    ),
    Mistake(
        "logarithms returned",
        "You return logarithms. In which units are floor and rate?",
        at_the_split(lambda b0, t0, b, t: [np.log(geometric(t0)), np.log(geometric(b / t))]),
    ),
    Mistake(
        "the worst split",
        "You keep the split with the largest sum. Is a large sum of squares a good fit?",
        worst_split,
    ),
)

U09_STEP_TIME = Exercise(
    id="u09_step_time",
    call="fit_law(batch_sizes, seconds)",
    points={"floor and slope": 1.0, "noisy": 2.0},
    by_hand=(
        Case(
            "floor and slope", ([1, 2, 4, 8, 16], [4.0, 4.0, 4.0, 8.0, 16.0]), keeps=("boundary",)
        ),
        Case("floor and slope", ([1, 2, 10, 20], [2.0, 2.0, 5.0, 10.0]), keeps=("smallest",)),
        Case(
            "noisy",
            ([1, 2, 6, 24, 100, 200], [1.0, 4.0, 2.0, 12.0, 25.0, 100.0]),
            keeps=("average", "uneven"),
        ),
        *(Case("noisy", (POWERS, times), keeps=("uneven",)) for times in TRAPS),
    ),
    promises=("average", "boundary", "smallest", "uneven"),
    draw=draw_tables,
    reference=fit_step_time,
    mistakes=MISTAKES,
    accepted=(fit_by_loops, fit_by_running_sums),
    lesson="Two numbers say what a batch costs on a machine: the shortest step, and the rate once "
    "it is full. Their product is the batch that just fills it.",
    answered_by=("coursekit.hardware.step_time",),
)
