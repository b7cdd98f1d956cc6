"""An exponential average that is right from its first update on."""

import numpy as np

from coursekit.exercises.banks.unit_05_noise_scale.running_average_slips import (
    MISTAKES,
    average_by_weights,
    running_average,
)
from coursekit.exercises.banks.unit_05_noise_scale.two_batch import ANSWERED_BY
from coursekit.exercises.engine.declare import Case, Exercise


def average_by_gain(values, measured, decay):
    average, total, found = 0.0, 0.0, []
    for value, is_new in zip(values, measured, strict=True):
        if is_new:
            total = decay * total + 1
            average += (value - average) / total
        found.append(average)
    return found


def draw_values(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("every step measured", "steps skipped") * 4:
        values = [float(v) for v in rng.uniform(2.0, 9.0, 6)]
        measured = [True] * 6
        if group == "steps skipped":
            for i in rng.choice(np.arange(1, 5), 2, replace=False):
                measured[int(i)] = False
        cases.append(Case(group, (values, measured, float(rng.uniform(0.6, 0.9)))))
    return cases


U05_RUNNING_AVERAGE = Exercise(
    id="u05_running_average",
    call="running_average(values, measured, decay)",
    points={"every step measured": 1.0, "steps skipped": 1.0},
    by_hand=(
        Case("every step measured", ([6.0, 3.0], [True, True], 0.5), keeps=("by hand",)),
        Case("every step measured", ([8.0, 1.0, 1.0], [True] * 3, 0.5), keeps=("average",)),
        Case("every step measured", ([5.0], [True], 0.75), keeps=("smallest",)),
        Case(
            "every step measured",
            ([3.0, 0.0, -2.0], [True] * 3, 0.75),
            keeps=("sign",),
            quotes="values: list of T numbers",
        ),
        Case(
            "steps skipped",
            ([6.0, 9.0, 3.0], [True, False, True], 0.5),
            keeps=("missing",),
            quotes="A step that is not measured is no update.",
        ),
        Case(
            "steps skipped",
            ([4.0, 9.0, 9.0], [True, False, False], 0.25),
            keeps=("missing",),
            quotes="the average stays what it was",
        ),
        Case(
            "steps skipped",
            ([-2.0, 0.0, 4.0, 1.0], [True, True, False, True], 0.75),
            keeps=("sign", "missing"),
            quotes="A step that is not measured is no update.",
        ),
    ),
    promises=("average", "by hand", "missing", "sign", "smallest"),
    draw=draw_values,
    reference=running_average,
    mistakes=MISTAKES,
    accepted=(average_by_weights, average_by_gain),
    lesson="Divide by the weight that the values really have, counted in updates. Applied to "
    "signal and noise alike the factor cancels in their ratio; each alone would be wrong.",
    answered_by=ANSWERED_BY,
)
