"""Slips of unit 07 from a later trial of its text, each with its question."""

import math

import torch

from coursekit.exercises.banks.unit_07_flat_minima.escape_time_slips import of
from coursekit.exercises.banks.unit_07_flat_minima.further_slips import centred, pearson, varies
from coursekit.exercises.banks.unit_07_flat_minima.injector_slips import descend_with_noise
from coursekit.exercises.banks.unit_07_flat_minima.pac_bayes_slips import bound, slip
from coursekit.exercises.banks.unit_07_flat_minima.rescale_slips import slip as turned_by
from coursekit.exercises.banks.unit_07_flat_minima.stationary_slips import below
from coursekit.exercises.engine.declare import Mistake


def one_where_nothing_varies(settings, sharpness, accuracy):
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    return pearson(x, y) if varies(x) and varies(y) else 1.0


WITHIN = (
    Mistake(
        "one where nothing varies",
        "You say that the agreement is perfect where nothing varies inside a setting. Can two "
        "columns agree that hold nothing?",
        one_where_nothing_varies,
    ),
)

RESCALE = (
    Mistake(
        "factors over their mean",
        "You divide the factors by their mean first. Which factors does the docstring hand you?",
        turned_by(lambda f: f / f.mean()),
    ),
)


def larger_of_the_two(weights, start, sigma, error, num_examples, delta):
    return max(error, bound(weights, start, sigma, 0.0, num_examples, delta))


PAC_BAYES = (
    Mistake(
        "logarithm outside of the root",
        "You take the root of the divergence's part alone. How far does the root reach?",
        slip(inside=lambda kl, log, n: math.sqrt(kl / (2 * n)) + log / (2 * n), root=float),
    ),
    Mistake(
        "the larger of the two",
        "You take the larger of error and gap. Which sign stands between them?",
        larger_of_the_two,
    ),
)


def edge_made_finite(lr, curvature, noise_var, batch_size):
    if lr * curvature > 2:
        return math.inf
    return lr * noise_var / (batch_size * curvature * max(2 - lr * curvature, 1e-12))


def rate_compared_with_two(lr, curvature, noise_var, batch_size):
    gap = 2 - lr * curvature
    return math.inf if lr >= 2 or gap == 0 else lr * noise_var / (batch_size * curvature * gap)


STATIONARY = (
    Mistake(
        "rate compared with two",
        "You say inf from some rate on, whatever the curvature. What do the two make together?",
        rate_compared_with_two,
    ),
    Mistake(
        "large on the edge",
        "You return a large number on the edge itself. Is the sum there large, or without bound?",
        edge_made_finite,
    ),
    Mistake(
        "curvature alone in the bracket",
        "Your bracket takes the curvature from two. Which product stands there?",
        below(lambda lr, k, v, b: lr * v / (b * k * (2 - k)) if k != 2 else math.inf),
    ),
    Mistake(
        "batch size less one",
        "You divide by one less than the batch. Was a mean fitted to the examples?",
        below(lambda lr, k, v, b: lr * v / (max(b - 1, 1) * k * (2 - lr * k))),
    ),
)


def nan_as_zero(positions, widths, energies, top, temperature):
    weights = widths.double() * torch.exp(-energies.double() / temperature)
    return torch.nan_to_num(weights[positions > top].sum() / weights.sum())


def cut_at_fifty(positions, widths, energies, top, temperature):
    weights = widths.double() * torch.exp(-energies.double().clamp(-50, 50) / temperature)
    return weights[positions > top].sum() / weights.sum()


def after_the_nearest(positions, widths, energies, top, temperature):
    weights = widths.double() * torch.exp(-(energies - energies.min()).double() / temperature)
    return weights[int((positions - top).abs().argmin()) + 1 :].sum() / weights.sum()


FLAT_SHARE = (
    Mistake(
        "zero where it overflows",
        "You put zero where the division fails. Is nobody there, or are all exponentials out of "
        "range?",
        nan_as_zero,
    ),
    Mistake(
        "energies cut to a narrow range",
        "You cut energies off above and below. What becomes of the difference between two of them?",
        cut_at_fifty,
    ),
    Mistake(
        "cells after the nearest",
        "You count from the cell after the one nearest to the top. May that one lie beyond it?",
        after_the_nearest,
    ),
)

ESCAPE_TIME = (
    Mistake(
        "waiting counted twice",
        "You count those still waiting for twice the run. How long has anybody seen them wait?",
        of(lambda out, w, end: (sum(out) + 2 * w * end) / len(out)),
    ),
    Mistake(
        "escapes less one, where there are several",
        "You take one off the number of escapes where there are several. Was anything fitted to "
        "them?",
        of(lambda out, w, end: (sum(out) + w * end) / max(len(out) - 1, 1)),
    ),
)


def compared_with_a_half(inputs, targets, start, lr, batches, pairs, small_size):
    if small_size > len(pairs[0][0]):
        raise ValueError("larger than a half of a pair")
    return descend_with_noise(inputs, targets, start, lr, batches, pairs, small_size)


INJECTOR = (
    Mistake(
        "compared with a half",
        "You refuse a size that is larger than a half of a pair. Which size can noise not make "
        "larger?",
        compared_with_a_half,
    ),
)
