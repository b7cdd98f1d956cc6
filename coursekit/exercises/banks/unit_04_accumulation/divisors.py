"""By what three trainers divide an epoch's last window, read off the steps that they print."""

import math

import numpy as np
from torch import Tensor

from coursekit.exercises.banks.unit_04_accumulation.divisor_slips import MISTAKES
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import close


def last_divisors(micro_grads: Tensor, accum_steps: int, printed: list[list[float]]) -> list[float]:
    num_windows = math.ceil(len(micro_grads) / accum_steps)
    last = micro_grads[(num_windows - 1) * accum_steps :].sum().item()
    return [
        last / steps[num_windows - 1] if len(steps) == 2 * num_windows else 0.0 for steps in printed
    ]


def divisors_by_trying(micro_grads, accum_steps, printed):
    """Make the steps of every rule, and see whose they are."""
    windows = micro_grads.double().split(accum_steps)
    found = []
    for steps in printed:
        divisor = 0
        for candidate in (1, accum_steps, len(windows[-1])):
            if len(steps) == 2 * len(windows):
                wanted = windows[-1].sum().item() / candidate
                if abs(steps[-1] - wanted) < 1e-3 * abs(wanted):
                    divisor = candidate
        found.append(divisor)
    return found


def divisors_by_counting(micro_grads, accum_steps, printed):
    """Count through an epoch, one micro-batch at a time."""
    total, in_window, steps_before = 0.0, 0, 0
    for i, grad in enumerate(micro_grads.tolist()):
        total, in_window = total + grad, in_window + 1
        if in_window == accum_steps and i < len(micro_grads) - 1:
            total, in_window, steps_before = 0.0, 0, steps_before + 1
    own = np.array([total / s[steps_before] for s in printed])
    return own * np.array([len(s) // 2 > steps_before and len(s) % 2 == 0 for s in printed])


KINDS = ("own length", "full window", "nothing", "the usual loop", "on and on")


def steps_of(kind: str, micro_grads: np.ndarray, accum_steps: int) -> list[float]:
    """Return what a trainer of one kind prints in two epochs."""
    k, twice = accum_steps, [micro_grads, micro_grads]
    windows = [e[i : i + k] for e in twice for i in range(0, len(e), k)]
    if kind in KINDS[:3]:
        divide = {"own length": len, "full window": lambda w: k, "nothing": lambda w: 1}[kind]
        return [float(w.sum() / divide(w)) for w in windows]
    steps, waiting, count = [], 0.0, 0
    for epoch in twice:
        count = count if kind == "on and on" else 0
        for grad in epoch:
            waiting, count = waiting + grad, count + 1
            if count == k:
                steps.append(float(waiting / k))
                waiting, count = 0.0, 0
    return steps


def case(
    group: str,
    micro_grads: list[float],
    k: int,
    kinds: tuple[str, ...],
    *keeps: str,
    quotes: str = "",
) -> Case:
    grads = np.array(micro_grads, dtype=float)
    args = (grads, k, [steps_of(kind, grads, k) for kind in kinds])
    return Case(group, args, keeps, quotes)


def draw_trainers(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("whole windows", "leftovers", "leftovers", "leftovers"):
        k, whole = int(rng.integers(3, 6)), int(rng.integers(2, 4))
        rest = (0, 1, int(rng.integers(1, k)), k - 1)[len(cases)]
        grads = rng.uniform(0.5, 2.0, whole * k + rest)
        carried = KINDS[3 + len(cases) % 2]
        kinds = {
            0: ("own length", "nothing", carried),
            1: ("own length", "full window", carried),
            2: ("full window", carried, "nothing"),
            3: ("nothing", "own length", carried),
        }[len(cases)]
        order = rng.permutation(3)
        cases.append(case(group, grads.tolist(), k, tuple(kinds[i] for i in order)))
    whole, value = int(rng.integers(2, 4)), float(rng.uniform(0.5, 2.0))
    kinds = ("on and on", "own length", "the usual loop")  # equal gradients hide the leftovers
    cases.append(
        case("leftovers", [value] * (3 * whole + 1), 3, tuple(kinds[i] for i in rng.permutation(3)))
    )
    return cases


REMAINS = "a window has K micro-batches, the last one of an epoch what remains"
WAITS = "0 where the last window gets no step of its own."

U04_DIVISORS = Exercise(
    id="u04_divisors",
    call="last_divisors(micro_grads, accum_steps, printed)",
    points={"whole windows": 1.0, "leftovers": 2.0},
    by_hand=(
        case(
            "whole windows",
            [1, 2, 3, 5],
            2,
            ("own length", "nothing", "full window"),
            "by hand",
            quotes=REMAINS,
        ),
        case(
            "whole windows",
            [3],
            1,
            ("own length", "full window", "nothing"),
            "smallest",
            quotes=REMAINS,
        ),
        case(
            "leftovers",
            [1, 2, 3, 5, 4],
            3,
            ("nothing", "own length", "full window"),
            "uneven",
            quotes="1 for a trainer that does not divide;",
        ),
        case(
            "leftovers",
            [1, 2, 3, 5, 4],
            3,
            ("the usual loop", "full window", "on and on"),
            "missing",
            quotes=WAITS,
        ),
        case(
            "leftovers",
            [1, 2, 3, 5],
            3,
            ("on and on", "own length", "the usual loop"),
            "missing",
            quotes=WAITS,
        ),
        case(  # equal gradients, and as many steps in one epoch as in the other
            "leftovers",
            [2] * 7,
            3,
            ("on and on", "own length", "nothing"),
            "missing",
            quotes=WAITS,
        ),
    ),
    promises=("by hand", "missing", "smallest", "uneven"),
    draw=draw_trainers,
    reference=last_divisors,
    same=close(rtol=1e-3),
    mistakes=MISTAKES,
    accepted=(divisors_by_trying, divisors_by_counting),
    lesson="Full windows look alike in most trainers. They differ in the last one: a mean, a "
    "shorter step, a sum, or no step at all.",
    answered_by=("coursekit.train.accumulation",),
)
