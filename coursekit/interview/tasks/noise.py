"""Numeric tasks about gradient noise: variance at B, related examples, logged norms."""

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
        Slip(
            "root of the uncorrected",
            "Two things: a root, and draws that can repeat. Which of them is asked for?",
            lambda p: (p["tr_cov"] / p["b"]) ** 0.5,
        ),
        Slip(
            "factor twice",
            "Had the variance that you corrected been corrected already?",
            lambda p: _variance(p) * (p["n"] - p["b"]) / (p["n"] - 1),
        ),
        Slip(
            "trace alone",
            "That is the noise of one example. How many are averaged?",
            lambda p: p["tr_cov"],
        ),
    ),
)


def _draw_effective(rng: random.Random) -> dict[str, float]:
    return {"b": rng.choice([32, 64, 128, 256]), "rho": rng.choice([0.01, 0.02, 0.05, 0.1])}


def _inflation(p: Params) -> float:
    return 1 + (p["b"] - 1) * p["rho"]


EFFECTIVE_BATCH = NumericTask(
    draw=_draw_effective,
    value=lambda p: p["b"] / _inflation(p),
    unit="examples",
    working="The variance of the mean is 1 + (B - 1) rho times that of independent examples; "
    "B = {b} counts as B divided by that, with rho = {rho}.",
    slips=(
        Slip(
            "the independent share",
            "How many pairs of examples are there in a batch, each with its correlation?",
            lambda p: p["b"] * (1 - p["rho"]),
        ),
        Slip(
            "the inflation itself",
            "That is by how much the variance grows. How many independent examples have it?",
            _inflation,
        ),
        Slip(
            "root of the inflation",
            "Does an effective number of examples follow the variance, or its root?",
            lambda p: p["b"] / _inflation(p) ** 0.5,
        ),
        Slip(
            "one over rho",
            "Is the batch so large that nothing else counts?",
            lambda p: 1 / p["rho"],
        ),
        Slip(
            "the variance",
            "That is the variance, in units of one example's. How many independent ones have it?",
            lambda p: _inflation(p) / p["b"],
        ),
        Slip(
            "pairs added",
            "Are the covariances of all pairs added up in a mean, or averaged?",
            lambda p: p["b"] / (1 + p["b"] * (p["b"] - 1) * p["rho"]),
        ),
    ),
)


def _draw_batch(rng: random.Random) -> dict[str, float]:
    return {
        "g": rng.choice([0.5, 2, 4]),
        "tr_cov": rng.choice([40, 120, 400]),
        "percent": rng.choice([10, 20, 50]),
    }


def _share(p: Params) -> float:
    return p["percent"] / 100


BATCH_FOR_NOISE = NumericTask(
    draw=_draw_batch,
    value=lambda p: p["tr_cov"] / (_share(p) * p["g"]) ** 2,
    unit="examples",
    working="tr(Sigma)/B = {tr_cov}/B has to be the square of {percent} % of {g}; solve for B.",
    slips=(
        Slip(
            "share not squared",
            "The noise is given as a length. What does halving a length ask of a variance?",
            lambda p: p["tr_cov"] / (_share(p) * p["g"] ** 2),
        ),
        Slip(
            "norm not squared",
            "tr(Sigma) is a squared length. In which unit is |G|?",
            lambda p: p["tr_cov"] / (_share(p) ** 2 * p["g"]),
        ),
        Slip(
            "noise as long as the signal",
            "At that batch size noise and gradient are equally long. Is that what is asked?",
            lambda p: p["tr_cov"] / p["g"] ** 2,
        ),
        Slip(
            "percent as it stands",
            "Which number is that percentage?",
            lambda p: p["tr_cov"] / (p["percent"] * p["g"]) ** 2,
        ),
        Slip(
            "norm forgotten",
            "A share of what?",
            lambda p: p["tr_cov"] / _share(p) ** 2,
        ),
        Slip(
            "upside down",
            "Does a smaller share of noise take more examples, or fewer?",
            lambda p: (_share(p) * p["g"]) ** 2 / p["tr_cov"],
        ),
    ),
)


def _draw_views(rng: random.Random) -> dict[str, float]:
    return {
        "sources": rng.choice([32, 64, 128]),
        "views": rng.choice([2, 4, 8, 16]),
        "rho": rng.choice([0.5, 0.8, 0.9]),
    }


VIEWS_OF_SOURCES = NumericTask(
    draw=_draw_views,
    value=lambda p: p["sources"] * p["views"] / (1 + (p["views"] - 1) * p["rho"]),
    unit="examples",
    working="The mean over {views} views has 1 + ({views} - 1) rho times the variance of "
    "independent ones, rho = {rho}; the {sources} images are independent of each other.",
    slips=(
        Slip(
            "every view counts",
            "That would be so if views told as much as new images. What does rho say?",
            lambda p: p["sources"] * p["views"],
        ),
        Slip(
            "only images count",
            "Do two views of an image tell nothing more than one?",
            lambda p: p["sources"],
        ),
        Slip(
            "all views related",
            "Are views of different images correlated too?",
            lambda p: p["sources"] * p["views"] / (1 + (p["sources"] * p["views"] - 1) * p["rho"]),
        ),
        Slip(
            "one image",
            "That is what the views of one image count. How many images are there?",
            lambda p: p["views"] / (1 + (p["views"] - 1) * p["rho"]),
        ),
        Slip(
            "the inflation",
            "By how much does that raise the variance? And how many examples is it worth?",
            lambda p: 1 + (p["views"] - 1) * p["rho"],
        ),
        Slip(
            "what is unrelated",
            "Do views add what is unrelated in them, or do variances decide?",
            lambda p: p["sources"] * (1 + (p["views"] - 1) * (1 - p["rho"])),
        ),
    ),
)


def _draw_norm(rng: random.Random) -> dict[str, float]:
    b = rng.choice([16, 32, 64])
    return {
        "g": rng.choice([1, 2]),
        "tr_cov": rng.choice([100, 400, 900]),
        "b": b,
        "large": b * rng.choice([4, 16]),
    }


def _norm_ratio_squared(p: Params) -> float:
    signal = p["g"] ** 2
    return (signal + p["tr_cov"] / p["large"]) / (signal + p["tr_cov"] / p["b"])


LOGGED_NORM = NumericTask(
    draw=_draw_norm,
    value=lambda p: _norm_ratio_squared(p) ** 0.5,
    unit="",
    working="E|g_B|^2 = |G|^2 + tr(Sigma)/B with |G| = {g} and tr(Sigma) = {tr_cov}; take it at "
    "B = {large} and at B = {b}, divide, and take the root.",
    slips=(
        Slip(
            "noise alone",
            "That is how the noise shrinks. What else is in the norm of a batch's gradient?",
            lambda p: (p["b"] / p["large"]) ** 0.5,
        ),
        Slip(
            "squared norm",
            "Is a norm asked for, or its square?",
            _norm_ratio_squared,
        ),
        Slip(
            "no change",
            "The mean gradient is the same. Is the mean length of a noisy vector, too?",
            lambda p: 1.0,
        ),
        Slip(
            "inverse",
            "Is it after over before?",
            lambda p: _norm_ratio_squared(p) ** -0.5,
        ),
        Slip(
            "variance of the noise",
            "That is how the noise's square shrinks. What else is in the norm?",
            lambda p: p["b"] / p["large"],
        ),
        Slip(
            "the reduction",
            "Is a factor asked for, or by how much it falls?",
            lambda p: 1 - _norm_ratio_squared(p) ** 0.5,
        ),
    ),
)

TASKS = {
    "variance_without": VARIANCE_WITHOUT,
    "effective_batch": EFFECTIVE_BATCH,
    "batch_for_noise": BATCH_FOR_NOISE,
    "views_of_sources": VIEWS_OF_SOURCES,
    "logged_norm": LOGGED_NORM,
}
