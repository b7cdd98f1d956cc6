"""Signal and noise from squared gradient norms at two batch sizes."""

import math

import numpy as np

from coursekit.exercises.declare import Case, Exercise, Mistake

ANSWERED_BY = (
    "coursekit.noise",
    "coursekit.noise_online",
    "coursekit.noise_model",
    "coursekit.moment_average",
    "coursekit.step_norms",
)


def two_batch(small: float, big: float, b: int, size: int) -> tuple[float, float]:
    """Return (signal, noise) of two squared norms."""
    return (size * big - b * small) / (size - b), (small - big) / (1 / b - 1 / size)


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
    for group in ("signal above zero", "signal below zero") * 4:
        b = int(rng.integers(3, 12))
        size = b * int(rng.integers(3, 8))
        if group == "signal above zero":
            signal, noise = rng.uniform(0.5, 4.0), rng.uniform(30.0, 90.0)
        else:
            signal = -rng.uniform(0.5, 2.0)
            noise = size * (rng.uniform(0.5, 2.0) - signal)
        cases.append(
            Case(group, (float(signal + noise / b), float(signal + noise / size), b, size))
        )
    return cases


def with_signal(change):
    """Return the mistake that changes the first number alone: change(signal, noise, *args)."""

    def answer(small, big, b, size):
        signal, noise = two_batch(small, big, b, size)
        return [change(signal, noise, small, big, b, size), noise]

    return answer


def carried_signal(change):
    """Return the mistake of a wrong signal that is put back into the small batch's equation."""

    def answer(small, big, b, size):
        signal = change(two_batch(small, big, b, size)[0], small, big, b, size)
        return [signal, b * (small - signal)]

    return answer


def signal_clipped_first(small, big, b, size):
    signal = max(two_batch(small, big, b, size)[0], 0.0)
    return [signal, size * (big - signal)]


# Most wrong answers miss the noise first and carry it into the signal, in one way or another.
NOISE_SLIPS = (
    (
        "difference of the norms",
        "is tr(Sigma) the noise of a batch or of one example?",
        lambda small, big, b, size: small - big,
    ),
    (
        "big batch as exact",
        "it takes the big norm for the signal; would two nearly equal sizes do?",
        lambda small, big, b, size: b * (small - big),
    ),
    (
        "scaled by the big batch",
        "it scales by B alone; would two nearly equal sizes do?",
        lambda small, big, b, size: size * (small - big),
    ),
    (
        "times the difference of the sizes",
        "is the squared norm a line in B, or in 1/B?",
        lambda small, big, b, size: (small - big) * (size - b),
    ),
    (
        "over the difference of the sizes",
        "you divide by a difference of B; is it a line in B, or in 1/B?",
        lambda small, big, b, size: (small - big) / (size - b),
    ),
    (
        "times the difference of 1/B",
        "should sizes that hardly differ make it small?",
        lambda small, big, b, size: (small - big) * (1 / b - 1 / size),
    ),
    (
        "times both sizes",
        "you multiply by both sizes; what is 1/b - 1/B as one fraction?",
        lambda small, big, b, size: (small - big) * size * b,
    ),
    (
        "below zero",
        "can it be below zero on average; which of 1/b and 1/B is larger?",
        lambda small, big, b, size: (small - big) / (1 / size - 1 / b),
    ),
    (
        "all of the small norm",
        "what if all examples had the same gradient?",
        lambda small, big, b, size: b * small,
    ),
    (
        "all of the big norm",
        "it takes all of the big norm; what if all examples had one gradient?",
        lambda small, big, b, size: size * big,
    ),
)
SIGNALS = (
    (
        "",
        "Look at the noise:",
        lambda n, small, big, b, size: two_batch(small, big, b, size)[0],
    ),
    (
        "into the big batch",
        "The noise is off, and through the big norm the signal too. The noise:",
        lambda n, small, big, b, size: big - n / size,
    ),
    (
        "into the small batch",
        "The noise is off, and through the small norm the signal too. The noise:",
        lambda n, small, big, b, size: small - n / b,
    ),
    (
        "whole from the big norm",
        "How much of tr(Sigma) is left in a mean over B? And the noise:",
        lambda n, small, big, b, size: big - n,
    ),
    (
        "whole from the small norm",
        "How much of tr(Sigma) is left in a mean over b? And the noise:",
        lambda n, small, big, b, size: small - n,
    ),
    (
        "plug-in big norm",
        "What does noise add to the big squared norm, your signal? And the noise:",
        lambda n, small, big, b, size: big,
    ),
    (
        "plug-in small norm",
        "What does noise add to the small squared norm, your signal? And the noise:",
        lambda n, small, big, b, size: small,
    ),
    (
        "mean of the norms",
        "Are two noisy norms averaged free of noise? And the noise:",
        lambda n, small, big, b, size: (small + big) / 2,
    ),
)


def product_of_slips() -> tuple[Mistake, ...]:
    """Return every pair of a wrong noise and what becomes of the signal, each result once."""
    probes = ((7.3, 4.1, 3, 8), (9.7, 1.9, 5, 35))
    seen: list[np.ndarray] = []
    found: list[Mistake] = []
    for place, opening, signal in SIGNALS:
        for name, question, noise in NOISE_SLIPS:

            def answer(small, big, b, size, signal=signal, noise=noise):
                n = noise(small, big, b, size)
                return [signal(n, small, big, b, size), n]

            results = np.array([answer(*probe) for probe in probes])
            if any(np.allclose(results, other) for other in seen):
                continue
            seen.append(results)
            title = f"noise: {name}" + (f"; signal: {place}" if place else "")
            found.append(Mistake(title, f"{opening} {question}", answer))
    return tuple(found)


U05_TWO_BATCH = Exercise(
    id="u05_two_batch",
    call="two_batch_moments(sq_norm_small, sq_norm_big, batch_small, batch_big)",
    points={"signal above zero": 1.0, "signal below zero": 1.0},
    by_hand=(
        Case("signal above zero", (7.0, 4.0, 2, 8)),
        Case("signal below zero", (9.0, 2.0, 2, 8)),
    ),
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
            "a whole example's noise taken away",
            "You take all of tr(Sigma) away from a squared norm. How much of one example's noise "
            "is left in a mean over many?",
            with_signal(lambda s, n, small, big, b, size: big - n),
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
