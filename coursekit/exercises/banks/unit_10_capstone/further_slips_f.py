"""Slips of unit 10 that a fourth, blind trial of its text brought up, from the survivors on."""

from collections.abc import Callable

from coursekit.exercises.banks.unit_10_capstone.further_slips_b import (
    chosen,
    counted,
    mean,
    steps_in,
    total,
    windows,
)
from coursekit.exercises.banks.unit_10_capstone.survivors_slips import every, meets, survivors
from coursekit.exercises.engine.declare import Mistake


def all_after_the_first_refuted(means, halves, predictions):
    kept = survivors(means, halves, predictions)
    return [int(all(kept[: i + 1])) for i in range(len(kept))]


def none_if_several(means, halves, predictions):
    kept = survivors(means, halves, predictions)
    return kept if sum(kept) <= 1 else [0] * len(kept)


def without_signs(m, h, low, high):
    return meets(abs(m), h, min(abs(low), abs(high)), max(abs(low), abs(high)))


SURVIVORS = (
    Mistake(
        "refuted once, refuted for good",
        "After the first explanation that is refuted, all are refuted in your answer. Where is the "
        "verdict set back for the next one?",
        all_after_the_first_refuted,
    ),
    Mistake(
        "none where several survive",
        "Where several survive, you let none. Can't two explanations fit the same runs?",
        none_if_several,
    ),
    Mistake(
        "signs dropped",
        "You compare sizes without their signs. Is a gain what an explanation predicts that says "
        "loss?",
        every(without_signs),
    ),
    Mistake(
        "like ends compared",
        "You compare lower ends with lower and upper ends with upper ones. From where on have two "
        "ranges nothing in common?",
        every(lambda m, h, low, high: m - h >= low or m + h <= high),
    ),
    Mistake(
        "wider on one side",
        "You widen the prediction on one side alone. On how many sides of the mean may the true "
        "change lie?",
        every(lambda m, h, low, high: low - h <= m <= high),
    ),
    Mistake(
        "half a point of grace",
        "You forgive a small distance. What have the interval and the range in common there?",
        every(lambda m, h, low, high: meets(m, h + 0.5, low, high)),
    ),
)


def at_place_zero(prices, first, second, errors):
    """Write `best or -1`."""
    return chosen(lambda f, s, e: abs(f - s) > 2 * e)(prices, first, second, errors) or -1


def zero_overwritten(prices, first, second, errors):
    """Write `if not best or price < prices[best]`."""
    best = None
    for i, (f, s, e) in enumerate(zip(first, second, errors, strict=True)):
        if abs(f - s) > 2 * e and (not best or prices[i] < prices[best]):
            best = i
    return -1 if best is None else best


def place_by_price(prices, first, second, errors):
    order = sorted(range(len(prices)), key=lambda i: prices[i])
    tells = [abs(first[i] - second[i]) > 2 * errors[i] for i in order]
    return tells.index(True) if True in tells else -1


CHOOSE = (
    Mistake(
        "place zero taken for none",
        "The first of the list tells, and you say that none does. What comes of `or` here?",
        at_place_zero,
    ),
    Mistake(
        "place zero overwritten",
        "The first of the list is the cheapest that tells, and another takes its place. What does "
        "`not` take the place of the first for?",
        zero_overwritten,
    ),
    Mistake(
        "place in the order of prices",
        "You count in the order of prices. In which list does the text count?",
        place_by_price,
    ),
    Mistake(
        "root of two",
        "You put the two errors together by squares. How far do two intervals reach towards each "
        "other, one error each?",
        chosen(lambda f, s, e: abs(f - s) > 2**0.5 * e),
    ),
    Mistake(
        "error squared",
        "You square the error. In which unit are the predictions?",
        chosen(lambda f, s, e: abs(f - s) > 2 * e * e),
    ),
)


def with_rest(rest: Callable[[list[float], list[float]], list[float]]) -> Callable[..., list]:
    """Return whole windows' means, and rest(what is left, all losses)."""

    def answer(losses, every_):
        count = len(losses) // every_ * every_
        shown = [mean(w) for w in windows(losses[:count], every_)]
        return shown + (rest(losses[count:], losses) if count < len(losses) else [])

    return answer


LOG_LOSSES = (
    Mistake(
        "what is left, loss by loss",
        "You show what is left loss by loss. How many windows is it?",
        with_rest(lambda left, losses: left),
    ),
    Mistake(
        "the last loss for what is left",
        "You show the last loss for what is left. Which number does the text ask for?",
        with_rest(lambda left, losses: left[-1:]),
    ),
    Mistake(
        "the whole run's mean at the end",
        "Your last number is the mean of the whole run. Which losses are left at the end?",
        with_rest(lambda left, losses: [mean(losses)]),
    ),
    Mistake(
        "newest first",
        "Your newest window comes first. In which order did the run see them?",
        lambda losses, every_: [mean(w) for w in windows(losses, every_)][::-1],
    ),
)


def regime_of_the_first(stages, rate, least):
    full = stages[0][1] / rate > least
    return counted(
        steps_in, lambda st, _: sum(n / b * (b / rate if full else least) for n, b in st)
    )(stages, rate, least)


RAMP = (
    Mistake(
        "batch compared with the rate",
        "You compare the batch with the rate. From which batch on does a step take longer than the "
        "least time?",
        lambda stages, rate, least: [
            steps_in(stages),
            sum(n / b * (b / rate if b > rate else least) for n, b in stages),
        ],
    ),
    Mistake(
        "full or not by the first stage",
        "You ask only at the first stage whether the hardware is full. What of the other batches?",
        regime_of_the_first,
    ),
    Mistake(
        "the first stage's step time",
        "All your steps take as long as those of the first stage. At which batch were the others "
        "taken?",
        lambda stages, rate, least: [
            steps_in(stages),
            steps_in(stages) * max(stages[0][1] / rate, least),
        ],
    ),
    Mistake(
        "all examples over the last batch",
        "You divide all examples by the last batch. At which batch were the first ones seen?",
        counted(lambda stages: sum(n for n, _ in stages) / stages[-1][1], total),
    ),
    Mistake(
        "steps of the longest stage",
        "Your steps are those of one stage. Do stages run at once, or in turn?",
        counted(lambda stages: max(n / b for n, b in stages), total),
    ),
    Mistake(
        "one stage for each batch size",
        "A batch size that comes again takes the place of the stage before. Did that one not run?",
        lambda stages, rate, least: counted(steps_in, total)(
            [[n, b] for b, n in {b: n for n, b in stages}.items()], rate, least
        ),
    ),
    Mistake(
        "equal stages once",
        "You count equal stages once. Did the second one not run?",
        lambda stages, rate, least: counted(steps_in, total)(
            [list(s) for s in dict.fromkeys(map(tuple, stages))], rate, least
        ),
    ),
)
