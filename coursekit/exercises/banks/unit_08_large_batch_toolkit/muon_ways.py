"""Muon for one matrix, in parts that can be exchanged."""

from collections.abc import Callable

import torch
from torch import Tensor

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
    if matrix.norm() < 1e-7:  # what a decomposition makes of rounding differs
        return orthogonal(matrix, ns_steps)
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


def with_course(course):
    """Return an answer whose directions come of another course of the momentum.

    course: (grads, momentum) -> the matrices that are made orthogonal, one a step.
    """

    def answer(weight, grads, lr, momentum, ns_steps):
        w = weight.double()
        for matrix in course(grads.double(), momentum):
            scale = max(1.0, w.shape[0] / w.shape[1]) ** 0.5
            w = w - lr * scale * orthogonal(matrix, ns_steps)
        return w

    return answer


def looks(grads, momentum, start=0.0, new=None):
    """Return Nesterov's look ahead at each step, from another start or with another new weight."""
    m, seen = torch.zeros_like(grads[0]) + start, []
    for g in grads:
        m = momentum * m + (1 - momentum if new is None else new) * g
        seen.append(momentum * m + (1 - momentum) * g)
    return seen


def stored_orthogonal(w, grads, lr, momentum, ns_steps):
    """Keep the orthogonal matrix as the momentum."""
    w, m = w.double(), torch.zeros_like(w).double()
    for g in grads.double():
        m = momentum * m + (1 - momentum) * g
        m = orthogonal(momentum * m + (1 - momentum) * g, ns_steps)
        w = w - lr * max(1.0, w.shape[0] / w.shape[1]) ** 0.5 * m
    return w
