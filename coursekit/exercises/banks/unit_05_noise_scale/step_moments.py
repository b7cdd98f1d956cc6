"""Find the flaw: an online estimator that uses the last micro-batch."""

import math

import numpy as np

from coursekit.exercises.banks.unit_05_noise_scale.step_moments_slips import (
    changed,
    from_norms,
    halves,
    product_of_slips,
    step_moments,
    variant,
    whole_batch_of_k,
)
from coursekit.exercises.banks.unit_05_noise_scale.two_batch import ANSWERED_BY
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def moments_by_two_sizes(micro_grads, micro_batch_size):
    small = float(micro_grads.double().square().sum(dim=1).mean())
    large = float(micro_grads.double().mean(dim=0).square().sum())
    return from_norms(small, large, len(micro_grads), micro_batch_size)


def moments_by_pairs(micro_grads, micro_batch_size):
    g = np.asarray(micro_grads, dtype=float)
    products = g @ g.T
    same = np.trace(products) / len(g)
    different = (products.sum() - np.trace(products)) / (len(g) * (len(g) - 1))
    return [different, micro_batch_size * (same - different)]


def moments_by_covariance(micro_grads, micro_batch_size):
    g = np.asarray(micro_grads, dtype=float)
    trace = float(g.var(axis=0, ddof=1).sum())
    return np.array([np.sum(g.mean(axis=0) ** 2) - trace / len(g), micro_batch_size * trace])


def draw_grads(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    while len(cases) < 6:
        above = len(cases) % 2 == 0
        k = int(rng.integers(3, 6))
        b = int(rng.choice([size for size in range(2, 9) if size != k]))
        noise = rng.normal(size=(k, 4)) * 2.0
        grads = noise + rng.normal(size=4) * 2.5 if above else noise - 0.97 * noise.mean(axis=0)
        grads = np.round(grads, 2)
        signal = moments_by_pairs(grads, b)[0]
        if (signal > 0.5) if above else (signal < -0.3):
            cases.append(Case("signal above zero" if above else "signal below zero", (grads, b)))
    return cases


U05_STEP_MOMENTS = Exercise(
    id="u05_step_moments",
    call="step_moments(micro_grads, micro_batch_size)",
    points={"signal above zero": 2.0, "signal below zero": 1.0},
    by_hand=(
        Case("signal above zero", (np.array([[1.0, 3.0], [3.0, 1.0]]), 4), keeps=("by hand",)),
        Case("signal above zero", (np.array([[2.0], [4.0]]), 1), keeps=("smallest",)),
        Case(
            "signal above zero",
            (np.array([[3.0, 1.0], [2.0, 2.0], [4.0, 0.5]]), 5),
            keeps=("uneven",),
            quotes="the average |g|² of the micro-batches, each counted equally",
        ),
        Case(
            "signal below zero",
            (np.array([[2.0, 1.0], [-1.0, 0.0], [-1.0, 2.0]]), 2),
            keeps=("sign", "average"),
            quotes="Both results are right on average.",
        ),
    ),
    promises=("average", "by hand", "sign", "smallest", "uneven"),
    draw=draw_grads,
    reference=step_moments,
    mistakes=(
        Mistake(
            "as it was",
            "These are the numbers of the code as it was. Which micro-batches does it look at, and "
            "is `total` a mean like each of them?",
            variant(pick="last", whole="sum", clip=1e-8),
        ),
        Mistake(
            "only no longer clipped",
            "The clipping is gone, and the rest is as it was. Which micro-batches does it look at, "
            "and is `total` a mean like each of them?",
            variant(pick="last", whole="sum"),
        ),
        Mistake(
            "last micro-batch only",
            "Your small norm is that of the last micro-batch. What do the others have to say?",
            variant(pick="last"),
        ),
        Mistake(
            "last micro-batch only, clipped",
            "Your small norm is that of the last micro-batch, and the signal is clipped. What do "
            "the others have to say, and what does clipping do to an average?",
            variant(pick="last", clip=1e-8),
        ),
        Mistake(
            "first micro-batch only",
            "Your small norm is that of one micro-batch. What do the others have to say?",
            variant(pick="first"),
        ),
        Mistake(
            "sum of the micro-batches",
            "Your big gradient is the sum of the micro-batches. Of which length is the gradient of "
            "a mean loss over all their examples?",
            variant(whole="sum"),
        ),
        Mistake(
            "sum of the micro-batches, clipped",
            "Your big gradient is the sum of the micro-batches, and the signal is clipped. Of "
            "which length is the gradient of a mean loss over all their examples?",
            variant(whole="sum", clip=1e-8),
        ),
        Mistake(
            "signal clipped",
            "You still lift a signal below zero. If every low estimate is lifted, what happens to "
            "the average over steps?",
            variant(clip=1e-8),
        ),
        Mistake(
            "signal clipped at zero",
            "You lift a signal below zero up to it. If every low estimate is lifted, what happens "
            "to the average over steps?",
            variant(clip=0.0),
        ),
        Mistake(
            "nan below zero",
            "You put nan where one step's signal is below zero. What happens to the average over "
            "steps if such steps drop out of it?",
            changed(signal=lambda s, n, g, b: s if s > 0 else math.nan),
        ),
        Mistake(
            "sign of the signal dropped",
            "You take the sign away from a signal below zero. What happens to the average of many "
            "estimates when all low ones are turned over?",
            changed(signal=lambda s, n, g, b: abs(s)),
        ),
        Mistake(
            "sum's length divided once",
            "You square the length of the sum and divide once by K. What does a factor in front of "
            "a vector do to its squared length?",
            variant(whole="half divided"),
        ),
        Mistake(
            "K examples in the whole batch",
            "You take K for the size of the whole batch. How many examples does each of its K "
            "micro-batches hold?",
            whole_batch_of_k,
        ),
        Mistake(
            "product of two halves",
            "You multiply the means of two halves. Right on average, but which two squared "
            "lengths does the text name?",
            halves,
        ),
        Mistake(
            "norms summed",
            "Your small norm is a sum over micro-batches. What happens to it when there are twice "
            "as many of the same size?",
            variant(pick="sum"),
        ),
        Mistake(
            "norms divided by K - 1",
            "You divide the sum of the squared lengths by K - 1. Is the small norm a variance "
            "around a fitted mean, or an average of K numbers?",
            lambda g, b: from_norms(
                float(g.double().square().sum()) / (len(g) - 1),
                float(g.double().mean(dim=0).square().sum()),
                len(g),
                b,
            ),
        ),
        Mistake(
            "lengths averaged",
            "You average lengths and square after. Of which quantity is the expectation signal "
            "plus noise?",
            variant(pick="mean length"),
        ),
        Mistake(
            "plug-in signal",
            "Your signal is the squared length of the mean gradient. What does the noise that is "
            "left in it do to a squared length?",
            changed(signal=lambda s, n, g, b: s + n / (b * len(g))),
        ),
        Mistake(
            "noise of a micro-batch taken away",
            "You take the noise of one micro-batch from the mean of all. How much is left in their "
            "mean?",
            changed(signal=lambda s, n, g, b: s + n / (b * len(g)) - n / b),
        ),
        Mistake(
            "mean over parameters",
            "You average over the parameters. What happens to your numbers when every parameter "
            "appears twice?",
            lambda g, b: [x / g.shape[1] for x in step_moments(g, b)],
        ),
        Mistake(
            "divided by the examples",
            "You divide the accumulated gradient by the number of examples. Is each row a sum "
            "over its examples or already their mean?",
            variant(whole="per example"),
        ),
        Mistake(
            "lengths not squared",
            "You put lengths into equations for squared lengths. Of which quantity is the "
            "expectation signal plus noise?",
            lambda g, b: from_norms(
                float(g.double().norm(dim=1).mean()),
                float(g.double().mean(dim=0).norm()),
                len(g),
                b,
            ),
        ),
        Mistake(
            "order of the two",
            "Your two numbers look exchanged. Which comes first?",
            lambda g, b: step_moments(g, b)[::-1],
        ),
        Mistake(
            "a K-th of the noise taken away",
            "You take tr(Sigma)/K from the squared length of the mean. Over how many examples does "
            "that mean run?",
            changed(signal=lambda s, n, g, b: s + n / (b * len(g)) - n / len(g)),
        ),
        Mistake(
            "last one left out",
            "You leave one micro-batch out of the small norm. Which rule says that all count "
            "equally?",
            lambda g, b: from_norms(
                float(g[:-1].double().square().sum(dim=1).mean()),
                float(g.double().mean(dim=0).square().sum()),
                len(g),
                b,
            ),
        ),
        *product_of_slips(),
    ),
    accepted=(moments_by_two_sizes, moments_by_pairs, moments_by_covariance),
    lesson="All micro-batches at the same weights speak; the last one alone gives the same mean "
    "with a noise that is many times larger. Sums and clips are wrong even on average.",
    answered_by=ANSWERED_BY,
)
