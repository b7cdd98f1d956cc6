"""A PAC-Bayes bound on the error of a network whose weights are noisy."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_07_flat_minima.later_slips import PAC_BAYES as LATER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.pac_bayes_slips import MORE
from coursekit.exercises.banks.unit_07_flat_minima.tried_slips import PAC_BAYES as TRIED_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def distance_square(weights: Tensor, start: Tensor) -> float:
    return float((weights.double() - start.double()).square().sum())


def pac_bayes_bound(
    weights: Tensor, start: Tensor, sigma: float, error: float, num_examples: int, delta: float
) -> float:
    kl = distance_square(weights, start) / (2 * sigma**2)
    tail = math.log(2 * math.sqrt(num_examples) / delta)
    return error + math.sqrt((kl + tail) / (2 * num_examples))


def bound_by_distributions(weights, start, sigma, error, num_examples, delta):
    """Let torch compute the divergence of two Gaussians, and take the logarithm apart."""
    normal = torch.distributions.Normal
    q, p = normal(weights.double(), sigma), normal(start.double(), sigma)
    kl = torch.distributions.kl_divergence(q, p).sum()
    tail = math.log(2) + 0.5 * math.log(num_examples) - math.log(delta)
    return error + torch.sqrt((kl + tail) / num_examples / 2)


def bound_by_numpy(weights, start, sigma, error, num_examples, delta):
    steps = (np.array(weights, float) - np.array(start, float)) / sigma
    inside = 0.5 * np.dot(steps, steps) - np.log(0.5 * delta / num_examples**0.5)
    return error + np.sqrt(0.5 / num_examples) * np.sqrt(inside)


Formula = Callable[[float, float, float, float, float], float]  # KL, log term, error, N, sigma


def of_parts(formula: Formula) -> Callable[..., float]:
    """Return an answer made of the divergence, the logarithm, the error, N and sigma."""

    def answer(weights, start, sigma, error, num_examples, delta):
        kl = distance_square(weights, start) / (2 * sigma**2)
        tail = math.log(2 * math.sqrt(num_examples) / delta)
        return formula(kl, tail, error, num_examples, sigma)

    return answer


def other_tail(tail: Callable[[int, float], float]) -> Callable[..., float]:
    def answer(weights, start, sigma, error, num_examples, delta):
        kl = distance_square(weights, start) / (2 * sigma**2)
        inside = kl + tail(num_examples, delta)
        return error + math.sqrt(inside / (2 * num_examples)) if inside >= 0 else math.nan

    return answer


def other_distance(of: Callable[[Tensor, Tensor, float], Tensor]) -> Callable[..., float]:
    """Return an answer with another divergence."""

    def answer(weights, start, sigma, error, num_examples, delta):
        kl = float(of(weights.double(), start.double(), sigma))
        tail = math.log(2 * math.sqrt(num_examples) / delta)
        return error + math.sqrt((kl + tail) / (2 * num_examples)) if kl + tail >= 0 else math.nan

    return answer


def draw_bound(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("at the start", "moved") * 3):
        p = int(rng.integers(3, 6))
        start = rng.normal(size=p).round(2)
        moved = start if group == "at the start" else start + rng.normal(size=p).round(2)
        sigma, error = float(rng.choice([0.3, 0.4, 0.6, 1.7])), round(float(rng.uniform(0, 0.4)), 2)
        if number == 1:  # a bound above one
            sigma, moved = (
                0.3,
                start + rng.choice([-1.0, 1.0], p) * rng.uniform(1.5, 2.5, p).round(2),
            )
        n = int(rng.choice([25, 30, 35]) if group == "moved" else rng.choice([400, 900, 2500]))
        cases.append(
            Case(group, (moved.copy(), start, sigma, error, n, float(rng.choice([0.03, 0.1, 0.2]))))
        )
    return cases


U07_PAC_BAYES = Exercise(
    id="u07_pac_bayes",
    call="pac_bayes_bound(weights, start, sigma, error, num_examples, delta)",
    points={"at the start": 1.0, "moved": 2.0},
    by_hand=(
        Case(
            "at the start",
            (np.array([0.5, -1.0]), np.array([0.5, -1.0]), 0.5, 0.25, 100, 0.05),
            keeps=("by hand",),
        ),
        Case(
            "at the start",
            (np.array([2.0]), np.array([2.0]), 0.3, 0.0, 400, 0.1),
            keeps=("sign",),
        ),
        Case("moved", (np.array([3.0]), np.array([1.0]), 0.5, 0.0, 64, 0.1), keeps=("smallest",)),
        Case(  # little noise: a short way is dear
            "moved",
            (np.array([0.01, -0.02]), np.array([0.0, 0.02]), 0.02, 0.1, 900, 0.2),
            keeps=("range",),
        ),
        # a bound above one says nothing, and is returned as it is
        Case(
            "moved",
            (np.array([3.0, -1.0, 2.0]), np.array([1.0, 1.0, 1.0]), 0.25, 0.3, 25, 0.1),
            keeps=("range",),
            quotes="above 1 it is returned as it is",
        ),
    ),
    promises=("by hand", "range", "sign", "smallest"),
    draw=draw_bound,
    reference=pac_bayes_bound,
    mistakes=(
        Mistake(
            "divergence not halved",
            "Your divergence is twice the one in the text. What stands below the line, beside "
            "the variance?",
            of_parts(lambda kl, t, e, n, s: e + math.sqrt((2 * kl + t) / (2 * n))),
        ),
        Mistake(
            "distance not squared",
            "You use the distance between the weights. What of it stands in the divergence of two "
            "Gaussians?",
            other_distance(lambda w, v, s: (w - v).norm() / (2 * s**2)),
        ),
        Mistake(
            "sum of the steps",
            "You add up the steps as they are, or their sizes. What is done to each one before "
            "they are added?",
            other_distance(lambda w, v, s: (w - v).abs().sum() / (2 * s**2)),
        ),
        Mistake(
            "mean over weights",
            "You average over the weights. Does a network with more weights pay for each, or for "
            "their mean?",
            other_distance(lambda w, v, s: (w - v).square().mean() / (2 * s**2)),
        ),
        Mistake(
            "sigma not squared",
            "You divide by the standard deviation. Which unit does that leave?",
            other_distance(lambda w, v, s: (w - v).square().sum() / (2 * s)),
        ),
        Mistake(
            "length of the weights",
            "You use the length of the weights. From where is the distance counted?",
            other_distance(lambda w, v, s: w.square().sum() / (2 * s**2)),
        ),
        Mistake(
            "difference of lengths",
            "You compare the lengths of two vectors. Can two vectors of one length lie far apart?",
            other_distance(lambda w, v, s: (w.norm() - v.norm()).square() / (2 * s**2)),
        ),
        Mistake(
            "sigma left out",
            "Your divergence does not know the width of the noise. What does more noise make "
            "cheaper?",
            other_distance(lambda w, v, s: (w - v).square().sum() / 2),
        ),
        Mistake(
            "divergence left out",
            "Your bound does not know how far the weights have moved. Where does the divergence "
            "come in?",
            of_parts(lambda kl, t, e, n, s: e + math.sqrt(t / (2 * n))),
        ),
        Mistake(
            "logarithm left out",
            "Your bound is sure: it holds whatever delta is. What does certainty cost?",
            of_parts(lambda kl, t, e, n, s: e + math.sqrt(kl / (2 * n))),
        ),
        Mistake(
            "factor in the logarithm",
            "In your logarithm a factor is missing before the root. Which?",
            other_tail(lambda n, d: math.log(math.sqrt(n) / d)),
        ),
        Mistake(
            "N in the logarithm",
            "Your logarithm holds the number of examples as it is. What does the text take of it?",
            other_tail(lambda n, d: math.log(2 * n / d)),
        ),
        Mistake(
            "logarithm of one over delta",
            "Your logarithm knows delta alone. What else stands in it?",
            other_tail(lambda n, d: math.log(1 / d)),
        ),
        Mistake(
            "delta the other way up",
            "A smaller delta makes your bound smaller. Should more certainty be cheaper?",
            other_tail(lambda n, d: math.log(2 * math.sqrt(n) * d)),
        ),
        Mistake(
            "decimal logarithm",
            "Your logarithm is to another base. Which one is meant by ln?",
            other_tail(lambda n, d: math.log10(2 * math.sqrt(n) / d)),
        ),
        Mistake(
            "N in place of twice N",
            "You divide by the number of examples. What stands before it below the line?",
            of_parts(lambda kl, t, e, n, s: e + math.sqrt((kl + t) / n)),
        ),
        Mistake(
            "no root",
            "You do not take a root. How fast does the gap shrink with more examples?",
            of_parts(lambda kl, t, e, n, s: e + (kl + t) / (2 * n)),
        ),
        Mistake(
            "root above the line alone",
            "You take the root of the sum, not of the quotient. Where does the root end?",
            of_parts(lambda kl, t, e, n, s: e + math.sqrt(kl + t) / (2 * n)),
        ),
        Mistake(
            "two roots",
            "You take two roots and add them. Is the root of a sum the sum of roots?",
            of_parts(lambda kl, t, e, n, s: e + math.sqrt(kl / (2 * n)) + math.sqrt(t / (2 * n))),
        ),
        Mistake(
            "logarithm outside the quotient",
            "You divide the divergence alone. How far does the line of the fraction reach?",
            of_parts(lambda kl, t, e, n, s: e + math.sqrt(kl / (2 * n) + t)),
        ),
        Mistake(
            "without the error",
            "You return the gap alone. What does the bound bound?",
            of_parts(lambda kl, t, e, n, s: math.sqrt((kl + t) / (2 * n))),
        ),
        Mistake(
            "error inside the root",
            "The training error lies inside your root. Where does the root begin?",
            of_parts(lambda kl, t, e, n, s: math.sqrt(e + (kl + t) / (2 * n))),
        ),
        Mistake(
            "cut off at one",
            "You cut the bound off. How would a reader know how far from saying something it is?",
            of_parts(lambda kl, t, e, n, s: min(1.0, e + math.sqrt((kl + t) / (2 * n)))),
        ),
        Mistake(
            "bound taken away",
            "Your bound lies below the training error. On which side of it is the truth to lie?",
            of_parts(lambda kl, t, e, n, s: e - math.sqrt((kl + t) / (2 * n))),
        ),
        *MORE,
        *LATER_SLIPS,
        *TRIED_SLIPS,
    ),
    accepted=(bound_by_distributions, bound_by_numpy),
    lesson="Flat means: the noise may be wide before the training error rises, and wide noise "
    "makes distance cheap. The bound is about the noisy network, and often above one.",
    answered_by=("coursekit.curvature.sharpness_measures",),
)
