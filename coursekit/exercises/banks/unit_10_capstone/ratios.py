"""What an arm of an experiment holds fixed: steps, examples, temperature, learning rate."""

import math

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.further_slips import RATIOS as FURTHER_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_c import RATIOS as LATE_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_e import RATIOS as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def temperature(arm: list[float]) -> float:
    batch_size, lr, _, momentum = arm
    return lr / (batch_size * (1 - momentum))


def ratios(base: list[float], arm: list[float]) -> list[float]:
    both = [(a[2], a[0] * a[2], temperature(a), a[1]) for a in (arm, base)]
    return [new / old for new, old in zip(*both, strict=True)]


def ratios_by_factors(base, arm):
    grown, faster, longer = (arm[i] / base[i] for i in range(3))
    damped = (1 - base[3]) / (1 - arm[3])
    return [longer, grown * longer, faster / grown * damped, faster]


def ratios_by_logs(base, arm):
    weights = np.array([[0, 0, 1, 0], [1, 0, 1, 0], [-1, 1, 0, -1], [0, 1, 0, 0]])
    logs = np.log([[a[0], a[1], a[2], 1 - a[3]] for a in (base, arm)])
    return np.exp(weights @ (logs[1] - logs[0]))


def with_part(place, wrong):
    """Return the right answer with one of its four numbers computed wrongly."""

    def answer(base, arm):
        right = ratios(base, arm)
        right[place] = wrong(base, arm)
        return right

    return answer


def draw_arms(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("plain SGD", "momentum") * 3:
        base = [
            int(rng.integers(20, 90)),
            float(rng.uniform(0.05, 0.3)),
            int(rng.integers(80, 300)),
        ]
        arm = [
            int(base[0] * rng.integers(3, 7)),
            float(base[1] * rng.uniform(1.3, 2.6)),
            int(base[2] * rng.uniform(0.3, 0.7)),
        ]
        before, after = (
            (0.0, 0.0) if group == "plain SGD" else rng.choice([0.5, 0.8, 0.9], 2, False)
        )
        cases.append(Case(group, ([*base, float(before)], [*arm, float(after)])))
    return cases


ZERO = "lists [batch_size, lr, num_steps, momentum], with 0 <= momentum < 1"
FOUR = "Return the four ratios, arm over base, in the order above."
EXAMPLES = "batch size times steps"

U10_RATIOS = Exercise(
    id="u10_ratios",
    call="ratios(base, arm)",
    points={"plain SGD": 1.0, "momentum": 1.0},
    by_hand=(
        Case("plain SGD", ([100, 0.5, 40, 0.0], [400, 1.5, 20, 0.0]), ("by hand",), FOUR),
        Case("plain SGD", ([16, 0.25, 64, 0.0], [1, 0.5, 192, 0.0]), ("smallest",), EXAMPLES),
        Case("plain SGD", ([16, 0.25, 64, 0.0], [512, 0.5, 4, 0.0]), ("range",), FOUR),
        Case("momentum", ([100, 0.5, 40, 0.5], [200, 0.75, 60, 0.75]), keeps=("by hand",)),
        Case("momentum", ([100, 0.5, 40, 0.0], [300, 0.25, 10, 0.875]), ("range",), ZERO),
    ),
    promises=("by hand", "range", "smallest"),
    draw=draw_arms,
    reference=ratios,
    mistakes=(
        Mistake(
            "upside down",
            "Your ratios are of the base over the arm. Which of the two was there first?",
            lambda base, arm: [1 / x for x in ratios(base, arm)],
        ),
        Mistake(
            "steps in place of examples",
            "Your second number counts steps. How many examples does each step see?",
            with_part(1, lambda base, arm: arm[2] / base[2]),
        ),
        Mistake(
            "batch in place of examples",
            "Your second number is the ratio of the batches. How often is each of them taken?",
            with_part(1, lambda base, arm: arm[0] / base[0]),
        ),
        Mistake(
            "examples divided by steps",
            "Your second number divides by the steps. Does a longer run see fewer examples?",
            with_part(1, lambda base, arm: arm[0] * base[2] / (base[0] * arm[2])),
        ),
        Mistake(
            "temperature without momentum",
            "Your temperature is that of plain SGD. How far does momentum carry one gradient in "
            "all?",
            with_part(2, lambda base, arm: arm[1] / arm[0] * base[0] / base[1]),
        ),
        Mistake(
            "momentum the wrong way round",
            "You multiply by one minus the momentum. Does momentum shorten or lengthen the way "
            "that one gradient goes in all?",
            with_part(
                2,
                lambda base, arm: (
                    (arm[1] / arm[0] * (1 - arm[3])) / (base[1] / base[0] * (1 - base[3]))
                ),
            ),
        ),
        Mistake(
            "temperature grows with B",
            "Your temperature grows with the batch. Is the gradient of a larger batch noisier?",
            with_part(
                2,
                lambda base, arm: (
                    temperature(arm) * arm[0] ** 2 / (temperature(base) * base[0] ** 2)
                ),
            ),
        ),
        Mistake(
            "temperature with a root",
            "You take the root of the batch. Is temperature a variance or a deviation?",
            with_part(
                2,
                lambda base, arm: (
                    temperature(arm) * math.sqrt(arm[0]) / (temperature(base) * math.sqrt(base[0]))
                ),
            ),
        ),
        Mistake(
            "temperature upside down",
            "Your third number is the base's temperature over the arm's. Which is below?",
            with_part(2, lambda base, arm: temperature(base) / temperature(arm)),
        ),
        Mistake(
            "effective rate in the last place",
            "Your last number holds the momentum too. What does the text say about it?",
            with_part(3, lambda base, arm: arm[1] / base[1] * (1 - base[3]) / (1 - arm[3])),
        ),
        Mistake(
            "last two exchanged",
            "Your last two numbers stand in each other's place. In which order does the text ask "
            "for them?",
            lambda base, arm: [ratios(base, arm)[i] for i in (0, 1, 3, 2)],
        ),
        Mistake(
            "first two exchanged",
            "Your first two numbers stand in each other's place. In which order does the text ask "
            "for them?",
            lambda base, arm: [ratios(base, arm)[i] for i in (1, 0, 2, 3)],
        ),
        Mistake(
            "differences",
            "You subtract. Is a batch of the quarter as far from its base as one four times as "
            "large?",
            lambda base, arm: [
                arm[2] - base[2],
                arm[0] * arm[2] - base[0] * base[2],
                temperature(arm) - temperature(base),
                arm[1] - base[1],
            ],
        ),
        Mistake(
            "the arm alone",
            "Your numbers are the arm's own. What are they to be compared with?",
            lambda base, arm: [arm[2], arm[0] * arm[2], temperature(arm), arm[1]],
        ),
        Mistake(
            "relative changes",
            "A part that is held gives zero in your answer. Which ratio says that it is held?",
            lambda base, arm: [x - 1 for x in ratios(base, arm)],
        ),
        Mistake(
            "learning rate first",
            "Your numbers stand in the order of the arguments. In which order does the text ask "
            "for them?",
            lambda base, arm: [ratios(base, arm)[i] for i in (3, 0, 1, 2)],
        ),
        Mistake(
            "steps and rate exchanged",
            "You take the second number of an arm for its steps. In which order does an arm hold "
            "its four?",
            lambda base, arm: ratios(*([a[0], a[2], a[1], a[3]] for a in (base, arm))),
        ),
        Mistake(
            "rounded",
            "Your numbers are rounded. Whose business is rounding: the ratio's or the table's?",
            lambda base, arm: [round(x, 2) for x in ratios(base, arm)],
        ),
        Mistake(
            "whole ratios",
            "You divide without a remainder. Can an arm have half of the base's steps?",
            lambda base, arm: [
                float(int(x)) if i < 2 else x for i, x in enumerate(ratios(base, arm))
            ],
        ),
        Mistake(
            "momentum added to one",
            "A larger momentum lowers your temperature. What does the sum of all its powers do?",
            with_part(
                2,
                lambda base, arm: (
                    arm[1] / arm[0] / (1 + arm[3]) / (base[1] / base[0] / (1 + base[3]))
                ),
            ),
        ),
        Mistake(
            "momentum itself",
            "You divide by the momentum itself. How far does a gradient go in all if hardly any "
            "momentum carries it?",
            with_part(
                2,
                lambda base, arm: (
                    arm[1] / arm[0] / (arm[3] or 1) / (base[1] / base[0] / (base[3] or 1))
                ),
            ),
        ),
        Mistake(
            "momentum of the base left out",
            "You count the arm's momentum and not the base's. Had the base none?",
            with_part(2, lambda base, arm: temperature(arm) / (base[1] / base[0])),
        ),
        Mistake(
            "momentum counted twice",
            "Your momentum enters as a square. What stands in the formula of the text?",
            with_part(
                2,
                lambda base, arm: (
                    temperature(arm) / temperature(base) * (1 - base[3]) / (1 - arm[3])
                ),
            ),
        ),
        Mistake(
            "learning rate counted twice",
            "Your temperature holds a square of the learning rate. What stands in the formula of "
            "the text?",
            with_part(
                2, lambda base, arm: temperature(arm) * arm[1] / (temperature(base) * base[1])
            ),
        ),
        Mistake(
            "momentum in the steps",
            "You count more steps where there is momentum. How often do the weights move?",
            with_part(0, lambda base, arm: arm[2] / base[2] * (1 - base[3]) / (1 - arm[3])),
        ),
        Mistake(
            "steps divided by batch",
            "Your second number divides by the batch. Does a larger batch see fewer examples in a "
            "step?",
            with_part(1, lambda base, arm: arm[2] / arm[0] / (base[2] / base[0])),
        ),
        *FURTHER_SLIPS,
        *LATE_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(ratios_by_factors, ratios_by_logs),
    lesson="An arm can't say which of the things that it changes did it. Write the four ratios "
    "beside every arm before it runs.",
    answered_by=("coursekit.train.scaling", "coursekit.experiments.decision"),
)
