"""How close to the edge of stability a run stays, late in training."""

import numpy as np

from coursekit.exercises.banks.unit_06_sharpness.edge_slips import MISTAKES, edge_ratio
from coursekit.exercises.engine.declare import Case, Exercise


def edge_by_numpy(steps, sharpness, lr, momentum):
    late = np.array(steps) >= 0.7 * steps[-1] - 1e-9
    return (np.array(sharpness) * lr / (2 + 2 * momentum))[late].mean()


def edge_from_behind(steps, sharpness, lr, momentum):
    total, count = 0.0, 0
    for step, value in zip(reversed(steps), reversed(sharpness), strict=True):
        if step < 0.7 * steps[-1] - 1e-9:
            break
        total, count = total + value / (2 * (1 + momentum) / lr), count + 1
    return total / count


# ends of runs whose last 30 % begin at a whole step in any formula, rounding included
ROUND_LASTS = [n for n in range(300, 900, 10) if 0.7 * n == 7 * n // 10 and 7 * n // 10 / n == 0.7]


def draw_edge(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("gradient descent", "momentum") * 4):
        momentum = 0.0 if group == "gradient descent" else float(rng.choice([0.5, 0.8, 0.9]))
        lr = float(rng.choice([0.03, 0.07, 0.15, 0.3]))
        threshold = 2 * (1 + momentum) / lr
        last = int(rng.choice(ROUND_LASTS))
        early = np.sort(rng.choice(np.arange(1, 7 * last // 10), 5, replace=False))
        late = np.sort(rng.choice(np.arange(7 * last // 10 + 1, last), 3, replace=False))
        first = 0 if number < 4 else int(early[0]) // 2
        steps = [
            first,
            *early,
            7 * last // 10,
            *late,
            last,
        ]  # the records are not equally far apart
        ratios = np.sort(rng.uniform(0.15, 0.9, 6))  # the climb, then a swing around the edge
        hover = [rng.uniform(1.15, 1.3), *rng.uniform(0.85, 0.96, 2), *rng.uniform(1.03, 1.1, 2)]
        if number >= 4:  # a start above the edge, and one that never arrives
            ratios = ratios[::-1] + (1.5 if number < 6 else -0.1)
            hover = [x - 0.4 for x in hover] if number >= 6 else hover
        records = np.concatenate([ratios, hover]) * threshold
        args = ([int(t) for t in steps], [float(x) for x in records], lr, momentum)
        cases.append(Case(group, args))
    return cases


U06_EDGE_RATIO = Exercise(
    id="u06_edge_ratio",
    call="edge_ratio(steps, sharpness, lr, momentum)",
    points={"gradient descent": 1.0, "momentum": 1.0},
    by_hand=(
        Case("gradient descent", ([0, 5, 10], [3.0, 6.0, 13.0], 0.2, 0.0), keeps=("by hand",)),
        # the record at step 7 of 10 belongs to the last 30 %
        Case(
            "gradient descent",
            ([0, 4, 7, 10], [3.0, 6.0, 9.0, 12.0], 0.2, 0.0),
            keeps=("boundary",),
            quotes="A record at exactly 0.7 times the last step counts.",
        ),
        Case(
            "gradient descent",
            ([100, 150, 200], [5.0, 8.0, 11.0], 0.2, 0.0),
            keeps=("range",),
            quotes="those whose step is at least 0.7 times the last step",
        ),
        Case(
            "gradient descent",
            ([0, 6, 9], [5.0, 8.0, 11.0], 0.2, 0.0),
            keeps=("boundary",),
            quotes="those whose step is at least 0.7 times the last step",
        ),
        # a start above the edge, and records that are not equally far apart
        Case(
            "gradient descent",
            ([0, 1, 2, 3, 50, 80, 100], [25.0, 9, 2, 3, 7, 9, 12], 0.2, 0.0),
            keeps=("uneven",),
            quotes="records need not be equally far apart",
        ),
        # never at the edge: a ratio below one is an answer
        Case(
            "gradient descent",
            ([0, 10, 20], [2.0, 4.0, 5.0], 0.2, 0.0),
            keeps=("range",),
            quotes="A run that does not get there has a ratio below one: return it.",
        ),
        Case("gradient descent", ([10], [4.0], 0.2, 0.0), keeps=("smallest",)),
        Case("momentum", ([0, 5, 8, 10], [9.0, 12.0, 16.0, 17.0], 0.2, 0.5), keeps=("by hand",)),
        Case(
            "momentum",
            ([0, 20, 75, 90, 100], [40.0, 12.0, 11.0, 13.0, 9.0], 0.2, 0.5),
            keeps=("uneven", "boundary"),
            quotes="records need not be equally far apart",
        ),
    ),
    promises=("boundary", "by hand", "range", "smallest", "uneven"),
    draw=draw_edge,
    reference=edge_ratio,
    mistakes=MISTAKES,
    accepted=(edge_by_numpy, edge_from_behind),
    lesson="A ratio near one says that the learning rate sets where the sharpness stays: at half "
    "the rate a run that gets there stays twice as high. Below one the run is still on its way.",
    answered_by=(
        "coursekit.curvature.sharpness_measures",
        "coursekit.experiments.edge",
        "coursekit.toy.dynamics",
    ),
)
