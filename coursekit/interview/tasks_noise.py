"""Numeric tasks about gradient noise: variance at B, the noise scale, correlated batches."""

import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_variance(rng: random.Random) -> dict[str, float]:
    n = rng.choice([1000, 2000, 5000])
    return {"n": n, "b": n * rng.choice([0.2, 0.5, 0.8]), "tr_cov": rng.choice([4, 10, 30])}


def _variance(p: Params) -> float:
    return p["tr_cov"] / p["b"] * (p["n"] - p["b"]) / (p["n"] - 1)


VARIANCE_WITHOUT = NumericTask(
    draw=_draw_variance,
    value=_variance,
    unit="",
    working="tr(Sigma)/B is {tr_cov}/{b}; drawn without replacement it is multiplied by "
    "(N - B)/(N - 1) with N = {n}.",
    slips=(
        Slip(
            "with replacement",
            "That is the variance of independent draws. Can an example come twice here?",
            lambda p: p["tr_cov"] / p["b"],
        ),
        Slip(
            "standard deviation",
            "Is the mean squared distance asked for, or its root?",
            lambda p: _variance(p) ** 0.5,
        ),
        Slip(
            "root of B",
            "Is it the variance that falls with the root of B, or the standard deviation?",
            lambda p: p["tr_cov"] / p["b"] ** 0.5 * (p["n"] - p["b"]) / (p["n"] - 1),
        ),
    ),
)

TASKS = {"variance_without": VARIANCE_WITHOUT}
