"""More wrong ways to make the plan: what people wrote who had only the text."""

import math

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.plan_slips import of, plan, with_cost
from coursekit.exercises.engine.declare import Mistake

FURTHER = (
    Mistake(
        "the state for every example",
        "You count the state once for each example. Which part of the memory grows with the batch?",
        with_cost(fits=lambda b, fixed, each, room: (fixed + each) * b <= room),
    ),
    Mistake(
        "zero where none fits",
        "Nothing fits here, and you name a batch of size zero. What does the docstring ask for?",
        with_cost(nothing=lambda candidates: [0.0, 0.0]),
    ),
    Mistake(
        "infinite where none fits",
        "Nothing fits here, so there is no least cost. What does the docstring ask for then?",
        with_cost(nothing=lambda candidates: [math.nan, math.inf]),
    ),
    Mistake(
        "a batch without a cost",
        "Nothing fits here, and you name a batch without a cost. What does the docstring ask for?",
        with_cost(nothing=lambda candidates: [float(min(candidates)), math.nan]),
    ),
    Mistake(
        "slope and intercept exchanged",
        "Your steps grow where they should fall. Which of its two numbers does `polyfit` return "
        "first?",
        with_cost(
            law=lambda runs: (
                lambda b: np.dot(
                    np.polyfit(1 / np.array(runs[0], dtype=float), runs[1], 1), [1, 1 / b]
                )
            )
        ),
    ),
    Mistake(
        "a power law",
        "You fit logarithms. Is the law of the steps a straight line there?",
        with_cost(
            law=lambda runs: (
                lambda b: np.exp(
                    np.polyval(np.polyfit(np.log(runs[0]), np.log(runs[1]), 1), np.log(b))
                )
            )
        ),
    ),
    Mistake(
        "without the least steps",
        "Your steps fall to zero for a large batch. What is left of them without any noise?",
        with_cost(
            law=lambda runs: (
                lambda b: np.polyfit(1 / np.array(runs[0], dtype=float), runs[1], 1)[0] / b
            )
        ),
    ),
    Mistake(
        "the shorter of the two",
        "You take the shorter of two times. Is a step over before both are?",
        with_cost(time=lambda b, floor, rate, timed: min(floor, b / rate)),
    ),
    Mistake(
        "measured times in between",
        "You read the times off the table, between its sizes. What does the fitted law say?",
        with_cost(time=lambda b, floor, rate, timed: np.interp(b, *timed)),
    ),
    Mistake(
        "minutes",
        "You pay as many hours as there are minutes. How many seconds has an hour?",
        with_cost(
            of(
                "money",
                lambda b, s, floor, rate, prices: (
                    s * max(floor, b / rate) / 60 * prices[0] + b * s / 1e6 * prices[1]
                ),
            )
        ),
    ),
    Mistake(
        "a thousand examples",
        "You pay the price of a million examples for a thousand. How many does it buy?",
        with_cost(
            of(
                "money",
                lambda b, s, floor, rate, prices: (
                    s * max(floor, b / rate) / 3600 * prices[0] + b * s / 1e3 * prices[1]
                ),
            )
        ),
    ),
    Mistake(
        "prices exchanged",
        "Your prices look exchanged. Which comes first?",
        with_cost(
            of(
                "money",
                lambda b, s, floor, rate, prices: (
                    s * max(floor, b / rate) / 3600 * prices[1] + b * s / 1e6 * prices[0]
                ),
            )
        ),
    ),
    Mistake(
        "seconds for money",
        "You return seconds. What does a second cost, and what an example?",
        with_cost(of("money", lambda b, s, floor, rate, prices: s * max(floor, b / rate))),
    ),
    Mistake(
        "examples for any goal",
        "You return examples whatever the goal is. Which argument names it?",
        lambda goal, *rest: plan("examples", *rest),
    ),
    Mistake(
        "order of the two",
        "Your two numbers look exchanged. Which comes first?",
        lambda *args: plan(*args)[::-1],
    ),
    Mistake(
        "best of all, fitting or not",
        "You choose first and then look whether it fits. What if it does not, and another would?",
        lambda goal, b, t, runs, m, p: (
            lambda best: best if m[0] + m[1] * best[0] <= m[2] else [math.nan] * 2
        )(plan(goal, b, t, runs, [0, 0, 0], p)),
    ),
    Mistake(
        "the largest that fits",
        "You return the largest batch that fits. Is it the best one for every goal?",
        with_cost(choose=max),
    ),
    Mistake(
        "the smallest that fits",
        "You return the smallest batch that fits. Is it the best one for every goal?",
        with_cost(choose=min),
    ),
)
