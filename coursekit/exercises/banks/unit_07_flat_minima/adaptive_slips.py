"""Further wrong measures of relative sharpness, each with its question."""

import torch

from coursekit.exercises.engine.declare import Mistake


def top(matrix):
    return torch.linalg.eigvalsh(matrix)[-1]


def of(formula):
    return lambda hessian, weights: formula(hessian.double(), weights.double())


def without_zeros(h, w):
    keep = w != 0
    if not keep.any():
        return torch.zeros(())
    return top((w[:, None] * h * w)[keep][:, keep])


MORE = (
    Mistake(
        "rows twice",
        "You scale the rows twice. Which of the two indices belongs to a column?",
        of(lambda h, w: top((w * w)[:, None] * h)),
    ),
    Mistake(
        "half of it",
        "You keep the half in front of the second order. Which matrix does the docstring name?",
        of(lambda h, w: top(w[:, None] * h * w) / 2),
    ),
    Mistake(
        "sizes of all entries",
        "You take the sizes of the Hessian's entries too. What of it has to be positive?",
        of(lambda h, w: top((w[:, None] * h * w).abs())),
    ),
    Mistake(
        "size on one side alone",
        "You scale one side by the weights and the other by their sizes. Is the result symmetric?",
        of(lambda h, w: top(w.abs()[:, None] * h * w)),
    ),
    Mistake(
        "times the squared mean size",
        "You multiply the plain sharpness by the squared mean size of a weight. Does that tell one "
        "weight from another?",
        of(lambda h, w: top(h) * w.abs().mean() ** 2),
    ),
    Mistake(
        "weights of zero left out",
        "You leave out weights that are zero. What does the loss do when one changes by a "
        "share of itself?",
        of(without_zeros),
    ),
)
