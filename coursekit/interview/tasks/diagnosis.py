"""Numeric tasks about diagnosing a run: ratios of an arm, seeds, rates that a fault hides."""

import math
import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_arm(rng: random.Random) -> dict[str, float]:
    return {
        "b": rng.choice([128, 256]),
        "grown": rng.choice([2, 4, 8]),
        "faster": rng.choice([1.2, 1.5, 3.5]),
        "before": rng.choice([0.5, 0.8]),
        "after": rng.choice([0.9, 0.95]),
    }


def _temperature(p: Params) -> float:
    return p["faster"] / p["grown"] * (1 - p["before"]) / (1 - p["after"])


TEMPERATURE_OF_ARM = NumericTask(
    draw=_draw_arm,
    value=_temperature,
    unit="",
    working="Temperature is lr/(B(1 - m)): {faster}/{grown} times (1 - {before})/(1 - {after}).",
    slips=(
        Slip(
            "without momentum",
            "How far does momentum carry one gradient in all?",
            lambda p: p["faster"] / p["grown"],
        ),
        Slip(
            "momentum upside down",
            "Does more momentum lengthen or shorten the way of one gradient?",
            lambda p: p["faster"] / p["grown"] * (1 - p["after"]) / (1 - p["before"]),
        ),
        Slip(
            "batch upside down",
            "Is the gradient of a larger batch noisier?",
            lambda p: p["grown"] * p["faster"] * (1 - p["before"]) / (1 - p["after"]),
        ),
        Slip(
            "upside down", "Is the new run over the old one asked?", lambda p: 1 / _temperature(p)
        ),
    ),
)


def _draw_pilot(rng: random.Random) -> dict[str, float]:
    return {"s": rng.choice([2.0, 3.0, 4.0, 5.0]), "wanted": rng.choice([0.7, 0.9, 1.1, 1.3])}


def _seeds(p: Params) -> float:
    return math.ceil((2 * p["s"] / p["wanted"]) ** 2)


PAIRED_SEEDS = NumericTask(
    draw=_draw_pilot,
    value=_seeds,
    unit="",
    working="Half of the interval is about 2 s/sqrt(n): n = (2 x {s}/{wanted})^2, rounded up.",
    slips=(
        Slip(
            "no square",
            "Does the error halve with twice the seeds?",
            lambda p: math.ceil(2 * p["s"] / p["wanted"]),
        ),
        Slip(
            "standard error",
            "Is half of a 95 % interval one standard error?",
            lambda p: math.ceil((p["s"] / p["wanted"]) ** 2),
        ),
        Slip(
            "whole width",
            "Is plus-minus half of the interval or all of it?",
            lambda p: math.ceil((4 * p["s"] / p["wanted"]) ** 2),
        ),
        Slip(
            "variance for deviation",
            "Which of the two has the unit of points?",
            lambda p: math.ceil((2 * p["s"] ** 2 / p["wanted"]) ** 2),
        ),
    ),
)


def _draw_sum(rng: random.Random) -> dict[str, float]:
    return {
        "lr": rng.choice([0.1, 0.2, 0.3]),
        "b": rng.choice([8, 16, 32]),
        "k": rng.choice([4, 12]),
    }


SUMMED_RATE = NumericTask(
    draw=_draw_sum,
    value=lambda p: p["lr"] * p["k"],
    unit="",
    working="A sum of {k} mean gradients is {k} times their mean: the rate is {k} x {lr}.",
    slips=(
        Slip("unchanged", "Is a sum as long as a mean?", lambda p: p["lr"]),
        Slip(
            "by examples",
            "Each micro-batch loss is a mean already: over what is nothing divided?",
            lambda p: p["lr"] * p["k"] * p["b"],
        ),
        Slip(
            "root",
            "The parts point the same way on average: do they add up as noise does?",
            lambda p: p["lr"] * math.sqrt(p["k"]),
        ),
        Slip(
            "divided", "Does adding up lengthen the step or shorten it?", lambda p: p["lr"] / p["k"]
        ),
    ),
)

TASKS = {
    "temperature_of_arm": TEMPERATURE_OF_ARM,
    "paired_seeds": PAIRED_SEEDS,
    "summed_rate": SUMMED_RATE,
}
