"""Ways to misread the printed steps of a trainer, each with its question."""

import math
from collections.abc import Callable

from torch import Tensor

from coursekit.exercises.engine.declare import Mistake

Answer = Callable[[Tensor, int, list[list[float]]], list[float]]


def reading(
    window: Callable[[Tensor, int, int], float],
    step: Callable[[list[float], int], float] = lambda s, w: s[w - 1],
    steps_of_all: Callable[[list[float], int], bool] = lambda s, w: len(s) == 2 * w,
    none: float = 0.0,
    over: Callable[[float, float], float] = lambda total, s: total / s,
) -> Answer:
    """Return an answer that takes another window, step, rule for a missing step, or ratio."""

    def answer(micro_grads: Tensor, k: int, printed: list[list[float]]) -> list[float]:
        windows = math.ceil(len(micro_grads) / k)
        total = window(micro_grads, k, windows)
        return [
            over(total, step(s, windows)) if steps_of_all(s, windows) else none for s in printed
        ]

    return answer


def last_sum(g: Tensor, k: int, windows: int) -> float:
    return g[(windows - 1) * k :].sum().item()


def last_mean(g: Tensor, k: int, windows: int) -> float:
    return g[(windows - 1) * k :].mean().item()


def always(*_: object) -> bool:
    return True


def carried(micro_grads: Tensor, k: int, printed: list[list[float]]) -> list[float]:
    """Where there is no step, say what the next epoch's first step divides by."""
    windows = math.ceil(len(micro_grads) / k)
    rest = last_sum(micro_grads, k, windows)
    return [rest / s[windows - 1] if len(s) == 2 * windows else float(k) for s in printed]


def full_windows(micro_grads: Tensor, k: int, printed: list[list[float]]) -> list[float]:
    """Take the last full window for the last one."""
    windows = max(1, len(micro_grads) // k)
    total = micro_grads[(windows - 1) * k : windows * k].sum().item()
    return [total / s[windows - 1] if len(s) >= 2 * windows else 0.0 for s in printed]


def by_the_first(micro_grads: Tensor, k: int, printed: list[list[float]]) -> list[float]:
    """Take it for granted that the first window is divided by K."""
    own = reading(last_sum)(micro_grads, k, printed)
    first = reading(lambda g, k, w: g[:k].sum().item(), lambda s, w: s[0])(micro_grads, k, printed)
    return [k * a / b if b else 0.0 for a, b in zip(own, first, strict=True)]


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "the last full window",
        "You look at the last full window. Which one do the leftovers make?",
        full_windows,
    ),
    Mistake(
        "no window without a rest",
        "Where K divides the epoch you say zero for everybody. Which window is the last one there?",
        lambda g, k, printed: (
            reading(last_sum)(g, k, printed) if len(g) % k else [0.0] * len(printed)
        ),
    ),
    Mistake(
        "the last step printed",
        "You take the last step that was printed. Does every trainer make a step of its leftovers, "
        "and how could you tell?",
        reading(last_sum, lambda s, w: s[-1], steps_of_all=always),
    ),
    Mistake(
        "the last step of the first half",
        "You cut what was printed in the middle. Is there the end of an epoch, for a trainer whose "
        "leftovers wait?",
        reading(last_sum, lambda s, w: s[len(s) // 2 - 1], steps_of_all=always),
    ),
    Mistake(
        "waiting told by an odd number",
        "You take an even number of steps for a sign that nothing waits. How many would two epochs "
        "have?",
        reading(
            last_sum, lambda s, w: s[len(s) // 2 - 1], steps_of_all=lambda s, w: len(s) % 2 == 0
        ),
    ),
    Mistake(
        "never a step",
        "You say zero for every trainer that steps as often as there are windows. How many steps "
        "are those in two epochs?",
        reading(last_sum, steps_of_all=lambda s, w: len(s) > 2 * w),
    ),
    Mistake(
        "K for whoever steps",
        "You say K for every trainer that makes a step of its leftovers. Do their steps bear that "
        "out?",
        reading(lambda g, k, w: float(k), over=lambda k, s: k),
    ),
    Mistake(
        "its own length for whoever steps",
        "You say how many micro-batches the last window has, for every trainer that makes a step "
        "of it. Do their steps bear that out?",
        reading(lambda g, k, w: float(len(g) - (w - 1) * k), over=lambda length, s: length),
    ),
    Mistake(
        "divided by K at the beginning",
        "You take it for granted that the first window is divided by K. What does its step say?",
        by_the_first,
    ),
    Mistake(
        "the first step for a measure",
        "You compare the last step with the first one, as if their gradients were equal. What does "
        "`micro_grads` say?",
        reading(
            lambda g, k, w: len(g) - (w - 1) * k,
            over=lambda rest, quotient: rest * quotient,
            step=lambda s, w: s[0] / s[w - 1],
        ),
    ),
    Mistake(
        "a divisor for everybody",
        "You find a divisor for a trainer that makes no step of its leftovers. How many steps does "
        "it print in two epochs, and how many windows are there?",
        reading(last_sum, steps_of_all=always),
    ),
    Mistake(
        "first window",
        "You look at the first window. In which one do trainers differ?",
        reading(lambda g, k, w: g[:k].sum().item(), lambda s, w: s[0]),
    ),
    Mistake(
        "upside down",
        "You return the step over the sum. By what is the sum divided to give the step?",
        reading(last_sum, over=lambda total, s: s / total),
    ),
    Mistake(
        "mean for a sum",
        "You compare the step with the window's mean. A mean has been divided already: what did "
        "the backward passes add up?",
        reading(last_mean),
    ),
    Mistake(
        "last K micro-batches",
        "You take the last K micro-batches. Where does the last window begin, if K does not divide "
        "the epoch?",
        reading(lambda g, k, w: g[-k:].sum().item()),
    ),
    Mistake(
        "the whole epoch",
        "You compare a step with the sum over the epoch. Which micro-batches went into it?",
        reading(lambda g, k, w: g.sum().item()),
    ),
    Mistake(
        "always K",
        "For every trainer of this input you say K. Do their steps bear that out?",
        lambda g, k, printed: [float(k)] * len(printed),
    ),
    Mistake(
        "always its own length",
        "You say how many micro-batches the last window has. Is that what every trainer divides "
        "by? Its step tells.",
        lambda g, k, printed: [float(len(g) - (math.ceil(len(g) / k) - 1) * k)] * len(printed),
    ),
    Mistake(
        "nothing is zero",
        "Where a trainer does not divide you say zero. By what number can you divide a sum and "
        "keep it?",
        lambda g, k, printed: [
            0.0 if abs(d - 1) < 1e-3 else d for d in reading(last_sum)(g, k, printed)
        ],
    ),
    Mistake(
        "the next epoch's divisor",
        "For leftovers that wait you say by what the step after them divides. What does the task "
        "ask for where they get no step of their own?",
        carried,
    ),
    Mistake(
        "no step taken for one",
        "For leftovers without a step you say one. How does that differ from a trainer that makes "
        "a step and divides by nothing?",
        reading(last_sum, none=1.0),
    ),
    Mistake(
        "leftovers never have a step",
        "Where K does not divide the epoch you say zero for everybody. Which trainers print a step "
        "for the rest?",
        lambda g, k, printed: (
            [0.0] * len(printed) if len(g) % k else reading(last_sum)(g, k, printed)
        ),
    ),
    Mistake(
        "one step too late",
        "You take the step after the one you mean: the second epoch's first. Counted from zero, "
        "which is the last of the first epoch?",
        reading(last_sum, lambda s, w: s[w % len(s)]),
    ),
    Mistake(
        "one epoch counted",
        "You look whether there are as many steps as windows in ONE epoch. How many epochs were "
        "printed?",
        reading(last_sum, steps_of_all=lambda s, w: len(s) >= 2 * w - 1),
    ),
)
