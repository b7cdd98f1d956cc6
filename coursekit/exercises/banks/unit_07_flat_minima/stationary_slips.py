"""Further wrong variances at rest, written as a learner would, each with its question."""

import math

from coursekit.exercises.engine.declare import Mistake


def below(formula):
    def answer(lr, curvature, noise_var, batch_size):
        share = lr * curvature
        return math.inf if share >= 2 else formula(lr, curvature, noise_var, batch_size)

    return answer


def a_hundred_steps(lr, curvature, noise_var, batch_size):
    variance = 0.0
    for _ in range(100):
        variance = (1 - lr * curvature) ** 2 * variance + lr**2 * noise_var / batch_size
    return variance


def with_inf_on_the_edge(change):
    """Return an answer that goes by the formula beyond the edge, where numpy divides by zero."""

    def answer(lr, curvature, noise_var, batch_size):
        gap = 2 - lr * curvature
        return lr * noise_var / (batch_size * curvature * change(gap)) if gap else math.inf

    return answer


def compared_with_two(lr, curvature, noise_var, batch_size):
    gap = 2 - lr * curvature
    if curvature >= 2 or gap == 0:
        return math.inf
    return lr * noise_var / (batch_size * curvature * gap)


def zero_at_least(lr, curvature, noise_var, batch_size):
    gap = 2 - lr * curvature
    if gap == 0:
        return math.inf
    return max(0.0, lr * noise_var / (batch_size * curvature * gap))


MORE = (
    Mistake(
        "standard deviation for a variance",
        "You take the root of `noise_var`. Is it a standard deviation?",
        below(lambda lr, k, v, b: lr * math.sqrt(v) / (b * k * (2 - lr * k))),
    ),
    Mistake(
        "two lost before the bracket",
        "At small steps your variance is not that of the diffusion, but a multiple of it. Which "
        "factor was lost when you took it out of the bracket?",
        below(lambda lr, k, v, b: lr * v / (b * k * (1 - lr * k / 2))),
    ),
    Mistake(
        "temperature",
        "You return the temperature. What is the variance at that temperature?",
        below(lambda lr, k, v, b: lr * v / (2 * b)),
    ),
    Mistake(
        "formula beyond the edge, inf on it",
        "Your variance is below zero beyond the edge. Can a mean square be?",
        with_inf_on_the_edge(lambda gap: gap),
    ),
    Mistake(
        "size beyond the edge, inf on it",
        "You take a size where the formula is below zero. Does the walker come to rest there?",
        with_inf_on_the_edge(abs),
    ),
    Mistake(
        "curvature compared with two",
        "You say inf from some curvature on, whatever the rate. What do the two make together?",
        compared_with_two,
    ),
    Mistake(
        "a hundred steps, then the edge",
        "You repeat the recursion a fixed number of times. How many does it take at a small rate?",
        below(lambda lr, k, v, b: a_hundred_steps(lr, k, v, b)),
    ),
    Mistake(
        "brackets of the quotient",
        "Your curvature stands above the line. In which order does Python do quotients and "
        "products?",
        below(lambda lr, k, v, b: lr * v / b * k * (2 - lr * k)),
    ),
    Mistake(
        "bracket above the line",
        "Your variance falls to zero at the edge. Does the last bracket stand above or below the "
        "line?",
        below(lambda lr, k, v, b: lr * v / (b * k) * (2 - lr * k)),
    ),
    Mistake(
        "brackets of the factor",
        "Your bracket has lost the square's own brackets. What is squared: the factor, or one less "
        "the factor?",
        below(lambda lr, k, v, b: lr**2 * v / b / (1 - (1 - lr * k)) ** 2),
    ),
    Mistake(
        "a hundred steps",
        "You repeat the recursion a fixed number of times. What does it tend to where each step "
        "leads further away?",
        a_hundred_steps,
    ),
    Mistake(
        "zero at least",
        "You cut off below zero. Does the walker stay in the minimum beyond the edge?",
        zero_at_least,
    ),
    Mistake(
        "two curvatures",
        "You divide by the curvature twice. How often does it stand in the bracket?",
        below(lambda lr, k, v, b: lr * v / (b * k * k * (2 - lr * k))),
    ),
    Mistake(
        "noise after the step",
        "Your kick is not multiplied by the rate. What does SGD subtract?",
        below(lambda lr, k, v, b: v / (b * lr * k * (2 - lr * k))),
    ),
    Mistake(
        "curvature left out of the bracket",
        "Your bracket knows the rate alone. What is the factor of one step?",
        below(lambda lr, k, v, b: lr * v / (b * k * (2 - lr)) if lr != 2 else 0.0),
    ),
    Mistake(
        "rate left out of the bracket",
        "Your bracket knows the curvature alone. What is the factor of one step?",
        below(lambda lr, k, v, b: lr * v / (b * k * (2 - k)) if k != 2 else 0.0),
    ),
    Mistake(
        "one kick, halved",
        "You return half of one kick's variance. What is left of the kicks before?",
        below(lambda lr, k, v, b: lr**2 * v / (2 * b)),
    ),
)
