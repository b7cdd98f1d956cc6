"""Numeric tasks about limits of training: largest rate, sharpness, tokens, Adam's averages."""

import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_largest(rng: random.Random) -> dict[str, float]:
    return {"curvature": rng.choice([4, 10, 25, 50, 200]), "momentum": rng.choice([0.5, 0.8, 0.9])}


LARGEST_LR = NumericTask(
    draw=_draw_largest,
    value=lambda p: 2 * (1 + p["momentum"]) / p["curvature"],
    unit="",
    working="Gradient descent is stable up to 2/lambda = 2/{curvature}; heavy-ball momentum moves "
    "that to 2 (1 + m)/lambda with m = {momentum}.",
    slips=(
        Slip(
            "without momentum",
            "That is the limit of plain gradient descent. Does momentum move it?",
            lambda p: 2 / p["curvature"],
        ),
        Slip(
            "momentum the other way",
            "1/(1 - m) lengthens steps along a slope. Is that what happens where steps alternate?",
            lambda p: 2 * (1 - p["momentum"]) / p["curvature"],
        ),
        Slip(
            "one over lambda",
            "At 1/lambda plain descent lands in the minimum. How much farther before it runs away?",
            lambda p: 1 / p["curvature"],
        ),
        Slip(
            "1 - m below",
            "That is by how much momentum lengthens a steady walk. Is an oscillation steady?",
            lambda p: 2 / ((1 - p["momentum"]) * p["curvature"]),
        ),
        Slip(
            "both effects",
            "Does a steady push act on a weight that flips its sign?",
            lambda p: 2 * (1 + p["momentum"]) / ((1 - p["momentum"]) * p["curvature"]),
        ),
        Slip(
            "half of it",
            "How far past the minimum may a plain step land?",
            lambda p: (1 + p["momentum"]) / p["curvature"],
        ),
        Slip(
            "curvature squared",
            "Which power of the curvature has a step over a gradient?",
            lambda p: 2 * (1 + p["momentum"]) / p["curvature"] ** 2,
        ),
    ),
)


def _draw_rise(rng: random.Random) -> dict[str, float]:
    return {"curvature": rng.choice([8, 40, 150, 400]), "radius": rng.choice([0.02, 0.05, 0.1])}


WORST_RISE = NumericTask(
    draw=_draw_rise,
    value=lambda p: p["curvature"] * p["radius"] ** 2 / 2,
    unit="",
    working="At a minimum the gradient is zero, so the loss rises by half d'Hd; the worst step of "
    "length {radius} lies along the top eigenvector: {curvature} x {radius}^2 / 2.",
    slips=(
        Slip(
            "half forgotten",
            "What stands before the second-order term of a Taylor series?",
            lambda p: p["curvature"] * p["radius"] ** 2,
        ),
        Slip(
            "first order",
            "The gradient is zero there. With which power of the radius does the loss rise?",
            lambda p: p["curvature"] * p["radius"] / 2,
        ),
        Slip(
            "curvature squared",
            "Does the loss go with the curvature, or with its square?",
            lambda p: p["curvature"] ** 2 * p["radius"] ** 2 / 2,
        ),
        Slip(
            "first order, whole",
            "At a minimum the gradient is zero. Which order is the first that counts?",
            lambda p: p["curvature"] * p["radius"],
        ),
        Slip(
            "a quarter",
            "One half comes from the Taylor series. From where another?",
            lambda p: p["curvature"] * p["radius"] ** 2 / 4,
        ),
        Slip(
            "radius halved",
            "Is the distance a radius, or a diameter?",
            lambda p: p["curvature"] * p["radius"] ** 2 / 8,
        ),
    ),
)


def _draw_pieces(rng: random.Random) -> dict[str, float]:
    seq, gpus = rng.choice([1024, 2048, 4096]), rng.choice([8, 16, 32])
    micro, pieces = rng.choice([2, 4, 8]), rng.choice([2, 4, 8, 16])
    return {"tokens": pieces * seq * gpus * micro, "seq": seq, "gpus": gpus, "micro": micro}


def _pieces(p: Params) -> float:
    return p["tokens"] / (p["seq"] * p["gpus"] * p["micro"])


TOKEN_PIECES = NumericTask(
    draw=_draw_pieces,
    value=_pieces,
    unit="",
    working="The batch is {tokens}/{seq} sequences. {gpus} GPUs take {micro} each at a time.",
    slips=(
        Slip(
            "GPUs forgotten",
            "Does one GPU work through the whole batch?",
            lambda p: _pieces(p) * p["gpus"],
        ),
        Slip(
            "tokens for sequences",
            "The batch is given in tokens. What is a micro-batch counted in?",
            lambda p: _pieces(p) * p["seq"],
        ),
        Slip(
            "sequences of each GPU",
            "That is how many sequences a GPU gets in a step. In how many goes?",
            lambda p: _pieces(p) * p["micro"],
        ),
        Slip(
            "all sequences",
            "That is the batch in sequences. Who shares it, and in what portions?",
            lambda p: p["tokens"] / p["seq"],
        ),
        Slip(
            "tokens of each GPU",
            "Is a micro-batch counted in tokens, and how many go through at a time?",
            lambda p: p["tokens"] / p["gpus"],
        ),
        Slip(
            "upside down",
            "Is that pieces for a step, or steps for a piece?",
            lambda p: 1 / _pieces(p),
        ),
    ),
)


def _draw_beta(rng: random.Random) -> dict[str, float]:
    old = rng.choice([256, 512])
    return {
        "beta": rng.choice([0.95, 0.98, 0.99]),
        "old": old,
        "new": old // rng.choice([4, 8, 16]),
    }


def _below_one(p: Params, *, power: float) -> float:
    return 1 - float(p["beta"] ** power)


BETA_TOKENS = NumericTask(
    draw=_draw_beta,
    value=lambda p: _below_one(p, power=p["new"] / p["old"]),
    unit="",
    working="The half-life in steps is ln(1/2)/ln(beta2); in tokens it is the same if "
    "beta2' = beta2^(new/old) = {beta}^({new}/{old}).",
    slips=(
        Slip(
            "unchanged",
            "At the same beta2 the average spans the same number of steps. And of tokens?",
            lambda p: _below_one(p, power=1),
        ),
        Slip(
            "the other way",
            "With smaller batches, must the average span more steps, or fewer?",
            lambda p: _below_one(p, power=p["old"] / p["new"]),
        ),
        Slip(
            "beta2 itself",
            "Is beta2 asked for, or one minus it?",
            lambda p: 1 - _below_one(p, power=p["new"] / p["old"]),
        ),
        Slip(
            "root of the ratio",
            "Does the number of steps for the same tokens grow with the ratio, or its root?",
            lambda p: _below_one(p, power=(p["new"] / p["old"]) ** 0.5),
        ),
        Slip(
            "beta2 scaled",
            "Does beta2 itself shrink with the batch, or its exponent?",
            lambda p: 1 - p["beta"] * p["new"] / p["old"],
        ),
    ),
    rel_tol=0.05,  # (1 - beta2) new/old, the quick estimate, is right to 3 %
)

TASKS = {
    "largest_lr": LARGEST_LR,
    "worst_rise": WORST_RISE,
    "token_pieces": TOKEN_PIECES,
    "beta_tokens": BETA_TOKENS,
}
