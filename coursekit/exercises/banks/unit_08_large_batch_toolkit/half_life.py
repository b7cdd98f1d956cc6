"""Adam's memory, counted in examples, and the decay that keeps it at another batch size."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from coursekit.exercises.banks.unit_08_large_batch_toolkit.further_slips import (
    HALF_LIFE as FURTHER_SLIPS,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import as_array


def half_life(beta, batch_size, new_batch_size):
    return [
        batch_size * math.log(0.5) / math.log(beta),
        beta ** (new_batch_size / batch_size),
    ]


def by_steps(beta, batch_size, new_batch_size):
    """From the half-life itself: a half to the power of the share of it that a batch is."""
    examples = -batch_size / math.log2(beta)
    return [examples, 0.5 ** (new_batch_size / examples)]


def by_search(beta, batch_size, new_batch_size):
    """Find the number of steps by halving an interval, and the new decay by a logarithm."""
    low, high = 0.0, 1e7
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if beta**middle > 0.5 else (low, middle)
    return [low * batch_size, math.exp(math.log(beta) / batch_size * new_batch_size)]


def memory(formula: Callable[..., float]) -> Callable[..., list]:
    """Return an answer with another half-life and the right decay."""
    return lambda b, n, m: [formula(b, n, m), half_life(b, n, m)[1]]


def decay(formula: Callable[..., float]) -> Callable[..., list]:
    """Return an answer with the right half-life and another decay."""
    return lambda b, n, m: [half_life(b, n, m)[0], formula(b, n, m)]


def same_memory(got: Any, want: Any) -> bool:
    """Compare both numbers to a ten-thousandth, the decay also as one minus it: the forgotten part.

    Near one, a decay that is right to four places may forget ten times too fast.
    """
    ours, theirs = as_array(want), as_array(got)
    if ours is None or theirs is None or ours.shape != theirs.shape or ours.shape != (2,):
        return False
    if math.isnan(ours[1]):  # some releases have no decay for some batches
        return abs(theirs[0] - ours[0]) <= 1e-4 * abs(ours[0]) and math.isnan(theirs[1])
    room = np.array([abs(ours[0]), min(abs(ours[1]), abs(1 - ours[1]))])
    return bool((abs(theirs - ours) <= 3e-7 + 1e-4 * room).all())  # 3e-7: float32 near one


def draw_memories(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("a smaller batch", "a larger batch") * 4):
        beta = float(rng.choice([0.8, 0.9, 0.95, 0.98, 0.99]))
        batch_size, ratio = int(rng.integers(12, 40)), int(rng.choice([2, 3, 4, 8]))
        if number == 0:  # Adam's own, and nearer still to one
            beta, ratio = 0.999, 32
        large = batch_size * ratio + (batch_size // 3 if number in (2, 3) else 0)
        sizes = (large, batch_size) if group == "a smaller batch" else (batch_size, large)
        cases.append(Case(group, (beta, *sizes)))
    return cases


U08_HALF_LIFE = Exercise(
    id="u08_half_life",
    call="half_life(beta, batch_size, new_batch_size)",
    points={"a smaller batch": 1.0, "a larger batch": 1.0},
    by_hand=(
        Case("a smaller batch", (0.25, 64, 32), keeps=("by hand",)),
        Case("a smaller batch", (0.5, 10, 1), keeps=("smallest",)),
        Case("a smaller batch", (0.98, 100, 1), keeps=("smallest",)),
        Case("a smaller batch", (0.98, 128, 48), keeps=("uneven",)),
        Case("a smaller batch", (0.999, 128, 1), keeps=("range",)),  # eight millionths below one
        Case("a larger batch", (0.5, 16, 48), keeps=("by hand",)),
        Case("a larger batch", (0.9, 128, 200), keeps=("uneven",)),
        # hardly anything is left of the step before
        Case("a larger batch", (0.9, 16, 1024), keeps=("range",)),
    ),
    promises=("by hand", "range", "smallest", "uneven"),
    draw=draw_memories,
    same=same_memory,
    reference=half_life,
    mistakes=(
        Mistake(
            "half-life in steps",
            "Your half-life counts steps. How many examples does a step read?",
            memory(lambda b, n, m: math.log(0.5) / math.log(b)),
        ),
        Mistake(
            "half-life at the new batch",
            "You multiply by the new batch. At which batch does this decay hold?",
            memory(lambda b, n, m: m * math.log(0.5) / math.log(b)),
        ),
        Mistake(
            "mean age",
            "You give one over one minus beta, the mean age. After how many steps is half of a "
            "gradient's weight gone?",
            memory(lambda b, n, m: n / (1 - b)),
        ),
        Mistake(
            "natural logarithm's life",
            "Your time is the one after which a share of one over e is left. Which share does a "
            "half-life leave?",
            memory(lambda b, n, m: -n / math.log(b)),
        ),
        Mistake(
            "half of beta",
            "You halve something that is no weight. After t steps, with which factor does an old "
            "gradient still count?",
            memory(lambda b, n, m: n * b / 2),
        ),
        Mistake(
            "a negative half-life",
            "Your half-life is negative. Which sign have the logarithms of a half and of beta?",
            memory(lambda b, n, m: n * math.log(0.5) / -math.log(b)),
        ),
        Mistake(
            "one minus beta scaled",
            "You scale one minus beta with the batch. Does that keep the half-life for every "
            "ratio, or only for small changes?",
            decay(lambda b, n, m: 1 - (1 - b) * m / n),
        ),
        Mistake(
            "ratio upside down",
            "Your decay moves the wrong way. At a smaller batch, does the same memory last more "
            "steps or fewer?",
            decay(lambda b, n, m: b ** (n / m)),
        ),
        Mistake(
            "beta kept",
            "You keep beta. Then how many examples does the memory hold at the new batch?",
            decay(lambda b, n, m: b),
        ),
        Mistake(
            "root of the ratio",
            "You take a root of the ratio. That is a rule for learning rates: does it keep the "
            "half-life?",
            decay(lambda b, n, m: b ** (m / n) ** 0.5),
        ),
        Mistake(
            "beta times the ratio",
            "You multiply beta by a ratio. Can such a decay pass one?",
            decay(lambda b, n, m: b * m / n),
        ),
        Mistake(
            "difference of the batch sizes",
            "You use the difference of the two batch sizes. How many small batches make a large "
            "one?",
            decay(lambda b, n, m: b ** abs(m - n)),
        ),
        Mistake(
            "one minus beta divided",
            "You divide one minus beta by the ratio. Should a larger batch remember more steps "
            "or fewer?",
            decay(lambda b, n, m: 1 - (1 - b) * n / m),
        ),
        Mistake(
            "power of one minus beta",
            "You raise one minus beta to a power. What does an old gradient's weight shrink by?",
            decay(lambda b, n, m: 1 - (1 - b) ** (m / n)),
        ),
        Mistake(
            "whole ratio",
            "You drop the rest of the ratio. What is left of it at a smaller batch?",
            decay(lambda b, n, m: b ** (m // n)),
        ),
        Mistake(
            "decay clipped",
            "Your decay never comes nearer to one than the usual setting. Does the docstring set "
            "a limit?",
            decay(lambda b, n, m: min(b ** (m / n), 0.999)),
        ),
        Mistake(
            "rest of a larger ratio dropped",
            "You drop the rest of the ratio at a larger batch. Is the new batch a whole number of "
            "old ones?",
            decay(lambda b, n, m: b ** (m // n if m > n else m / n)),
        ),
        Mistake(
            "rest of a smaller ratio dropped",
            "You drop the rest of the ratio at a smaller batch. Is the old batch a whole number "
            "of new ones?",
            decay(lambda b, n, m: b ** (1 / (n // m) if m < n else m / n)),
        ),
        Mistake(
            "decay rounded",
            "You round the decay. How much of one minus beta is left of it near one?",
            decay(lambda b, n, m: round(b ** (m / n), 4)),
        ),
        Mistake(
            "decay clipped nearer to one",
            "Your decay has a largest value. Does the docstring set a limit?",
            decay(lambda b, n, m: min(b ** (m / n), 0.9999)),
        ),
        Mistake(
            "one minus the decay",
            "You return the part that is forgotten in a step. Which part does beta name?",
            decay(lambda b, n, m: 1 - b ** (m / n)),
        ),
        Mistake(
            "half of the mean age",
            "You take half of the mean age. Is half of the weight gone after half of it?",
            memory(lambda b, n, m: n * 0.5 / (1 - b)),
        ),
        Mistake(
            "near one only",
            "Your half-life holds where beta is near one. What is the logarithm of beta where it "
            "is not?",
            memory(lambda b, n, m: n * math.log(2) / (1 - b)),
        ),
        Mistake(
            "logarithms exchanged",
            "Your half-life is shorter for a longer memory. Which logarithm stands on top?",
            memory(lambda b, n, m: n * math.log(b) / math.log(0.5)),
        ),
        Mistake(
            "two kinds of logarithm",
            "You divide two logarithms. Have they one base?",
            memory(lambda b, n, m: n * math.log10(0.5) / math.log(b)),
        ),
        Mistake(
            "whole steps",
            "You round the steps. Does the docstring ask for whole ones?",
            memory(lambda b, n, m: n * math.ceil(math.log(0.5) / math.log(b) - 1e-9)),
        ),
        Mistake(
            "divided by the batch",
            "You divide the steps by the batch. How many examples do several steps read?",
            memory(lambda b, n, m: math.log(0.5) / math.log(b) / n),
        ),
        Mistake(
            "new steps",
            "You count in steps at the new batch. What does the docstring count in?",
            memory(lambda b, n, m: n * math.log(0.5) / math.log(b) / m),
        ),
        Mistake(
            "half of the newest weight left in",
            "You ask when the weight itself is a half. Compared with what it counted at first?",
            memory(lambda b, n, m: n * math.log(0.5 / (1 - b)) / math.log(b)),
        ),
        Mistake(
            "beta squared",
            "You square beta since the gradients are squared. What multiplies the old average in "
            "each step?",
            memory(lambda b, n, m: n * math.log(0.5) / math.log(b * b)),
        ),
        Mistake(
            "beta first",
            "You return both numbers. In which order does the docstring want them?",
            lambda b, n, m: half_life(b, n, m)[::-1],
        ),
        *FURTHER_SLIPS,
    ),
    accepted=(by_steps, by_search),
    lesson="A decay is a memory counted in steps. Whoever changes the batch and keeps the decay "
    "changes how many examples Adam remembers.",
    answered_by=("coursekit.train.scaling", "coursekit.claims"),
)
