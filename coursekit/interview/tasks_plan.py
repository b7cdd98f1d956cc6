"""Numeric tasks about plans: steps and examples at B, learning rates, warmup, memory, time."""

import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_double(rng: random.Random) -> dict[str, float]:
    return {
        "gpus": rng.choice([8, 16, 32]),
        "local": rng.choice([64, 128, 256]),
        "b_crit": rng.choice([1000, 2000, 4000, 8000]),
    }


def _steps_ratio(p: Params) -> float:
    b = p["gpus"] * p["local"]
    return (1 + p["b_crit"] / (2 * b)) / (1 + p["b_crit"] / b)


DOUBLE_BATCH = NumericTask(
    draw=_draw_double,
    value=_steps_ratio,
    unit="",
    working="B is {gpus} x {local}. Steps follow S(B) = S_min (1 + B_crit/B) with "
    "B_crit = {b_crit}; the ratio is S(2B)/S(B).",
    slips=(
        Slip(
            "half the steps",
            "Twice the batch halves the steps only far below B_crit. How far below are you?",
            lambda p: 0.5,
        ),
        Slip(
            "ratio of examples",
            "That is what it costs in examples. Which of S and E is asked for?",
            lambda p: 2 * _steps_ratio(p),
        ),
        Slip(
            "upside down",
            "Does a larger batch need more steps, or fewer?",
            lambda p: 1 / _steps_ratio(p),
        ),
    ),
)

TASKS = {"double_batch": DOUBLE_BATCH}
