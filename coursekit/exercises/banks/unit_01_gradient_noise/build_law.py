"""Build it, second milestone: the variance law, measured from gradients and index draws alone."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_01_gradient_noise.build_errors import (
    GRADS,
    errors_by_products,
    squared_errors,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def variance_law(example_grads: Tensor, draws: list[Tensor]) -> list[list[float]]:
    deviations = example_grads - example_grads.mean(dim=0)
    trace = deviations.square().sum(dim=1).mean().item()
    rows = []
    for batches in draws:
        errors = squared_errors(example_grads, batches)
        size = batches.shape[1]
        spread = errors.std().item() / len(errors) ** 0.5
        rows.append([size, errors.mean().item(), spread, trace / size])
    return rows


def law_by_numpy(example_grads, draws):
    grads = example_grads.double().numpy()
    rows = []
    for batches in draws:
        errors = ((grads[batches.numpy()].mean(axis=1) - grads.mean(axis=0)) ** 2).sum(axis=1)
        error = np.std(errors, ddof=1) / np.sqrt(errors.size)
        rows.append(
            [batches.shape[1], errors.mean(), error, grads.var(axis=0).sum() / len(batches[0])]
        )
    return np.array(rows)


def law_by_products(example_grads, draws):
    trace = torch.cov(example_grads.double().T, correction=0).diagonal().sum()
    rows = []
    for batches in draws:
        errors = errors_by_products(example_grads, batches)
        m, size = batches.shape
        rows.append(
            torch.stack(
                [torch.tensor(float(size)), errors.mean(), (errors.var() / m).sqrt(), trace / size]
            )
        )
    return torch.stack(rows)


def draw_laws(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one batch size", "several batch sizes") * 2:
        n, m = int(rng.integers(5, 9)), int(rng.integers(4, 7))
        grads = rng.normal(1.0, 2.0, (n, 3))
        sizes = [3] if group == "one batch size" else [1, 2, int(rng.integers(3, 6))]
        cases.append(Case(group, (grads, [rng.integers(0, n, (m, b)) for b in sizes])))
    return cases


def with_column(column, change):
    """Make a mistake of the right table with one column changed."""

    def answer(grads, draws):
        rows = variance_law(grads, draws)
        for row, batches in zip(rows, draws, strict=True):
            row[column] = change(row, len(batches), grads)
        return rows

    return answer


U01_BUILD_LAW = Exercise(
    id="u01_build_law",
    call="variance_law(example_grads, draws)",
    points={"one batch size": 1.0, "several batch sizes": 2.0},
    by_hand=(
        Case("one batch size", (GRADS, [np.array([[0, 3], [0, 0], [0, 1]])]), ("by hand",)),
        Case(
            "several batch sizes",
            (GRADS, [np.array([[0], [1]]), np.array([[0, 3], [0, 0], [0, 1]])]),
            ("smallest", "uneven"),
            quotes="one a table of draws.",
        ),
        Case(
            "several batch sizes",
            (
                GRADS,
                [
                    np.array([[0, 0, 3], [0, 0, 0], [1, 1, 2]]),
                    np.array([[0, 3], [0, 1], [0, 0], [3, 3]]),
                    np.array([[0, 3], [0, 0]]),
                ],
            ),
            ("order", "uneven"),
            quotes="one a table of draws.",
        ),
        Case(
            "one batch size",
            (GRADS, [np.array([[0, 3], [0, 0]] * 16)]),
            ("range",),
            quotes="the standard error has the divisor M - 1 inside.",
        ),
    ),
    promises=("by hand", "smallest"),
    draw=draw_laws,
    reference=variance_law,
    mistakes=(
        Mistake(
            "divisor of the trace",
            "Your law is a little too large. The N examples are the whole world here: which "
            "divisor has tr(Sigma) then?",
            with_column(3, lambda row, m, g: row[3] * len(g) / (len(g) - 1)),
        ),
        Mistake(
            "spread, not error",
            "Your error bar does not shrink with more draws. Is it that of one squared distance, "
            "or of their mean?",
            with_column(2, lambda row, m, g: row[2] * m**0.5),
        ),
        Mistake(
            "deviations all counted as free",
            "Your error bar is a little small. The mean was fitted to the same numbers: how many "
            "deviations are free?",
            with_column(2, lambda row, m, g: row[2] * ((m - 1) / m) ** 0.5),
        ),
        Mistake(
            "law at one example",
            "Your law is the same at every batch size. What does averaging over B do to a "
            "variance?",
            with_column(3, lambda row, m, g: row[3] * row[0]),
        ),
        Mistake(
            "law by the root",
            "Your law falls with the root of B. Which falls so slowly, the variance or its root?",
            with_column(3, lambda row, m, g: row[3] * row[0] ** 0.5),
        ),
        Mistake(
            "number of draws for the size",
            "Your first column counts the batches. How many examples has one of them?",
            with_column(0, lambda row, m, g: m),
        ),
        Mistake(
            "error divided by the count",
            "You divide the spread by the number of draws. Which power of it has the error of a "
            "mean?",
            with_column(2, lambda row, m, g: row[2] / m**0.5),
        ),
        Mistake(
            "error over the root of the batch size",
            "You divide the spread by the root of the batch size. Over how many squared "
            "distances was the mean taken?",
            with_column(2, lambda row, m, g: row[2] * (m / row[0]) ** 0.5),
        ),
        Mistake(
            "corrected twice",
            "You correct for the fitted mean twice: once in the spread, once under the root. "
            "How many numbers are averaged?",
            with_column(2, lambda row, m, g: row[2] * (m / (m - 1)) ** 0.5),
        ),
        Mistake(
            "variance of the mean",
            "Your error has the unit of the variance squared. Which step brings an error back "
            "to the unit of what it belongs to?",
            with_column(2, lambda row, m, g: row[2] ** 2),
        ),
        Mistake(
            "half-width of an interval",
            "That is the half-width of a 95 % interval. How many standard errors wide is it?",
            with_column(2, lambda row, m, g: 1.96 * row[2]),
        ),
        Mistake(
            "law without replacement",
            "Your law is that of draws without replacement. May an index come several times "
            "in a row?",
            with_column(3, lambda row, m, g: row[3] * (len(g) - row[0]) / (len(g) - 1)),
        ),
        Mistake(
            "trace not centred",
            "Your tr(Sigma) is made of squared lengths from the origin. A gradient that never "
            "changes has length, but has it noise?",
            with_column(3, lambda row, m, g: float(g.square().sum(1).mean()) / row[0]),
        ),
        Mistake(
            "law before the error",
            "Your third and fourth columns stand the other way round. In which order does the "
            "docstring name them?",
            lambda g, draws: [[b, v, law, e] for b, v, e, law in variance_law(g, draws)],
        ),
        Mistake(
            "table turned",
            "You return a column for each table of draws. What is a row to hold?",
            lambda g, draws: [list(column) for column in zip(*variance_law(g, draws), strict=True)],
        ),
    ),
    accepted=(law_by_numpy, law_by_products),
    lesson="You have measured a law with its error bars, and nothing in it was given: the "
    "prediction stands in the last column.",
    answered_by=("coursekit.gradients.sampling",),
    graded=False,
)
