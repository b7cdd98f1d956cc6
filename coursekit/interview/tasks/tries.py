"""Numeric task about tuning: what a number of tries is worth."""

import random
from math import comb

from coursekit.interview.numeric import NumericTask, Slip


def _draw_tries(rng: random.Random) -> dict[str, float]:
    return {
        "n": rng.choice([11, 12, 15, 20]),
        "m": rng.choice([1, 2, 3]),
        "k": rng.choice([3, 4, 5]),
    }


CHANCE_OF_TOP = NumericTask(
    draw=_draw_tries,
    value=lambda p: (
        100 * (1 - comb(int(p["n"] - p["m"]), int(p["k"])) / comb(int(p["n"]), int(p["k"])))
    ),
    unit="%",
    working="All tries miss with chance C({n} - {m}, {k}) / C({n}, {k}); one minus that.",
    slips=(
        Slip(
            "all tries miss",
            "Is that the chance to find a good setting, or to find none?",
            lambda p: (
                100 * comb(int(p["n"] - p["m"]), int(p["k"])) / comb(int(p["n"]), int(p["k"]))
            ),
        ),
        Slip(
            "chances added",
            "Can chances be added where two tries may both hit?",
            lambda p: 100 * p["m"] * p["k"] / p["n"] if p["m"] > 1 else 100 / p["n"],
        ),
        Slip(
            "with replacement",
            "May the same setting be tried twice?",
            lambda p: 100 * (1 - (1 - p["m"] / p["n"]) ** p["k"]),
        ),
    ),
)

TASKS = {"chance_of_top": CHANCE_OF_TOP}
