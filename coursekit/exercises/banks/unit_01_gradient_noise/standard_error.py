"""The standard error of a measured variance."""

import math

import numpy as np
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def standard_error(batch_grads: Tensor, full_grad: Tensor) -> Tensor:
    sq_distances = (batch_grads - full_grad).square().sum(dim=1)
    return sq_distances.std() / math.sqrt(len(sq_distances))


def standard_error_by_jackknife(batch_grads, full_grad):
    d = (batch_grads - full_grad).double().square().sum(1)
    m = len(d)
    leave_one_out = (d.sum() - d) / (m - 1)
    return ((m - 1) / m * (leave_one_out - d.mean()).square().sum()).sqrt()


def standard_error_by_loop(batch_grads, full_grad):
    d = [sum(float(x) ** 2 for x in row - full_grad) for row in batch_grads]
    mean = sum(d) / len(d)
    return (sum((x - mean) ** 2 for x in d) / (len(d) * (len(d) - 1))) ** 0.5


def draw_batches(rng: np.random.Generator) -> list[Case]:
    cases = []
    for _ in range(6):
        m, p = int(rng.integers(4, 10)), int(rng.integers(2, 5))
        full = rng.normal(size=p)
        grads = full + rng.normal(size=(m, p)) * rng.uniform(0.5, 2.0) + rng.normal(0, 0.5, p)
        cases.append(Case("standard error", (grads, full)))
    return cases


U01_STANDARD_ERROR = Exercise(
    id="u01_standard_error",
    call="standard_error(batch_grads, full_grad)",
    points={"standard error": 2.0},
    by_hand=(
        Case(
            "standard error",
            (np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 3.0]]), np.array([0.0, 0.0])),
            ("by hand",),
        ),
        Case(
            "standard error",
            (np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([0.0, 0.0])),
            ("smallest",),
        ),
        Case(
            "standard error",
            (np.array([[1.0, 1.0], [3.0, 1.0], [1.0, 4.0]]), np.array([1.0, 0.0])),
            ("by hand",),
        ),
        Case(
            "standard error",
            (np.array([[1.0, 0.0], [3.0, 0.0]] * 16), np.array([0.0, 0.0])),
            ("range", "order"),
            quotes="inside it is the standard deviation with the divisor M - 1.",
        ),
    ),
    promises=(
        "by hand",
        "smallest",
    ),
    draw=draw_batches,
    reference=standard_error,
    mistakes=(
        Mistake(
            "spread of one draw",
            "This is the spread from draw to draw. It does not shrink when you draw more. Should "
            "the error of the average?",
            lambda g, f: (g - f).square().sum(1).std(),
        ),
        Mistake(
            "variance of the mean",
            "Your result has the unit of the variance squared. Which step brings an error back "
            "to the unit of what it belongs to?",
            lambda g, f: (g - f).square().sum(1).var() / len(g),
        ),
        Mistake(
            "divided by M",
            "With four times the draws your error falls to a quarter. How fast does the error of "
            "an average really fall?",
            lambda g, f: (g - f).square().sum(1).std() / len(g),
        ),
        Mistake(
            "deviations all counted as free",
            "The mean of the squared distances was fitted to these same draws. How many of their "
            "deviations are still free?",
            lambda g, f: (g - f).square().sum(1).std(unbiased=False) / math.sqrt(len(g)),
        ),
        Mistake(
            "centre of the draws",
            "You measure distances from the average of the draws. Which centre do you know "
            "exactly here?",
            lambda g, f: standard_error(g, g.mean(0)),
        ),
        Mistake(
            "distances not squared",
            "You average distances. A variance is an average of which power of them?",
            lambda g, f: (g - f).norm(dim=1).std() / math.sqrt(len(g)),
        ),
        Mistake(
            "the variance itself",
            "This is the measured variance itself. How far would it move if you drew the same "
            "number of batches again?",
            lambda g, f: (g - f).square().sum(1).mean(),
        ),
        Mistake(
            "error of the gradient",
            "This is how far the mean gradient may be off. Asked is how far the measured "
            "variance may be off: what is averaged over the draws here?",
            lambda g, f: ((g - f).square().sum(1).mean() / len(g)).sqrt(),
        ),
        Mistake(
            "summed over the batches",
            "You added over the batches and kept one number a parameter. Which axis holds the "
            "parameters?",
            lambda g, f: (g - f).square().sum(0).std() / math.sqrt(len(g)),
        ),
        Mistake(
            "mean over parameters",
            "You average over the parameters. A squared distance is a sum over them: what does "
            "Pythagoras do with his two sides?",
            lambda g, f: standard_error(g, f) / g.shape[1],
        ),
        Mistake(
            "half-width of an interval",
            "That is the half-width of a 95 % interval. How many standard errors wide is it?",
            lambda g, f: 1.96 * standard_error(g, f),
        ),
        Mistake(
            "all entries at once",
            "You take the spread over all squared entries. How many independent numbers does the "
            "measured variance average: one an entry, or one a batch?",
            lambda g, f: (g - f).square().std() / math.sqrt(len(g)),
        ),
        Mistake(
            "corrected twice",
            "You correct for the fitted mean twice: once in the spread, once under the root. How "
            "many numbers are averaged?",
            lambda g, f: (g - f).square().sum(1).std() / math.sqrt(len(g) - 1),
        ),
        Mistake(
            "one number a parameter",
            "You added over the batches and kept one number a parameter. Which axis holds the "
            "parameters, and how many draws were there?",
            lambda g, f: (g - f).square().sum(0).std() / math.sqrt(g.shape[1]),
        ),
        Mistake(
            "error of the mean gradient, about its own mean",
            "You return how far the mean gradient is from G. Whose error is asked: that of a "
            "gradient, or that of a mean of squared distances?",
            lambda g, f: g.std(dim=0).norm() / math.sqrt(len(g)),
        ),
        Mistake(
            "each entry a draw",
            "You count every entry of the table as a draw of its own. How many numbers does "
            "the measured variance average: one an entry, or one a batch?",
            lambda g, f: (g - f).square().std() / math.sqrt(g.numel()),
        ),
        Mistake(
            "Gaussian formula",
            "Your formula takes the spread from the mean, as if the squared distances "
            "followed a known law. What do the numbers you drew say about their spread?",
            lambda g, f: (g - f).square().sum(1).mean() * math.sqrt(2 / len(g)),
        ),
        Mistake(
            "mean over the root of M",
            "You divide the measured variance itself by the root of M. Of what is a standard "
            "error made: of the mean of some numbers, or of their spread?",
            lambda g, f: (g - f).square().sum(1).mean() / math.sqrt(len(g)),
        ),
        Mistake(
            "not centred",
            "You take squared lengths of the gradients. How far is each from the full gradient?",
            lambda g, f: g.square().sum(1).std() / math.sqrt(len(g)),
        ),
        Mistake(
            "relative error",
            "You divide by the measured variance. Is a relative error asked for?",
            lambda g, f: standard_error(g, f) / (g - f).square().sum(1).mean(),
        ),
        Mistake(
            "errors of the parameters added",
            "You add one standard error for each parameter. Do the parts of one distance err "
            "independently, and is it their errors that add?",
            lambda g, f: (g - f).square().std(0).sum() / math.sqrt(len(g)),
        ),
        Mistake(
            "root mean square",
            "You average the squares of the squared distances, without their mean. Which "
            "centre has a standard deviation?",
            lambda g, f: ((g - f).square().sum(1).square().mean() / len(g)).sqrt(),
        ),
    ),
    accepted=(standard_error_by_jackknife, standard_error_by_loop),
    lesson="An average over M draws is off by about s / sqrt(M). A measured variance without that "
    "number can't agree or disagree with a theory.",
    answered_by=(
        "coursekit.gradients.sampling",
        "coursekit.noise.scale",
        "coursekit.toy.dynamics",
    ),
)
