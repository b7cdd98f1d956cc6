"""Signal and noise from squared gradient norms at two batch sizes."""

import math

import numpy as np

from coursekit.exercises.banks.unit_05_noise_scale.two_batch_slips import (
    carried_signal,
    line_in_sizes,
    other_power,
    product_of_slips,
    signal_clipped_first,
    two_batch,
    with_both,
    with_signal,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake

ANSWERED_BY = (
    "coursekit.noise.scale",
    "coursekit.noise.online",
    "coursekit.noise.offline",
    "coursekit.noise.average",
    "coursekit.noise._step_norms",
)


def two_batch_moments(
    sq_norm_small: float, sq_norm_big: float, batch_small: int, batch_big: int
) -> list[float]:
    signal, noise = two_batch(sq_norm_small, sq_norm_big, batch_small, batch_big)
    return [signal, noise]


def two_batch_by_solving(sq_norm_small, sq_norm_big, batch_small, batch_big):
    rows = np.array([[1.0, 1 / batch_small], [1.0, 1 / batch_big]])
    return np.linalg.solve(rows, [float(sq_norm_small), float(sq_norm_big)])


def two_batch_by_line(sq_norm_small, sq_norm_big, batch_small, batch_big):
    slope, intercept = np.polyfit(
        [1 / batch_small, 1 / batch_big], [float(sq_norm_small), float(sq_norm_big)], 1
    )
    return [intercept, slope]


def draw_norms(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for number, group in enumerate(("both above zero", "one below zero") * 4):
        b = int(rng.integers(3, 12))
        size = b * int(rng.integers(3, 7)) + int(rng.integers(0, b))  # not only multiples of b
        if group == "both above zero":
            signal, noise = rng.uniform(0.5, 4.0), rng.uniform(30.0, 90.0)
        elif number % 4 == 3:
            signal = rng.uniform(1.0, 4.0)
            noise = -b * signal * rng.uniform(0.2, 0.7)
        else:
            signal = -rng.uniform(0.5, 2.0)
            noise = size * (rng.uniform(0.5, 2.0) - signal)
        cases.append(
            Case(group, (float(signal + noise / b), float(signal + noise / size), b, size))
        )
    return cases


U05_TWO_BATCH = Exercise(
    id="u05_two_batch",
    call="two_batch_moments(sq_norm_small, sq_norm_big, batch_small, batch_big)",
    points={"both above zero": 1.0, "one below zero": 1.0},
    by_hand=(
        Case("both above zero", (7.0, 4.0, 2, 8), keeps=("by hand",)),
        Case("both above zero", (5.0, 3.5, 1, 2), keeps=("smallest",)),
        Case(
            "both above zero",
            (7.0, 6.0, 4, 6),
            keeps=("uneven",),
            quotes="batch_small < batch_big, whole numbers",
        ),
        Case(
            "one below zero",
            (9.0, 2.0, 2, 8),
            keeps=("sign",),
            quotes="either estimate can come out below zero: return it as it is",
        ),
        Case(
            "one below zero",
            (2.0, 4.0, 2, 8),
            keeps=("sign",),
            quotes="either estimate can come out below zero: return it as it is",
        ),
    ),
    promises=("by hand", "sign", "smallest", "uneven"),
    draw=draw_norms,
    reference=two_batch_moments,
    mistakes=(
        Mistake(
            "plug-in signal",
            "Your signal is the big batch's squared norm as it is. What does the noise that is "
            "left in it do to a squared length?",
            with_signal(lambda s, n, small, big, b, size: big),
        ),
        Mistake(
            "noise divided by the signal",
            "Your second number is the noise scale. Which two numbers are asked for, and why would "
            "one keep them apart?",
            lambda *args: [two_batch(*args)[0], two_batch(*args)[1] / two_batch(*args)[0]],
        ),
        Mistake(
            "plug-in signal of the small batch",
            "Your signal is the small batch's squared norm as it is. What does its noise do to a "
            "squared length?",
            with_signal(lambda s, n, small, big, b, size: small),
        ),
        Mistake(
            "signal clipped",
            "You replace a signal below zero. If every low estimate is lifted, what happens to "
            "the average of many estimates?",
            with_signal(lambda s, n, small, big, b, size: max(s, 0.0)),
        ),
        Mistake(
            "signal lifted to a tiny number",
            "You replace a signal below zero by a tiny positive number. What would dividing by it "
            "do, and what happens to the average of many estimates?",
            with_signal(lambda s, n, small, big, b, size: max(s, 1e-8)),
        ),
        Mistake(
            "sign of the signal dropped",
            "You take the sign away from the signal. Is an estimate of a positive number always "
            "positive, if it is to be right on average?",
            with_signal(lambda s, n, small, big, b, size: abs(s)),
        ),
        Mistake(
            "nan below zero",
            "One estimate below zero still belongs into the average of many. What is lost when "
            "you put nan in its place?",
            with_signal(lambda s, n, small, big, b, size: s if s > 0 else math.nan),
        ),
        Mistake(
            "signs of both dropped",
            "You take the sign away from both numbers. Is an estimate of a positive number always "
            "positive, if it is to be right on average?",
            with_both(abs),
        ),
        Mistake(
            "both clipped",
            "You lift both numbers to zero. If every low estimate is lifted, what happens to the "
            "average of many estimates?",
            with_both(lambda number: max(number, 0.0)),
        ),
        Mistake(
            "noise clipped",
            "You lift a noise below zero. With one small batch its estimate may miss on either "
            "side: what happens to the average if only low ones are lifted?",
            lambda *args: [two_batch(*args)[0], max(two_batch(*args)[1], 0.0)],
        ),
        Mistake(
            "sign of the noise dropped",
            "You take the sign away from the noise. Can a single estimate not miss on the low "
            "side, even below zero?",
            lambda *args: [two_batch(*args)[0], abs(two_batch(*args)[1])],
        ),
        Mistake(
            "one of the two missing",
            "You give nan where an estimate is below zero. What is lost for the average of many "
            "when such a step drops out?",
            with_both(lambda number: number if number > 0 else math.nan),
        ),
        Mistake(
            "a root of B",
            "In your equations the noise falls as one over the root of B. Is that the length of "
            "the noise, or its square?",
            other_power(-0.5),
        ),
        Mistake(
            "a square of B",
            "In your equations the noise falls as one over B squared. What did unit 01 say about "
            "the variance of a mean?",
            other_power(-2.0),
        ),
        Mistake(
            "a line in B",
            "You draw a line over B and read it at B = 0. Over which quantity is the squared "
            "length a straight line, and where on it is no noise left?",
            line_in_sizes,
        ),
        Mistake(
            "weights exchanged",
            "Your signal gives the small batch's norm the larger weight. Which of the two norms "
            "is closer to the signal?",
            with_signal(lambda s, n, small, big, b, size: (size * small - b * big) / (size - b)),
        ),
        Mistake(
            "the other batch's noise",
            "You take the noise of one batch size away from the norm of the other. Which share of "
            "tr(Sigma) is inside the big batch's norm?",
            with_signal(lambda s, n, small, big, b, size: big - n / b),
        ),
        Mistake(
            "noise added to the big norm",
            "You add the noise to the big norm. Did noise make that squared length longer or "
            "shorter?",
            with_signal(lambda s, n, small, big, b, size: big + n / size),
        ),
        Mistake(
            "noise added to the small norm",
            "You add the noise to the small norm. Did noise make that squared length longer or "
            "shorter?",
            with_signal(lambda s, n, small, big, b, size: small + n / b),
        ),
        Mistake(
            "a whole example's noise taken away",
            "You take all of tr(Sigma) away from a squared norm. How much of one example's noise "
            "is left in a mean over many?",
            with_signal(lambda s, n, small, big, b, size: big - n),
        ),
        Mistake(
            "a whole example's noise taken from the small norm",
            "You take all of tr(Sigma) away from the small norm. How much of one example's noise "
            "is left in a mean over b?",
            with_signal(lambda s, n, small, big, b, size: small - n),
        ),
        Mistake(
            "the big batch's noise from the small norm",
            "You take the big batch's share of tr(Sigma) away from the small norm. Whose noise is "
            "inside the small norm?",
            with_signal(lambda s, n, small, big, b, size: small - n / size),
        ),
        Mistake(
            "signal clipped, noise from it",
            "You lift a signal below zero, and compute the noise from what you lifted. What "
            "happens to the average of many such estimates?",
            carried_signal(lambda s, small, big, b, size: max(s, 0.0)),
        ),
        Mistake(
            "weights exchanged, noise from it",
            "Your signal gives the small batch's norm the larger weight, and the noise follows. "
            "Which of the two norms is closer to the signal?",
            carried_signal(lambda s, small, big, b, size: (size * small - b * big) / (size - b)),
        ),
        Mistake(
            "sum of the sizes below",
            "You divide by the sum of the batch sizes. When you subtract one equation from the "
            "other, which factor stands before the unknown?",
            with_signal(lambda s, n, small, big, b, size: (size * big - b * small) / (size + b)),
        ),
        Mistake(
            "squared again",
            "You square the norms once more. What is the unit of sq_norm_small already?",
            lambda small, big, b, size: list(two_batch(small**2, big**2, b, size)),
        ),
        Mistake(
            "roots taken",
            "You take the root of the norms first. Of which quantity is the expectation a "
            "straight line in 1/B, the length or its square?",
            lambda small, big, b, size: list(two_batch(math.sqrt(small), math.sqrt(big), b, size)),
        ),
        Mistake(
            "order of the two",
            "Your two numbers look exchanged. Which comes first?",
            lambda small, big, b, size: list(two_batch(small, big, b, size))[::-1],
        ),
        Mistake(
            "already divided",
            "You return the noise scale. Which two numbers are asked for, and why would one keep "
            "them apart?",
            lambda small, big, b, size: (
                two_batch(small, big, b, size)[1] / two_batch(small, big, b, size)[0]
            ),
        ),
        Mistake(
            "mean of the norms as signal",
            "Your signal averages the two squared norms. Is an average of two noisy ones free of "
            "noise?",
            with_signal(lambda s, n, small, big, b, size: (small + big) / 2),
        ),
        Mistake(
            "not divided by the difference",
            "Your signal is still multiplied by something. When you subtract one equation from the "
            "other, which factor stands before the unknown?",
            with_signal(lambda s, n, small, big, b, size: size * big - b * small),
        ),
        Mistake(
            "signal clipped, noise from the big batch",
            "You lift a signal below zero, and take the noise from the big batch and what you "
            "lifted. What happens to the average of many such estimates?",
            signal_clipped_first,
        ),
        *product_of_slips(),
    ),
    accepted=(two_batch_by_solving, two_batch_by_line),
    lesson="Two norms at the same weights are two equations in two unknowns. One step's signal may "
    "come out below zero: keep it, or the average over steps is too large.",
    answered_by=ANSWERED_BY,
)
