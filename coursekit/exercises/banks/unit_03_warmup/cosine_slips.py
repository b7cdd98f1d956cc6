"""Warmup and cosine joined wrongly, at the warmup's end or at the run's."""

import math
from collections.abc import Callable

from coursekit.exercises.engine.declare import Mistake

Share = Callable[[float], float]


def joined(s: int, p: float, w: int, warm: Share, decay: Share) -> float:
    """Put a decay, a share of the peak, behind a warmup."""
    return p * (warm(s) if s < w else decay(s))


def usual(w: int) -> Share:
    return lambda s: (s + 1) / w


def half_cosine(share: float) -> float:
    return (1 + math.cos(math.pi * share)) / 2


def one_is_none(s, p, w, n):
    return (
        joined(s, p, w, usual(w), lambda s: half_cosine((s - w) / (n - w)))
        if w != 1
        else (p * half_cosine(s / n))
    )


def last_is_zero(s, p, w, n):
    if s == n - 1:
        return 0.0
    return joined(s, p, w, usual(w), lambda s: half_cosine((s - w) / (n - w)))


def at_least_one(s, p, w, n):
    w = max(1, w)
    return joined(s, p, w, usual(w), lambda s: half_cosine((s - w) / (n - w)))


EDGES: tuple[Mistake, ...] = (
    Mistake(
        "one step is none",
        "You treat a warmup of one step as none. Which step is then i = 0 of the cosine?",
        one_is_none,
    ),
    Mistake(
        "last step set to zero",
        "Your last step does nothing. At which i would the cosine be zero, and is that a step of "
        "the run?",
        last_is_zero,
    ),
    Mistake(
        "at least one step of warmup",
        "You count a step of warmup where none is asked for. Which i has step 1 then?",
        at_least_one,
    ),
    Mistake(
        "the peak three times",
        "Your peak comes three times, and what follows is a step late. Which step is i = 0?",
        lambda s, p, w, n: joined(
            s, p, w, usual(w), lambda s: half_cosine(max(0, s - w - 1) / (n - w))
        ),
    ),
    Mistake(
        "the peak three times, the rest squeezed",
        "Your peak comes three times, and a shorter cosine follows. How many steps are D?",
        lambda s, p, w, n: joined(
            s, p, w, usual(w), lambda s: half_cosine(max(0, s - w - 1) / max(1, n - w - 1))
        ),
    ),
)
