"""Slips of unit 09 that a fourth, blind trial of its text brought up, up to the blocks of rows."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.epoch_slips import epoch
from coursekit.exercises.banks.unit_09_hardware.further_slips_c import at, filled, geometric
from coursekit.exercises.banks.unit_09_hardware.step_time_law import fit_step_time, misfits
from coursekit.exercises.engine.declare import Mistake


def best_split(batch_sizes, seconds):
    found = misfits(batch_sizes, seconds)
    return min(found, key=found.__getitem__)


def line_through_the_slope(batch_sizes, seconds):
    k = best_split(batch_sizes, seconds)
    slope, _ = np.polyfit(batch_sizes[k:], seconds[k:], 1)
    return [geometric(seconds[:k]), float(1 / slope)]


def without_the_corner(batch_sizes, seconds):
    """Leave the size at the split out of both pieces, wherever one is left beyond it."""
    rates, best = np.divide(batch_sizes, seconds), (math.inf, 0.0, 0.0)
    for k in range(2, len(seconds) - 1):
        low, high = np.log(seconds[:k]), np.log(rates[k + 1 :])
        error = float(low.var() * len(low) + high.var() * len(high))
        if error < best[0]:
            best = error, math.exp(low.mean()), math.exp(high.mean())
    return list(best[1:])


def at_the_first_jump(batch_sizes, seconds):
    jumps = (i for i in range(2, len(seconds) - 1) if seconds[i] > 1.5 * seconds[i - 1])
    return at(batch_sizes, seconds, next(jumps, len(seconds) - 2))


def joined_at_the_corner(batch_sizes, seconds):
    k = best_split(batch_sizes, seconds)
    floor = geometric(seconds[:k])
    return [floor, batch_sizes[k] / floor]


STEP_TIME = (
    Mistake(
        "a line with an intercept for the rate",
        "Your rate comes from a line with an intercept. Which mean does the text name for it?",
        line_through_the_slope,
    ),
    Mistake(
        "a size in neither piece",
        "A size lies in neither of your pieces. Where do the others begin, after the first k?",
        without_the_corner,
    ),
    Mistake(
        "split at the first jump",
        "You split where the time first jumps. By what does the text choose among the splits?",
        at_the_first_jump,
    ),
    Mistake(
        "powers of two for the sizes",
        "You take powers of two for the sizes. Which argument holds them?",
        lambda batch_sizes, seconds: fit_step_time([2**i for i in range(len(seconds))], seconds),
    ),
    Mistake(
        "rate from the corner",
        "Your rate is read off at one size. What do the sizes beyond it say?",
        joined_at_the_corner,
    ),
    Mistake(
        "times sorted first",
        "You sort the times. Which size does a time belong to then?",
        lambda batch_sizes, seconds: fit_step_time(batch_sizes, sorted(seconds)),
    ),
)


def knee(weights=None, work=None) -> Callable[..., float]:
    """Return a knee with other numbers for the weights, or other operations of an example."""

    def answer(n, m, s, flops, bandwidth):
        moved = n * m if weights is None else weights(n, m)
        done = 2 * n * m if work is None else work(n, m)
        gain = done / flops - s * (n + m) / bandwidth
        return s * moved / bandwidth / gain if gain > 0 else math.nan

    return answer


ROOFLINE = (
    Mistake(
        "a bias moved with the weights",
        "You move more than n times m weights. Has the text's layer a bias?",
        knee(weights=lambda n, m: n * m + m),
    ),
    Mistake(
        "one sum fewer than products",
        "You count one sum fewer than products. How many sums does the text count?",
        knee(work=lambda n, m: (2 * n - 1) * m),
    ),
    Mistake(
        "weights at no price",
        "Your weights come at no price. Which time is there whatever the batch is?",
        lambda n, m, s, flops, bandwidth: (
            math.nan
            if 2 * n * m / flops <= s * (n + m) / bandwidth
            else s * (n + m) / bandwidth / (2 * n * m / flops)
        ),
    ),
)


def changed(steps=None, seconds=None, weight=None) -> Callable[..., list[float]]:
    """Return an epoch with one of its numbers made of (N, B, floor, rate, drop, the right one)."""

    def answer(*args):
        right = epoch(*args)
        for place, other in enumerate((steps, seconds, weight)):
            if other is not None:
                right[place] = float(other(*args, right))
        return right

    return answer


def where_kept(values: Callable[..., list[float]]) -> Callable[..., list[float]]:
    """Return an epoch that is another one where examples are left over and kept."""

    def answer(n, b, floor, rate, drop_last):
        if drop_last or n % b == 0:
            return epoch(n, b, floor, rate, drop_last)
        return values(*divmod(n, b), b, lambda size: max(floor, size / rate))

    return answer


def a_full_one_dropped(n, b, floor, rate, drop_last):
    if drop_last and n % b == 0:
        return [n // b - 1, (n // b - 1) * max(floor, b / rate), 0.0]
    return epoch(n, b, floor, rate, drop_last)


EPOCH = (
    Mistake(
        "seconds first",
        "Your first two numbers stand in each other's place. In which order does the text ask for "
        "them?",
        lambda *args: [epoch(*args)[i] for i in (1, 0, 2)],
    ),
    Mistake(
        "mean seconds of a step",
        "Your seconds are those of one step, on average. Whose seconds does the text ask for?",
        changed(seconds=lambda n, b, floor, rate, drop, right: right[1] / right[0]),
    ),
    Mistake(
        "a full last batch dropped",
        "You drop a batch that is full. Which batch does `drop_last` leave out?",
        a_full_one_dropped,
    ),
    Mistake(
        "how much more it counts",
        "You say how much more an example counts. What would you say of one in a full batch, and "
        "what does the text?",
        changed(
            weight=lambda n, b, floor, rate, drop, right: (
                right[2] - 1 if n % b and not drop else right[2]
            )
        ),
    ),
    Mistake(
        "filled up to a full batch",
        "Your last batch is as good as a full one. How many examples are in its mean, and how long "
        "do they take?",
        where_kept(lambda full, left, b, t: [full + 1, (full + 1) * t(b), 1.0]),
    ),
    Mistake(
        "left over ones joined to the last batch",
        "You put what is left over into the last full batch. How many batches does the text make?",
        where_kept(
            lambda full, left, b, t: [full, (full - 1) * t(b) + t(b + left), b / (b + left)]
        ),
    ),
    Mistake(
        "missing for left over",
        "You count how many examples are missing to a full batch. How many are in the last one?",
        where_kept(lambda full, left, b, t: [full + 1, full * t(b) + t(b - left), b / (b - left)]),
    ),
    Mistake(
        "all floors beside all examples",
        "You compare all floors together with all examples together. Which step waits, and which "
        "one computes?",
        changed(
            seconds=lambda n, b, floor, rate, drop, right: max(
                right[0] * floor, (right[0] * b if drop else n) / rate
            )
        ),
    ),
    Mistake(
        "a floor that shrinks with the batch",
        "Your floor shrinks with the batch. On what does the shortest step depend?",
        changed(
            seconds=lambda n, b, floor, rate, drop, right: (
                n // b * max(floor, b / rate)
                + (0.0 if drop else max(floor * (n % b) / b, n % b / rate))
            )
        ),
    ),
    Mistake(
        "floor for the partial batch alone",
        "Your full batches never wait for the floor. May one of them be too small as well?",
        changed(
            seconds=lambda n, b, floor, rate, drop, right: (
                n // b * b / rate + (max(floor, n % b / rate) if n % b and not drop else 0.0)
            )
        ),
    ),
)

ROW_STABLE = (
    Mistake(
        "blocks not joined",
        "You return your blocks one by one. How do they become as many rows as came in?",
        lambda function, rows, block: [
            function(part).tolist() for part in filled(rows, block).split(block)
        ],
    ),
)
