"""What a compressed exchange adds to the noise of a step."""

import math

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.further_slips_b import COMPRESSED as FURTHER_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_d import COMPRESSED as LATE_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_f import COMPRESSED as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def compressed(
    grad_sq_norm: float, tr_cov: float, batch_size: int, num_workers: int, share: float
) -> list[float]:
    plain = tr_cov / batch_size
    noise = plain + (1 / share - 1) * (grad_sq_norm / num_workers + plain)
    return [noise, tr_cov / noise]


def compressed_by_one_worker(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """Second moment of what one worker sends, less the signal; then the average of N."""
    own = grad_sq_norm + tr_cov * num_workers / batch_size
    sent = own / share - grad_sq_norm
    return sent / num_workers, tr_cov * num_workers / sent


def compressed_by_entries(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """Put all signal into one entry and all noise into another."""
    mean = np.array([np.sqrt(grad_sq_norm), 0.0])
    spread = np.array([0.0, tr_cov * num_workers / batch_size])
    second = (mean**2 + spread) / share  # E Q^2 = E g^2 / q
    noise = ((second - mean**2) / num_workers).sum()
    return np.array([noise, tr_cov / noise])


def draw_exchanges(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("one worker", "several workers") * 4:
        n = 1 if group == "one worker" else int(rng.integers(2, 17))
        b = n * int(rng.integers(4, 40))
        signal = float(rng.uniform(0.5, 4.0))
        trace = float(signal * b * rng.uniform(0.3, 3.0))
        share = float(rng.uniform(0.05, 0.7)) if len(cases) < 6 else 1.0
        cases.append(Case(group, (signal, trace, b, n, share)))
    return cases


def variant(added, effective=None):
    """Return the mistake that adds something else, or reads another batch off the noise."""

    def answer(signal, trace, b, n, q):
        noise = trace / b + added(signal, trace / b, n, q)
        if effective is not None:
            return [noise, float(effective(signal, trace, b, n, q, noise))]
        return [noise, trace / noise]

    return answer


def right(signal, noise, n, q):
    return (1 / q - 1) * (signal / n + noise)


U09_COMPRESSED = Exercise(
    id="u09_compressed",
    call="compressed(grad_sq_norm, tr_cov, batch_size, num_workers, share)",
    points={"one worker": 1.0, "several workers": 2.0},
    by_hand=(
        Case("one worker", (3.0, 8.0, 4, 1, 0.5), keeps=("by hand",)),
        Case("one worker", (3.0, 8.0, 4, 1, 1.0), ("range",), "share: q, 0 < q <= 1"),
        Case("one worker", (5.0, 6.0, 1, 1, 0.25), keeps=("smallest",)),
        Case(
            "several workers",
            (6.0, 20.0, 10, 3, 0.25),
            keeps=("by hand",),
            quotes="Their errors are independent, so the average of N has 1/N of one's.",
        ),
        Case("several workers", (6.0, 20.0, 10, 5, 1.0), keeps=("range",)),
    ),
    promises=("by hand", "range", "smallest"),
    draw=draw_exchanges,
    reference=compressed,
    mistakes=(
        Mistake(
            "the signal does not matter",
            "You blow the noise up and forget the signal. An entry of G that is left out now and "
            "then: does that not scatter too?",
            variant(lambda signal, noise, n, q: (1 / q - 1) * noise),
        ),
        Mistake(
            "the noise does not matter",
            "You add what the signal scatters. A worker sends its own noisy gradient: is the noise "
            "not left out now and then too?",
            variant(lambda signal, noise, n, q: (1 / q - 1) * signal / n),
        ),
        Mistake(
            "one mask for all workers",
            "You do not average the signal's part over the workers. Do they all leave out the same "
            "entries?",
            variant(lambda signal, noise, n, q: (1 / q - 1) * (signal + noise)),
        ),
        Mistake(
            "noise averaged twice",
            "You divide the noise by the workers once more. Is the batch not that of all of them?",
            variant(lambda signal, noise, n, q: (1 / q - 1) * (signal + noise) / n),
        ),
        Mistake(
            "second moment for variance",
            "You add the whole second moment. What has to be taken off it to get a variance?",
            variant(lambda signal, noise, n, q: (signal / n + noise) / q),
        ),
        Mistake(
            "left out and not scaled up",
            "You count the entries that were left out. By what are those that are sent divided?",
            variant(lambda signal, noise, n, q: (1 - q) * (signal / n + noise)),
        ),
        Mistake(
            "variance of the coin",
            "You take the variance of the coin, q(1 - q). What is done with an entry after it is "
            "chosen?",
            variant(lambda signal, noise, n, q: q * (1 - q) * (signal / n + noise)),
        ),
        Mistake(
            "a worker's batch for the whole",
            "You take a worker's noise for that of all. How many examples are behind the average?",
            variant(lambda signal, noise, n, q: (1 / q - 1) * (signal / n + n * noise)),
        ),
        Mistake(
            "one worker's error",
            "You add what one worker's compression adds. How many of them are averaged?",
            variant(lambda signal, noise, n, q: (1 / q - 1) * (signal + n * noise)),
        ),
        Mistake(
            "the batch's own noise forgotten",
            "Both numbers know only what is added. What noise has the batch without compression?",
            lambda signal, trace, b, n, q: (lambda v: [v, trace / v if v else math.inf])(
                right(signal, trace / b, n, q)
            ),
        ),
        Mistake(
            "share of the batch",
            "Your second number is the share times the batch. Is an entry left out the same as an "
            "example left out?",
            variant(right, lambda signal, trace, b, n, q, noise: q * b),
        ),
        Mistake(
            "signal over noise",
            "Your second number compares the signal with the noise. At which batch would nothing "
            "but examples make that noise?",
            variant(right, lambda signal, trace, b, n, q, noise: signal / noise),
        ),
        Mistake(
            "batch upside down",
            "Your second number grows with the noise. Is a noisier step like a larger batch?",
            variant(right, lambda signal, trace, b, n, q, noise: b * b * noise / trace),
        ),
        Mistake(
            "noise times the batch",
            "Your second number is a trace. Which batch size has that much noise?",
            variant(right, lambda signal, trace, b, n, q, noise: noise * b),
        ),
        Mistake(
            "what is added",
            "You return what is added. Which noise is asked for, that or the whole?",
            lambda signal, trace, b, n, q: [
                right(signal, trace / b, n, q),
                compressed(signal, trace, b, n, q)[1],
            ],
        ),
        Mistake(
            "order of the two",
            "Your two numbers look exchanged. Which comes first?",
            lambda *args: compressed(*args)[::-1],
        ),
        Mistake(
            "one example for a worker's batch",
            "You scatter the gradient of one example. How many examples does a worker average "
            "before it sends?",
            lambda signal, trace, b, n, q: variant(
                lambda signal, noise, n, q: (1 / q - 1) * (signal + noise * b) / n
            )(signal, trace, b, n, q),
        ),
        Mistake(
            "batch taken for a worker's",
            "You take the batch for one worker's. Whose examples does B count?",
            lambda signal, trace, b, n, q: compressed(signal, trace, b * n, n, q),
        ),
        Mistake(
            "a worker's noise before compression",
            "Without compression your noise is that of one worker. What does averaging all of "
            "them do?",
            variant(
                lambda signal, noise, n, q: (n - 1) * noise + (1 / q - 1) * (signal / n + noise)
            ),
        ),
        Mistake(
            "share squared",
            "You divide by the share twice. With what chance does a square survive?",
            variant(lambda signal, noise, n, q: (1 / q**2 - 1) * (signal / n + noise)),
        ),
        Mistake(
            "workers twice",
            "You divide by the workers twice. What does the average of independent errors do to "
            "their square?",
            variant(lambda signal, noise, n, q: (1 / q - 1) * (signal / n + noise) / n),
        ),
        Mistake(
            "root of the workers",
            "You divide by a root. Is it a length that is asked for, or its square?",
            variant(lambda signal, noise, n, q: (1 / q - 1) * (signal / n + noise) * n**0.5),
        ),
        Mistake(
            "length in place of its square",
            "You take a root at the end. Is it a length that is asked for, or its square?",
            lambda *args: [compressed(*args)[0] ** 0.5, compressed(*args)[1]],
        ),
        Mistake(
            "noise over trace",
            "Your second number falls as the noise falls. Is a quieter step like a smaller batch?",
            lambda *args: [compressed(*args)[0], 1 / compressed(*args)[1]],
        ),
        Mistake(
            "share that is left",
            "Your second number is a share of the batch. Which unit is asked for?",
            lambda *args: [compressed(*args)[0], compressed(*args)[1] / args[2]],
        ),
        Mistake(
            "a worker's effective batch",
            "You share the effective batch out over the workers. Whose noise do you read it from?",
            lambda *args: [compressed(*args)[0], compressed(*args)[1] / args[3]],
        ),
        Mistake(
            "whole examples",
            "You round the effective batch. Does the text ask for that?",
            lambda *args: [compressed(*args)[0], float(round(compressed(*args)[1]))],
        ),
        Mistake(
            "noise scale over noise",
            "You put the noise scale over the noise. Which unit has that?",
            variant(right, lambda signal, trace, b, n, q, noise: trace / signal / noise),
        ),
        Mistake(
            "square of what is left out",
            "You square the share that is left out. Are the entries that are sent right as they "
            "are?",
            variant(lambda signal, noise, n, q: (1 - q) ** 2 * (signal / n + noise)),
        ),
        Mistake(
            "batch times the workers",
            "You multiply the batch by the workers. How many examples has each of them?",
            variant(lambda signal, noise, n, q: (1 / q - 1) * (signal + noise / n) / n),
        ),
        *FURTHER_SLIPS,
        *LATE_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(compressed_by_one_worker, compressed_by_entries),
    lesson="What is left out of the exchange comes back as noise: the run sees a smaller batch "
    "than it pays for. Where the signal is long, it is much smaller.",
    answered_by=("coursekit.hardware.compression",),
)
