"""Build it: from a table of times and a table of runs to a batch size."""

import math
from collections.abc import Sequence

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.further_slips_b import PLAN as FURTHER_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_d import PLAN as LATE_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_f import PLAN as LATEST_SLIPS
from coursekit.exercises.banks.unit_09_hardware.plan_further import FURTHER
from coursekit.exercises.banks.unit_09_hardware.plan_slips import MISTAKES, costs, plan
from coursekit.exercises.banks.unit_09_hardware.step_time_law import fit_step_time, misfits
from coursekit.exercises.engine.declare import Case, Exercise

Table = Sequence[Sequence[float]]
GOALS = ("examples", "seconds", "money")

RULE_OF_THUMB = "Return the candidate with the lowest cost, and that cost."
ABOVE_THE_KNEE = (  # the best lies above the knee of 40: the nearest is too slow, the root too far
    [90, 20, 400],
    [[1, 2, 80, 160], [1.0, 1.0, 2.0, 4.0]],
    [[10, 20], [210.0, 110.0]],
    [100.0, 10.0, 5000.0],
    [3600.0, 1000.0],
)


def plan_by_loops(goal, candidates, timed, runs, memory, prices):
    best = [math.nan, math.nan]
    for b in candidates:
        if memory[0] + memory[1] * b > memory[2]:
            continue
        x, y = [1 / size for size in runs[0]], runs[1]
        mx, my = sum(x) / len(x), sum(y) / len(y)
        slope = sum((u - mx) * (v - my) for u, v in zip(x, y, strict=True))
        slope /= sum((u - mx) ** 2 for u in x)
        steps = my + slope * (1 / b - mx)
        found = []
        for k in range(2, len(timed[0]) - 1):
            floor = math.prod(timed[1][:k]) ** (1 / k)
            rates = [n / t for n, t in zip(timed[0][k:], timed[1][k:], strict=True)]
            rate = math.prod(rates) ** (1 / len(rates))
            error = sum(math.log(t / floor) ** 2 for t in timed[1][:k])
            found.append((error + sum(math.log(r / rate) ** 2 for r in rates), floor, rate))
        _, floor, rate = min(found)
        examples, seconds = b * steps, steps * max(floor, b / rate)
        money = prices[0] * seconds / 3600 + prices[1] * examples / 1e6
        cost = {"examples": examples, "seconds": seconds, "money": money}[goal]
        if math.isnan(best[1]) or cost < best[1]:
            best = [b, cost]
    return best


def plan_by_arrays(goal, candidates, timed, runs, memory, prices):
    sizes = np.array(candidates, dtype=float)
    sizes = sizes[memory[0] + memory[1] * sizes <= memory[2]]
    if not sizes.size:
        return np.array([np.nan, np.nan])
    design = np.stack([np.ones(len(runs[0])), 1 / np.array(runs[0])], axis=1)
    law = np.linalg.lstsq(design, np.array(runs[1]), rcond=None)[0]
    steps = law[0] + law[1] / sizes
    b, t = (np.log(np.array(x, dtype=float)) for x in timed)
    errors = misfits(*timed)
    k = min(errors, key=errors.__getitem__)
    seconds = steps * np.exp(np.maximum(t[:k].mean(), np.log(sizes) + (t - b)[k:].mean()))
    money = seconds * (prices[0] / 3600) + sizes * steps * (prices[1] * 1e-6)
    cost = {"examples": sizes * steps, "seconds": seconds, "money": money}[goal]
    return np.array([sizes[cost.argmin()], cost.min()])


def draw_machines(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for kind in ("tight", "full", "roomy"):
        for goal in GOALS:
            while True:
                case = Case(goal, (goal, *draw_machine(rng, goal, kind)))
                if case_is_clear(case, kind):
                    break
            cases.append(case)
    for factors, critical in (((2.2, 0.45, 9.0), 5.0), ((3.0, 0.85), 0.5)):
        _, timed, runs, memory, prices = draw_machine(rng, "seconds", "roomy")
        knee = math.prod(fit_step_time(*timed))
        few = [round(factor * knee) for factor in factors]
        steps = [float(runs[1][-1] * (1 + critical * knee / b)) for b in runs[0]]
        cases.append(Case("seconds", ("seconds", few, timed, [runs[0], steps], memory, prices)))
    candidates, timed, runs, memory, prices = draw_machine(rng, "examples", "roomy")
    none = [memory[0], memory[1], memory[0] + 0.5 * memory[1] * min(candidates)]
    cases.append(Case("examples", ("examples", candidates, timed, runs, none, prices)))
    return cases


def draw_machine(rng: np.random.Generator, goal: str, kind: str) -> tuple:
    """Return a machine's and a task's tables; memory binds, is just filled, or is ample.

    Where it is ample, the root law's batch lies above the knee, elsewhere below it.
    """
    knee, critical = float(rng.uniform(150, 700)), float(rng.uniform(60, 400))
    floor, least = float(rng.uniform(2e-4, 5e-2)), float(rng.uniform(100, 5000))
    low, small = int(rng.choice([6, 8, 10])), int(rng.choice([12, 16, 20]))
    sizes, run_sizes = [low * 2**k for k in range(10)], [small * k for k in (1, 2, 4, 16, 64)]
    seconds = [float(floor * max(1.0, b / knee) * math.exp(0.03 * rng.normal())) for b in sizes]
    steps = [float(least * (1 + critical / b) * math.exp(0.02 * rng.normal())) for b in run_sizes]
    hour = float(rng.uniform(0.5, 5.0))
    square = (4.0, 20.0) if goal == "money" and kind == "roomy" else (0.05, 0.2)
    even = hour * floor / 3600 / (knee**2 / critical * float(rng.uniform(*square)))
    candidates = [int(b) for b in np.unique(np.geomspace(8, 4096, 12).astype(int))]
    if kind != "full":
        candidates = [int(b) for b in rng.permutation(candidates)]
    timed: list[list[float]] = [list(sizes), seconds]
    runs: list[list[float]] = [list(run_sizes), steps]
    prices = [hour, float(1e6 * even)]
    each = float(rng.integers(10_000, 1_000_000))
    if kind == "tight":
        room = float(rng.uniform(0.45, 0.55)) * each * knee
        return candidates, timed, runs, [float(rng.uniform(0.5, 0.7)) * room, each, room], prices
    fixed = float(rng.integers(10_000_000, 90_000_000))
    room = fixed + each * 1e5
    if kind == "full":  # whole numbers: the best that would run alone fits, to the byte
        room = fixed + each * plan(goal, candidates, timed, runs, [fixed, each, room], prices)[0]
    return candidates, timed, runs, [fixed, each, room], prices


def case_is_clear(case: Case, kind: str) -> bool:
    """Say whether the best candidate is clearly best, and each slip with the memory shows."""
    goal, candidates, timed, runs, (fixed, each, room), prices = case.args
    found = sorted(costs(*case.args).values())
    if len(found) > 1 and found[1] < 1.004 * found[0]:
        return False
    if kind != "tight" or goal == "examples":
        return True
    rooms = (room, room + fixed, 1e18)  # as it is, without the state, without any limit
    picks = {plan(goal, candidates, timed, runs, [fixed, each, r], prices)[0] for r in rooms}
    return len(picks) == (3 if goal == "seconds" else len(picks))


U09_PLAN = Exercise(
    id="u09_plan",
    call="plan(goal, candidates, timed, runs, memory, prices)",
    points={"examples": 1.0, "seconds": 1.0, "money": 1.0},
    by_hand=(
        Case(
            "examples",
            (
                "examples",
                [8, 4, 16],
                [[1, 2, 4, 8], [1.0, 1.0, 2.0, 4.0]],
                [[10, 20], [30.0, 20.0]],
                [100.0, 10.0, 1000.0],
                [3600.0, 0.0],
            ),
            keeps=("order",),
            quotes="Return the candidate with the lowest cost, and that cost.",
        ),
        Case(
            "examples",
            (
                "examples",
                [64, 8, 16],
                [[1, 2, 4, 8], [1.0, 1.0, 2.0, 4.0]],
                [[10, 20], [30.0, 20.0]],
                [100.0, 10.0, 300.0],
                [3600.0, 0.0],
            ),
            keeps=("order",),
            quotes="candidates come in any order",
        ),
        Case(
            "examples",
            (
                "examples",
                [4, 8],
                [[1, 2, 4, 8], [1.0, 1.0, 2.0, 4.0]],
                [[10, 20], [30.0, 20.0]],
                [100.0, 10.0, 120.0],
                [3600.0, 0.0],
            ),
            keeps=("nan",),
            quotes="If none fits, return `[nan, nan]`.",
        ),
        Case(
            "seconds",
            (
                "seconds",
                [1, 2, 4, 8],
                [[1, 2, 4, 8, 16], [1.0, 1.0, 1.0, 1.0, 2.0]],
                [[10, 20], [30.0, 20.0]],
                [100.0, 10.0, 180.0],
                [3600.0, 0.0],
            ),
            keeps=("boundary",),
            quotes="`memory` is [bytes of the state, bytes an example, bytes there are]; one that "
            "fits exactly does.",
        ),
        Case(  # what does not fit stands first, and would be best
            "seconds",
            (
                "seconds",
                [64, 8, 16],
                [[1, 2, 40, 80], [1.0, 1.0, 1.0, 2.0]],
                [[10, 20], [30.0, 20.0]],
                [100.0, 10.0, 300.0],
                [3600.0, 0.0],
            ),
            keeps=("order",),
            quotes="candidates come in any order",
        ),
        Case(  # a floor and a rate that are means, not the best that was seen
            "seconds",
            (
                "seconds",
                [10, 40],
                [[1, 10, 100, 200], [0.5, 2.0, 2.0, 6.25]],
                [[10, 20], [210.0, 110.0]],
                [100.0, 10.0, 5000.0],
                [3600.0, 0.0],
            ),
            keeps=("average",),
            quotes="Fit t(B) as in exercise 1",
        ),
        Case("seconds", ("seconds", *ABOVE_THE_KNEE), ("uneven",), RULE_OF_THUMB),
        Case(  # the best lies below the knee of 40, and the next one far beyond it
            "seconds",
            (
                "seconds",
                [120, 36],
                [[1, 2, 80, 160], [1.0, 1.0, 2.0, 4.0]],
                [[10, 20], [30.0, 20.0]],
                [100.0, 10.0, 5000.0],
                [3600.0, 1000.0],
            ),
            ("uneven",),
            RULE_OF_THUMB,
        ),
        Case(
            "money",
            (
                "money",
                [2, 5, 20, 80],
                [[1, 2, 100, 200], [1.0, 1.0, 1.0, 2.0]],
                [[10, 20], [30.0, 20.0]],
                [0.0, 1.0, 500.0],
                [3600.0, 400000.0],
            ),
            keeps=("by hand",),
            quotes="`prices` is [an hour of the device, a million examples].",
        ),
        Case("money", ("money", *ABOVE_THE_KNEE), ("uneven",), RULE_OF_THUMB),
    ),
    promises=("average", "boundary", "by hand", "nan", "order", "uneven"),
    draw=draw_machines,
    reference=plan,
    nan_says="You say that no candidate fits into the memory. One does: what does its step need?",
    mistakes=(*MISTAKES, *FURTHER, *FURTHER_SLIPS, *LATE_SLIPS, *LATEST_SLIPS),
    accepted=(plan_by_loops, plan_by_arrays),
    lesson="Fewest examples, fewest seconds and least money are three batches. Which of them is "
    "yours is not a question about learning.",
    answered_by=(
        "coursekit.hardware.plan",
        "coursekit.hardware.step_time",
        "coursekit.noise.critical_batch",
    ),
    graded=False,
)
