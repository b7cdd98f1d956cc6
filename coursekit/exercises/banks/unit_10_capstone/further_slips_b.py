"""Slips of unit 10, from the survivors on, that further trials of its text brought up."""

import math
from collections.abc import Callable

from coursekit.exercises.banks.unit_10_capstone.survivors_slips import every, meets, survivors
from coursekit.exercises.engine.declare import Mistake


def first_that_survives(means, halves, predictions):
    kept = survivors(means, halves, predictions)
    return [int(k and i == kept.index(1)) for i, k in enumerate(kept)]


SURVIVORS = (
    Mistake(
        "a point refutes",
        "An interval of no width refutes everything in your answer. Can a point lie in a range?",
        every(lambda m, h, low, high: h > 0 and meets(m, h, low, high)),
    ),
    Mistake(
        "a point refutes nothing",
        "An interval of no width refutes nothing in your answer. Where does it lie?",
        every(lambda m, h, low, high: h == 0 or meets(m, h, low, high)),
    ),
    Mistake(
        "the first survivor alone",
        "You keep the first that survives. Can't two survive the same experiment?",
        first_that_survives,
    ),
    Mistake(
        "places of the survivors",
        "You return which ones survive. What does the docstring want for each explanation?",
        lambda ms, hs, ps: [i for i, k in enumerate(survivors(ms, hs, ps)) if k],
    ),
)


def chosen(tells: Callable[..., bool], nobody: float = -1) -> Callable[..., float]:
    def answer(prices, first, second, errors):
        rows = zip(first, second, errors, strict=True)
        places = [i for i, row in enumerate(rows) if tells(*row)]
        return min(places, key=lambda i: prices[i]) if places else nobody

    return answer


def apart(f, s, e):
    return abs(f - s) > 2 * e


CHOOSE = (
    Mistake(
        "nan where none tells",
        "You return nan where none tells. Which number does the text agree on for that?",
        chosen(apart, math.nan),
    ),
    Mistake(
        "no error, no experiment",
        "You leave out experiments without an error. What does an exact outcome tell?",
        chosen(lambda f, s, e: apart(f, s, e) and e > 0),
    ),
    Mistake(
        "share of the prediction",
        "You divide by what is predicted. In which unit are the errors?",
        chosen(lambda f, s, e: abs(f - s) > 2 * e * max(abs(f), 1e-9)),
    ),
    Mistake(
        "predictions added",
        "You add the two predictions. What says how far apart they are?",
        chosen(lambda f, s, e: abs(f + s) > 2 * e),
    ),
)


def windows(losses, every_):
    return [losses[i : i + every_] for i in range(0, len(losses), every_)]


def mean(values):
    return sum(values) / len(values)


LOG_LOSSES = (
    Mistake(
        "sliding window",
        "You show a number for nearly every step. How many numbers does a log of whole windows "
        "have?",
        lambda losses, n: [mean(losses[i : i + n]) for i in range(max(1, len(losses) - n + 1))],
    ),
    Mistake(
        "windows that share a step",
        "The last step of a window is the first of your next. How many steps has a window?",
        lambda losses, n: [mean(losses[i : i + n + 1]) for i in range(0, len(losses), n)],
    ),
    Mistake(
        "one mean of all",
        "You return one mean. How many windows are there?",
        lambda losses, n: mean(losses),
    ),
    Mistake(
        "windows one step too short",
        "Your windows are one step too short. After how many steps is one full?",
        lambda losses, n: [mean(w) for w in windows(losses, max(1, n - 1))],
    ),
    Mistake(
        "every so many steps",
        "Your windows take steps from all over the run. Which steps lie in the first?",
        lambda losses, n: [mean(losses[i::n]) for i in range(min(n, len(losses)))],
    ),
    Mistake(
        "place and mean",
        "You return pairs. Does the docstring want anything beside the means?",
        lambda losses, n: [[i, mean(losses[i : i + n])] for i in range(0, len(losses), n)],
    ),
)


def counted(steps_of: Callable[..., float], seconds_of: Callable[..., float]) -> Callable:
    """Return an answer from (stages, rate, least): steps, and seconds given those steps."""
    return lambda stages, rate, least: [
        steps_of(stages),
        seconds_of(stages, [max(b / rate, least) for _, b in stages]),
    ]


def steps_in(stages):
    return sum(n / b for n, b in stages)


def over_all_batches(stages):
    return sum(n for n, _ in stages) / sum(b for _, b in stages)


def total(stages, times):
    return sum(n / b * t for (n, b), t in zip(stages, times, strict=True))


RAMP = (
    Mistake(
        "examples times batch",
        "You multiply examples by the batch. Does a larger one need more steps, or fewer?",
        counted(
            lambda stages: sum(n * b for n, b in stages),
            lambda stages, times: sum(n * b * t for (n, b), t in zip(stages, times, strict=True)),
        ),
    ),
    Mistake(
        "rate over the batch",
        "Your step is shorter, the larger the batch is. Which of the two stands on top?",
        lambda stages, rate, least: [
            steps_in(stages),
            sum(n / b * max(rate / b, least) for n, b in stages),
        ],
    ),
    Mistake(
        "the longest stage",
        "Your seconds are those of one stage. Do stages run at once, or in turn?",
        counted(
            steps_in,
            lambda stages, times: max(n / b * t for (n, b), t in zip(stages, times, strict=True)),
        ),
    ),
    Mistake(
        "mean time of a step, stage by stage",
        "You multiply all steps by a mean over the stages. Have all stages as many steps?",
        counted(steps_in, lambda stages, times: steps_in(stages) * sum(times) / len(times)),
    ),
    Mistake(
        "all examples over all batches",
        "You divide the sum of the examples by the sum of the batches. Which batch does the first "
        "stage have?",
        counted(
            over_all_batches,
            lambda stages, times: over_all_batches(stages) * sum(times) / len(times),
        ),
    ),
    Mistake(
        "examples a second",
        "Your second number grows where training is faster. Which unit does the text ask for?",
        counted(steps_in, lambda stages, times: sum(n for n, _ in stages) / total(stages, times)),
    ),
)
