"""The trace by random signs, with its standard error."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake

Product = Callable[[Tensor], Tensor]


def forms(product: Product, probes: Tensor) -> Tensor:
    return torch.stack([probe @ product(probe) for probe in probes])


def hutchinson(product: Product, probes: Tensor) -> list[Tensor]:
    values = forms(product, probes)
    return [values.mean(), values.std() / math.sqrt(len(values))]


def hutchinson_by_matrix(product, probes):
    matrix = torch.stack([product(e) for e in torch.eye(probes.shape[1], dtype=probes.dtype)])
    values = np.einsum("kp,pq,kq->k", probes, matrix, probes)
    return [values.mean(), math.sqrt(values.var(ddof=1) / len(values))]


def hutchinson_by_running_sums(product, probes):
    count, mean, squares = 0, 0.0, 0.0
    for probe in probes:
        value = float((probe * product(probe)).sum())
        count += 1
        before = value - mean
        mean += before / count
        squares += before * (value - mean)
    return [mean, math.sqrt(squares / (count - 1) / count)]


def of_forms(formula: Callable[[Tensor, int], Any]) -> Callable[..., Any]:
    """Return an answer made of the quadratic forms and the number of weights."""
    return lambda product, probes: formula(forms(product, probes), probes.shape[1])


def standard_error(values: Tensor) -> Tensor:
    return values.std() / math.sqrt(len(values))


def of_vectors(reduce: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., list]:
    """Return an answer that makes other numbers of the probe and its product."""

    def answer(product, probes):
        values = torch.stack([reduce(probe, product(probe)) for probe in probes])
        return [values.mean(), standard_error(values)]

    return answer


def mean_probe_first(product, probes):
    centre = probes.mean(dim=0)
    return [centre @ product(centre), standard_error(forms(product, probes))]


def entries(product: Product, probes: Tensor) -> Tensor:
    return torch.stack([probe * product(probe) for probe in probes])


def entries_as_numbers(product, probes):
    x = entries(product, probes)
    return [x.mean(), x.std() / math.sqrt(x.numel())]


def entries_in_the_error(product, probes):
    x = entries(product, probes)
    return [x.sum(dim=1).mean(), x.shape[1] * x.std() / math.sqrt(x.numel())]


def draw_hutchinson(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("positive matrix", "eigenvalues of both signs") * 3:
        p, k = int(rng.integers(3, 6)), int(rng.integers(4, 8))
        root = rng.normal(size=(p, p))
        matrix = root @ root.T if group == "positive matrix" else (root + root.T) * 1.5
        if group != "positive matrix":
            matrix -= np.eye(p) * (np.trace(matrix) / p + rng.uniform(0.8, 1.5))
        probes = rng.choice([-1.0, 1.0], (k, p))
        probes[:2] = 1.0  # two unlike probes at least
        probes[1, 0] = -1.0
        cases.append(Case(group, (matrix, probes)))
    return cases


U06_HUTCHINSON = Exercise(
    id="u06_hutchinson",
    call="hutchinson(product, probes)",
    points={"positive matrix": 2.0, "eigenvalues of both signs": 1.0},
    by_hand=(
        Case(
            "positive matrix",
            (
                np.array([[2.0, 1.0], [1.0, 3.0]]),
                np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]),
            ),
            keeps=("by hand",),
        ),
        Case(
            "positive matrix", (np.array([[2.0]]), np.array([[1.0], [-1.0]])), keeps=("smallest",)
        ),
        Case(  # two probes, the fewest with an error
            "eigenvalues of both signs",
            (np.array([[1.0, 2.0], [2.0, -4.0]]), np.array([[1.0, 1.0], [1.0, -1.0]])),
            keeps=("smallest", "sign"),
        ),
        Case(
            "eigenvalues of both signs",
            (
                np.array([[-3.0, 1.0], [1.0, -1.0]]),
                np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]),
            ),
            keeps=("sign",),
        ),
    ),
    promises=("by hand", "sign", "smallest"),
    draw=draw_hutchinson,
    run="product",
    reference=hutchinson,
    mistakes=(
        Mistake(
            "spread of one probe",
            "Your error is the spread of a single probe. How does averaging several narrow it?",
            of_forms(lambda q, p: [q.mean(), q.std()]),
        ),
        Mistake(
            "divided by the number of probes",
            "You divide the spread by the number of probes. What falls like that: a variance or "
            "its root?",
            of_forms(lambda q, p: [q.mean(), q.std() / len(q)]),
        ),
        Mistake(
            "variance of the mean",
            "Your error is a variance. Which unit has the trace, and which has your error?",
            of_forms(lambda q, p: [q.mean(), q.var() / len(q)]),
        ),
        Mistake(
            "divisor K",
            "Your spread divides by the number of probes, but the centre was fitted to them. How "
            "many deviations are free?",
            of_forms(lambda q, p: [q.mean(), q.std(correction=0) / math.sqrt(len(q))]),
        ),
        Mistake(
            "Rayleigh quotients",
            "You divide by the probe's squared length. That gives a mean eigenvalue: is the trace "
            "a mean or a sum?",
            of_vectors(lambda v, moved: v @ moved / (v @ v)),
        ),
        Mistake(
            "mean over weights",
            "You average over the weights. Is the trace a mean of the diagonal, or its sum?",
            of_forms(lambda q, p: [q.mean() / p, standard_error(q)]),
        ),
        Mistake(
            "sum over probes",
            "Your estimate grows with every probe. What should more probes change: the value or "
            "its error?",
            of_forms(lambda q, p: [q.sum(), standard_error(q)]),
        ),
        Mistake(
            "sum of the product",
            "You add up the entries of the product and forget the probe on the left. What keeps "
            "the off-diagonal entries from counting?",
            of_vectors(lambda v, moved: moved.sum()),
        ),
        Mistake(
            "squared length of the product",
            "You take the squared length of the product. Of which matrix is that the trace: the "
            "given one, or its square?",
            of_vectors(lambda v, moved: moved @ moved),
        ),
        Mistake(
            "length of the product",
            "You take the length of the product. Can it be negative, as a trace can?",
            of_vectors(lambda v, moved: moved.norm()),
        ),
        Mistake(
            "probes averaged first",
            "You average the probes before you use them. The form is quadratic in the probe: may "
            "the two steps change places?",
            mean_probe_first,
        ),
        Mistake(
            "signs dropped",
            "You drop the sign of each form. Which traces could you never find?",
            of_vectors(lambda v, moved: (v * moved).abs().sum()),
        ),
        Mistake(
            "each form made positive",
            "You take the size of each quadratic form. Can no direction curve downwards?",
            of_vectors(lambda v, moved: (v @ moved).abs()),
        ),
        Mistake(
            "error relative to the trace",
            "You divide the error by the estimate. Is asked an error in the trace's own unit, or a "
            "fraction?",
            of_forms(lambda q, p: [q.mean(), standard_error(q) / q.mean().abs()]),
        ),
        Mistake(
            "divided by the root of the weights",
            "Your error falls with the number of weights. Over how many independent numbers did "
            "you average?",
            of_forms(lambda q, p: [q.mean(), q.std() / math.sqrt(p)]),
        ),
        Mistake(
            "middle value",
            "You take the middle of the forms. Their distribution is skewed: which average equals "
            "the trace?",
            of_forms(lambda q, p: [q.quantile(0.5), standard_error(q)]),
        ),
        Mistake(
            "one error, K - 1 twice",
            "You divide by the free deviations again where the number of averaged forms belongs. "
            "How many forms are in your mean?",
            of_forms(lambda q, p: [q.mean(), q.std() / math.sqrt(len(q) - 1)]),
        ),
        Mistake(
            "value alone",
            "You return the estimate alone. Two people with other probes get other numbers: how "
            "far apart may they be?",
            of_forms(lambda q, p: q.mean()),
        ),
        Mistake(
            "variance over the root",
            "You divide a variance by a root. Which unit has the trace, and which has your error?",
            of_forms(lambda q, p: [q.mean(), q.var() / math.sqrt(len(q))]),
        ),
        Mistake(
            "mean of all entries",
            "You average over probes and weights together. Is the trace a mean of the diagonal, or "
            "its sum? And which numbers are independent?",
            entries_as_numbers,
        ),
        Mistake(
            "entries counted as probes",
            "Your estimate is right, but the error counts every entry as a number of its own. "
            "Which of them are independent of each other?",
            entries_in_the_error,
        ),
        Mistake(
            "error first",
            "Your two numbers come in the other order. Which one does the docstring name first?",
            of_forms(lambda q, p: [standard_error(q), q.mean()]),
        ),
        Mistake(
            "half-width of an interval",
            "Your error is the half-width of an interval for nineteen in twenty. Is that what the "
            "docstring asks for?",
            of_forms(lambda q, p: [q.mean(), 2 * standard_error(q)]),
        ),
    ),
    accepted=(hutchinson_by_matrix, hutchinson_by_running_sums),
    lesson="Random signs meet the diagonal always and the rest by chance, so their mean is the "
    "trace. Only the off-diagonal entries make noise.",
    answered_by=(
        "coursekit.curvature.trace",
        "coursekit.curvature.hessian",
        "coursekit.toy.dynamics",
    ),
)
