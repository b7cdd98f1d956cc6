"""Wrong answers to the two equations, each from a slip of one kind."""

import numpy as np

from coursekit.exercises.engine.declare import Mistake


def two_batch(small: float, big: float, b: int, size: int) -> tuple[float, float]:
    """Return (signal, noise) of two squared norms."""
    return (size * big - b * small) / (size - b), (small - big) / (1 / b - 1 / size)


def with_signal(change):
    """Return the mistake that changes the first number alone: change(signal, noise, *args)."""

    def answer(small, big, b, size):
        signal, noise = two_batch(small, big, b, size)
        return [change(signal, noise, small, big, b, size), noise]

    return answer


def other_power(power):
    """Return the mistake of noise that falls as another power of B."""

    def answer(small, big, b, size):
        noise = (small - big) / (b**power - size**power)
        return [small - noise * b**power, noise]

    return answer


def line_in_sizes(small, big, b, size):
    slope = (small - big) / (size - b)
    return [small + slope * b, slope]


def with_both(change):
    """Return the mistake that does the same to both numbers."""
    return lambda *args: [change(number) for number in two_batch(*args)]


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
        "over the sum of 1/B",
        "you add 1/b and 1/B; subtract the equations: which sign has which?",
        lambda small, big, b, size: (small - big) / (1 / b + 1 / size),
    ),
    (
        "of the sum of the norms",
        "you add the norms; which unknown drops out when you subtract the equations?",
        lambda small, big, b, size: (small + big) / (1 / b - 1 / size),
    ),
    (
        "of a big batch",
        "it is what the big batch has left; of how many examples is tr(Sigma) the noise?",
        lambda small, big, b, size: two_batch(small, big, b, size)[1] / size,
    ),
    (
        "of a small batch",
        "it is what the small batch has; of how many examples is tr(Sigma) the noise?",
        lambda small, big, b, size: two_batch(small, big, b, size)[1] / b,
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
        "added to the big norm",
        "Noise makes a squared norm longer: which way back? And the noise:",
        lambda n, small, big, b, size: big + n / size,
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
            if seen and np.isclose(results, seen).all(axis=(1, 2)).any():
                continue
            seen.append(results)
            title = f"noise: {name}" + (f"; signal: {place}" if place else "")
            found.append(Mistake(title, f"{opening} {question}", answer))
    return tuple(found)
