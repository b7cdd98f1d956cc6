"""How large a batch must be for a given noise."""

import math

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def batch_for_noise(grad_sq_norm: float, tr_cov: float, noise_to_signal: float) -> int:
    exact = tr_cov / (grad_sq_norm * noise_to_signal**2)
    return max(1, math.ceil(exact - 1e-9))


def batch_by_search(grad_sq_norm, tr_cov, noise_to_signal):
    low, high = 0, 1
    while math.sqrt(tr_cov / high / grad_sq_norm) > noise_to_signal:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = math.sqrt(tr_cov / middle / grad_sq_norm) <= noise_to_signal
        low, high = (low, middle) if enough else (middle, high)
    return high


def batch_by_counting(grad_sq_norm, tr_cov, noise_to_signal):
    b = 1
    while tr_cov / b > noise_to_signal**2 * grad_sq_norm:
        b += 1
    return b


def draw_noise(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("whole numbers", "rounding") * 4:
        # Powers of two and square numbers: exact too for who takes the root first, in float32.
        signal, ratio = float(rng.choice([0.25, 4.0, 16.0])), float(rng.choice([0.25, 0.5]))
        batch = int(rng.integers(3, 8)) ** 2
        excess = float(rng.uniform(0.1, 0.4)) if group == "rounding" else 0.0
        cases.append(Case(group, (signal, signal * ratio**2 * (batch + excess), ratio)))
    return cases


SMALLEST = "Smallest whole B >= 1 whose root-mean-square error is at most r times |G|."

U01_BATCH_FOR_NOISE = Exercise(
    id="u01_batch_for_noise",
    call="batch_for_noise(grad_sq_norm, tr_cov, noise_to_signal)",
    points={"whole numbers": 1.0, "rounding": 1.0},
    by_hand=(
        Case("whole numbers", (4.0, 16.0, 0.5), ("by hand", "boundary"), quotes=SMALLEST),
        Case("rounding", (4.0, 1.0, 2.0), ("smallest",), quotes=SMALLEST),
        Case("rounding", (4.0, 16.25, 0.5), ("boundary",), quotes=SMALLEST),
        Case("rounding", (1.0, 26.0, 2.0), ("range",), quotes=SMALLEST),  # r > 1, and B > 1
    ),
    promises=(
        "by hand",
        "boundary",
        "smallest",
    ),
    draw=draw_noise,
    reference=batch_for_noise,
    mistakes=(
        Mistake(
            "lengths and squares mixed",
            "The ratio asked for compares lengths, your formula compares squared lengths. "
            "Halve the ratio: by how much must B grow?",
            lambda s, t, r: math.ceil(t / (s * r) - 1e-9),
        ),
        Mistake(
            "rounded down",
            "At your batch size the noise is still a little above the limit. To which side must "
            "you round?",
            lambda s, t, r: math.floor(t / (s * r**2) + 1e-9),
        ),
        Mistake(
            "rounded down, one at least",
            "You see to it that a batch has an example, and then cut the fraction off, or take the "
            "nearest number. Is the noise below the limit there?",
            lambda s, t, r: max(1, math.floor(t / (s * r**2) + 1e-9)),
        ),
        Mistake(
            "not rounded, one at least",
            "You allow no batch below one example. Are three and a quarter examples a batch?",
            lambda s, t, r: max(1.0, t / (s * r**2)),
        ),
        Mistake(
            "not rounded",
            "Can a batch hold a fraction of an example? And to which side must you round?",
            lambda s, t, r: t / (s * r**2),
        ),
        Mistake(
            "signal ignored",
            "The gradient's own length has no say in your answer. Is the same noise as harmful "
            "to a long gradient as to a short one?",
            lambda s, t, r: math.ceil(t / r**2 - 1e-9),
        ),
        Mistake(
            "ratio ignored",
            "You return the batch size at which noise equals signal, whatever the limit. Where "
            "does the limit enter?",
            lambda s, t, r: math.ceil(t / s - 1e-9),
        ),
        Mistake(
            "signal not squared away",
            "grad_sq_norm is already a squared length. What did you do to it?",
            lambda s, t, r: math.ceil(t / (s**2 * r**2) - 1e-9),
        ),
        Mistake(
            "upside down",
            "A noisier gradient gives you a smaller batch. Is that what averaging is for?",
            lambda s, t, r: max(1, math.ceil(s / (t * r**2) - 1e-9)),
        ),
        Mistake(
            "one too many",
            "At one example fewer the noise already meets the limit. What happens in your "
            "rounding when the division comes out even?",
            lambda s, t, r: math.floor(t / (s * r**2) + 1e-9) + 1,
        ),
        Mistake(
            "a step's length for the gradient's",
            "You compare the noise with the length of a whole step, noise included. With whose "
            "length does the text compare it?",
            lambda s, t, r: max(1, math.ceil(t * (1 - r**2) / (s * r**2) - 1e-9)),
        ),
        Mistake(
            "ratio the other way round",
            "Ask for less noise, a smaller ratio: your batch shrinks. Which of the two lengths "
            "stands on top?",
            lambda s, t, r: max(1, math.ceil(r**2 * t / s - 1e-9)),
        ),
        Mistake(
            "variance against a length",
            "On one side of your inequality stands a variance, on the other a length. Do their "
            "units agree?",
            lambda s, t, r: math.ceil(t / (r * math.sqrt(s)) - 1e-9),
        ),
        Mistake(
            "error falls as one over B",
            "In your formula the error itself falls as one over B. Which quantity falls that fast, "
            "the error or its square?",
            lambda s, t, r: math.ceil(math.sqrt(t / s) / r - 1e-9),
        ),
        Mistake(
            "powers of two",
            "You go up to a power of two. Is a smaller whole number forbidden?",
            lambda s, t, r: 2 ** max(0, math.ceil(math.log2(t / (s * r**2)))),
        ),
        Mistake(
            "always one more",
            "At one example fewer the noise already meets the limit, even where the division "
            "leaves a rest. Where does the one come from?",
            lambda s, t, r: max(1, math.ceil(t / (s * r**2) - 1e-9)) + 1,
        ),
        Mistake(
            "root of the squared norm",
            "You take the root of the squared length before you compare it with a variance. "
            "Do the units of the two sides agree?",
            lambda s, t, r: max(1, math.ceil(t / (math.sqrt(s) * r**2) - 1e-9)),
        ),
        Mistake(
            "turned upside down",
            "Your batch grows with the gradient's length and shrinks with the noise. Which of "
            "the two asks for averaging?",
            lambda s, t, r: max(1, math.ceil(s * r**2 / t - 1e-9)),
        ),
        Mistake(
            "rounded too early",
            "You round up before you divide by the limit. What becomes of a small excess there?",
            lambda s, t, r: max(1, math.ceil(math.ceil(t / s - 1e-9) / r**2 - 1e-9)),
        ),
        Mistake(
            "two standard errors",
            "Your batch is four times too large, as if twice the typical error had to fit. "
            "What does the text call typical?",
            lambda s, t, r: max(1, math.ceil(4 * t / (s * r**2) - 1e-9)),
        ),
    ),
    accepted=(batch_by_search, batch_by_counting),
    lesson="At a ratio of one the answer is tr(Sigma)/|G|^2: the gradient noise scale, which unit "
    "05 measures. To halve the noise once more, the batch must grow fourfold.",
    answered_by=("coursekit.noise.scale",),
)
