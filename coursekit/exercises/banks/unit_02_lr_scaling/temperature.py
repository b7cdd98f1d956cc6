"""The noise temperature of SGD with momentum, and the rate that keeps it."""

import math

import numpy as np
import torch

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def noise_temperature(lr: float, num_examples: int, batch_size: int, momentum: float) -> float:
    return lr / (1 - momentum) * num_examples / batch_size


def temperature_by_rolling_out(lr, num_examples, batch_size, momentum):
    moved, velocity = 0.0, 1.0  # what one gradient moves in the end
    while velocity > 1e-12:
        moved, velocity = moved + velocity, momentum * velocity
    return lr * moved / (batch_size / num_examples)


def temperature_by_logs(lr, num_examples, batch_size, momentum):
    logs = np.log([lr, num_examples, 1 / batch_size]).sum() - math.log1p(-momentum)
    return torch.tensor(float(logs), dtype=torch.float64).exp()


def draw_temperatures(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("plain SGD", "momentum") * 4:
        batch_size = int(rng.integers(10, 60))
        num_examples = int(rng.integers(300, 900))
        momentum = 0.0 if group == "plain SGD" else float(rng.choice([0.3, 0.6, 0.7, 0.8, 0.9]))
        cases.append(
            Case(group, (float(rng.uniform(0.02, 0.6)), num_examples, batch_size, momentum))
        )
    return cases


PLAIN = "Use plain division: N/B need not be whole."

U02_TEMPERATURE = Exercise(
    id="u02_temperature",
    call="noise_temperature(lr, num_examples, batch_size, momentum)",
    points={"plain SGD": 1.0, "momentum": 1.0},
    by_hand=(
        Case("plain SGD", (0.5, 96, 8, 0.0), ("range",)),
        Case("plain SGD", (0.5, 10, 40, 0.0), ("uneven", "range"), quotes=PLAIN),
        Case("momentum", (0.5, 96, 8, 0.75), ("by hand",), quotes="sum of all these pushes"),
        Case("momentum", (0.5, 96, 8, 0.998), ("range",), quotes="and so on without end."),
        Case("momentum", (0.5, 10, 4, 0.5), ("uneven",), quotes=PLAIN),
    ),
    promises=(
        "by hand",
        "range",
        "uneven",
    ),
    draw=draw_temperatures,
    reference=noise_temperature,
    mistakes=(
        Mistake(
            "momentum left out",
            "Your result does not change with momentum. How far does one gradient move the "
            "weights in the end, when its velocity fades by m each step?",
            lambda lr, n, b, m: lr * n / b,
        ),
        Mistake(
            "momentum cools",
            "More momentum lowers your temperature. Does a gradient that keeps pushing for many "
            "steps move the weights less?",
            lambda lr, n, b, m: lr * (1 - m) * n / b,
        ),
        Mistake(
            "divided by m",
            "You divide by the momentum itself. What would plain SGD, without any, get?",
            lambda lr, n, b, m: lr / m * n / b if m else math.inf,
        ),
        Mistake(
            "divided by m where there is one",
            "You divide by the momentum itself. Let it go to zero: does your result go to that of "
            "plain SGD?",
            lambda lr, n, b, m: lr / (m or 1) * n / b,
        ),
        Mistake(
            "two pushes",
            "You count the push of a gradient in its own step and in the next. Does its velocity "
            "end there?",
            lambda lr, n, b, m: lr * (1 + m) * n / b,
        ),
        Mistake(
            "momentum counted twice",
            "You divide by the square of what momentum leaves over. The noise grows by that "
            "square, but so does the pull of the gradient grow: what is left of the ratio?",
            lambda lr, n, b, m: lr / (1 - m) ** 2 * n / b,
        ),
        Mistake(
            "root of the momentum factor",
            "You have a root, or a squared momentum, in the factor. What is the sum of all powers "
            "of m?",
            lambda lr, n, b, m: lr / math.sqrt(1 - m) * n / b,
        ),
        Mistake(
            "momentum squared",
            "You sum the squares of the pushes. A gradient's pushes all go the same way: do they "
            "add up as lengths or as variances?",
            lambda lr, n, b, m: lr / (1 - m**2) * n / b,
        ),
        Mistake(
            "N and B swapped",
            "A larger batch makes your temperature rise. Is a larger batch noisier?",
            lambda lr, n, b, m: lr / (1 - m) * b / n,
        ),
        Mistake(
            "lr over B alone",
            "The size of the data set has no say in your result. Look at the definition again: "
            "which three quantities does it hold beside momentum?",
            lambda lr, n, b, m: lr / (1 - m) / b,
        ),
        Mistake(
            "learning rate squared",
            "You square the learning rate, as for the variance of one step. An epoch's distance "
            "also grows with it: which power is left in the definition?",
            lambda lr, n, b, m: lr**2 / (1 - m) * n / b,
        ),
        Mistake(
            "whole steps",
            "You round N over B to whole steps. Does the definition count steps?",
            lambda lr, n, b, m: lr / (1 - m) * (n // b),
        ),
        Mistake(
            "batch size squared",
            "You divide by the batch size twice. With which power of it does the variance of a "
            "mean fall?",
            lambda lr, n, b, m: lr / (1 - m) * n / b**2,
        ),
        Mistake(
            "exact form without replacement",
            "You subtract something from N over B, or use N - B, so that a full batch is at zero. "
            "That exists in the literature, but which form does the text define?",
            lambda lr, n, b, m: lr / (1 - m) * (n / b - 1),
        ),
        Mistake(
            "root of B",
            "You take the root of the batch size. Is a temperature like a variance, or like its "
            "root?",
            lambda lr, n, b, m: lr / (1 - m) * n / math.sqrt(b),
        ),
        Mistake(
            "upside down",
            "A larger learning rate makes your temperature fall. What stands on top in the "
            "definition?",
            lambda lr, n, b, m: (1 - m) * b / (lr * n),
        ),
        Mistake(
            "examples alone",
            "The batch size has no say in your result. What does averaging over a batch do to "
            "noise?",
            lambda lr, n, b, m: lr / (1 - m) * n,
        ),
        Mistake(
            "sign of the momentum",
            "You divide by a number above one. Does a gradient that pushes again and again move "
            "the weights less?",
            lambda lr, n, b, m: lr / (1 + m) * n / b,
        ),
        Mistake(
            "one push from before",
            "You stopped the sum of pushes after its third term. What does a velocity do after "
            "that?",
            lambda lr, n, b, m: lr * (1 + m + m * m) * n / b,
        ),
        Mistake(
            "brackets forgotten",
            "Look at your line once more: what does Python divide first when it reads / 1 - m?",
            lambda lr, n, b, m: lr / 1 - m * n / b,
        ),
        Mistake(
            "brackets forgotten below",
            "Look at what stands below the line: what does Python multiply first when it reads "
            "b * 1 - m?",
            lambda lr, n, b, m: lr * n / (b * 1 - m),
        ),
        Mistake(
            "first push left out",
            "Without momentum nothing is left of your temperature. With which term does the sum "
            "of pushes begin?",
            lambda lr, n, b, m: lr * m / (1 - m) * n / b,
        ),
        Mistake(
            "subtracted from the learning rate",
            "You subtract the momentum from the learning rate. Which bracket is missing below the "
            "line?",
            lambda lr, n, b, m: (lr / 1 - m) * n / b,
        ),
        Mistake(
            "root of N over B",
            "You take the root of N over B. Is a temperature like a variance, or like its root?",
            lambda lr, n, b, m: lr / (1 - m) * math.sqrt(n / b),
        ),
        Mistake(
            "as many pushes as an epoch has steps",
            "You let a gradient push for one epoch only. When has its velocity faded: after N "
            "over B steps, or never quite?",
            lambda lr, n, b, m: lr * n / b * sum(m**j for j in range(n // b)),
        ),
        Mistake(
            "four pushes",
            "You stopped the sum of pushes where the text stops writing it out. What do the "
            "three dots stand for?",
            lambda lr, n, b, m: lr * (1 + m + m**2 + m**3) * n / b,
        ),
        Mistake(
            "halved",
            "Your temperature is half as high. Some books define it so; which form does the "
            "text define?",
            lambda lr, n, b, m: lr / (1 - m) / 2 * n / b,
        ),
    ),
    accepted=(temperature_by_rolling_out, temperature_by_logs),
    lesson="Learning rate, batch size and momentum act on this noise through one number. Momentum "
    "that rises from none to nine tenths heats as much as a tenfold learning rate.",
    answered_by=("coursekit.toy.dynamics",),
)
