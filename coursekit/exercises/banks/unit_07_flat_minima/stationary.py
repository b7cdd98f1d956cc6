"""Where SGD on a quadratic comes to rest: exactly."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.banks.unit_07_flat_minima.later_slips import STATIONARY as LATER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.stationary_slips import MORE
from coursekit.exercises.banks.unit_07_flat_minima.tried_slips import STATIONARY as TRIED_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def stationary_variance(lr: float, curvature: float, noise_var: float, batch_size: int) -> float:
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (batch_size * curvature * (2 - lr * curvature))


def variance_by_the_series(lr, curvature, noise_var, batch_size):
    """Add up what is left of all earlier kicks, a geometric series."""
    left = (1 - lr * curvature) ** 2
    if abs(1 - lr * curvature) >= 1:
        return math.inf
    return lr**2 * noise_var / batch_size / (1 - left)


def variance_by_doubling(lr, curvature, noise_var, batch_size):
    """Apply the recursion of the variance to itself, 1, 2, 4, ... steps at once."""
    factor, added = (1 - lr * curvature) ** 2, lr**2 * noise_var / batch_size
    if factor > 1 - 1e-12:
        return math.inf
    for _ in range(60):
        factor, added = factor * factor, added * (1 + factor)
    return added


def finite(formula: Callable[[float, float, float, int], float]) -> Callable[..., float]:
    """Return an answer with another formula below the edge; inf from the edge on."""

    def answer(lr, curvature, noise_var, batch_size):
        return math.inf if lr * curvature >= 2 else formula(lr, curvature, noise_var, batch_size)

    return answer


def beyond(value: Callable[[float, float, float, int], float]) -> Callable[..., float]:
    """Return an answer that says something else from the edge on."""

    def answer(lr, curvature, noise_var, batch_size):
        if lr * curvature < 2:
            return stationary_variance(lr, curvature, noise_var, batch_size)
        return value(lr, curvature, noise_var, batch_size)

    return answer


def by_formula(lr: float, k: float, v: float, b: int) -> float:
    gap = b * k * (2 - lr * k)
    return lr * v / gap if gap else math.nan


def from_one_over_lr(lr, curvature, noise_var, batch_size):
    over = lr * curvature >= 1
    return math.inf if over else stationary_variance(lr, curvature, noise_var, batch_size)


def edge_left_out(lr, curvature, noise_var, batch_size):
    if lr * curvature > 2:
        return math.inf
    return by_formula(lr, curvature, noise_var, batch_size)


def draw_stationary(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("stable", "stable", "unstable") * 2):
        share = float(rng.choice([0.3, 0.6, 1.3, 1.7, 1.9, 1.95]))
        if number == 0:  # it takes a thousand steps to come to rest
            share = 0.004
        if group == "unstable":  # on the edge, and beyond
            share = 2.0 if number == 2 else float(rng.choice([2.5, 3.0]))
        curvature = float(rng.choice([0.5, 4.0, 8.0]))
        args = (share / curvature, curvature, float(rng.choice([0.7, 3.0, 5.0])),
                int(rng.choice([3, 5, 7, 12])))  # fmt: skip
        cases.append(Case(group, args))
    return cases


FOR_ANY = "Variance of x at rest, exactly, for any step"
EDGE = "inf at and beyond lr * curvature = 2"
U07_STATIONARY = Exercise(
    id="u07_stationary",
    call="stationary_variance(lr, curvature, noise_var, batch_size)",
    points={"stable": 2.0, "unstable": 1.0},
    by_hand=(
        Case("stable", (0.5, 1.0, 3.0, 1), keeps=("smallest",)),
        Case("stable", (1.5, 1.0, 3.0, 1), keeps=("range",), quotes=FOR_ANY),
        Case("stable", (0.75, 2.0, 4.0, 5), keeps=("by hand",)),  # each step goes too far
        Case("stable", (0.125, 4.0, 3.0, 8), keeps=("by hand",)),
        Case("stable", (0.25, 2.0, 3.0, 2.5), keeps=("uneven",), quotes="need not be whole"),
        Case(
            "stable", (0.001, 2.0, 3.0, 5), keeps=("range",), quotes=FOR_ANY
        ),  # at rest after a long time
        Case("stable", (0.5, 2.0, 3.0, 4), keeps=("by hand",)),  # a step ends in the minimum
        Case(  # just below the edge
            "stable", (2.5, 0.75, 4.0, 3), keeps=("range",), quotes=FOR_ANY
        ),
        Case("stable", (0.65, 3.0, 5.0, 7), keeps=("range",), quotes=FOR_ANY),  # and nearer still
        Case("stable", (0.3325, 6.0, 5.0, 7), keeps=("range",), quotes=FOR_ANY),
        Case(
            "stable", (0.0001, 1.0, 3.0, 5), keeps=("range",), quotes=FOR_ANY
        ),  # not at rest at 10,000 steps
        Case("unstable", (0.5, 4.0, 1.0, 8), keeps=("boundary",), quotes=EDGE),
        Case("unstable", (0.75, 4.0, 1.0, 8), keeps=("range",), quotes=EDGE),
    ),
    promises=("boundary", "by hand", "range", "smallest", "uneven"),
    draw=draw_stationary,
    reference=stationary_variance,
    mistakes=(
        Mistake(
            "limit of small steps",
            "Your formula is that of the diffusion. At a step of finite length, what happens to "
            "the square in the factor that the old distance is multiplied by?",
            finite(lambda lr, k, v, b: lr * v / (2 * b * k)),
        ),
        Mistake(
            "limit of small steps, and no edge",
            "Your formula is that of the diffusion, and finite however large the step is. What "
            "does the recursion say at such a step?",
            lambda lr, curvature, noise_var, batch_size: (
                lr * noise_var / (2 * batch_size * curvature)
            ),
        ),
        Mistake(
            "one kick",
            "You return the variance of one step's kick. What is left of the kicks before?",
            finite(lambda lr, k, v, b: lr**2 * v / b),
        ),
        Mistake(
            "factor not squared",
            "You use the factor by which a distance shrinks. By which does its square shrink?",
            finite(lambda lr, k, v, b: lr * v / (b * k)),
        ),
        Mistake(
            "batch size left out",
            "Your variance does not know the batch size. What does averaging do to the noise?",
            finite(lambda lr, k, v, b: by_formula(lr, k, v, 1)),
        ),
        Mistake(
            "batch size squared",
            "You divide by the batch size twice. Is `noise_var` a variance or a standard "
            "deviation?",
            finite(lambda lr, k, v, b: by_formula(lr, k, v, b * b)),
        ),
        Mistake(
            "root of the batch size",
            "You divide by the root of the batch size. That is for standard deviations: what is "
            "asked?",
            finite(lambda lr, k, v, b: by_formula(lr, k, v, 1) / math.sqrt(b)),
        ),
        Mistake(
            "times the batch size",
            "A larger batch makes your variance larger. What does averaging do to the noise?",
            finite(lambda lr, k, v, b: b * by_formula(lr, k, v, 1)),
        ),
        Mistake(
            "standard deviation",
            "You take the root at the end. Which of the two does the docstring ask for?",
            finite(lambda lr, k, v, b: math.sqrt(by_formula(lr, k, v, b))),
        ),
        Mistake(
            "noise squared",
            "You square `noise_var`. Is it a variance already?",
            finite(lambda lr, k, v, b: by_formula(lr, k, v * v, b)),
        ),
        Mistake(
            "lr squared",
            "You have the rate twice above the line. One of them cancels in the division: which "
            "sum stands below?",
            finite(lambda lr, k, v, b: lr * by_formula(lr, k, v, b)),
        ),
        Mistake(
            "lr left out",
            "A rate is missing above the line. If a kick is multiplied by the rate, by what is its "
            "variance multiplied?",
            finite(lambda lr, k, v, b: by_formula(lr, k, v, b) / lr),
        ),
        Mistake(
            "curvature left out",
            "A curvature is missing below the line. What holds the walker back?",
            finite(lambda lr, k, v, b: k * by_formula(lr, k, v, b)),
        ),
        Mistake(
            "plus in the bracket",
            "Your variance has no edge: the bracket grows with the step. Multiply the square of "
            "the factor out once more: which sign has the middle term?",
            finite(lambda lr, k, v, b: lr * v / (b * k * (2 + lr * k))),
        ),
        Mistake(
            "one in the bracket",
            "Your variance grows without bound at half of the edge's rate. Multiply the square of "
            "the factor out: what stands in the middle?",
            finite(lambda lr, k, v, b: lr * v / (b * k * (1 - lr * k)) if lr * k != 1 else 0.0),
        ),
        Mistake(
            "shrinking factor below the line",
            "You divide by the square of the factor itself. What is the sum of a geometric series?",
            finite(lambda lr, k, v, b: lr**2 * v / b / max((1 - lr * k) ** 2, 1e-12)),
        ),
        Mistake(
            "mean loss",
            "You return the mean height above the minimum. What is asked: the loss, or the squared "
            "distance?",
            finite(lambda lr, k, v, b: k / 2 * by_formula(lr, k, v, b)),
        ),
        Mistake(
            "unstable from one over lr",
            "You say inf as soon as a step passes the minimum. Does a walker that lands on the "
            "other side, but nearer, come to rest?",
            from_one_over_lr,
        ),
        Mistake(
            "formula beyond the edge",
            "Your variance is below zero beyond the edge. Does a series of growing terms have the "
            "sum that the formula gives?",
            by_formula,
        ),
        Mistake(
            "edge left out",
            "You ask whether the step is beyond the edge. What happens on the edge itself?",
            edge_left_out,
        ),
        Mistake(
            "size beyond the edge",
            "You take the formula's size beyond the edge. Does the walker come to rest there?",
            lambda lr, curvature, noise_var, batch_size: abs(
                by_formula(lr, curvature, noise_var, batch_size)
            ),
        ),
        Mistake(
            "nan beyond the edge",
            "You return no number beyond the edge, or refuse. Is the variance unknown there, or "
            "without bound?",
            beyond(lambda lr, k, v, b: math.nan),
        ),
        Mistake(
            "zero beyond the edge",
            "You return zero beyond the edge. Does the walker stay in the minimum there?",
            beyond(lambda lr, k, v, b: 0.0),
        ),
        *MORE,
        *LATER_SLIPS,
        *TRIED_SLIPS,
    ),
    accepted=(variance_by_the_series, variance_by_doubling),
    lesson="Rate and batch size enter as a quotient only while the rate times the curvature is "
    "small. Beyond that the rate speaks once more, alone.",
    answered_by=("coursekit.toy.dynamics",),
)
