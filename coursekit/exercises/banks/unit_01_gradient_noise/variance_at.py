"""The variance at batch size B, with and without replacement."""

import math

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def variance_at(tr_cov: float, batch_size: int, num_examples: int, replacement: bool) -> float:
    variance = tr_cov / batch_size
    if not replacement:
        variance *= (num_examples - batch_size) / (num_examples - 1)
    return variance


def variance_by_covariances(tr_cov, batch_size, num_examples, replacement):
    between = 0.0 if replacement else -tr_cov / (num_examples - 1)
    return (batch_size * tr_cov + batch_size * (batch_size - 1) * between) / batch_size**2


def variance_by_inclusion(tr_cov, batch_size, num_examples, replacement):
    if replacement:
        return sum((1 / batch_size) ** 2 * tr_cov for _ in range(batch_size))
    chosen = batch_size / num_examples  # chance that one example is in the batch
    count_variance = chosen * (1 - chosen) * num_examples / (num_examples - 1)
    return tr_cov * num_examples * count_variance / batch_size**2


def draw_variance(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("with replacement", "without replacement", "the whole data set") * 3:
        n = int(rng.integers(6, 30))
        b = n if group == "the whole data set" else int(rng.integers(3, n - 1))
        replacement = group == "with replacement"
        cases.append(Case(group, (float(rng.uniform(2.0, 50.0)), b, n, replacement)))
    return cases


INDEPENDENT = "With replacement the B draws are independent"
ENDS = "B = 1 gives all of tr(Σ), B = N gives nothing."
DERIVED = "the law with replacement, and what your derivation gives without."

U01_VARIANCE_AT = Exercise(
    id="u01_variance_at",
    call="variance_at(tr_cov, batch_size, num_examples, replacement)",
    points={"with replacement": 1.0, "without replacement": 1.0, "the whole data set": 1.0},
    by_hand=(
        Case("with replacement", (12.0, 3, 10, True), ("by hand",)),
        Case("with replacement", (12.0, 1, 10, True), ("smallest",), quotes=INDEPENDENT),
        Case("with replacement", (12.0, 10, 10, True), ("range",), quotes=INDEPENDENT),
        Case("with replacement", (12.0, 20, 10, True), ("range",), quotes=INDEPENDENT),
        Case("without replacement", (12.0, 1, 10, False), ("smallest",), quotes=ENDS),
        Case("without replacement", (12.0, 4, 10, False), ("by hand",), quotes=DERIVED),
        Case("without replacement", (12.0, 2, 101, False), ("range",), quotes=DERIVED),
        Case("the whole data set", (12.0, 10, 10, False), ("range", "sign"), quotes=ENDS),
    ),
    promises=(
        "by hand",
        "smallest",
        "range",
    ),
    draw=draw_variance,
    reference=variance_at,
    mistakes=(
        Mistake(
            "one formula for both",
            "You use the same formula with and without replacement. Take a batch of the whole "
            "data set without replacement, twice: how much do the two gradients differ?",
            lambda t, b, n, r: t / b,
        ),
        Mistake(
            "correction in both",
            "You correct for the finite data set also with replacement. Does such a draw know "
            "what was drawn before it?",
            lambda t, b, n, r: variance_at(t, b, n, False),
        ),
        Mistake(
            "the two swapped",
            "Your two cases look exchanged. In which of them can an example come twice?",
            lambda t, b, n, r: variance_at(t, b, n, not r),
        ),
        Mistake(
            "the other divisor",
            "Your factor belongs to a tr(Sigma) with divisor N - 1. Which divisor has the one "
            "given here? Test it with B = 1: one draw must have the whole variance.",
            lambda t, b, n, r: t / b if r else t / b * (1 - b / n),
        ),
        Mistake(
            "standard deviation",
            "Your result has the unit of a gradient. Is a variance asked for, or its root?",
            lambda t, b, n, r: math.sqrt(variance_at(t, b, n, r)),
        ),
        Mistake(
            "falls with the root of B",
            "Make B four times larger: your result only halves. Which quantity falls that "
            "slowly, the variance or its root?",
            lambda t, b, n, r: variance_at(t, b, n, r) * math.sqrt(b),
        ),
        Mistake(
            "falls with the square of B",
            "Make B twice as large: your result falls to a quarter. A mean of B draws has B "
            "independent errors: how many terms add up before you divide?",
            lambda t, b, n, r: variance_at(t, b, n, r) / b,
        ),
        Mistake(
            "correction upside down",
            "Without replacement your variance grows beyond that with replacement. Does it help "
            "or harm to see each example at most once?",
            lambda t, b, n, r: t / b if r else t / b * (n - 1) / (n - b + 1e-9),
        ),
        Mistake(
            "fraction left, one too many",
            "Your factor reaches zero for another batch than the whole data set, or is not one "
            "for B = 1. What should it be at these two ends?",
            lambda t, b, n, r: t / b if r else t / b * (n - b + 1) / n,
        ),
        Mistake(
            "factor in place of 1/B",
            "Without replacement you no longer divide by B. Take N far larger than B: what should "
            "be left of the difference between the two ways?",
            lambda t, b, n, r: t / b if r else t * (n - b) / (n - 1),
        ),
        Mistake(
            "root of the correction",
            "You take the root of the correction, as one does for a standard error. Is a variance "
            "asked for, or its root?",
            lambda t, b, n, r: t / b if r else t / b * math.sqrt((n - b) / (n - 1)),
        ),
        Mistake(
            "trace made unbiased",
            "You rescale tr(Sigma) by N/(N - 1). Is its mean fitted to a sample here, or exact?",
            lambda t, b, n, r: variance_at(t, b, n, r) * n / (n - 1),
        ),
        Mistake(
            "each pair once",
            "You count each pair's covariance once. Multiply out the square of a sum of two: how "
            "often does the product of the two come?",
            lambda t, b, n, r: t / b if r else (t - (b - 1) / 2 * t / (n - 1)) / b,
        ),
        Mistake(
            "brackets forgotten",
            "Try B = N - 1 by hand, then look at your last line: what does Python divide first "
            "when it reads / N - 1?",
            lambda t, b, n, r: t / b if r else t / b * (n - b) / n - 1,
        ),
        Mistake(
            "covariance with the wrong sign",
            "Without replacement your variance grows beyond that with replacement. What sign has "
            "a covariance that makes errors cancel?",
            lambda t, b, n, r: t / b if r else (t + (b - 1) * t / (n - 1)) / b,
        ),
        Mistake(
            "divided by B once",
            "You have the variance of the sum, divided by B. By what does the variance of a vector "
            "change when the vector is divided by B?",
            lambda t, b, n, r: b * variance_at(t, b, n, r),
        ),
        Mistake(
            "batch size less one",
            "You divide by one less than the batch size, as for a spread. Is a mean over B "
            "examples divided by less than B?",
            lambda t, b, n, r: variance_at(t, b, n, r) * b / (b - 1) if b > 1 else math.inf,
        ),
        Mistake(
            "only the whole data set",
            "Only for B = N you differ from the law with replacement. Does nothing change on "
            "the way there?",
            lambda t, b, n, r: 0.0 if b == n and not r else t / b,
        ),
        Mistake(
            "nothing left at N - 1",
            "Your factor is not one for B = 1, and zero before the whole data set is drawn. "
            "How many covariances has a sum of B draws?",
            lambda t, b, n, r: t / b if r else t / b * (1 - b / (n - 1)),
        ),
        Mistake(
            "as many covariances as draws",
            "You count B covariances. How many pairs of two different draws are there among "
            "B, in either order?",
            lambda t, b, n, r: t / b if r else t / b * (1 - 1 / (n - 1)),
        ),
        Mistake(
            "variance of the sum",
            "You have the variance of the sum of B gradients. By what does it change when the "
            "sum is divided by B?",
            lambda t, b, n, r: b * b * variance_at(t, b, n, r),
        ),
        Mistake(
            "share already drawn",
            "Your factor is zero for B = 1 and one for the whole data set. At which of these "
            "two ends is nothing left to chance?",
            lambda t, b, n, r: t / b if r else t / b * (b - 1) / (n - 1),
        ),
    ),
    accepted=(variance_by_covariances, variance_by_inclusion),
    lesson="The law is tr(Sigma)/B for independent draws. Draws without replacement are "
    "negatively correlated, and at B = N nothing is left to chance.",
    answered_by=("coursekit.gradients.minibatch", "coursekit.gradients.sampling"),
)
