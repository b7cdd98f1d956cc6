"""Further wrong ways to put noise in: other steps, other scales, other paths."""

import math

import torch

from coursekit.exercises.banks.unit_07_flat_minima.injector_slips import of_path, slip
from coursekit.exercises.engine.declare import Mistake


def stepping(step):
    """Return an answer with another step: step(w, lr, slope, batch, first, second, scale)."""

    def answer(inputs, targets, start, lr, batches, pairs, small_size):
        big, b = len(batches[0]), len(pairs[0][0])
        if small_size > big:
            raise ValueError(f"cannot take noise away: wanted {small_size} of {big}")
        scale = math.sqrt(b / 2 * (1 / small_size - 1 / big))

        def slope(w, rows):
            x = inputs[list(rows)]
            return x.T @ (x @ w - targets[list(rows)]) / len(rows)

        path = [start]
        for batch, (first, second) in zip(batches, pairs, strict=True):
            path.append(step(path[-1], lr, slope, batch, first, second, scale))
        return torch.stack(path)

    return answer


def noise_afterwards(w, lr, slope, batch, first, second, scale):
    w = w - lr * slope(w, batch)
    return w - lr * scale * (slope(w, first) - slope(w, second))


def noise_before(w, lr, slope, batch, first, second, scale):
    w = w - lr * scale * (slope(w, first) - slope(w, second))
    return w - lr * slope(w, batch)


MORE = (
    Mistake(
        "batch for the halves",
        "Your scale takes the batch's size for that of a half. Whose variance do you multiply?",
        slip(scale=lambda big, b, s: math.sqrt(big / 2 * (1 / s - 1 / big))),
    ),
    Mistake(
        "difference of standard deviations",
        "You take one standard deviation from another. Which quantity of independent noises adds "
        "up?",
        slip(scale=lambda big, b, s: math.sqrt(b / 2) * (s**-0.5 - big**-0.5)),
    ),
    Mistake(
        "first half less the batch",
        "You take the batch's own gradient from the first half's. Is the difference independent of "
        "the step that it is added to?",
        stepping(lambda w, lr, g, a, p, q, c: w - lr * (g(w, a) + c * (g(w, p) - g(w, a)))),
    ),
    Mistake(
        "uphill",
        "Your weights move up the slope. Is it prediction less target, and which sign has a step?",
        stepping(lambda w, lr, g, a, p, q, c: w + lr * (g(w, a) + c * (g(w, p) - g(w, q)))),
    ),
    Mistake(
        "noise at the weights after the step",
        "You take the step first and the noise then. At which weights are all three gradients "
        "taken?",
        stepping(noise_afterwards),
    ),
    Mistake(
        "noise before the gradient",
        "You put in the noise first and take the gradient then. At which weights are all three "
        "gradients taken?",
        stepping(noise_before),
    ),
    Mistake(
        "last step left out",
        "Your path has a row too few. Where does it end?",
        of_path(lambda path: path[:-1]),
    ),
    Mistake(
        "the end in every row",
        "All rows of your path are its end. Does your list hold one tensor many times?",
        of_path(lambda path: path[-1:].repeat(len(path), 1)),
    ),
)
