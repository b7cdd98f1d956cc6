"""What a batch ramp saves: steps and seconds of a schedule of batch sizes."""

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.further_slips_b import RAMP as FURTHER_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_d import RAMP as LATE_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_f import RAMP as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake

Stages = list[list[float]]  # (examples, batch size)


def step_time(size: float, rate: float, least: float) -> float:
    return max(least, size / rate)


def ramp(stages: Stages, examples_per_second: float, min_step_seconds: float) -> list[float]:
    steps, seconds = 0.0, 0.0
    for examples, size in stages:
        steps += examples / size
        seconds += examples / size * step_time(size, examples_per_second, min_step_seconds)
    return [steps, seconds]


def ramp_by_arrays(stages, examples_per_second, min_step_seconds):
    examples, sizes = np.array(stages, dtype=float).T
    steps = examples / sizes
    return [steps.sum(), (steps * np.maximum(sizes / examples_per_second, min_step_seconds)).sum()]


def ramp_by_bounds(stages, examples_per_second, min_step_seconds):
    steps = [e / b for e, b in stages]
    busy = [e / examples_per_second for e, _ in stages]
    seconds = [max(t, n * min_step_seconds) for t, n in zip(busy, steps, strict=True)]
    return [sum(steps), sum(seconds)]


def timed(time):
    """Return a mistake with another time for a step."""

    def answer(stages, rate, least):
        return [
            sum(e / b for e, b in stages),
            sum(e / b * time(b, rate, least) for e, b in stages),
        ]

    return answer


def of_mean_batch(stages, rate, least):
    examples = sum(e for e, _ in stages)
    size = sum(b for _, b in stages) / len(stages)
    return ramp([[examples, size]], rate, least)


def by_largest(stages, rate, least):
    return ramp([[sum(e for e, _ in stages), max(b for _, b in stages)]], rate, least)


def by_first(stages, rate, least):
    return ramp([[sum(e for e, _ in stages), stages[0][1]]], rate, least)


def draw_ramps(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("one size", "a ramp") * 3:
        rate = float(rng.integers(800, 3000))
        least = float(rng.uniform(0.05, 0.2))
        knee = rate * least
        if group == "one size":
            size = int(knee * rng.choice([0.3, 2.5]) * rng.uniform(0.9, 1.1))
            stages = [[size * int(rng.integers(50, 200)), size]]
        else:
            sizes = [int(knee * f * rng.uniform(0.9, 1.1)) for f in (0.25, 0.7, 2.4)]
            stages = [[b * int(rng.integers(30, 200)), b] for b in sizes]
            if len(cases) == 5:  # the batch falls, and comes again
                stages = [*stages, stages[0], stages[0]]
        cases.append(Case(group, (stages, rate, least)))
    return cases


WHOLE = "Return the steps and the seconds of the whole."

U10_RAMP = Exercise(
    id="u10_ramp",
    call="ramp(stages, examples_per_second, min_step_seconds)",
    points={"one size": 1.0, "a ramp": 1.0},
    by_hand=(
        Case("one size", ([[1000, 10]], 100.0, 0.5), ("by hand",), WHOLE),
        Case("one size", ([[4000, 100]], 100.0, 0.25), ("by hand",)),
        Case("one size", ([[50, 50]], 100.0, 0.5), ("boundary", "smallest")),
        Case("one size", ([[20, 20]], 100.0, 0.5), ("smallest",)),
        Case("a ramp", ([[10, 10], [20, 20]], 100.0, 0.5), ("smallest",), WHOLE),
        Case("a ramp", ([[1000, 10], [4000, 100]], 100.0, 0.5), ("by hand",), WHOLE),
        Case(  # the batch falls
            "a ramp",
            ([[4000, 100], [1000, 10]], 100.0, 0.5),
            ("order",),
            "a batch size may come again later, or fall",
        ),
        Case(  # a size that comes again at once and later, one that falls, one above the rate
            "a ramp",
            ([[400, 200], [400, 200], [20, 20], [600, 200]], 100.0, 0.5),
            ("order",),
            "a batch size may come again later, or fall",
        ),
    ),
    promises=("boundary", "by hand", "order", "smallest"),
    draw=draw_ramps,
    reference=ramp,
    mistakes=(
        Mistake(
            "the shorter time",
            "You take the shorter of the two times. Can a step be faster than its slower part?",
            timed(lambda b, rate, least: min(least, b / rate)),
        ),
        Mistake(
            "both times added",
            "You add the two times. Does the hardware wait first and compute afterwards, in the "
            "law of the text?",
            timed(lambda b, rate, least: least + b / rate),
        ),
        Mistake(
            "hardware always full",
            "You count examples over their rate alone. How long does a tiny batch take?",
            timed(lambda b, rate, least: b / rate),
        ),
        Mistake(
            "least time always",
            "Every step takes the least time in your answer. How long does a huge batch take?",
            timed(lambda b, rate, least: least),
        ),
        Mistake(
            "rate as a time",
            "You multiply by the examples of a second. What is its unit, and what is that of the "
            "result?",
            timed(lambda b, rate, least: max(least, b * rate)),
        ),
        Mistake(
            "mean batch",
            "You put one average batch in place of the ramp. Are its steps as many?",
            of_mean_batch,
        ),
        Mistake(
            "largest batch throughout",
            "You take the largest batch for all examples. At which batch were the first ones seen?",
            by_largest,
        ),
        Mistake(
            "first batch throughout",
            "You take the first batch for all examples. What did the ramp change?",
            by_first,
        ),
        Mistake(
            "last stage alone",
            "You return the last stage. What became of those before it?",
            lambda stages, rate, least: ramp(stages[-1:], rate, least),
        ),
        Mistake(
            "examples in place of steps",
            "Your first number counts examples. How many of them does one step take?",
            lambda stages, rate, least: [
                sum(e for e, _ in stages),
                ramp(stages, rate, least)[1],
            ],
        ),
        Mistake(
            "seconds, then steps",
            "Your two numbers stand in each other's place. In which order does the text ask for "
            "them?",
            lambda stages, rate, least: ramp(stages, rate, least)[::-1],
        ),
        Mistake(
            "seconds of one step",
            "Your seconds are those of single steps. How many of them are there?",
            lambda stages, rate, least: [
                ramp(stages, rate, least)[0],
                sum(step_time(b, rate, least) for _, b in stages),
            ],
        ),
        Mistake(
            "longer of the two totals",
            "You compare the two times of the whole schedule. Which of them binds in each stage?",
            lambda stages, rate, least: (
                lambda n: [n, max(n * least, sum(e for e, _ in stages) / rate)]
            )(ramp(stages, rate, least)[0]),
        ),
        Mistake(
            "the last stage's step time",
            "All your steps take as long as those of the last stage. At which batch were the "
            "others taken?",
            lambda stages, rate, least: timed(lambda *_: step_time(stages[-1][1], rate, least))(
                stages, rate, least
            ),
        ),
        Mistake(
            "first stage alone",
            "You return the first stage. Where does your loop return?",
            lambda stages, rate, least: ramp(stages[:1], rate, least),
        ),
        Mistake(
            "examples and batch exchanged",
            "You take the batch for the examples of a stage. Which of the two stands first?",
            lambda stages, rate, least: ramp([[b, e] for e, b in stages], rate, least),
        ),
        Mistake(
            "pair exchanged in the steps",
            "You divide the batch by the examples. Which of the two stands first in a stage?",
            lambda stages, rate, least: [
                sum(b / e for e, b in stages),
                sum(b / e * step_time(b, rate, least) for e, b in stages),
            ],
        ),
        Mistake(
            "examples taken for steps",
            "You take the first number of a stage for its steps. What is it?",
            lambda stages, rate, least: ramp([[e * b, b] for e, b in stages], rate, least),
        ),
        Mistake(
            "hours",
            "Your second number is in hours. What is the unit in its name?",
            lambda stages, rate, least: [
                ramp(stages, rate, least)[0],
                ramp(stages, rate, least)[1] / 3600,
            ],
        ),
        Mistake(
            "stage by stage",
            "You return a pair for each stage. What of the whole?",
            lambda stages, rate, least: [ramp([stage], rate, least) for stage in stages],
        ),
        Mistake(
            "mean of the stages",
            "You average over the stages. Does one stage run beside another or after it?",
            lambda stages, rate, least: [x / len(stages) for x in ramp(stages, rate, least)],
        ),
        Mistake(
            "counted from the start",
            "You take the examples of the stages before away. From where does a stage count its "
            "own?",
            lambda stages, rate, least: ramp(
                [
                    [e - before, b]
                    for (e, b), before in zip(stages, [0, *(e for e, _ in stages)], strict=False)
                ],
                rate,
                least,
            ),
        ),
        Mistake(
            "full from the second stage on",
            "You let the hardware be full after the first stage. Which stage's batch fills it?",
            lambda stages, rate, least: [
                ramp(stages, rate, least)[0],
                ramp(stages[:1], rate, least)[1] + sum(e for e, _ in stages[1:]) / rate,
            ],
        ),
        Mistake(
            "first batch in the steps",
            "You divide all examples by the first batch. What did the ramp change?",
            lambda stages, rate, least: [
                sum(e / stages[0][1] for e, _ in stages),
                sum(e / stages[0][1] * step_time(b, rate, least) for e, b in stages),
            ],
        ),
        Mistake(
            "one step more a stage",
            "You add a step to each stage. Is anything left of its examples?",
            lambda stages, rate, least: ramp([[e + b, b] for e, b in stages], rate, least),
        ),
        *FURTHER_SLIPS,
        *LATE_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(ramp_by_arrays, ramp_by_bounds),
    lesson="A ramp saves steps. Whether that saves time is the hardware's business: below the knee "
    "every step saved is time saved, above it none is.",
    answered_by=("coursekit.noise.critical_batch", "coursekit.experiments.trade_off"),
)
