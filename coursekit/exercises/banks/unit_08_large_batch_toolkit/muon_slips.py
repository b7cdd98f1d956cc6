"""Muon for one matrix, and wrong ways to it."""

from collections.abc import Callable

import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Mistake

A, B, C = 3.4445, -4.7750, 2.0315


def orthogonal(matrix: Tensor, ns_steps: int) -> Tensor:
    """Newton-Schulz on the side with fewer rows."""
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T, ns_steps).T
    x = matrix / matrix.norm().clamp(min=1e-7)
    for _ in range(ns_steps):
        gram = x @ x.T
        x = A * x + (B * gram + C * gram @ gram) @ x
    return x


def values_after(s: Tensor, ns_steps: int) -> Tensor:
    """Return what the iteration makes of singular values."""
    s = s / s.pow(2).sum().sqrt().clamp(min=1e-7)
    for _ in range(ns_steps):
        s = A * s + B * s**3 + C * s**5
    return s


def run(
    weight: Tensor,
    grads: Tensor,
    lr: float,
    momentum: float,
    ns_steps: int,
    *,
    direction: Callable[[Tensor, int], Tensor] = orthogonal,
    average: Callable[[Tensor, Tensor, float], Tensor] = lambda m, g, b: b * m + (1 - b) * g,
    ahead: Callable[[Tensor, Tensor, float], Tensor] = lambda m, g, b: b * m + (1 - b) * g,
    scale: Callable[[int, int], float] = lambda rows, columns: max(1.0, rows / columns) ** 0.5,
) -> Tensor:
    """Muon with parts that can be exchanged: mistakes differ in one of them."""
    w = weight.double()
    m = torch.zeros_like(w)
    for g in grads.double():
        m = average(m, g, momentum)
        w = w - lr * scale(*w.shape) * direction(ahead(m, g, momentum), ns_steps)
    return w


def muon(weight, grads, lr, momentum, ns_steps):
    return run(weight, grads, lr, momentum, ns_steps)


def with_part(**parts):
    """Return an answer with one part exchanged."""
    return lambda w, g, lr, m, n: run(w, g, lr, m, n, **parts)


def exact(matrix, ns_steps):
    u, s, vt = torch.linalg.svd(matrix, full_matrices=False)
    return (u * (s > 1e-9)) @ vt


def iterated(start, polynomial):
    """Return a direction from another start and another polynomial of (x, x x^T)."""

    def direction(matrix, ns_steps):
        if matrix.shape[0] > matrix.shape[1]:
            return direction(matrix.T, ns_steps).T
        x = start(matrix)
        for _ in range(ns_steps):
            x = polynomial(x, x @ x.T)
        return x

    return direction


def by_length(matrix):
    return matrix / matrix.norm().clamp(min=1e-7)


def quintic(x, gram):
    return A * x + (B * gram + C * gram @ gram) @ x


def divided(matrix):
    """Divide by the length whatever it is; nan for a matrix of zeros."""
    return matrix / matrix.norm()


def orthogonal_first(w, grads, lr, momentum, ns_steps):
    """Make each gradient orthogonal, and average afterwards."""
    w, m = w.double(), torch.zeros_like(w).double()
    for g in grads.double():
        o = orthogonal(g, ns_steps)
        m = momentum * m + (1 - momentum) * o
        step = momentum * m + (1 - momentum) * o
        w = w - lr * max(1.0, w.shape[0] / w.shape[1]) ** 0.5 * step
    return w


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "exactly orthogonal",
        "Your singular values are exact. How many of the text's products were asked for, and where "
        "do they leave the values?",
        with_part(direction=exact),
    ),
    Mistake(
        "not brought to length one",
        "You start the iteration from the matrix as it is. What does the polynomial do to a "
        "value far above one?",
        with_part(direction=iterated(lambda m: m, quintic)),
    ),
    Mistake(
        "largest value to one",
        "You divide by the largest singular value. Which length does the text divide by?",
        with_part(
            direction=iterated(
                lambda m: m / torch.linalg.matrix_norm(m, 2).clamp(min=1e-7), quintic
            )
        ),
    ),
    Mistake(
        "cubic",
        "You iterate the classical cubic polynomial. Which three coefficients does the text give?",
        with_part(direction=iterated(by_length, lambda x, gram: 1.5 * x - 0.5 * gram @ x)),
    ),
    Mistake(
        "no fifth power",
        "Your polynomial ends with the third power. Which term is missing?",
        with_part(direction=iterated(by_length, lambda x, gram: A * x + B * gram @ x)),
    ),
    Mistake(
        "one product more",
        "You go round once more than asked. How often should the polynomial be applied?",
        with_part(direction=lambda m, n: orthogonal(m, n + 1)),
    ),
    Mistake(
        "one product fewer",
        "You go round once less than asked. How often should the polynomial be applied?",
        with_part(direction=lambda m, n: orthogonal(m, n - 1)),
    ),
    Mistake(
        "no factor for tall matrices",
        "Your tall matrix takes the same step as a wide one. Which factor does the text give to "
        "matrices with more rows than columns?",
        with_part(scale=lambda rows, columns: 1.0),
    ),
    Mistake(
        "factor without its root",
        "Your factor for tall matrices is too large. What stands around the quotient?",
        with_part(scale=lambda rows, columns: max(1.0, rows / columns)),
    ),
    Mistake(
        "factor for wide ones too",
        "Your factor makes wide matrices step less. What does the maximum in the text do?",
        with_part(scale=lambda rows, columns: (rows / columns) ** 0.5),
    ),
    Mistake(
        "quotient upside down",
        "Your factor grows with the columns. Which of the two stands on top?",
        with_part(scale=lambda rows, columns: max(1.0, columns / rows) ** 0.5),
    ),
    Mistake(
        "no look ahead",
        "You step along the momentum itself. What does Nesterov's form add to it?",
        with_part(ahead=lambda m, g, b: m),
    ),
    Mistake(
        "no momentum",
        "Each step sees its own gradient alone. What is left of the earlier ones?",
        with_part(ahead=lambda m, g, b: g),
    ),
    Mistake(
        "weights of the average exchanged",
        "The new gradient weighs as much as the old average should. Which of the two does the "
        "momentum multiply?",
        with_part(
            average=lambda m, g, b: (1 - b) * m + b * g, ahead=lambda m, g, b: (1 - b) * m + b * g
        ),
    ),
    Mistake(
        "orthogonal before the average",
        "You average directions that are orthogonal already. In which order does the text go?",
        orthogonal_first,
    ),
    Mistake(
        "uphill",
        "Your weights move with the gradient. Which way does the loss fall?",
        with_part(direction=lambda m, n: -orthogonal(m, n)),
    ),
    Mistake(
        "divided by nothing",
        "A gradient of zeros has no length, and you divide by it. What should the step be?",
        with_part(direction=iterated(divided, quintic)),
    ),
)
