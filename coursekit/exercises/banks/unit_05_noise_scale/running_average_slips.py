"""An exponential average, and wrong ones, each with its question."""

import math

import numpy as np

from coursekit.exercises.engine.declare import Mistake


def running_average(values: list[float], measured: list[bool], decay: float) -> list[float]:
    average, updates, found = 0.0, 0, []
    for value, is_new in zip(values, measured, strict=True):
        if is_new:
            updates += 1
            average = decay * average + (1 - decay) * value
        found.append(average / (1 - decay**updates))
    return found


def average_by_weights(values, measured, decay):
    found = []
    for end in range(1, len(values) + 1):
        seen = np.array(values[:end], dtype=float)[np.array(measured[:end])]
        weights = decay ** np.arange(len(seen))[::-1]
        found.append(float(weights @ seen / weights.sum()))
    return found


def variant(
    *,
    new=lambda d: 1 - d,
    old=lambda d: d,
    debias=lambda d, n: 1 - d**n,
    skipped="keep",
    feed_back=False,
    first=False,
):
    """Return a wrong average: other weights, another divisor, another way with what is skipped."""

    def answer(values, measured, decay):
        state, count, found = 0.0, 0, []
        for value, is_new in zip(values, measured, strict=True):
            if not is_new and skipped in ("zero", "decay"):
                state *= old(decay)
            if is_new:
                start = first and count == 0
                state = value if start else old(decay) * state + new(decay) * value
            if is_new or skipped in ("count", "zero"):
                count += 1
            if not is_new and skipped == "leave out":
                continue
            shown = state / debias(decay, count)
            if feed_back and is_new:
                state = shown
            if not is_new and skipped in ("nan", "show zero"):
                shown = math.nan if skipped == "nan" else 0.0
            found.append(shown)
        return found

    return answer


def last_value_again(values, measured, decay):
    filled: list[float] = []
    for value, is_new in zip(values, measured, strict=True):
        filled.append(value if is_new else filled[-1])
    return unaware(filled, measured, decay)


def fading_by_steps(values, measured, decay):
    average, weight, found = 0.0, 0.0, []
    for value, is_new in zip(values, measured, strict=True):
        average, weight = decay * average, decay * weight
        if is_new:
            average, weight = average + value, weight + 1
        found.append(average / weight)
    return found


def plain_mean(values, measured, decay):
    return average_by_weights(values, measured, 1.0)


def unaware(values, measured, decay):
    return running_average(values, [True] * len(values), decay)


def raw(values, measured, decay):
    return variant(debias=lambda d, n: 1.0)(values, measured, decay)


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "not debiased",
        "Your first average is far below the first value. The average started at zero: how "
        "much weight do the values have after a few updates?",
        raw,
    ),
    Mistake(
        "started at the first value",
        "You start at the first value. How much weight does that one value keep, compared "
        "with those after it?",
        variant(first=True, debias=lambda d, n: 1.0),
    ),
    Mistake(
        "started at the first value, and debiased",
        "You start at the first value and debias too. How much of the starting zero is there "
        "left to correct?",
        variant(first=True),
    ),
    Mistake(
        "skipped steps counted",
        "Your correction counts steps that brought no value. What shrinks with the correction: "
        "the number of steps, or of updates?",
        variant(skipped="count"),
    ),
    Mistake(
        "skipped steps counted as zero",
        "A step that was not measured enters as a zero. Does an unknown value pull the average "
        "down?",
        variant(skipped="zero"),
    ),
    Mistake(
        "the past fades on skipped steps",
        "The past fades also where nothing new comes, and your correction doesn't know. Do "
        "the weights still sum to one?",
        variant(skipped="decay"),
    ),
    Mistake(
        "skipped steps averaged in",
        "You use the value of every step. Was it measured at each of them?",
        unaware,
    ),
    Mistake(
        "last value again at skipped steps",
        "A step that was not measured counts the last value once more. Is it an update, by the "
        "text, and what does that do to the weights?",
        last_value_again,
    ),
    Mistake(
        "the past fades at every step",
        "In your average, values fade at every step, measured or not. What does the text say "
        "about a step that is not measured?",
        fading_by_steps,
    ),
    Mistake(
        "skipped steps left out of the list",
        "Your list is shorter than the input. What is the average so far at a step that "
        "brought nothing new?",
        variant(skipped="leave out"),
    ),
    Mistake(
        "nan at skipped steps",
        "You return nan where nothing was measured. Is the average so far unknown there?",
        variant(skipped="nan"),
    ),
    Mistake(
        "zero at skipped steps",
        "You return zero where nothing was measured. What was the average just before?",
        variant(skipped="show zero"),
    ),
    Mistake(
        "stale value at skipped steps",
        "Where nothing was measured you return what lies in the list of values. What does the "
        "text say about it?",
        lambda values, measured, decay: [
            a if is_new else v
            for a, v, is_new in zip(
                running_average(values, measured, decay), values, measured, strict=True
            )
        ],
    ),
    Mistake(
        "weights exchanged",
        "The new value gets the weight `decay`. For a decay near one, should the average move "
        "fast or slowly?",
        variant(new=lambda d: d, old=lambda d: 1 - d, debias=lambda d, n: 1 - (1 - d) ** n),
    ),
    Mistake(
        "weights exchanged, old correction",
        "The new value gets the weight `decay`, and the correction still belongs to the other "
        "way round. For a decay near one, should the average move fast or slowly?",
        variant(new=lambda d: d, old=lambda d: 1 - d),
    ),
    Mistake(
        "corrected average fed back",
        "You go on from the corrected average, and correct again. How often is the same zero "
        "taken out?",
        variant(feed_back=True),
    ),
    Mistake(
        "one update too many in the power",
        "Your power is one ahead. After the first update, what should the average be?",
        variant(debias=lambda d, n: 1 - d ** (n + 1)),
    ),
    Mistake(
        "one update too few in the power",
        "Your power is one behind. After the first update, what should the average be?",
        variant(debias=lambda d, n: 1 - d ** max(n - 1, 1)),
    ),
    Mistake(
        "the same correction at every step",
        "You divide by the same number at every step. Does the share of the starting zero "
        "stay the same?",
        variant(debias=lambda d, n: 1 - d),
    ),
    Mistake(
        "all corrected by the last",
        "You correct every average by the number of all updates. How many had come by each of "
        "the steps?",
        lambda values, measured, decay: [
            x / (1 - decay ** sum(measured)) for x in raw(values, measured, decay)
        ],
    ),
    Mistake(
        "multiplied in place of divided",
        "Your correction makes the early averages still smaller. In which direction does a "
        "start at zero pull them?",
        variant(debias=lambda d, n: 1 / (1 - d**n)),
    ),
    Mistake(
        "divided by the wrong power",
        "You divide by the weight of the starting zero. Is that the part that the values have, "
        "or the part they lack?",
        variant(debias=lambda d, n: d**n),
    ),
    Mistake(
        "plain mean",
        "All values count the same in your average, however old. What is `decay` there for?",
        plain_mean,
    ),
    Mistake(
        "only the last one",
        "You return one number. What is asked for at each step?",
        lambda values, measured, decay: running_average(values, measured, decay)[-1],
    ),
    Mistake(
        "divided by the number of updates",
        "You divide a fading sum by the number of updates. Do all updates have the same weight "
        "in it?",
        variant(new=lambda d: 1.0, debias=lambda d, n: float(n)),
    ),
    Mistake(
        "power linear in the updates",
        "You multiply decay by the number of updates. How does the weight of the starting "
        "zero shrink, in equal steps or in equal factors?",
        variant(debias=lambda d, n: 1 - d / n),
    ),
)
