"""Slips of unit 08 from a later trial of its text, each with its question."""

import math

import numpy as np
import torch

from coursekit.exercises.banks.unit_08_large_batch_toolkit.best_slips import (
    filled,
    scored,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.ghost_slips import in_parts
from coursekit.exercises.banks.unit_08_large_batch_toolkit.lars_moves import moved, ratio_of
from coursekit.exercises.banks.unit_08_large_batch_toolkit.muon_ways import (
    A,
    B,
    C,
    by_length,
    iterated,
    orthogonal,
    quintic,
    with_part,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.promise_readings import (
    misread,
    with_rule,
)
from coursekit.exercises.engine.declare import Mistake

BEST_SETTING = (
    Mistake(
        "the last seed",
        "You look at the last seed alone. How much do seeds of one setting differ?",
        scored(lambda row, c: filled(row, c)[-1]),
    ),
    Mistake(
        "geometric mean",
        "You average logarithms. Which mean does the docstring name?",
        scored(lambda row, c: float(np.mean(np.log(np.maximum(filled(row, c), 1e-9))))),
    ),
)


def settings_for_seeds(validation, test, t95):
    best = validation.mean(dim=2).argmax(dim=1).tolist()
    gains = (test[0, best[0]] - test[1, best[1]]).double()
    return [gains.mean(), t95 * gains.std() / validation.shape[1] ** 0.5]


def lower_median(validation, test, t95):
    _, half = settings_for_seeds(validation, test, t95)
    best = validation.mean(dim=2).argmax(dim=1).tolist()
    gains = (test[0, best[0]] - test[1, best[1]]).double()
    return [gains.median(), half * validation.shape[1] ** 0.5 / len(gains) ** 0.5]


FAIR_GAIN = (
    Mistake(
        "the middle gain",
        "You return the gain that stands in the middle. Which average does the docstring name?",
        lower_median,
    ),
    Mistake(
        "settings in place of seeds",
        "Under the root you count the settings. Over what is the mean gain an average?",
        settings_for_seeds,
    ),
)


def last_by_the_first(inputs, ghost_size, eps):
    """Take the first part's statistics for a last part that is smaller."""
    x, out = inputs.double(), []
    for part in x.split(ghost_size):
        of = part if len(part) == ghost_size else x[:ghost_size]
        out.append((part - of.mean(dim=0)) / (of.var(dim=0, correction=0) + eps).sqrt())
    return torch.cat(out)


def about_the_batch_mean(inputs, ghost_size, eps):
    x = inputs.double()
    middle = x.mean(dim=0)
    return torch.cat([
        (p - p.mean(dim=0)) / (((p - middle) ** 2).mean(dim=0) + eps).sqrt()
        for p in x.split(ghost_size)
    ])  # fmt: skip


GHOST_NORM = (
    Mistake(
        "the last part by the first",
        "You normalise the smaller last part by the first part's numbers. Whose mean and variance "
        "does the docstring name?",
        last_by_the_first,
    ),
    Mistake(
        "variance about the batch's mean",
        "Your variance is taken about the mean of the whole batch. About which mean does a part "
        "vary?",
        about_the_batch_mean,
    ),
    Mistake(
        "eps twice",
        "You add eps under the root and once more after it. How often does the formula have it?",
        in_parts(
            lambda p, eps: (p - p.mean(dim=0)) / ((p.var(dim=0, correction=0) + eps).sqrt() + eps)
        ),
    ),
)


def without_rate(w, g, v, lr, momentum, decay):
    velocity = momentum * v + ratio_of(w, g, decay) * (g + decay * w)
    return [w - velocity, velocity]


def still_at_no_gradient(w, g, v, lr, momentum, decay):
    """Let a matrix without a gradient go on by its velocity alone, without decay."""
    ratio = 0.0 if w.ndim > 1 and not bool(g.any()) else ratio_of(w, g, decay)
    velocity = momentum * v + lr * ratio * (g + decay * w)
    return [w - velocity, velocity]


def short_as_zero(of_weight):
    """Count a short matrix, or one with a short gradient, as one without a ratio."""

    def answer(w, g, v, lr, momentum, decay):
        short = w.ndim > 1 and float((w if of_weight else g).norm()) < 1e-3
        velocity = momentum * v + lr * (1.0 if short else ratio_of(w, g, decay)) * (g + decay * w)
        return [w - velocity, velocity]

    return answer


LARS_STEP = (
    Mistake(
        "short matrix as one of zeros",
        "You take a short matrix for one of zeros. From which length on does the text give it a "
        "ratio?",
        short_as_zero(of_weight=True),
    ),
    Mistake(
        "short gradient as none",
        "You take a short gradient for none. From which length on does the text want the ratio?",
        short_as_zero(of_weight=False),
    ),
    Mistake(
        "rate left out",
        "Your step does not know the learning rate. Where does the formula have it?",
        without_rate,
    ),
    Mistake(
        "old velocity returned",
        "Your weight is right, and the velocity is the one that you were given. Which one does the "
        "next step need?",
        moved(lambda w, g, v, rate, m, d: (w - (m * v + rate * (g + d * w)), v)),
    ),
    Mistake(
        "no decay without a gradient",
        "A matrix whose gradient is zero takes no step of its own in your answer. Which ratio does "
        "the text give it, and what does the decay do?",
        still_at_no_gradient,
    ),
)


def reshaped(matrix, ns_steps):
    """Turn a tall matrix back by its shape alone."""
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T, ns_steps).reshape(matrix.shape)
    return orthogonal(matrix, ns_steps)


MUON = (
    Mistake(
        "last two coefficients exchanged",
        "Two of your coefficients stand at each other's place. Which one multiplies the square?",
        with_part(
            direction=iterated(by_length, lambda x, gram: A * x + (C * gram + B * gram @ gram) @ x)
        ),
    ),
    Mistake(
        "reshaped in place of transposed",
        "You turn a tall matrix back by its shape. Where does an entry stand after a transpose, "
        "and where after a reshape?",
        with_part(direction=reshaped),
    ),
    Mistake(
        "largest entry for the length",
        "You divide by the largest entry. Which length does the text name?",
        with_part(direction=iterated(lambda m: m / m.abs().max().clamp(min=1e-7), quintic)),
    ),
)


def mean_where_open(mean, half, margin):
    if abs(mean) + half <= margin:
        return max(mean - half, mean + half, key=abs)
    return mean - math.copysign(half, mean) if abs(mean) - half > margin else mean


def mean_where_beyond(mean, half, margin):
    return misread(mean, half, margin, max(mean - half, mean + half, key=abs), mean)


def margin_on_its_side(mean, half, margin):
    beyond = mean - math.copysign(half, mean)
    return misread(mean, half, margin, math.copysign(margin, mean), beyond)


NULL_RESULT = (
    Mistake(
        "the mean where it is open",
        "You return the mean where the interval lies across a margin. What can be promised there?",
        with_rule(mean_where_open),
    ),
    Mistake(
        "the mean where it is decided",
        "Beyond the margin you return the mean. Which end of the interval is safe to promise?",
        with_rule(mean_where_beyond),
    ),
    Mistake(
        "the margin on the mean's side",
        "Within the margin you return the margin, on the side of the mean. What tells the interval "
        "more closely?",
        with_rule(margin_on_its_side),
    ),
)
