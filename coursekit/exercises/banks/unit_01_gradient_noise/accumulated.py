"""The noise of an accumulated gradient."""

import math

import numpy as np
import torch

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def accumulated_variance(tr_cov: float, micro_sizes: list[int], weights: list[float]) -> float:
    return sum(w**2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True))


def accumulated_by_examples(tr_cov, micro_sizes, weights):
    coefficients = torch.cat(
        [torch.full((b,), w / b) for b, w in zip(micro_sizes, weights, strict=True)]
    )
    return tr_cov * coefficients.square().sum()


def accumulated_by_matrix(tr_cov, micro_sizes, weights):
    w = np.array(weights)
    return w @ np.diag(tr_cov / np.array(micro_sizes)) @ w


def draw_accumulation(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("equal micro-batches", "ragged micro-batches") * 4:
        k = int(rng.integers(3, 7))
        sizes, weights = [int(rng.integers(4, 17))] * k, [1.0 / k] * k
        if group == "ragged micro-batches":
            sizes = [*(int(b) for b in rng.integers(6, 17, k - 1)), int(rng.integers(1, 4))]
            kind = len(cases) // 2 % 4  # the four ragged cases differ in their weights
            if kind == 1:
                weights = [1.0] * k
            elif kind > 1:
                weights = [float(w) for w in rng.uniform(0.1, 0.6, k)]
        cases.append(Case(group, (float(rng.uniform(3.0, 40.0)), sizes, weights)))
    return cases


WEIGHTS = "The weights are whatever the loop uses; they need not sum to one."
SIZES = "micro_sizes: list of b_k; weights: list of w_k."

U01_ACCUMULATED = Exercise(
    id="u01_accumulated",
    call="accumulated_variance(tr_cov, micro_sizes, weights)",
    points={"equal micro-batches": 1.0, "ragged micro-batches": 1.0},
    by_hand=(
        Case("equal micro-batches", (8.0, [4, 4], [0.5, 0.5]), ("by hand",)),
        Case("equal micro-batches", (8.0, [4], [2.0]), ("smallest",), quotes=WEIGHTS),
        Case(
            "ragged micro-batches", (6.0, [2, 1], [-1.0, 0.5]), ("sign", "uneven"), quotes=WEIGHTS
        ),
        Case(
            "ragged micro-batches", (6.0, [3, 2], [0.0, 1.0]), ("range", "uneven"), quotes=WEIGHTS
        ),
        Case("ragged micro-batches", (6.0, [3, 1], [0.5, 0.5]), ("uneven",), quotes=SIZES),
    ),
    promises=(
        "by hand",
        "smallest",
        "uneven",
        "sign",
    ),
    draw=draw_accumulation,
    reference=accumulated_variance,
    mistakes=(
        Mistake(
            "keeps the noise of a micro-batch",
            "You average the variances, so accumulation keeps a micro-batch's noise. When you "
            "scale a random vector by w, by what does its variance scale?",
            lambda t, b, w: sum(wk * t / bk for bk, wk in zip(b, w, strict=True)),
        ),
        Mistake(
            "weights ignored",
            "Your result is the variance of the best possible average, whatever the weights. "
            "What if one micro-batch had all the weight?",
            lambda t, b, w: t / sum(b),
        ),
        Mistake(
            "sum of the weights squared",
            "You square the sum of the weights. Errors of different micro-batches are "
            "independent: which cross terms remain?",
            lambda t, b, w: sum(w) ** 2 * t / sum(b),
        ),
        Mistake(
            "adds deviations",
            "You add standard deviations, as if all micro-batches erred in the same direction. "
            "Do independent errors add like that?",
            lambda t, b, w: sum(wk * math.sqrt(t / bk) for bk, wk in zip(b, w, strict=True)) ** 2,
        ),
        Mistake(
            "sizes ignored",
            "A micro-batch of one example and one of a hundred count the same in your formula. "
            "Which of the two is noisier?",
            lambda t, b, w: t * sum(wk**2 for wk in w),
        ),
        Mistake(
            "mean size",
            "You put the average size into the formula for equal micro-batches. Does a small "
            "one add as little noise as you save in a large one?",
            lambda t, b, w: sum(wk**2 for wk in w) * t / (sum(b) / len(b)),
        ),
        Mistake(
            "standard deviation",
            "Your result has the unit of a gradient. Is a variance asked for, or its root?",
            lambda t, b, w: math.sqrt(accumulated_variance(t, b, w)),
        ),
        Mistake(
            "no weights at all",
            "You add the variances of the micro-batches as they are. When you scale a random "
            "vector by w, by what does its variance scale?",
            lambda t, b, w: sum(t / bk for bk in b),
        ),
        Mistake(
            "size on the wrong side",
            "In your formula a larger micro-batch is noisier. Is g_k the sum of its gradients or "
            "their mean?",
            lambda t, b, w: sum(wk**2 * t * bk for bk, wk in zip(b, w, strict=True)),
        ),
        Mistake(
            "size squared",
            "The mean's factor is squared in your formula, and its b errors are counted once. How "
            "many independent errors does a micro-batch add up?",
            lambda t, b, w: sum(wk**2 * t / bk**2 for bk, wk in zip(b, w, strict=True)),
        ),
        Mistake(
            "averaged once more",
            "At the end you divide by the number of micro-batches. Does the loop do that, or do "
            "the weights already say all?",
            lambda t, b, w: accumulated_variance(t, b, w) / len(b),
        ),
        Mistake(
            "all like the first",
            "You give every micro-batch the size of the first one. Is the last one as long?",
            lambda t, b, w: sum(wk**2 for wk in w) * t / b[0],
        ),
        Mistake(
            "weights made to sum to one",
            "You rescale the weights. The loop adds up with the weights as they are: what if they "
            "are all one?",
            lambda t, b, w: accumulated_variance(t, b, [wk / sum(w) for wk in w]),
        ),
        Mistake(
            "weights into the large batch",
            "You divide the squared weights by the size of the whole batch. Does a micro-batch "
            "average over all of it?",
            lambda t, b, w: t * sum(wk**2 for wk in w) / sum(b),
        ),
        Mistake(
            "noise of one micro-batch",
            "You return the noise of a single micro-batch. What does adding up several of "
            "them, with weights, change?",
            lambda t, b, w: t / b[0],
        ),
        Mistake(
            "the noisiest alone",
            "You keep the noisiest part alone. Do independent variances add, or does the "
            "largest hide the rest?",
            lambda t, b, w: max(wk**2 * t / bk for bk, wk in zip(b, w, strict=True)),
        ),
        Mistake(
            "weighted mean of the variances",
            "You average the variances of the micro-batches with the weights. When you scale "
            "a random vector by w, by what does its variance scale?",
            lambda t, b, w: (
                sum(wk * t / bk for bk, wk in zip(b, w, strict=True)) / sum(w) if sum(w) else 0.0
            ),
        ),
        Mistake(
            "rescaled, and the average size",
            "You rescale the weights to sum to one, and put an average size into the formula. "
            "The loop uses weights and sizes as they are: what if the weights are all one?",
            lambda t, b, w: (
                t * sum(wk**2 for wk in w) / sum(w) ** 2 / sum(b) * len(b) if sum(w) else 0.0
            ),
        ),
        Mistake(
            "divisor of a spread",
            "You divide by one less than the size, as for a spread. Is the mean of b "
            "gradients divided by less than b?",
            lambda t, b, w: t * sum(wk**2 / max(bk - 1, 1) for bk, wk in zip(b, w, strict=True)),
        ),
        Mistake(
            "averaged twice more",
            "You divide by the square of the number of micro-batches. Does the loop do that, "
            "or do the weights already say all?",
            lambda t, b, w: accumulated_variance(t, b, w) / len(b) ** 2,
        ),
        Mistake(
            "last one left out",
            "The last micro-batch has no say in your result. Where does your loop end?",
            lambda t, b, w: accumulated_variance(t, b[:-1], w[:-1]),
        ),
    ),
    accepted=(accumulated_by_examples, accumulated_by_matrix),
    lesson="Equal weights over equal micro-batches give tr(Sigma)/(bK): accumulation is the large "
    "batch, noise included. With ragged micro-batches equal weights cost you noise.",
    answered_by=("coursekit.train.accumulation",),
)
