"""tr(Sigma) from per-example gradients."""

from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def tr_cov(per_example_grads: Tensor) -> Tensor:
    deviations = per_example_grads - per_example_grads.mean(dim=0)
    return deviations.square().sum() / (len(per_example_grads) - 1)


def tr_cov_by_pairs(per_example_grads):
    n = len(per_example_grads)
    pairs = combinations(per_example_grads.double(), 2)
    return sum(float((a - b).square().sum()) for a, b in pairs) / (n * (n - 1))


def tr_cov_by_moments(per_example_grads):
    g = per_example_grads.double()
    n = len(g)
    return ((g**2).sum(1).mean() - (g.mean(0) ** 2).sum()) * n / (n - 1)


def draw_grads(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("mean gradient zero", "any mean") * 4:
        n, p = int(rng.integers(3, 9)), int(rng.integers(2, 6))
        grads = rng.normal(size=(n, p)) * rng.uniform(0.5, 3.0, p)
        grads -= grads.mean(axis=0)
        if group == "any mean":
            grads += rng.choice([-1.0, 1.0], p) * rng.uniform(0.8, 2.5, p)
        cases.append(Case(group, (grads,)))
    return cases


U01_TR_COV = Exercise(
    id="u01_tr_cov",
    call="tr_cov(per_example_grads)",
    points={"mean gradient zero": 1.0, "any mean": 1.0},
    by_hand=(
        Case(
            "mean gradient zero", (np.array([[-1.0, -2.0], [1.0, 2.0], [0.0, 0.0]]),), ("by hand",)
        ),
        Case(
            "any mean",
            (np.array([[3.0, 0.0], [5.0, 4.0], [4.0, 2.0]]),),
            ("by hand",),
            quotes="Take the squared distances of the rows from their own mean row",
        ),
        Case(
            "any mean",
            (np.array([[1.0, 0.0], [3.0, 1.0]]),),
            ("smallest",),
            quotes="Take the squared distances of the rows from their own mean row",
        ),
        Case(
            "any mean",
            (np.array([[1.0, 0.0], [1.0, 0.0], [3.0, 1.0]]),),
            ("order",),
            quotes="examples drawn at random, with replacement.",
        ),
        Case(
            "any mean",
            (np.arange(64.0).reshape(32, 2),),
            ("range",),
            quotes="dividing by n − 1 in place of n mends that.",
        ),
    ),
    promises=(
        "by hand",
        "smallest",
    ),
    draw=draw_grads,
    reference=tr_cov,
    mistakes=(
        Mistake(
            "divides by n",
            "You divide by the number of rows, but the mean was fitted to those same rows. "
            "How many deviations are still free?",
            lambda g: tr_cov(g) * (len(g) - 1) / len(g),
        ),
        Mistake(
            "not centred",
            "You average squared lengths from the origin. A gradient that never changes has "
            "length, but has it noise?",
            lambda g: g.square().sum(1).mean(),
        ),
        Mistake(
            "not centred, n - 1",
            "You measure squared lengths from the origin. A gradient that never changes has "
            "length, but has it noise?",
            lambda g: g.square().sum() / (len(g) - 1),
        ),
        Mistake(
            "mean over parameters",
            "You average over the parameters. A trace is a sum over the diagonal: what happens to "
            "your number when every parameter appears twice?",
            lambda g: g.var(dim=0).mean(),
        ),
        Mistake(
            "adds standard deviations",
            "You add standard deviations. For the squared length of an error, which adds up over "
            "directions: the deviation or its square?",
            lambda g: g.std(dim=0).sum(),
        ),
        Mistake(
            "root of the trace",
            "Your result has the unit of a gradient. Which unit does a variance have?",
            lambda g: tr_cov(g).sqrt(),
        ),
        Mistake(
            "variance of the lengths",
            "You look at lengths alone. Two gradients of equal length may point to opposite "
            "sides: is there no noise between them?",
            lambda g: g.norm(dim=1).var(),
        ),
        Mistake(
            "one variance over all numbers",
            "You take a single variance over all entries, so the difference between two "
            "parameters counts as noise. Over which axis do the examples run?",
            lambda g: g.var(),
        ),
        Mistake(
            "the other axis",
            "You measure the spread inside each row, from parameter to parameter. Over which axis "
            "do the examples run?",
            lambda g: g.var(dim=1).sum(),
        ),
        Mistake(
            "sum of the whole matrix",
            "You add the covariances between parameters as well. Which entries of a matrix does "
            "its trace hold?",
            lambda g: torch.cov(g.T).sum(),
        ),
        Mistake(
            "distances not squared",
            "You average distances. Of which power of them is a variance the average?",
            lambda g: (g - g.mean(dim=0)).norm(dim=1).sum() / (len(g) - 1),
        ),
        Mistake(
            "corrected twice",
            "You correct for the fitted mean twice. What does `var()` divide by, unless told "
            "otherwise?",
            lambda g: tr_cov(g) * len(g) / (len(g) - 1),
        ),
        Mistake(
            "one centre for all parameters",
            "You subtract one number from every entry. How many numbers does the mean gradient "
            "have?",
            lambda g: (g - g.mean()).square().sum() / (len(g) - 1),
        ),
        Mistake(
            "mean over all entries",
            "You take the mean over examples and parameters at once. The squared length of a "
            "deviation is a sum over parameters: what happens to your number when every parameter "
            "appears twice?",
            lambda g: (g - g.mean(dim=0)).square().mean(),
        ),
        Mistake(
            "differences of neighbours",
            "You take differences of neighbouring rows. That is right on average, and scatters "
            "more. What does the docstring measure deviations from?",
            lambda g: (g[1:] - g[:-1]).square().sum() / 2 / (len(g) - 1),
        ),
        Mistake(
            "each row's own mean",
            "You take from each row its own mean. Over which axis do the examples run?",
            lambda g: (g - g.mean(dim=1, keepdim=True)).square().sum() / (len(g) - 1),
        ),
        Mistake(
            "never divided",
            "You add the squared deviations up and never divide. What happens to your number "
            "when the sample is twice as large?",
            lambda g: (g - g.mean(dim=0)).square().sum(),
        ),
        Mistake(
            "noise of the mean",
            "You divide by the number of examples once more. That is the noise of their mean: "
            "whose noise is asked for?",
            lambda g: tr_cov(g) / len(g),
        ),
        Mistake(
            "centre at the first row",
            "You measure from the first row. Which centre does the docstring name?",
            lambda g: (g - g[0]).square().sum() / (len(g) - 1),
        ),
    ),
    accepted=(
        lambda g: torch.cov(g.T).trace(),
        lambda g: np.asarray(g).var(axis=0, ddof=1).sum(),
        tr_cov_by_pairs,
        tr_cov_by_moments,
    ),
    lesson="tr(Sigma) is the expected squared length of one example's error, summed over "
    "parameters. n - 1 removes the bias of a mean that was fitted to the same rows.",
    answered_by=(
        "coursekit.gradients.minibatch",
        "coursekit.noise.scale",
        "coursekit.gradients.norms",
    ),
)
