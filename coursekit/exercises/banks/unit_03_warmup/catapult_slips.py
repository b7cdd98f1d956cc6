"""Other ways to walk on (u v)^2 / 2, or other things to return after the walk."""

import numpy as np

from coursekit.exercises.engine.declare import Mistake


def walk(rule, u, v, lr, num_steps):
    for _ in range(num_steps):
        u, v = rule(u, v, lr)
    return u, v


def one_after_the_other(u, v, lr):
    u = u - lr * u * v * v
    v = v - lr * u * v * u
    return u, v


def of(u: float, v: float) -> float:
    return u**2 + v**2


def rule_of(change):
    """Make a step of two changes, each from the weights before it."""
    return lambda u, v, lr: (u + lr * change(u, v), v + lr * change(v, u))


DOWN = rule_of(lambda a, b: -a * b * b)


def with_old_product(u, v, lr, n):
    product = u * v
    return of(*walk(rule_of(lambda a, b: -product * b), u, v, lr, n))


def second_sees_first(u, v, lr):
    product = u * v
    u = u - lr * product * v
    return u, v - lr * product * u


def by_formula(u, v, lr, n, *, change_of, factor_of):
    """Walk in output and curvature, with two formulas for what a step does to them."""
    f, curvature = u * v, u * u + v * v
    for _ in range(n):
        f, curvature = (
            f * factor_of(lr * curvature, lr * f),
            curvature + lr * f * f * change_of(lr * curvature),
        )
    return curvature


def second_weight_first(u, v, lr):
    product = u * v
    v = v - lr * product * u
    return u - lr * product * v, v


def shrunk_as_on_the_bowl(u, v, lr, n):
    factor = (1 - lr * of(u, v)) ** n
    return of(factor * u, factor * v)


def output_first(u, v, lr, n):
    f, curvature = u * v, of(u, v)
    for _ in range(n):
        f = f * (1 - lr * curvature + (lr * f) ** 2)
        curvature = curvature + lr * f * f * (lr * curvature - 4)
    return curvature


def size_of_output(u, v, lr):
    size = abs(u * v)
    return u - lr * size * v, v - lr * size * u


def mean_curvature(u, v, lr, n):
    return float(np.mean([of(*walk(DOWN, u, v, lr, k)) for k in range(n + 1)]))


def top_eigenvalue(u, v, lr, n):
    u, v = walk(DOWN, u, v, lr, n)
    return float(np.linalg.eigvalsh([[v * v, 2 * u * v], [2 * u * v, u * u]])[-1])


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "one weight after the other",
        "You change one weight, and the other one's step already sees the new value. At which "
        "point is a gradient taken?",
        lambda u, v, lr, n: of(*walk(one_after_the_other, u, v, lr, n)),
    ),
    Mistake(
        "gradient of the output",
        "You go down the output, not the loss. What does the chain rule put in front when a "
        "square is differentiated?",
        lambda u, v, lr, n: of(*walk(rule_of(lambda a, b: -b), u, v, lr, n)),
    ),
    Mistake(
        "each weight by itself",
        "You multiply the error by the weight itself. What is the derivative of a product "
        "with respect to one of its factors?",
        lambda u, v, lr, n: of(*walk(rule_of(lambda a, b: -a * b * a), u, v, lr, n)),
    ),
    Mistake(
        "uphill",
        "The loss grows from the first small step on. In which direction does descent go?",
        lambda u, v, lr, n: of(*walk(rule_of(lambda a, b: a * b * b), u, v, lr, n)),
    ),
    Mistake(
        "the half forgotten",
        "Your gradient is twice as long as it should be. Which factor stands in front of the "
        "square in this loss?",
        lambda u, v, lr, n: of(*walk(DOWN, u, v, 2 * lr, n)),
    ),
    Mistake(
        "half a gradient",
        "Your gradient is half as long as it should be. What happens to the factor in front "
        "when a square is differentiated?",
        lambda u, v, lr, n: of(*walk(DOWN, u, v, lr / 2, n)),
    ),
    Mistake(
        "the step before the last",
        "You return the curvature that the last step started from. After how many steps is it "
        "asked?",
        lambda u, v, lr, n: of(*walk(DOWN, u, v, lr, n - 1)),
    ),
    Mistake(
        "a step too many",
        "You take one step more than asked. How often does your loop run?",
        lambda u, v, lr, n: of(*walk(DOWN, u, v, lr, n + 1)),
    ),
    Mistake(
        "the product of the start",
        "You compute the product once and keep it. Is it the same after a step?",
        with_old_product,
    ),
    Mistake(
        "the curvature of the start",
        "You return the curvature that the run began with, also the highest on its way. Does "
        "a step leave it as it was?",
        lambda u, v, lr, n: of(u, v),
    ),
    Mistake(
        "the loss",
        "You return the loss. Which quantity tells how steep the valley is?",
        lambda u, v, lr, n: 0.5 * np.prod(walk(DOWN, u, v, lr, n)) ** 2,
    ),
    Mistake(
        "the output",
        "You return the model's output. Which quantity tells how steep the valley is?",
        lambda u, v, lr, n: np.prod(walk(DOWN, u, v, lr, n)),
    ),
    Mistake(
        "the root",
        "You return the length of the weights' vector. Is the curvature that length or its square?",
        lambda u, v, lr, n: of(*walk(DOWN, u, v, lr, n)) ** 0.5,
    ),
    Mistake(
        "the square of the sum",
        "You square the sum of the weights. Does the length of the gradient of u v have a "
        "mixed term?",
        lambda u, v, lr, n: sum(walk(DOWN, u, v, lr, n)) ** 2,
    ),
    Mistake(
        "the larger weight alone",
        "You take the larger square. How many components has the gradient of u v?",
        lambda u, v, lr, n: max(a * a for a in walk(DOWN, u, v, lr, n)),
    ),
    Mistake(
        "times the learning rate",
        "Your result is a share of the limit of stability. Is that asked, or the curvature?",
        lambda u, v, lr, n: lr / 2 * of(*walk(DOWN, u, v, lr, n)),
    ),
    Mistake(
        "only one weight moves",
        "One of your weights never moves. How many components has the gradient?",
        lambda u, v, lr, n: of(*walk(lambda u, v, lr: (u - lr * u * v * v, v), u, v, lr, n)),
    ),
    Mistake(
        "the new value for the second weight",
        "Your second weight's step multiplies by the first one's new value. From which point "
        "do both of them start?",
        lambda u, v, lr, n: of(*walk(second_sees_first, u, v, lr, n)),
    ),
    Mistake(
        "the new value for the first weight",
        "Your first weight's step multiplies by the second one's new value. From which point "
        "do both of them start?",
        lambda u, v, lr, n: of(*walk(second_weight_first, u, v, lr, n)),
    ),
    Mistake(
        "both weights by one factor",
        "You multiply both weights by 1 − ηλ, as on the bowl of 3.2. Which gradient has this "
        "loss with respect to u?",
        shrunk_as_on_the_bowl,
    ),
    Mistake(
        "the steps taken as one",
        "You take all steps at once, as one long one. Is the gradient the same after the first?",
        lambda u, v, lr, n: of(*walk(DOWN, u, v, lr * n, 1)),
    ),
    Mistake(
        "one step, however many are asked",
        "You take one step. How many does `num_steps` ask for?",
        lambda u, v, lr, n: of(*walk(DOWN, u, v, lr, 1)),
    ),
    Mistake(
        "curvature from the new output",
        "Your recursion changes f first and puts the new one into λ. Which f stands in the "
        "formula for λ'?",
        output_first,
    ),
    Mistake(
        "the size of the output",
        "You walk down with the size of u v. Which sign has the error after an overshoot?",
        lambda u, v, lr, n: of(*walk(size_of_output, u, v, lr, n)),
    ),
    Mistake(
        "first order in lr",
        "You dropped all terms with the square of the learning rate. How large are they where "
        "a step overshoots?",
        lambda u, v, lr, n: by_formula(
            u, v, lr, n, change_of=lambda x: -4, factor_of=lambda x, y: 1 - x
        ),
    ),
    Mistake(
        "the output as on a quadratic",
        "Your curvature follows from a product that moves as on a quadratic. Multiply the two "
        "new weights out: which term is missing?",
        lambda u, v, lr, n: by_formula(
            u, v, lr, n, change_of=lambda x: x - 4, factor_of=lambda x, y: 1 - x
        ),
    ),
    Mistake(
        "the average on the way",
        "You average the curvature over the walk. Which moment is asked for?",
        mean_curvature,
    ),
    Mistake(
        "the Hessian's top eigenvalue",
        "You return the top eigenvalue of the loss's Hessian, with the second derivative of "
        "the output in it. Which quantity does the task name?",
        top_eigenvalue,
    ),
    Mistake(
        "the inner derivative forgotten",
        "Both your weights move by the same amount. What does the chain rule multiply the "
        "error by, for each of them?",
        lambda u, v, lr, n: of(*walk(rule_of(lambda a, b: -a * b), u, v, lr, n)),
    ),
)
