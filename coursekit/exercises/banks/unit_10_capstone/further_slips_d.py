"""Slips of unit 10 that a third trial of its text brought up, from the choice to the ramp."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from coursekit.exercises.banks.unit_10_capstone.further_slips_b import (
    apart,
    chosen,
    mean,
    steps_in,
    windows,
)
from coursekit.exercises.engine.declare import Mistake


def most_for_an_error(prices, first, second, errors):
    gaps = [abs(f - s) for f, s in zip(first, second, strict=True)]
    kept = [i for i, gap in enumerate(gaps) if gap > 2 * errors[i]]
    return max(kept, key=lambda i: gaps[i] / (errors[i] or 1e-9), default=-1)


def one_error_for_all(prices, first, second, errors):
    error = errors[list(prices).index(min(prices))]
    return chosen(apart)(prices, first, second, [error] * len(prices))


CHOOSE = (
    Mistake(
        "most differences in an error",
        "You take the one that tells most clearly. Does a cheaper one tell too?",
        most_for_an_error,
    ),
    Mistake(
        "the cheapest one's error for all",
        "You take one error for all experiments. Which error belongs to which of them?",
        one_error_for_all,
    ),
    Mistake(
        "half an error",
        "You ask for half an error between the predictions. From either of them the outcome may "
        "lie a whole one away: do the two intervals meet?",
        chosen(lambda f, s, e: abs(f - s) > e / 2),
    ),
    Mistake(
        "share of a large prediction",
        "You ask for more where the prediction is large. In which unit are the errors?",
        chosen(lambda f, s, e: abs(f - s) > 2 * e * max(abs(f), 1.0)),
    ),
)


def first_and_then(losses, every_):
    """Reset after each print, and print after step 0, `every`, 2 `every`."""
    ends = range(every_, len(losses), every_)
    return [losses[0], *(mean(losses[i - every_ + 1 : i + 1]) for i in ends)]


def last_one_lost(losses, every_):
    return [mean(w) for w in windows(losses[:-1] or losses, every_)]


def divided_by_one_less(losses, every_):
    return [
        sum(w) / (len(w) if len(w) == every_ else max(1, every_ - 1))
        for w in windows(losses, every_)
    ]


def exponential(losses, every_):
    value, shown = losses[0], []
    for i, loss in enumerate(losses):
        value += (loss - value) / every_
        if (i + 1) % every_ == 0 or i + 1 == len(losses):
            shown.append(value)
    return shown


def with_the_one_before(losses, every_):
    means = [mean(w) for w in windows(losses, every_)]
    return [means[0], *((a + b) / 2 for a, b in pairwise(means))]


LOG_LOSSES = (
    Mistake(
        "reset, and shown too early",
        "You reset, but show after the first step of a window. Which losses stand behind your "
        "first number, and where are the last ones?",
        first_and_then,
    ),
    Mistake(
        "the last step lost",
        "You leave the last step out. Where does your loop end?",
        last_one_lost,
    ),
    Mistake(
        "a short window divided by one less",
        "You divide the short window by one less than a whole one has. How many losses are in it?",
        divided_by_one_less,
    ),
    Mistake(
        "exponential mean",
        "Your mean fades and never begins anew. Which losses belong to a window?",
        exponential,
    ),
    Mistake(
        "averaged with the window before",
        "You average each window with the one before. To how many windows does a loss belong?",
        with_the_one_before,
    ),
)


def each_stage(of_stages: Callable[[Sequence[float]], float]) -> Callable[..., list]:
    """Return steps and seconds put together otherwise than by sums."""

    def answer(stages, rate, least):
        steps = [n / b for n, b in stages]
        times = [max(b / rate, least) for _, b in stages]
        return [of_stages(steps), of_stages([k * t for k, t in zip(steps, times, strict=True)])]

    return answer


def floor_in_a_stage(stages, rate, least):
    return [steps_in(stages), sum(max(least, n / rate) for n, _ in stages)]


def floor_once(stages, rate, least):
    return [steps_in(stages), max(least, sum(n for n, _ in stages) / rate)]


RAMP = (
    Mistake(
        "the floor once a stage",
        "You wait for the floor once a stage. How often does a stage step?",
        floor_in_a_stage,
    ),
    Mistake(
        "the floor once for the whole",
        "You wait for the floor once in the whole schedule. How often does it step?",
        floor_once,
    ),
    Mistake(
        "twice the work",
        "You let an example take two turns of the hardware. What does examples a second count?",
        lambda stages, rate, least: [
            steps_in(stages),
            sum(n / b * max(2 * b / rate, least) for n, b in stages),
        ],
    ),
    Mistake(
        "the longest of the stages",
        "You return the largest of the stages. Do they run at once, or in turn?",
        each_stage(max),
    ),
)
