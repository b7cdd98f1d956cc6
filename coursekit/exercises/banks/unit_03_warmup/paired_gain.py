"""Does warmup help? The lower end of a paired difference, with dead runs counted."""

import math
import statistics

import numpy as np
import torch

from coursekit.exercises.banks.unit_03_warmup.paired_gain_slips import MISTAKES, counted
from coursekit.exercises.engine.declare import Case, Exercise


def gain_lower_end(with_warmup: list[float | None], without: list[float | None]) -> float:
    pairs = zip(counted(with_warmup), counted(without), strict=True)
    gains = np.array([one - other for one, other in pairs])
    return float(gains.mean() - 2 * gains.std(ddof=1) / math.sqrt(len(gains)))


def gain_by_statistics(with_warmup, without):
    one, other = (
        [10.0 if a is None else a for a in accuracies] for accuracies in (with_warmup, without)
    )
    gains = [a - b for a, b in zip(one, other, strict=True)]
    return statistics.mean(gains) - 2 * math.sqrt(statistics.variance(gains) / len(gains))


def gain_by_covariance(with_warmup, without):
    arms = torch.tensor([counted(with_warmup), counted(without)], dtype=torch.float64)
    covariance = torch.cov(arms)
    spread = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    return arms[0].mean() - arms[1].mean() - 2 * (spread / arms.shape[1]).sqrt()


def draw_arms(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    while len(cases) < 6:
        group = ("all finish", "some diverged")[len(cases) % 2]
        seeds = int(rng.integers(6, 9))
        level, gain = rng.normal(45.0, 5.0, seeds), rng.uniform(2, 8)
        without = [round(float(x), 1) for x in level + rng.normal(0, 2.0, seeds)]
        better = [round(float(x), 1) for x in level + gain + rng.normal(0, 2.0, seeds)]
        one: list[float | None] = [*better]
        other: list[float | None] = [*without]
        if group == "some diverged":
            first, second, third = (int(i) for i in rng.permutation(seeds)[:3])
            other[first] = other[second] = None
            if len(cases) > 1:
                one[third] = None
            if len(cases) > 3:
                one[first] = None  # both arms of a seed
        elif len(cases) == 4:
            one[0] = 0.0  # a run that is always wrong has an accuracy, and did not diverge
        if abs(gain_lower_end(one, other)) > 0.5:  # near zero float32 would decide
            cases.append(Case(group, (one, other)))
    return cases


ENDS = "Mean gain minus two standard errors, in points, one number."

U03_PAIRED_GAIN = Exercise(
    id="u03_paired_gain",
    call="gain_lower_end(with_warmup, without)",
    points={"all finish": 1.0, "some diverged": 1.0},
    by_hand=(
        Case(
            "all finish", ([54.0, 58.0, 53.0, 59.0], [50.0, 55.0, 51.0, 52.0]), ("by hand",), ENDS
        ),
        Case("all finish", ([51.0, 53.0], [50.0, 50.0]), ("smallest", "sign"), ENDS),
        Case("all finish", ([0.0, 9.0, 6.0], [3.0, 6.0, 2.0]), ("range", "sign"), ENDS),
        Case(
            "some diverged",
            ([54.0, 51.0, 53.0, 52.0], [50.0, None, 51.0, 47.0]),
            ("by hand", "missing"),
            "None stands for a run that diverged: it counts as 10 percent.",
        ),
        Case(
            "some diverged",
            ([52.0, None, 55.0, 58.0], [50.0, None, None, 51.0]),
            ("missing",),
            "A seed whose two runs both diverge has gain 0, and counts.",
        ),
    ),
    promises=(
        "by hand",
        "missing",
        "sign",
        "smallest",
    ),
    draw=draw_arms,
    reference=gain_lower_end,
    mistakes=MISTAKES,
    accepted=(gain_by_statistics, gain_by_covariance),
    lesson="Pair what shares a seed, count the dead as what they deliver, and report the end of "
    "the interval that would embarrass you.",
    answered_by=("coursekit.toy.dynamics",),
)
