"""Where the linear rule meets the frontier of stability."""

import math

import numpy as np
import torch

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def break_batch_size(
    base_lr: float, base_batch_size: int, max_lr: float, half_batch_size: float
) -> float:
    return max(0.0, max_lr * base_batch_size / base_lr - half_batch_size)


def break_by_bisection(base_lr, base_batch_size, max_lr, half_batch_size):
    slope = base_lr / base_batch_size
    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        stable = slope * middle <= max_lr / (1 + half_batch_size / max(middle, 1e-12))
        low, high = (middle, high) if stable else (low, middle)
    return low if low > 1e-6 else 0.0


def break_by_roots(base_lr, base_batch_size, max_lr, half_batch_size):
    slope = base_lr / base_batch_size  # slope B (B + h) = max_lr B
    roots = np.roots([slope, slope * half_batch_size - max_lr, 0.0])
    return torch.tensor(roots.real).max().clamp(min=0.0)


def draw_breaks(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("it breaks", "unstable at once") * 4:
        base_batch, half = int(rng.integers(10, 40)), float(rng.uniform(30, 80))
        max_lr = float(rng.uniform(1.5, 5.0))
        steepest = max_lr / half  # of the frontier, at small B
        share = rng.uniform(0.08, 0.5) if group == "it breaks" else rng.uniform(1.2, 3.0)
        if len(cases) % 4 == 0:  # it breaks below the batch size where it starts
            share = 1 / (1 + rng.uniform(0.3, 0.7) * base_batch / half)
        if len(cases) % 4 == 1:  # unstable at once, although base_lr is below max_lr
            base_batch, share = int(rng.integers(10, 17)), rng.uniform(1.2, 1.6)
        base_lr = float(share * steepest * base_batch)
        cases.append(Case(group, (base_lr, base_batch, max_lr, half)))
    return cases


def frontier(max_lr: float, half: float, b: float) -> float:
    return max_lr / (1 + half / b)


SMALLER = "It need not be whole, it may be less than one example, and it may be smaller than"
ABOVE = "If the line lies above the frontier for every B > 0, return 0"

U02_BREAK = Exercise(
    id="u02_break",
    call="break_batch_size(base_lr, base_batch_size, max_lr, half_batch_size)",
    points={"it breaks": 2.0, "unstable at once": 1.0},
    by_hand=(
        Case("it breaks", (0.5, 16, 4.0, 48.0), ("by hand",)),
        Case("it breaks", (0.02, 2, 4.0, 48.0), ("range",)),  # m/l - h is no zero here
        Case("it breaks", (1.25, 16, 4.0, 48.0), ("range",), quotes=SMALLER),
        Case("it breaks", (5.0, 200, 4.0, 48.0), ("range",), quotes=SMALLER),
        Case("it breaks", (0.5, 4, 6.03125, 48.0), ("range", "smallest"), quotes=SMALLER),
        Case("it breaks", (0.5, 15, 4.0, 49.5), ("uneven",), quotes=SMALLER),
        Case("unstable at once", (4.0, 16, 3.0, 48.0), ("sign",), quotes=ABOVE),
        Case("unstable at once", (2.0, 16, 6.0, 48.0), ("boundary",), quotes=ABOVE),
    ),
    promises=(
        "by hand",
        "sign",
        "boundary",
        "range",
    ),
    draw=draw_breaks,
    reference=break_batch_size,
    mistakes=(
        Mistake(
            "the flat part alone",
            "You compare with the frontier's flat part only. Is the frontier that high at the "
            "batch size you return?",
            lambda lr, b0, top, half: top * b0 / lr,
        ),
        Mistake(
            "added",
            "You add the half-way batch size. Put your result into both sides: which of the two "
            "rates is larger there?",
            lambda lr, b0, top, half: top * b0 / lr + half,
        ),
        Mistake(
            "negative",
            "Your batch size is negative when the line lies above the frontier from the start. "
            "What does the docstring ask for then?",
            lambda lr, b0, top, half: top * b0 / lr - half,
        ),
        Mistake(
            "at least the batch you have",
            "You never go below the batch size that you started from. What if that one is over "
            "the frontier already?",
            lambda lr, b0, top, half: max(float(b0), top * b0 / lr - half),
        ),
        Mistake(
            "a factor, not a batch size",
            "You return how many times the batch may grow. What is asked for?",
            lambda lr, b0, top, half: max(0.0, top / lr - half / b0),
        ),
        Mistake(
            "old batch size forgotten",
            "The batch size you start from has no say in your answer. What is the learning rate "
            "of the rule per example?",
            lambda lr, b0, top, half: max(0.0, top / lr - half),
        ),
        Mistake(
            "frontier of the old batch",
            "You compare with the frontier where you start. Does it stay there while the batch "
            "grows?",
            lambda lr, b0, top, half: b0 * frontier(top, half, b0) / lr,
        ),
        Mistake(
            "root rule",
            "You follow the root rule up to the frontier's top. Which rule does the text follow?",
            lambda lr, b0, top, half: b0 * (top / lr) ** 2,
        ),
        Mistake(
            "root rule to the frontier",
            "You follow the root rule to the frontier. Which rule does the text follow?",
            lambda lr, b0, top, half: root_rule_meets(lr, b0, top, half),
        ),
        Mistake(
            "half-way point",
            "You return the batch size at which the frontier is half as high as it gets. Where "
            "does your learning rate enter?",
            lambda lr, b0, top, half: half,
        ),
        Mistake(
            "fraction upside down",
            "In your frontier the batch size stands over the half-way one. Does the frontier rise "
            "with B, or fall?",
            lambda lr, b0, top, half: falling_frontier(lr, b0, top, half),
        ),
        Mistake(
            "only the steep part",
            "You compare slopes. The line and the steep part of the frontier meet at zero: where "
            "does the frontier bend?",
            lambda lr, b0, top, half: max(0.0, top * b0 / lr / half),
        ),
        Mistake(
            "rounded down",
            "You return a whole number. Does the docstring ask for one?",
            lambda lr, b0, top, half: math.floor(max(0.0, top * b0 / lr - half) * (1 + 1e-9)),
        ),
        Mistake(
            "the learning rate there",
            "You return a learning rate. What is asked for?",
            lambda lr, b0, top, half: lr / b0 * max(0.0, top * b0 / lr - half),
        ),
        Mistake(
            "minus the old batch",
            "You subtract the batch size that you start from. Is an increase asked for?",
            lambda lr, b0, top, half: top * b0 / lr - half - b0,
        ),
        Mistake(
            "size without a sign",
            "You drop the sign where the line lies above the frontier from the start. At your "
            "batch size, which of the two rates is larger?",
            lambda lr, b0, top, half: abs(top * b0 / lr - half),
        ),
        Mistake(
            "nothing below the start",
            "You return zero where the break lies below the batch size that you start from. "
            "Does the line meet the frontier nowhere then?",
            lambda lr, b0, top, half: top * b0 / lr - half if top * b0 / lr - half > b0 else 0.0,
        ),
        Mistake(
            "half of the top",
            "You compare with half of the frontier's top, wherever the line is. Is the frontier "
            "that high at the batch size you return?",
            lambda lr, b0, top, half: top / 2 * b0 / lr,
        ),
        Mistake(
            "the batch only doubled",
            "You double the batch and return the last one below the frontier. Must the two meet "
            "at a doubling, and above the batch size where you start?",
            lambda lr, b0, top, half: last_doubling(lr, b0, top, half),
        ),
        Mistake(
            "endless",
            "You return infinity where the line lies above the frontier everywhere. Could you "
            "train there at every batch size, or at none?",
            lambda lr, b0, top, half: (
                top * b0 / lr - half if top * b0 / lr - half > 0 else math.inf
            ),
        ),
        Mistake(
            "rounded to the nearest",
            "You round to a whole number. Does the docstring ask for one?",
            lambda lr, b0, top, half: round(max(0.0, top * b0 / lr - half)),
        ),
        Mistake(
            "the start, where nothing trains",
            "Where the line lies above the frontier everywhere you return the batch size that "
            "you start from. Could you train there?",
            lambda lr, b0, top, half: (
                top * b0 / lr - half if top * b0 / lr - half > 0 else float(b0)
            ),
        ),
        Mistake(
            "rates upside down",
            "Start with a smaller rate: your break comes earlier. Which of the two rates "
            "stands on top?",
            lambda lr, b0, top, half: max(0.0, lr * b0 / top - half),
        ),
        Mistake(
            "half-way size times the start",
            "You multiply the half-way batch size by the one that you start from. Of which "
            "unit is that?",
            lambda lr, b0, top, half: max(0.0, top * b0 / lr - half * b0),
        ),
        Mistake(
            "half-way size off the start",
            "You take the half-way batch size off the one that you start from. Where does your "
            "line cross the axis?",
            lambda lr, b0, top, half: max(0.0, top * (b0 - half) / lr),
        ),
        Mistake(
            "not beyond the half-way point",
            "You never go beyond the half-way batch size. Does the frontier end there?",
            lambda lr, b0, top, half: min(half, max(0.0, top * b0 / lr - half)),
        ),
        Mistake(
            "at least one example",
            "You return one example at least. What does the text say where the two meet below "
            "one, or nowhere?",
            lambda lr, b0, top, half: max(1.0, top * b0 / lr - half),
        ),
    ),
    accepted=(break_by_bisection, break_by_roots),
    lesson="The smaller the rate you start from, the further the linear rule carries you. A rate "
    "tuned to the limit at a small batch leaves it no room at all.",
    nan_says="You return nan where the line is above the frontier from the start. Which number "
    "does "
    "the docstring name for that?",
    answered_by=("coursekit.train.scaling", "coursekit.experiments.flagship"),
)


def root_rule_meets(lr: float, b0: float, top: float, half: float) -> float:
    """Solve lr sqrt(B / b0) = top / (1 + half / B) for the larger root, 0 if there is none."""
    slope = lr / math.sqrt(b0)  # slope x^2 - top x + slope half = 0 with x = sqrt(B)
    inside = top**2 - 4 * slope**2 * half
    return ((top + math.sqrt(inside)) / (2 * slope)) ** 2 if inside >= 0 else 0.0


def last_doubling(lr: float, b0: float, top: float, half: float) -> float:
    """Return the last of b0, 2 b0, 4 b0, ... at which the line is not above the frontier."""
    b, last = float(b0), 0.0
    while lr / b0 * b <= frontier(top, half, b):
        last, b = b, 2 * b
    return last


def falling_frontier(lr: float, b0: float, top: float, half: float) -> float:
    """Solve lr B / b0 = top / (1 + B / half)."""
    return half / 2 * (math.sqrt(1 + 4 * top * b0 / (lr * half)) - 1)
