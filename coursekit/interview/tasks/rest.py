"""Numeric tasks about SGD at rest: variance on a quadratic, noise put in, two wells."""

import math
import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_rest(rng: random.Random) -> dict[str, float]:
    curvature = rng.choice([2, 5, 10])
    return {
        "lr": rng.choice([0.5, 1.2, 1.6]) / curvature,
        "curvature": curvature,
        "noise": rng.choice([3, 8, 20]),
        "b": rng.choice([4, 16, 50]),
    }


def _rest(p: Params) -> float:
    share = p["lr"] * p["curvature"]
    return p["lr"] * p["noise"] / (p["b"] * p["curvature"] * (2 - share))


REST_VARIANCE = NumericTask(
    draw=_draw_rest,
    value=_rest,
    unit="",
    working="At rest V = (1 - lr k)^2 V + lr^2 s/B, so V = lr s/(B k (2 - lr k)) with lr = {lr}, "
    "k = {curvature}, s = {noise}, B = {b}.",
    slips=(
        Slip(
            "diffusion",
            "That is the limit of small steps. Is lr times curvature small here?",
            lambda p: p["lr"] * p["noise"] / (2 * p["b"] * p["curvature"]),
        ),
        Slip(
            "one kick",
            "That is the variance of a single kick. What is left of the kicks before?",
            lambda p: p["lr"] ** 2 * p["noise"] / p["b"],
        ),
        Slip(
            "no batch",
            "Is the noise of a batch that of one example?",
            lambda p: _rest(p) * p["b"],
        ),
        Slip(
            "standard deviation",
            "Is a variance asked, or its root?",
            lambda p: math.sqrt(_rest(p)),
        ),
    ),
)


def _draw_added(rng: random.Random) -> dict[str, float]:
    return {"big": rng.choice([96, 128, 200]), "small": rng.choice([16, 24, 32, 48])}


ADDED_BATCH = NumericTask(
    draw=_draw_added,
    value=lambda p: 1 / (1 / p["small"] - 1 / p["big"]),
    unit="",
    working="Variances add: 1/b + 1/{big} = 1/{small}, so b = 1/(1/{small} - 1/{big}).",
    slips=(
        Slip(
            "the small batch itself",
            "How much noise does the large batch bring already?",
            lambda p: p["small"],
        ),
        Slip(
            "difference of sizes",
            "Which adds up for independent noises: sizes, or one over sizes?",
            lambda p: p["big"] - p["small"],
        ),
        Slip(
            "plus",
            "Is the large batch's noise still to be added, or there already?",
            lambda p: 1 / (1 / p["small"] + 1 / p["big"]),
        ),
        Slip(
            "ratio",
            "That says how many times noisier a step is. Which batch has the missing noise?",
            lambda p: p["big"] / p["small"],
        ),
    ),
)


def _draw_wells(rng: random.Random) -> dict[str, float]:
    return {"sharp": rng.choice([4, 9, 16, 36]), "flat": rng.choice([1, 2, 3])}


WELL_SHARE = NumericTask(
    draw=_draw_wells,
    value=lambda p: 1 / (1 + math.sqrt(p["flat"] / p["sharp"])),
    unit="",
    working="Equal depth: the density is equally high in both, and a well's width goes as one over "
    "the root of its curvature. Share = 1/(1 + sqrt({flat}/{sharp})).",
    slips=(
        Slip(
            "no root",
            "How does a Gaussian's width go with the curvature of its exponent?",
            lambda p: 1 / (1 + p["flat"] / p["sharp"]),
        ),
        Slip(
            "the sharp one",
            "Which of the two wells is asked, and which is wider?",
            lambda p: 1 / (1 + math.sqrt(p["sharp"] / p["flat"])),
        ),
        Slip(
            "odds",
            "That compares the two wells. What is the part of the whole?",
            lambda p: math.sqrt(p["sharp"] / p["flat"]),
        ),
        Slip(
            "half",
            "Equal depth makes the densities equal. Are the wells equally wide?",
            lambda p: 0.5,
        ),
    ),
)

TASKS = {
    "rest_variance": REST_VARIANCE,
    "added_batch": ADDED_BATCH,
    "well_share": WELL_SHARE,
}
