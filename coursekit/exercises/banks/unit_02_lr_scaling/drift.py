"""How far one epoch moves, and how widely it scatters."""

import numpy as np
import torch

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def drift_and_spread(
    lr: float, batch_size: int, num_examples: int, grad_norm: float, tr_cov: float
) -> list[float]:
    num_steps = num_examples / batch_size
    return [num_steps * lr * grad_norm, num_steps * lr**2 * tr_cov / batch_size]


def drift_by_steps(lr, batch_size, num_examples, grad_norm, tr_cov):
    distance, variance = 0.0, 0.0
    for _ in range(num_examples // batch_size):
        distance += lr * grad_norm
        variance += lr * lr * (tr_cov / batch_size)
    return distance, variance


def drift_by_examples(lr, batch_size, num_examples, grad_norm, tr_cov):
    weights = torch.full((num_examples,), lr / batch_size, dtype=torch.float64)  # of each gradient
    return torch.stack([weights.sum() * grad_norm, weights.square().sum() * tr_cov])


def draw_epochs(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one step", "many steps") * 4:
        batch_size = int(rng.integers(6, 30))
        steps = 1 if group == "one step" else int(rng.integers(5, 20))
        numbers = [float(rng.uniform(a, b)) for a, b in ((0.1, 0.8), (1.5, 4.0), (5.0, 30.0))]
        cases.append(Case(group, (numbers[0], batch_size, batch_size * steps, *numbers[1:])))
    return cases


def both(distance, variance):
    """Make a mistake's answer of two formulas of (lr, B, N, |G|, tr)."""
    return lambda *args: [distance(*args), variance(*args)]


def right_drift(lr, b, n, g, t):
    return n / b * lr * g


def right_spread(lr, b, n, g, t):
    return n / b * lr**2 * t / b


U02_DRIFT = Exercise(
    id="u02_drift",
    call="drift_and_spread(lr, batch_size, num_examples, grad_norm, tr_cov)",
    points={"one step": 1.0, "many steps": 1.0},
    by_hand=(
        Case("one step", (0.5, 8, 8, 3.0, 48.0), ("range", "smallest")),
        Case("many steps", (0.5, 2, 8, 3.0, 48.0), ("by hand",)),
    ),
    promises=(
        "by hand",
        "smallest",
    ),
    draw=draw_epochs,
    reference=drift_and_spread,
    mistakes=(
        Mistake(
            "learning rate not squared",
            "Your variance grows in proportion to lr. When a random vector is scaled by lr, what "
            "happens to its squared length?",
            both(right_drift, lambda lr, b, n, g, t: n / b * lr * t / b),
        ),
        Mistake(
            "noise of one example",
            "Your variance is as large as if every example came alone: the noise of one at each "
            "step, or a step for each. What does the mean over a batch do to its noise, and how "
            "many examples does a step use up?",
            both(right_drift, lambda lr, b, n, g, t: n / b * lr**2 * t),
        ),
        Mistake(
            "one step only",
            "You describe one step. How many steps has an epoch?",
            both(lambda lr, b, n, g, t: lr * g, lambda lr, b, n, g, t: lr**2 * t / b),
        ),
        Mistake(
            "spread of one step only",
            "Your distance is that of an epoch, your variance that of one step. What do "
            "independent variances do when steps follow each other?",
            both(right_drift, lambda lr, b, n, g, t: lr**2 * t / b),
        ),
        Mistake(
            "adds deviations",
            "Your variance grows with the square of the number of steps, as if every step erred "
            "in the same direction. Do independent errors add like that?",
            both(right_drift, lambda lr, b, n, g, t: (n / b * lr) ** 2 * t / b),
        ),
        Mistake(
            "deviation, not variance",
            "Your second number has the unit of a length. Is a variance asked for, or its root?",
            both(right_drift, lambda *a: right_spread(*a) ** 0.5),
        ),
        Mistake(
            "signal and noise swapped",
            "Your two numbers come in the other order. Which one does the docstring name first?",
            both(right_spread, right_drift),
        ),
        Mistake(
            "a step for every example",
            "You make a step for every example. How many examples does one step use up?",
            both(
                lambda lr, b, n, g, t: n * lr * g,
                lambda lr, b, n, g, t: n * lr**2 * t / b,
            ),
        ),
        Mistake(
            "larger batch, noisier step",
            "You multiply the noise by the batch size. Is the gradient of a batch a sum over its "
            "examples, or their mean?",
            both(right_drift, lambda lr, b, n, g, t: n / b * lr**2 * t * b),
        ),
        Mistake(
            "divided by the root of B",
            "Your noise falls with the root of the batch size. Which quantity falls that slowly, "
            "the variance or its root?",
            both(right_drift, lambda lr, b, n, g, t: n / b * lr**2 * t / b**0.5),
        ),
        Mistake(
            "trace squared",
            "You square tr_cov as well. Is it a length, or is it squared already?",
            both(right_drift, lambda lr, b, n, g, t: n / b * lr**2 * t**2 / b),
        ),
        Mistake(
            "divided by B twice",
            "You divide by the squared batch size. How many independent errors does a batch add "
            "up before it divides?",
            both(right_drift, lambda lr, b, n, g, t: n / b * lr**2 * t / b**2),
        ),
        Mistake(
            "drift as a random walk",
            "Your distance grows with the root of the number of steps. Do steps that all go the "
            "same way add up like errors?",
            both(lambda lr, b, n, g, t: (n / b) ** 0.5 * lr * g, right_spread),
        ),
        Mistake(
            "distance squared",
            "Your first number is a squared length. Is a distance asked for?",
            both(lambda *a: right_drift(*a) ** 2, right_spread),
        ),
        Mistake(
            "averaged over the epoch",
            "You average the variances of the steps and divide once more. Does the epoch average "
            "its steps, or does it make one after the other?",
            both(right_drift, lambda lr, b, n, g, t: lr**2 * t / n),
        ),
        Mistake(
            "signal counted as noise",
            "Your variance holds the squared gradient as well. Is what every step does alike a "
            "part of the scatter?",
            both(right_drift, lambda lr, b, n, g, t: n / b * lr**2 * (g**2 + t / b)),
        ),
        Mistake(
            "minus sign",
            "Your distance is negative. Steps do go against the gradient, but what sign has a "
            "distance?",
            both(lambda *a: -right_drift(*a), right_spread),
        ),
        Mistake(
            "spread without the learning rate",
            "The learning rate has no say in your variance. What does a step do with a noisy "
            "gradient before it moves?",
            both(right_drift, lambda lr, b, n, g, t: n / b * t / b),
        ),
        Mistake(
            "distance of one step",
            "Your variance is that of an epoch, your distance that of one step. How many steps "
            "go the same way?",
            both(lambda lr, b, n, g, t: lr * g, right_spread),
        ),
        Mistake(
            "draws without replacement",
            "You correct for draws without replacement. How does the text say that examples are "
            "drawn?",
            both(right_drift, lambda lr, b, n, g, t: n / b * lr**2 * t / b * (n - b) / (n - 1)),
        ),
        Mistake(
            "steps upside down",
            "A larger data set gives you fewer steps. How many batches fit into an epoch?",
            both(
                lambda lr, b, n, g, t: b / n * lr * g, lambda lr, b, n, g, t: b / n * lr**2 * t / b
            ),
        ),
        Mistake(
            "distance without the learning rate",
            "The learning rate has no say in your distance. How far does one step go?",
            both(lambda lr, b, n, g, t: n / b * g, right_spread),
        ),
        Mistake(
            "gradients summed",
            "You treat the gradient of a batch as a sum over its examples. Is it a sum, or a mean?",
            both(lambda lr, b, n, g, t: n * lr * g, lambda lr, b, n, g, t: n * lr**2 * t),
        ),
        Mistake(
            "one step short",
            "You count one step less. Is it the steps that count, or the intervals between them?",
            both(
                lambda lr, b, n, g, t: (n / b - 1) * lr * g,
                lambda lr, b, n, g, t: (n / b - 1) * lr**2 * t / b,
            ),
        ),
        Mistake(
            "squared gradient for its length",
            "Your distance holds the squared length of the gradient. Is grad_norm squared "
            "already, or a length?",
            both(lambda lr, b, n, g, t: n / b * lr * g**2, right_spread),
        ),
        Mistake(
            "as many steps as a batch has examples",
            "You make as many steps as a batch has examples. How many batches fit into an epoch?",
            both(lambda lr, b, n, g, t: b * lr * g, lambda lr, b, n, g, t: lr**2 * t),
        ),
        Mistake(
            "distance of noisy steps",
            "You add up the typical lengths of noisy steps. Along G, does the noise push "
            "forward more often than back?",
            both(lambda lr, b, n, g, t: n / b * lr * (g**2 + t / b) ** 0.5, right_spread),
        ),
        Mistake(
            "length of the whole move",
            "Your distance holds the scatter as well. Which two things are asked for, one by one?",
            both(lambda *a: (right_drift(*a) ** 2 + right_spread(*a)) ** 0.5, right_spread),
        ),
    ),
    accepted=(drift_by_steps, drift_by_examples),
    lesson="Both numbers depend on lr and B through lr/B alone. Keep that ratio and an epoch goes "
    "as far, and scatters as much: that is the linear rule.",
    answered_by=("coursekit.toy.dynamics",),
)
