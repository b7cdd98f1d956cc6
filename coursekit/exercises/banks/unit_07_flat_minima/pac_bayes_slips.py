"""Further wrong bounds, written as a learner would, each with its question."""

import math

from coursekit.exercises.engine.declare import Mistake


def bound(
    weights, start, sigma, error, n, delta, *, kl=None, tail=None, inside=None, root=math.sqrt
):
    steps = weights.double() - start.double()
    found = float(steps.square().sum()) / (2 * sigma**2) if kl is None else float(kl(steps, sigma))
    log = math.log(2 * math.sqrt(n) / delta) if tail is None else tail(n, delta)
    value = (found + log) / (2 * n) if inside is None else inside(found, log, n)
    return error + root(value) if value >= 0 else math.nan


def slip(**parts):
    def answer(weights, start, sigma, error, num_examples, delta):
        return bound(weights, start, sigma, error, num_examples, delta, **parts)

    return answer


def lengths_apart(weights, start, sigma, error, num_examples, delta):
    """Take the difference of the squared lengths for the squared distance."""
    gap = float(weights.double().square().sum() - start.double().square().sum())
    return bound(
        weights, start, sigma, error, num_examples, delta, kl=lambda d, s: abs(gap) / (2 * s**2)
    )


def error_in_percent(weights, start, sigma, error, num_examples, delta):
    return bound(weights, start, sigma, error / 100, num_examples, delta)


MORE = (
    Mistake(
        "difference of squared lengths",
        "You take away one squared length from the other. Is that the squared length of the "
        "difference?",
        lengths_apart,
    ),
    Mistake(
        "square of the summed sizes",
        "You add up sizes and square the sum. Which length of a vector does the text mean?",
        slip(kl=lambda d, s: d.abs().sum() ** 2 / (2 * s**2)),
    ),
    Mistake(
        "root over the two as well",
        "Your root in the logarithm covers the number before it. Where does it begin?",
        slip(tail=lambda n, d: math.log(math.sqrt(2 * n) / d)),
    ),
    Mistake(
        "error taken for a percentage",
        "You divide the training error by a hundred. In which unit does the docstring give it?",
        error_in_percent,
    ),
    Mistake(
        "only the logarithm divided",
        "You divide the logarithm alone. How far does the line of the fraction reach?",
        slip(inside=lambda kl, log, n: kl + log / (2 * n)),
    ),
    Mistake(
        "divided by two, times N",
        "You divide by two and multiply by the number of examples. In which order does Python do "
        "a quotient and a product?",
        slip(inside=lambda kl, log, n: (kl + log) / 2 * n),
    ),
    Mistake(
        "square of the sum",
        "You add the steps first and square the sum. What is the squared length of a vector?",
        slip(kl=lambda d, s: d.sum() ** 2 / (2 * s**2)),
    ),
    Mistake(
        "root over delta too",
        "Your root in the logarithm covers delta as well. Where does it end?",
        slip(tail=lambda n, d: math.log(2 * math.sqrt(n / d))),
    ),
    Mistake(
        "root over everything in the logarithm",
        "Your root in the logarithm covers all of it. Where does it end?",
        slip(tail=lambda n, d: math.log(math.sqrt(2 * n / d))),
    ),
    Mistake(
        "times the variance",
        "More noise makes distance dearer in your divergence. In which order does Python do a "
        "quotient and a product?",
        slip(kl=lambda d, s: d.square().sum() / 2 * s**2),
    ),
    Mistake(
        "bracket squared",
        "You square twice sigma. What of it is squared in the text?",
        slip(kl=lambda d, s: d.square().sum() / (2 * s) ** 2),
    ),
    Mistake(
        "binary logarithm",
        "Your logarithm counts bits. Which base is meant by ln?",
        slip(tail=lambda n, d: math.log2(2 * math.sqrt(n) / d)),
    ),
    Mistake(
        "one less delta",
        "Your logarithm holds the probability with which the bound is right. Which one does the "
        "text put there?",
        slip(tail=lambda n, d: math.log(2 * math.sqrt(n) / (1 - d))),
    ),
    Mistake(
        "logarithm halved with the divergence",
        "You halve the whole sum once more. What stands below the line of the fraction?",
        slip(inside=lambda kl, log, n: (kl + log) / (4 * n)),
    ),
    Mistake(
        "root of the divergence inside",
        "You take a root of the divergence inside the fraction. Where does the text have roots?",
        slip(inside=lambda kl, log, n: (math.sqrt(kl) + log) / (2 * n)),
    ),
    Mistake(
        "logarithm of N",
        "Your logarithm holds the number of examples over delta. Which factor and which root "
        "are missing?",
        slip(tail=lambda n, d: math.log(n / d)),
    ),
    Mistake(
        "N less one",
        "You divide by one less than N. Was a mean fitted to the examples?",
        slip(inside=lambda kl, log, n: (kl + log) / (2 * (n - 1))),
    ),
    Mistake(
        "no logarithm taken",
        "You add what stands in the logarithm, and take none. How much should ten times more "
        "certainty cost?",
        slip(tail=lambda n, d: 2 * math.sqrt(n) / d),
    ),
    Mistake(
        "delta left out",
        "Your logarithm does not know delta. What does certainty cost?",
        slip(tail=lambda n, d: math.log(2 * math.sqrt(n))),
    ),
    Mistake(
        "delta beside the logarithm",
        "You divide the logarithm by delta. Where does delta stand in the text?",
        slip(tail=lambda n, d: math.log(2 * math.sqrt(n)) / d),
    ),
    Mistake(
        "two N plus",
        "You divide by a sum. What stands below the line?",
        slip(inside=lambda kl, log, n: (kl + log) / (2 + n)),
    ),
)
