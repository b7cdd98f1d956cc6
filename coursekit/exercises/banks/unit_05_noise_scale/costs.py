"""Steps, examples and seconds to a target at batch size B."""

import math

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def costs(
    batch_size: int,
    min_steps: float,
    critical_batch: float,
    examples_per_second: float,
    min_step_seconds: float,
) -> list[float]:
    steps = min_steps * (1 + critical_batch / batch_size)
    seconds = max(min_step_seconds, batch_size / examples_per_second)
    return [steps, batch_size * steps, steps * seconds]


def costs_by_examples(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    min_examples = min_steps * critical_batch
    examples = min_examples * (batch_size / critical_batch + 1)
    if batch_size < examples_per_second * min_step_seconds:
        return [examples / batch_size, examples, examples / batch_size * min_step_seconds]
    return [examples / batch_size, examples, examples / examples_per_second]


def costs_by_hyperbola(
    batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds
):
    # (S/S_min - 1)(E/E_min - 1) = 1 on the ray E = B S
    ratio = batch_size / critical_batch
    over = np.roots([ratio, -(1 + ratio), 0.0]).max() * min_steps
    times = [over * min_step_seconds, over * batch_size / examples_per_second]
    return np.array([over, over * batch_size, max(times)])


def draw_settings(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for number, group in enumerate(("hardware waits", "hardware is full") * 4):
        b = int(rng.integers(40, 400))
        floor = float(rng.uniform(0.02, 0.2))
        share = rng.uniform(0.3, 0.7) if group == "hardware waits" else rng.uniform(1.5, 3.0)
        speed = b / (floor * share)
        critical = b * float(rng.uniform(0.3, 0.7) if number % 4 < 2 else rng.uniform(1.5, 3.0))
        least = float(rng.uniform(50.0, 500.0))
        cases.append(Case(group, (b, least, critical, float(speed), floor)))
    return cases


def variant(steps=None, examples=None, seconds=None):
    """Return the mistake that changes some of the three; what follows from them follows."""

    def answer(b, least, critical, speed, floor):
        s = least * (1 + critical / b) if steps is None else steps(b, least, critical)
        e = b * s if examples is None else examples(b, least, critical, s)
        t = max(floor, b / speed)
        t = s * t if seconds is None else seconds(b, s, e, speed, floor)
        return [s, e, t]

    return answer


U05_COSTS = Exercise(
    id="u05_costs",
    call="costs(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds)",
    points={"hardware waits": 1.0, "hardware is full": 1.0},
    by_hand=(
        Case("hardware waits", (10, 60.0, 20.0, 1000.0, 0.5), keeps=("by hand",)),
        Case("hardware waits", (1, 60.0, 20.0, 1000.0, 0.5), keeps=("smallest",)),
        Case(
            "hardware waits",
            (2, 1.3, 0.5, 100.0, 0.5),
            keeps=("range",),
            quotes="to the target at batch size B, not rounded",
        ),
        Case("hardware is full", (40, 60.0, 20.0, 20.0, 0.5), keeps=("by hand",)),
        Case(
            "hardware is full", (40, 60.0, 20.0, 80.0, 0.5), keeps=("boundary",)
        ),  # both times of a step are equal
    ),
    promises=("boundary", "by hand", "range", "smallest"),
    draw=draw_settings,
    reference=costs,
    mistakes=(
        Mistake(
            "B and B_crit exchanged",
            "In your formula a larger batch needs more steps. Which of B and B_crit stands on top?",
            variant(steps=lambda b, least, critical: least * (1 + b / critical)),
        ),
        Mistake(
            "the floor alone",
            "Your steps do not depend on B. From which batch size on is that nearly true?",
            variant(steps=lambda b, least, critical: least),
        ),
        Mistake(
            "no floor",
            "Your steps fall as 1/B without end. How many are left for an endless batch?",
            variant(steps=lambda b, least, critical: least * critical / b),
        ),
        Mistake(
            "floor taken off",
            "Your steps are below their least number. On which side of it do they all lie?",
            variant(steps=lambda b, least, critical: least / (1 + critical / b)),
        ),
        Mistake(
            "whole steps",
            "You round the steps. Does the text ask for whole ones?",
            variant(steps=lambda b, least, critical: math.ceil(least * (1 + critical / b))),
        ),
        Mistake(
            "least examples",
            "Your examples are the least number, whatever B is. Does a large batch get its "
            "examples for nothing?",
            variant(examples=lambda b, least, critical, s: least * critical),
        ),
        Mistake(
            "examples of the least steps",
            "You multiply the batch by the least number of steps. How many steps are taken at this "
            "B?",
            variant(examples=lambda b, least, critical, s: b * least),
        ),
        Mistake(
            "examples fall with B",
            "Your examples fall as B grows. Which of steps and examples does a larger batch save?",
            variant(examples=lambda b, least, critical, s: least * critical * (1 + critical / b)),
        ),
        Mistake(
            "floor and work added",
            "You add the two times of a step. Does a step that is long enough to fill the hardware "
            "also wait?",
            variant(seconds=lambda b, s, e, speed, floor: s * (floor + b / speed)),
        ),
        Mistake(
            "the shorter of the two",
            "Your step takes the shorter of the two times. Can it be faster than the hardware, or "
            "than its shortest step?",
            variant(seconds=lambda b, s, e, speed, floor: s * min(floor, b / speed)),
        ),
        Mistake(
            "throughput alone",
            "You divide the run's examples by the throughput; a shortest time may stand beside "
            "that, once. How long does each single step take, and how many of them wait?",
            variant(seconds=lambda b, s, e, speed, floor: e / speed),
        ),
        Mistake(
            "shortest step alone",
            "All your steps take the shortest time. Which batch is too large for that?",
            variant(seconds=lambda b, s, e, speed, floor: s * floor),
        ),
        Mistake(
            "examples per second upside down",
            "You divide the throughput by the batch. How many examples has a step, and how many "
            "does the hardware do in a second?",
            variant(seconds=lambda b, s, e, speed, floor: s * max(floor, speed / b)),
        ),
        Mistake(
            "seconds of one step",
            "Your seconds are those of one step. How many steps does the run take?",
            variant(seconds=lambda b, s, e, speed, floor: max(floor, b / speed)),
        ),
        Mistake(
            "throughput multiplied",
            "In your formula faster hardware takes longer. Which unit does B times examples per "
            "second have?",
            variant(seconds=lambda b, s, e, speed, floor: s * max(floor, b * speed)),
        ),
        Mistake(
            "one wait for the whole run",
            "You add the shortest step's time once to the whole run. How many steps wait?",
            variant(seconds=lambda b, s, e, speed, floor: e / speed + floor),
        ),
        Mistake(
            "hardware full at B_crit",
            "In your formula B_crit decides whether the hardware waits. Is it a property of the "
            "hardware or of the task?",
            lambda b, least, critical, speed, floor: [
                *costs(b, least, critical, speed, floor)[:2],
                least * (1 + critical / b) * (floor if b <= critical else b / speed),
            ],
        ),
        Mistake(
            "seconds of the least steps",
            "Your time counts the least number of steps. How many steps are taken at this B?",
            lambda b, least, critical, speed, floor: [
                *costs(b, least, critical, speed, floor)[:2],
                least * max(floor, b / speed),
            ],
        ),
        Mistake(
            "longer of the run and one shortest step",
            "You compare the whole run with one shortest step. Which two times does the text "
            "compare, and how many steps wait?",
            variant(seconds=lambda b, s, e, speed, floor: max(floor, e / speed)),
        ),
        Mistake(
            "hours",
            "Your time is in another unit. Which one is asked for?",
            variant(seconds=lambda b, s, e, speed, floor: s * max(floor, b / speed) / 3600),
        ),
        Mistake(
            "minutes",
            "Your time is in minutes. Which unit is asked for?",
            variant(seconds=lambda b, s, e, speed, floor: s * max(floor, b / speed) / 60),
        ),
        Mistake(
            "a step for every example",
            "You multiply a step's time by the number of examples. How often is a step taken?",
            variant(seconds=lambda b, s, e, speed, floor: e * max(floor, b / speed)),
        ),
        Mistake(
            "least steps for least examples",
            "Your examples start from the least number of steps. What is the least number of "
            "examples?",
            variant(examples=lambda b, least, critical, s: least * (1 + b / critical)),
        ),
        Mistake(
            "steps grow with B",
            "Your steps are proportional to B. Does a larger batch need more steps or fewer?",
            variant(steps=lambda b, least, critical: least * b / critical),
        ),
        Mistake(
            "steps divided by B",
            "You divide the steps by B to get examples. Does a step use one example or many?",
            variant(examples=lambda b, least, critical, s: s / b),
        ),
        Mistake(
            "brackets in the law",
            "In your law also the floor of steps falls with B. What is left for an endless batch?",
            variant(steps=lambda b, least, critical: least * (1 + critical) / b),
        ),
        Mistake(
            "order of the three",
            "The first two of your numbers look exchanged. In which order are they asked for?",
            lambda b, least, critical, speed, floor: [
                costs(b, least, critical, speed, floor)[i] for i in (1, 0, 2)
            ],
        ),
        Mistake(
            "sum of the batch sizes",
            "You add B_crit to the steps as it is. Do steps and a batch size have the same unit?",
            variant(steps=lambda b, least, critical: least + critical / b),
        ),
    ),
    accepted=(costs_by_examples, costs_by_hyperbola),
    lesson="Steps fall and examples rise with B. Seconds follow the steps while the hardware "
    "waits, and the examples once it is full: there the larger batch only costs.",
    answered_by=(
        "coursekit.noise.critical_batch",
        "coursekit.experiments.trade_off",
        "coursekit.experiments.flagship",
    ),
)
