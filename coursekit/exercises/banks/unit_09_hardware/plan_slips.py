"""The plan, and wrong ways to make it."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.step_time_law import fit_step_time
from coursekit.exercises.engine.declare import Mistake

Table = Sequence[Sequence[float]]


def costs(
    goal: str,
    candidates: Sequence[int],
    timed: Table,
    runs: Table,
    memory: Sequence[float],
    prices: Sequence[float],
) -> dict[int, float]:
    """Return what each candidate that fits costs."""
    slope, least = np.polyfit(1 / np.array(runs[0], dtype=float), runs[1], 1)
    floor, rate = fit_step_time(*timed)
    found = {}
    for b in candidates:
        if memory[0] + memory[1] * b <= memory[2]:
            steps = float(least + slope / b)
            seconds = steps * max(floor, b / rate)
            examples = b * steps
            money = seconds / 3600 * prices[0] + examples / 1e6 * prices[1]
            found[b] = {"examples": examples, "seconds": seconds, "money": money}[goal]
    return found


def plan(
    goal: str,
    candidates: Sequence[int],
    timed: Table,
    runs: Table,
    memory: Sequence[float],
    prices: Sequence[float],
) -> list[float]:
    found = costs(goal, candidates, timed, runs, memory, prices)
    if not found:
        return [math.nan, math.nan]
    best = min(found, key=found.__getitem__)
    return [best, found[best]]


def with_cost(
    cost: Callable[..., float | None] | None = None,
    *,
    fits: Callable[..., bool] | None = None,
    law: Callable[..., Any] | None = None,
    nothing: Callable[..., list[float]] | None = None,
    choose: Callable[..., float] | None = None,
    time: Callable[..., float] | None = None,
) -> Callable[..., list[float]]:
    """Return the mistake that counts, filters, fits or chooses otherwise."""

    def answer(goal, candidates, timed, runs, memory, prices):
        x = 1 / np.array(runs[0], dtype=float)
        slope, least = np.polyfit(x, runs[1], 1)
        steps_at = (lambda b: least + slope / b) if law is None else law(runs)
        floor, rate = fit_step_time(*timed)
        found = {}
        for b in candidates:
            inside = memory[0] + memory[1] * b <= memory[2] if fits is None else fits(b, *memory)
            if not inside:
                continue
            steps = float(steps_at(b))
            t = max(floor, b / rate) if time is None else time(b, floor, rate, timed)
            usual = {
                "examples": b * steps,
                "seconds": steps * t,
                "money": steps * t / 3600 * prices[0] + b * steps / 1e6 * prices[1],
            }[goal]
            other = cost and cost(goal, b, steps, floor, rate, prices)
            found[b] = usual if other is None else float(other)
        if not found:
            return [math.nan, math.nan] if nothing is None else nothing(candidates)
        best = min(found, key=found.__getitem__) if choose is None else choose(found)
        return [float(best), found[best]]

    return answer


def of(goal: str, formula: Callable[..., float]) -> Callable[..., float | None]:
    """Return a cost that differs for one goal alone."""
    return lambda g, b, s, floor, rate, prices: (
        formula(b, s, floor, rate, prices) if g == goal else None
    )


def nearest_run(runs: Table) -> Callable[[float], float]:
    return lambda b: runs[1][int(np.argmin(np.abs(np.log(np.array(runs[0]) / b))))]


def line_in_b(runs: Table) -> Callable[[float], float]:
    slope, start = np.polyfit(runs[0], runs[1], 1)
    return lambda b: start + slope * b


def two_ends(runs: Table) -> Callable[[float], float]:
    slope = (runs[1][0] - runs[1][-1]) / (1 / runs[0][0] - 1 / runs[0][-1])
    return lambda b: runs[1][0] + slope * (1 / b - 1 / runs[0][0])


MISTAKES = (
    Mistake(
        "memory not looked at",
        "Your batch does not fit. Which of the candidates can run at all?",
        with_cost(fits=lambda b, fixed, each, room: True),
    ),
    Mistake(
        "weights forgotten",
        "You count what examples need. What else lies in the memory before the first example "
        "comes?",
        with_cost(fits=lambda b, fixed, each, room: each * b <= room),
    ),
    Mistake(
        "exactly full is too full",
        "A candidate that fits exactly is missing. Does it not fit?",
        with_cost(fits=lambda b, fixed, each, room: fixed + each * b < room),
    ),
    Mistake(
        "the smallest where none fits",
        "Nothing fits here, and you name a batch. What does the docstring ask for?",
        with_cost(nothing=lambda candidates: [float(min(candidates)), 0.0]),
    ),
    Mistake(
        "steps for examples",
        "You look for the fewest steps. How many examples are in a step?",
        with_cost(of("examples", lambda b, s, floor, rate, prices: s)),
    ),
    Mistake(
        "the shortest step",
        "You look for the shortest step. How many of them are there to the target?",
        with_cost(of("seconds", lambda b, s, floor, rate, prices: max(floor, b / rate))),
    ),
    Mistake(
        "floor and slope added",
        "You add floor and slope. Does a step that is long enough also wait?",
        with_cost(of("seconds", lambda b, s, floor, rate, prices: s * (floor + b / rate))),
    ),
    Mistake(
        "no floor",
        "Your steps get shorter without end as the batch shrinks. What is the shortest step that "
        "the machine can do?",
        with_cost(of("seconds", lambda b, s, floor, rate, prices: s * b / rate)),
    ),
    Mistake(
        "no slope",
        "Your steps all take the same time. Does a full machine do more in the same time?",
        with_cost(of("seconds", lambda b, s, floor, rate, prices: s * floor)),
    ),
    Mistake(
        "hours for seconds",
        "Your cost is in hours. Which unit is asked for?",
        with_cost(of("seconds", lambda b, s, floor, rate, prices: s * max(floor, b / rate) / 3600)),
    ),
    Mistake(
        "the hour's price for each second",
        "You pay the hour's price for each second. How many seconds has an hour?",
        with_cost(
            of(
                "money",
                lambda b, s, floor, rate, prices: (
                    s * max(floor, b / rate) * prices[0] + b * s / 1e6 * prices[1]
                ),
            )
        ),
    ),
    Mistake(
        "a million's price for each example",
        "You pay the price of a million examples for each one. How many does it buy?",
        with_cost(
            of(
                "money",
                lambda b, s, floor, rate, prices: (
                    s * max(floor, b / rate) / 3600 * prices[0] + b * s * prices[1]
                ),
            )
        ),
    ),
    Mistake(
        "hours alone are paid",
        "You pay for hours. What else has a price here?",
        with_cost(
            of(
                "money",
                lambda b, s, floor, rate, prices: s * max(floor, b / rate) / 3600 * prices[0],
            )
        ),
    ),
    Mistake(
        "examples alone are paid",
        "You pay for examples. What else has a price here?",
        with_cost(of("money", lambda b, s, floor, rate, prices: b * s / 1e6 * prices[1])),
    ),
    Mistake(
        "one batch paid",
        "You pay for the examples of one step. How many steps are there?",
        with_cost(
            of(
                "money",
                lambda b, s, floor, rate, prices: (
                    s * max(floor, b / rate) / 3600 * prices[0] + b / 1e6 * prices[1]
                ),
            )
        ),
    ),
    Mistake(
        "steps of the nearest run",
        "You take the steps of the run whose batch is nearest. What does the law say between and "
        "beyond the runs?",
        with_cost(law=nearest_run),
    ),
    Mistake(
        "a line in B",
        "You fit a line to the steps over B. In which quantity is the law a straight line?",
        with_cost(law=line_in_b),
    ),
    Mistake(
        "the two ends of the runs",
        "You draw the law through the first and the last run. What do those between say?",
        with_cost(law=two_ends),
    ),
    Mistake(
        "the dearest",
        "You return the candidate that costs most. Which one is asked for?",
        with_cost(choose=lambda found: max(found, key=found.__getitem__)),
    ),
    Mistake(
        "the first that fits",
        "You return the first candidate that fits. What do the others cost?",
        with_cost(choose=lambda found: next(iter(found))),
    ),
)
