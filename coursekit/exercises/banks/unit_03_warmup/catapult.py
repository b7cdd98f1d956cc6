"""The curvature after a few steps on the smallest model that can catapult."""

import numpy as np
import torch

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def sharpness_after(u: float, v: float, lr: float, num_steps: int) -> float:
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return u**2 + v**2


def sharpness_by_recurrence(u, v, lr, num_steps):
    curvature, f = u * u + v * v, u * v
    for _ in range(num_steps):
        curvature, f = (
            curvature + lr * f**2 * (lr * curvature - 4),
            f * (1 - lr * curvature + lr**2 * f**2),
        )
    return curvature


def sharpness_by_autograd(u, v, lr, num_steps):
    w = torch.tensor([u, v], dtype=torch.float64, requires_grad=True)
    for _ in range(num_steps):
        (grad,) = torch.autograd.grad(0.5 * w.prod() ** 2, w)
        w = (w - lr * grad).detach().requires_grad_()
    return w.detach().square().sum()


def sharpness_by_matrix(u, v, lr, num_steps):
    w = np.array([u, v])
    for _ in range(num_steps):
        f = w[0] * w[1]
        w = np.array([[1.0, -lr * f], [-lr * f, 1.0]]) @ w
    return w @ w


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


def mean_curvature(u, v, lr, n):
    return float(np.mean([of(*walk(DOWN, u, v, lr, k)) for k in range(n + 1)]))


def top_eigenvalue(u, v, lr, n):
    u, v = walk(DOWN, u, v, lr, n)
    return float(np.linalg.eigvalsh([[v * v, 2 * u * v], [2 * u * v, u * u]])[-1])


def draw_walks(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one step", "several steps") * 3:
        u, v = float(rng.uniform(1.2, 2.2)), float(rng.uniform(0.3, 0.8))
        lr = float(rng.uniform(2.3, 3.3)) / (u * u + v * v)
        steps = int(rng.integers(2, 5)) if group == "several steps" else 1
        cases.append(Case(group, (u, v, lr, steps)))
    return cases


U03_CATAPULT = Exercise(
    id="u03_catapult",
    call="sharpness_after(u, v, lr, num_steps)",
    points={"one step": 1.0, "several steps": 1.0},
    by_hand=(
        Case("one step", (2.0, 1.0, 0.25, 1), ("by hand", "smallest")),
        Case("several steps", (2.0, 1.0, 0.5, 2), ("by hand",)),
        Case("several steps", (2.0, -1.0, 0.25, 3), ("sign",)),
    ),
    promises=(
        "by hand",
        "smallest",
        "sign",
    ),
    draw=draw_walks,
    reference=sharpness_after,
    mistakes=(
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
            "You return the length of the weights' vector. Is the curvature that length or its "
            "square?",
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
    ),
    accepted=(sharpness_by_recurrence, sharpness_by_autograd, sharpness_by_matrix),
    lesson="Above 2/lr the output grows, and the larger it is the more each step lowers the "
    "curvature. That is the catapult: the run throws itself into a flatter place.",
)
