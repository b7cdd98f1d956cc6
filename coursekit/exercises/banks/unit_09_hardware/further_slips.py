"""Slips of unit 09 that further trials of its text brought up, each with its question."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.epoch_slips import epoch
from coursekit.exercises.banks.unit_09_hardware.step_time_law import misfits
from coursekit.exercises.engine.declare import Mistake


def geometric(values):
    return float(np.exp(np.log(values).mean()))


def arithmetic(values):
    return float(np.mean(values))


def fitted(floor=geometric, rate=geometric, misfit=None) -> Callable[..., list[float]]:
    """Return a fit with other means, or one whose split has the least of another misfit."""

    def answer(batch_sizes, seconds):
        sizes, times = np.array(batch_sizes, float), np.array(seconds, float)
        found = misfits(batch_sizes, seconds)
        if misfit is not None:
            for k in found:
                t0, r = geometric(times[:k]), geometric(sizes[k:] / times[k:])
                found[k] = float(misfit(sizes, times, k, t0, r))
        k = min(found, key=found.__getitem__)
        return [float(floor(times[:k])), float(rate(sizes[k:] / times[k:]))]

    return answer


STEP_TIME = (
    Mistake(
        "plain mean of the floor alone",
        "You average the floor's times as they are, and the rates by logarithms. Which mean does "
        "the text name for both?",
        fitted(floor=arithmetic),
    ),
    Mistake(
        "plain mean of the rates alone",
        "You average the rates as they are, and the floor's times by logarithms. Which mean does "
        "the text name for both?",
        fitted(rate=arithmetic),
    ),
    Mistake(
        "mean seconds an example",
        "You average seconds an example and turn them over. Is the turned mean the mean of what "
        "was turned?",
        fitted(rate=lambda rates: 1 / np.mean(1 / rates)),
    ),
    Mistake(
        "misfit in seconds",
        "Your misfit adds squares of seconds. Which sizes then have nearly all the say?",
        fitted(
            misfit=lambda b, t, k, t0, r: (
                ((t[:k] - t0) ** 2).sum() + ((t[k:] - b[k:] / r) ** 2).sum()
            )
        ),
    ),
    Mistake(
        "misfit of the larger of both pieces",
        "Your misfit compares with the law as a whole. To which of its two pieces does the text "
        "compare a size?",
        fitted(
            misfit=lambda b, t, k, t0, r: ((np.log(t) - np.log(np.maximum(t0, b / r))) ** 2).sum()
        ),
    ),
)


def knee_then(change: Callable[[float], float], bytes_as=lambda s: s) -> Callable[..., float]:
    def answer(fan_in, fan_out, bytes_per_number, flops, bandwidth):
        s = bytes_as(bytes_per_number)
        gain = 2 * fan_in * fan_out / flops - s * (fan_in + fan_out) / bandwidth
        return change(s * fan_in * fan_out / bandwidth / gain) if gain > 0 else math.nan

    return answer


ROOFLINE = (
    Mistake(
        "one at least",
        "You lift a knee below one. Does the text ask for a batch that one can run, or for where "
        "two times are equal?",
        knee_then(lambda knee: max(1.0, knee)),
    ),
    Mistake(
        "nan below one",
        "You return nan for a knee below one. When does the text say that no batch is large "
        "enough?",
        knee_then(lambda knee: knee if knee >= 1 else math.nan),
    ),
    Mistake(
        "bits for bytes",
        "You divide the size of a number by eight. In which unit does the docstring give it?",
        knee_then(lambda knee: knee, bytes_as=lambda s: s / 8),
    ),
    Mistake(
        "inputs and outputs moved once",
        "Your inputs and outputs are moved once, like the weights. How many rows of each has a "
        "batch?",
        lambda n, m, s, flops, bandwidth: s * (n * m + n + m) / bandwidth / (2 * n * m / flops),
    ),
)


ACTIVATIONS = (
    Mistake(
        "the widest layer throughout",
        "You count the widest layer for every layer of a segment. Are all layers equally wide?",
        lambda w, b, k, s: s * b * max(w[:-1]) * min(k, len(w) - 1),
    ),
)


def other(place: int, value: Callable[..., float]) -> Callable[..., list]:
    """Return an epoch with one of its numbers replaced: (n, b, floor, rate, drop, right one)."""

    def answer(num_examples, batch_size, floor, rate, drop_last):
        args = (num_examples, batch_size, floor, rate, drop_last)
        numbers = list(epoch(*args))
        numbers[place] = value(*args, numbers[place])
        return numbers

    return answer


EPOCH = (
    Mistake(
        "dropped ones counted as a step",
        "You count a step for examples that are dropped. Who takes it?",
        other(0, lambda n, b, floor, rate, drop, right: -(-n // b)),
    ),
    Mistake(
        "the partial step not counted",
        "Your number of steps leaves the partial batch out, your seconds do not. Is it a step?",
        other(0, lambda n, b, floor, rate, drop, right: n // b),
    ),
    Mistake(
        "a step more where all is full",
        "You count one step more where nothing is left over. How many batches are there?",
        other(0, lambda n, b, floor, rate, drop, right: n // b + (not drop or n % b == 0)),
    ),
    Mistake(
        "one floor for the epoch",
        "Your floor is compared once, with a whole epoch. To what does the law of 9.2 apply?",
        other(1, lambda n, b, floor, rate, drop, right: max(floor, n / rate)),
    ),
    Mistake(
        "unknown where dropped",
        "You say nan for examples that are dropped. How much do they count in an epoch?",
        other(2, lambda n, b, f, r, drop, right: math.nan if drop and n % b else right),
    ),
    Mistake(
        "how much more than a full one",
        "You say how much more an example counts. Against what does the text compare: nothing, or "
        "an example of a full batch?",
        other(2, lambda n, b, floor, rate, drop, right: right - 1),
    ),
    Mistake(
        "time of the dropped step",
        "You wait for a step that is dropped. How many steps does the epoch have?",
        other(
            1, lambda n, b, f, r, drop, right: right + (max(f, n % b / r) if n % b * drop else 0)
        ),
    ),
)
