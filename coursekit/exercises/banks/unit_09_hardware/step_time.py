"""The law of a step's time, t(B) = max(t_0, B/r), fitted by the best split."""

import math
from itertools import accumulate

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.further_slips import STEP_TIME as FURTHER_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_c import STEP_TIME as LATE_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_e import STEP_TIME as LATEST_SLIPS
from coursekit.exercises.banks.unit_09_hardware.step_time_law import fit_step_time
from coursekit.exercises.banks.unit_09_hardware.step_time_slips import MISTAKES
from coursekit.exercises.engine.declare import Case, Exercise


def fit_by_loops(batch_sizes, seconds):
    best = (math.inf, 0.0, 0.0)
    for k in range(2, len(seconds) - 1):
        floor = math.prod(seconds[:k]) ** (1 / k)
        rates = [b / t for b, t in zip(batch_sizes[k:], seconds[k:], strict=True)]
        rate = math.prod(rates) ** (1 / len(rates))
        error = sum(math.log(t / floor) ** 2 for t in seconds[:k])
        error += sum(math.log(x / rate) ** 2 for x in rates)
        if error < best[0]:
            best = error, floor, rate
    return best[1:]


def fit_by_running_sums(batch_sizes, seconds):
    """Sum of squares less the square of the sum, from sums that run along the table."""
    n = len(seconds)
    logs = [math.log(t) for t in seconds]
    rates = [math.log(b) - y for b, y in zip(batch_sizes, logs, strict=True)]
    s1, s2 = list(accumulate(logs)), list(accumulate(y * y for y in logs))
    r1 = list(accumulate(reversed(rates)))[::-1]
    r2 = list(accumulate(y * y for y in reversed(rates)))[::-1]

    def error(k):
        return s2[k - 1] - s1[k - 1] ** 2 / k + r2[k] - r1[k] ** 2 / (n - k)

    k = min(range(2, n - 1), key=error)
    return np.array([math.exp(s1[k - 1] / k), math.exp(r1[k] / (n - k))])


SMALLEST = "of the split with the smallest misfit"
POWERS = [1, 2, 4, 8, 16, 32, 64, 128]
TRAPS = (  # another rule for the split comes out otherwise: absolute sizes, means, single points
    [2.0, 1.0, 4.0, 4.0, 8.0, 16.0],
    [1.0, 1.0, 1.0, 16.0, 4.0, 8.0],
    [1.0, 2.0, 4.0, 16.0, 16.0, 8.0],
    [4.0, 4.0, 2.0, 16.0, 16.0, 2.0],  # best at the last split
    [16.0, 2.0, 1.0, 8.0, 8.0, 2.0],  # best at the first
    [8.0, 8.0, 1.0, 1.0, 2.0, 1.0, 2.0, 2.0],  # the misfit rises, and then falls to its least
)


def draw_tables(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for trap in TRAPS:
        n = int(rng.integers(7, 11))
        sizes = 2 ** np.arange(n) * int(rng.integers(1, 6))
        floor, knee = rng.uniform(0.5, 4.0), sizes[int(rng.integers(2, n - 3))] * 1.3
        times = np.maximum(floor, floor * sizes / knee) * np.exp(0.05 * rng.normal(size=n))
        cases.append(Case("floor and slope", (sizes.tolist(), times.tolist())))
        unit = int(rng.integers(2, 40))
        noise = np.exp(rng.uniform(-0.02, 0.02, len(trap)))
        times = np.array(trap) * rng.uniform(0.1, 9.0) * noise
        cases.append(Case("noisy", ([unit * b for b in POWERS[: len(trap)]], times.tolist())))
    return cases


U09_STEP_TIME = Exercise(
    id="u09_step_time",
    call="fit_law(batch_sizes, seconds)",
    points={"floor and slope": 1.0, "noisy": 2.0},
    by_hand=(
        Case(
            "floor and slope", ([1, 2, 4, 8, 16], [4.0, 4.0, 4.0, 8.0, 16.0]), keeps=("boundary",)
        ),
        Case(
            "floor and slope",
            ([1, 2, 10, 20], [2.0, 2.0, 5.0, 10.0]),
            keeps=("smallest",),
            quotes="list of n >= 4 ascending whole numbers",
        ),
        Case(
            "noisy",
            ([1, 2, 6, 24, 100, 200], [1.0, 4.0, 2.0, 12.0, 25.0, 100.0]),
            keeps=("average", "uneven"),
            quotes=SMALLEST,
        ),
        *(Case("noisy", (POWERS[: len(t)], t), ("uneven",), SMALLEST) for t in TRAPS),
    ),
    promises=("average", "boundary", "smallest", "uneven"),
    draw=draw_tables,
    reference=fit_step_time,
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATE_SLIPS, *LATEST_SLIPS),
    accepted=(fit_by_loops, fit_by_running_sums),
    lesson="Two numbers say what a batch costs on a machine: the shortest step, and the rate once "
    "it is full. Their product is the batch that just fills it.",
    answered_by=("coursekit.hardware.step_time",),
)
