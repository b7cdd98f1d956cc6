"""Slips of unit 08 that further trials of its text brought up, each with its question."""

import math
from collections.abc import Callable

import numpy as np
import torch

from coursekit.exercises.banks.unit_08_large_batch_toolkit.best_slips import scored
from coursekit.exercises.banks.unit_08_large_batch_toolkit.lars_moves import moved, right_ratio
from coursekit.exercises.banks.unit_08_large_batch_toolkit.muon_ways import muon
from coursekit.exercises.engine.declare import Mistake


def filled(row, chance):
    return [chance if a is None else a for a in row]


def at_an_end(value: float) -> Callable[..., float]:
    """Return an answer that says something other than nan where the best stands at an end."""

    def answer(lrs, validation, chance):
        means = [float(np.mean(filled(row, chance))) for row in validation]
        best = means.index(max(means))
        return lrs[best] if 0 < best < len(lrs) - 1 else value

    return answer


def unknown_if_one_died(lrs, validation, chance):
    means = [float(np.mean(filled(row, chance))) for row in validation]
    best = means.index(max(means))
    inside = 0 < best < len(lrs) - 1
    return lrs[best] if inside and None not in validation[best] else math.nan


BEST_SETTING = (
    Mistake(
        "whole points",
        "You take means for equal that differ by a part of a point, by rounding or otherwise. "
        "Which means does the docstring call equal?",
        scored(lambda row, c: round(float(np.mean(filled(row, c))))),
    ),
    Mistake(
        "open as soon as a run of the best died",
        "You leave the question open since a run of the best setting diverged. What does the "
        "docstring count it as, and what keeps a question open?",
        unknown_if_one_died,
    ),
    Mistake(
        "infinite at an end",
        "You return infinity where the best stands at an end. Is the best rate known to be that?",
        at_an_end(math.inf),
    ),
    Mistake(
        "minus one at an end",
        "You return a number where the best stands at an end. What would the next line of a "
        "program take it for?",
        at_an_end(-1.0),
    ),
    Mistake(
        "zero at an end",
        "You return zero where the best stands at an end. What would somebody train with?",
        at_an_end(0.0),
    ),
    Mistake(
        "mean less spread",
        "You take a spread away from the mean. By what does the text compare settings?",
        scored(lambda row, c: float(np.mean(filled(row, c)) - np.std(filled(row, c)))),
    ),
)


def gains_of(validation, test, choose):
    rows = [test[arm, choose(arm)] for arm in range(2)]
    return (rows[0] - rows[1]).double()


def summary(gains, t95):
    return [gains.mean(), t95 * gains.std() / len(gains) ** 0.5]


def largest_test_gain(validation, test, t95):
    gains = (test[0] - test[1]).double()
    return summary(gains[gains.mean(dim=1).argmax()], t95)


def part_alone(place: int) -> Callable[..., float]:
    def answer(validation, test, t95):
        best = validation.mean(dim=2).argmax(dim=1).tolist()
        return float(summary(gains_of(validation, test, lambda arm: best[arm]), t95)[place])

    return answer


FAIR_GAIN = (
    Mistake(
        "the setting with the largest test gain",
        "You look for the setting at which the remedy gains most on test data. Who could have "
        "chosen it beforehand?",
        largest_test_gain,
    ),
    Mistake(
        "the mean alone",
        "You return the gain without its interval. Which second number does the docstring want?",
        part_alone(0),
    ),
    Mistake(
        "the half-width alone",
        "You return the half-width alone. Half of an interval around what?",
        part_alone(1),
    ),
)

EXPECTED_BEST = (
    Mistake(
        "the highest validation accuracy",
        "You return the highest validation accuracy. On which data does the docstring want it?",
        lambda validation, test, k: max(validation),
    ),
)


def normalised(parts, eps):
    out = []
    for part in parts:
        centre = part.double() - part.double().mean(dim=0)
        out.append(centre / (centre.square().mean(dim=0) + eps).sqrt())
    return torch.cat(out)


def filled_with_zeros(inputs, ghost_size, eps):
    more = inputs.new_zeros(-len(inputs) % ghost_size, inputs.shape[1])
    return normalised(torch.cat([inputs, more]).split(ghost_size), eps)[: len(inputs)]


GHOST_NORM = (
    Mistake(
        "as many parts as are full",
        "You cut the batch into as many parts as would be full. How many rows has each of yours?",
        lambda inputs, g, eps: normalised(inputs.chunk(max(1, len(inputs) // g)), eps),
    ),
    Mistake(
        "filled up with zeros",
        "You fill the last part with rows of zeros. Whose mean and variance are then taken?",
        filled_with_zeros,
    ),
)


def decay_on_its_own(w, g, v, rate, momentum, decay):
    velocity = momentum * v + rate * g
    return w - velocity - rate * decay * w, velocity


def no_zero_anywhere(w, g, v, lr, momentum, decay):
    use = w.ndim > 1 and bool((w != 0).all()) and bool((g != 0).all())
    velocity = momentum * v + lr * (right_ratio(w, g, decay) if use else 1.0) * (g + decay * w)
    return [w - velocity, velocity]


def at_most(limit):
    def answer(w, g, v, lr, momentum, decay):
        use = w.ndim > 1 and bool(w.any()) and bool(g.any())
        ratio = min(limit, float(right_ratio(w, g, decay))) if use else 1.0
        velocity = momentum * v + lr * ratio * (g + decay * w)
        return [w - velocity, velocity]

    return answer


LARS_STEP = (
    Mistake(
        "decay beside the velocity",
        "Your decay moves the weights and leaves no trace in the velocity. Into which of the two "
        "does the formula put it?",
        moved(decay_on_its_own),
    ),
    Mistake(
        "one zero is enough",
        "Your ratio is one as soon as an entry is zero. When is a whole matrix zero?",
        no_zero_anywhere,
    ),
    Mistake(
        "ratio cut at ten",
        "Your ratio stops at ten, as some programs do. Does the text's formula set a limit?",
        at_most(10.0),
    ),
    Mistake(
        "the weight alone",
        "You return the weight alone. What does the next step need besides?",
        lambda *args: moved(lambda w, g, v, r, m, d: (w - (m * v + r * (g + d * w)), v))(*args)[0],
    ),
)


def decay_of(new_beta: Callable[..., float]) -> Callable[..., list]:
    return lambda b, n, m: [n * math.log(0.5) / math.log(b), new_beta(b, n, m)]


HALF_LIFE = (
    Mistake(
        "nearest whole step",
        "You round the half-life to whole steps. Does the docstring ask for whole ones?",
        lambda b, n, m: [n * round(math.log(0.5) / math.log(b)), b ** (m / n)],
    ),
    Mistake(
        "one minus beta by the root",
        "You scale one minus beta by a root, as some scale a rate. Does that keep the half-life?",
        decay_of(lambda b, n, m: 1 - (1 - b) * math.sqrt(m / n)),
    ),
    Mistake(
        "beta of one example",
        "Your second number is the decay of a single example, whatever the new batch is. How many "
        "examples does a new step read?",
        decay_of(lambda b, n, m: b ** (1 / n)),
    ),
    Mistake(
        "exponential of the ratio",
        "Your decay comes from one minus beta by an exponential. Where is that near the truth, "
        "and where not?",
        decay_of(lambda b, n, m: math.exp(-(1 - b) * m / n)),
    ),
)


def interval(gains, t95, divisor):
    half = t95 * np.std(gains, ddof=1) / math.sqrt(divisor)
    return float(np.mean(gains) - half), float(np.mean(gains) + half)


def promised(ends, margin, equal=None):
    low, high = ends
    if low >= -margin and high <= margin:
        return max(low, high, key=abs) if equal is None else equal
    return min(low, high, key=abs) if low > margin or high < -margin else math.nan


NULL_RESULT = (
    Mistake(
        "the margin promised",
        "Within the margin you promise the margin itself. Does the interval promise more?",
        lambda gains, margin, t95: promised(interval(gains, t95, len(gains)), margin, equal=margin),
    ),
    Mistake(
        "one less under the root too",
        "You take one off under the root as well. Where does a standard error take it off?",
        lambda gains, margin, t95: promised(interval(gains, t95, len(gains) - 1), margin),
    ),
)


def rows_to_length_one(weight, grads, lr, momentum, ns_steps):
    """Bring every row to length one before the rounds."""
    scale = max(1.0, len(weight) / weight.shape[1]) ** 0.5
    w, average = weight.double(), torch.zeros_like(weight).double()
    for grad in grads.double():
        average = momentum * average + (1 - momentum) * grad
        x = momentum * average + (1 - momentum) * grad
        x = x.T if len(x) > x.shape[1] else x
        x = x / x.norm(dim=1, keepdim=True).clamp(min=1e-7)
        for _ in range(ns_steps):
            gram = x @ x.T
            x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
        w = w - lr * scale * (x if x.shape == w.shape else x.T)
    return w


def by_the_larger_side(weight, grads, lr, momentum, ns_steps):
    """Scale by 0.2 root of the larger side, as a later recipe does."""
    rows, columns = weight.shape
    usual = max(1.0, rows / columns) ** 0.5
    return muon(weight, grads, lr * 0.2 * max(rows, columns) ** 0.5 / usual, momentum, ns_steps)


MUON = (
    Mistake(
        "the last gradient alone",
        "You step once, by the last gradient. How many gradients came before it?",
        lambda w, grads, lr, m, n: muon(w, grads[-1:], lr, m, n),
    ),
    Mistake(
        "rows brought to length one",
        "You bring each row to length one. Which length does the text divide by?",
        rows_to_length_one,
    ),
    Mistake(
        "another recipe's length of step",
        "Your step grows with the larger side. Which factor does the text give a tall matrix?",
        by_the_larger_side,
    ),
)
