"""Slips of unit 07 that further trials of its text brought up, each with its question."""

import math
from collections.abc import Callable

import numpy as np
import torch

from coursekit.exercises.banks.unit_07_flat_minima.injector_slips import slip
from coursekit.exercises.engine.declare import Mistake


def centred(settings, values):
    column, names = np.array(values, float), np.array(settings)
    for name in set(settings):
        column[names == name] -= column[names == name].mean()
    return column


def varies(column):
    """Tell whether more than rounding is left."""
    return max(map(abs, column), default=0) >= 1e-9


def of_deviations(formula: Callable[..., float]) -> Callable[..., float]:
    """Return an answer from (x, y, number of settings), both centred; nan where nothing varies."""

    def answer(settings, sharpness, accuracy):
        x, y = centred(settings, sharpness), centred(settings, accuracy)
        return float(formula(x, y, len(set(settings)))) if varies(x) and varies(y) else math.nan

    return answer


def pearson(x, y):
    size = math.sqrt((x @ x) * (y @ y))
    return float(x @ y / size) if varies(x) and varies(y) else math.nan


def fewer_degrees(x, y, settings):
    """Divide the covariance by n less the settings, and the spreads by n less one."""
    free = len(x) - settings
    return pearson(x, y) * (len(x) - 1) / free if free else math.nan


def three_runs_at_least(settings, sharpness, accuracy):
    rows = [i for i, name in enumerate(settings) if settings.count(name) > 2]
    names, *columns = ([c[i] for i in rows] for c in (settings, sharpness, accuracy))
    return pearson(*(centred(names, column) for column in columns))


def means_of_the_others(settings, sharpness, accuracy):
    columns = []
    for values in (sharpness, accuracy):
        less = []
        for i, name in enumerate(settings):
            same = [v for j, v in enumerate(values) if settings[j] == name and j != i]
            less.append(values[i] - sum(same) / len(same) if same else 0.0)
        columns.append(np.array(less))
    return pearson(*columns)


WITHIN = (
    Mistake(
        "settings of two runs left out",
        "You ask for three runs a setting. Where all runs share one sum, what do two add to it?",
        three_runs_at_least,
    ),
    Mistake(
        "sum of products",
        "You return the sum above the line. In which unit is it, and by what is it lost?",
        of_deviations(lambda x, y, k: x @ y),
    ),
    Mistake(
        "sums of squares added",
        "Below the line you add the two sums of squares. What does the formula do with them?",
        of_deviations(lambda x, y, k: x @ y / (x @ x + y @ y)),
    ),
    Mistake(
        "product of sums",
        "Above the line you multiply two sums. What is the sum of deviations from a mean?",
        of_deviations(lambda x, y, k: 0.0),
    ),
    Mistake(
        "squares of the products",
        "Under the root you square the products, run by run. How many sums stand under it?",
        of_deviations(lambda x, y, k: x @ y / max(math.sqrt((x * y) @ (x * y)), 1e-12)),
    ),
    Mistake(
        "means of the other runs",
        "You compare each run with the others of its setting. Is it one of those whose mean is "
        "taken away?",
        means_of_the_others,
    ),
    Mistake(
        "degrees of freedom in one of the two",
        "Your covariance counts a mean for each setting, and your spreads count one. Does the "
        "formula have any divisor?",
        of_deviations(fewer_degrees),
    ),
)


def biases_left_out(layers, factors):
    return torch.cat([(factors[:, None] * layers[0]).flatten(), (layers[2] / factors).flatten()])


RESCALE = (
    Mistake(
        "weights without biases",
        "Your vector is too short: the biases are missing. Which tensors does `parameters()` list?",
        biases_left_out,
    ),
    Mistake(
        "one row",
        "Your weights are right and lie in a matrix of one row. How many axes has a vector?",
        lambda layers, f: torch.cat(
            [x.flatten() for x in (f[:, None] * layers[0], f * layers[1], layers[2] / f, layers[3])]
        )[None],
    ),
)


def beyond_a_place(positions, widths, energies, top, temperature):
    weights = widths.double() * torch.exp(-(energies - energies.min()).double() / temperature)
    return weights[torch.arange(len(weights)) > top].sum() / weights.sum()


def clipped_energies(positions, widths, energies, top, temperature):
    weights = widths.double() * torch.exp(-energies.double().clamp(-80, 80) / temperature)
    return weights[positions > top].sum() / weights.sum()


FLAT_SHARE = (
    Mistake(
        "top taken for a place in the list",
        "You count cells from a place in the list on. Is `top` a position, or an index?",
        beyond_a_place,
    ),
    Mistake(
        "energies cut to a range",
        "You cut large energies off. What becomes of the difference between two of them?",
        clipped_energies,
    ),
)


def of_mean(change: Callable[[float], float]) -> Callable[..., float]:
    def answer(steps, max_steps):
        escapes = sum(s is not None for s in steps)
        total = sum(max_steps if s is None else s for s in steps)
        return change(total / escapes) if escapes else math.nan

    return answer


ESCAPE_TIME = (
    Mistake(
        "half-life",
        "You return the time after which half have escaped. Is that the mean time?",
        of_mean(lambda mean: mean * math.log(2)),
    ),
    Mistake(
        "a rate in continuous time",
        "You take a logarithm of the chance to stay. Do walkers here escape at any moment, or at "
        "whole steps?",
        of_mean(lambda mean: -1 / math.log(1 - 1 / mean) if mean > 1 else math.inf),
    ),
)


def injected(step: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Return an injector whose step is (w, start, lr, grad, batch, first, second, c) -> w."""

    def answer(inputs, targets, start, lr, batches, pairs, small_size):
        big, half = len(batches[0]), len(pairs[0][0])
        if small_size > big:
            raise ValueError("noise can be added, not taken away")
        c = math.sqrt(half / 2 * (1 / small_size - 1 / big))

        def grad(w, rows):
            return inputs[rows].T @ (inputs[rows] @ w - targets[rows]) / len(rows)

        path = [start]
        for batch, (first, second) in zip(batches, pairs, strict=True):
            path.append(step(path[-1], start, lr, grad, batch, first, second, c))
        return torch.stack(path)

    return answer


INJECTOR = (
    Mistake(
        "wanted size for the halves",
        "Your scale holds the wanted batch twice. Of how many examples is one half of a pair the "
        "mean?",
        slip(scale=lambda big, b, s: math.sqrt(s / 2 * (1 / s - 1 / big))),
    ),
    Mistake(
        "all gradients at the start",
        "All your gradients are those of the starting weights. At which weights does a step begin?",
        injected(
            lambda w, start, lr, grad, batch, first, second, c: (
                w - lr * (grad(start, batch) + c * (grad(start, first) - grad(start, second)))
            )
        ),
    ),
    Mistake(
        "noise beside the rate",
        "Your noise is not multiplied by the rate. What does a step of SGD multiply, and with "
        "which sign?",
        injected(
            lambda w, start, lr, grad, batch, first, second, c: (
                w - lr * grad(w, batch) + c * (grad(w, first) - grad(w, second))
            )
        ),
    ),
)
