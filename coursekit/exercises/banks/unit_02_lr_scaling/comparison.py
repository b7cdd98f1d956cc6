"""Find the flaw: a sweep over batch sizes with one rate, one seed and equal epochs."""

from collections.abc import Callable

import numpy as np
import torch

from coursekit.exercises.banks.unit_02_lr_scaling.comparison_slips import MISTAKES
from coursekit.exercises.engine.declare import Case, Exercise

Run = Callable[[int, float, int, int], tuple[float, float]]


def compare_batch_sizes(
    run: Run, batch_sizes: list[int], lrs: list[float], seeds: list[int], num_steps: int
) -> list[float]:
    scores = []
    for batch_size in batch_sizes:
        runs = [[run(batch_size, lr, seed, num_steps) for seed in seeds] for lr in lrs]
        table = torch.tensor(runs, dtype=torch.float64).mean(dim=1)  # (lrs, validation or test)
        scores.append(float(table[table[:, 0].argmax(), 1]))
    return scores


def compare_by_keeping_the_best(run, batch_sizes, lrs, seeds, num_steps):
    best = dict.fromkeys(batch_sizes, (-1.0, 0.0))
    for lr in lrs:
        for b in batch_sizes:
            validation = test = 0.0
            for seed in seeds:
                v, t = run(b, lr, seed, num_steps)
                validation, test = validation + v / len(seeds), test + t / len(seeds)
            best[b] = max(best[b], (validation, test))
    return [best[b][1] for b in batch_sizes]


def compare_by_arrays(run, batch_sizes, lrs, seeds, num_steps):
    table = np.array(
        [[[run(b, lr, s, num_steps) for b in batch_sizes] for lr in lrs] for s in seeds]
    )
    validation, test = np.moveaxis(table.mean(axis=0), -1, 0)
    rows = np.argsort(-validation, axis=0)[0]
    return test[rows, range(len(batch_sizes))]


def draw_comparisons(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("one seed", "several seeds") * 3:
        batch_sizes = [int(b) for b in np.cumsum(rng.integers(8, 30, 3))]
        first = float(rng.choice([0.02, 0.05, 0.1]))
        lrs = [first * 2**k for k in range(int(rng.integers(3, 5)))]
        seeds = [int(s) for s in rng.permutation(20)[: 1 if group == "one seed" else 3]]
        shape = (len(seeds), len(lrs), len(batch_sizes))
        best = np.array([rng.permutation(len(lrs))[:2] for _ in batch_sizes])  # rows: B
        best[1, 0] = (best[0, 0] + 1) % len(lrs)  # the best rate does change with B
        best[:, 1] = (best[:, 0] + 1) % len(lrs)
        validation = rng.uniform(0.40, 0.50, shape)
        test = rng.uniform(0.40, 0.50, shape)
        for j, (chosen, tempting) in enumerate(best):
            validation[:, chosen, j] = rng.uniform(0.70, 0.72, len(seeds))
            test[:, chosen, j] = rng.uniform(0.60, 0.64, len(seeds))
            test[:, tempting, j] = rng.uniform(0.77, 0.80, len(seeds))  # best on test data
            validation[:, tempting, j] = rng.uniform(0.62, 0.64, len(seeds))
            if len(seeds) > 1:  # one seed alone would choose otherwise: each in its turn
                validation[len(cases) // 2, tempting, j] = 0.80
        if len(seeds) > 1:  # two unlucky seeds of the best rate: a median would choose otherwise
            validation[:, best[2, 0], 2] = rng.permutation([0.60, 0.61, 0.98])
            validation[:, best[2, 1], 2] = rng.permutation([0.62, 0.63, 0.65])
        tables = np.stack([validation, test])
        num_steps = int(rng.integers(30, 120))
        cases.append(Case(group, (tables, batch_sizes, lrs, seeds, num_steps)))
    return cases


# validation: the mean chooses the first rate, the median the second; test data: another story
MEAN_AND_MEDIAN = np.array(
    [
        [[[0.95], [0.70]], [[0.60], [0.65]], [[0.62], [0.64]]],
        [[[0.50], [0.75]], [[0.625], [0.40]], [[0.55], [0.85]]],
    ]
)

HIGHEST = "the one with the highest validation accuracy, averaged over all seeds;"

U02_COMPARE = Exercise(
    id="u02_compare",
    call="compare_batch_sizes(run, batch_sizes, lrs, seeds, num_steps)",
    points={"one seed": 2.0, "several seeds": 2.0},
    by_hand=(
        Case(
            "one seed",
            (
                np.array([[[[0.5, 0.75], [0.875, 0.5]]], [[[0.75, 0.625], [0.5, 0.875]]]]),
                [10, 20],
                [0.1, 0.2],
                [7],
                40,
            ),
            ("by hand", "smallest"),
        ),
        Case(
            "several seeds",
            (
                np.array(
                    [
                        [[[0.8125, 0.5], [0.625, 0.875]], [[0.25, 0.5], [0.75, 0.5]]],
                        [[[0.875, 0.75], [0.5, 0.625]], [[0.25, 0.875], [0.375, 0.25]]],
                    ]
                ),
                [10, 20],
                [0.1, 0.2],
                [7, 3],
                40,
            ),
            ("average",),
        ),
        Case(
            "one seed",
            (np.array([[[[0.800], [0.805]]], [[[0.75], [0.625]]]]), [10], [0.1, 0.2], [7], 40),
            ("range",),
            quotes=HIGHEST,
        ),
        Case("several seeds", (MEAN_AND_MEDIAN, [10], [0.1, 0.2], [7, 3, 5], 40), ("average",)),
    ),
    promises=(
        "by hand",
        "average",
        "smallest",
    ),
    draw=draw_comparisons,
    reference=compare_batch_sizes,
    run="tabled_runs",
    mistakes=MISTAKES,
    accepted=(compare_by_keeping_the_best, compare_by_arrays),
    lesson="Each batch size with its own rate, chosen on validation data over several seeds, at a "
    "budget that is said aloud: then a sweep over batch sizes compares batch sizes.",
    answered_by=("coursekit.replicas.population", "coursekit.replicas.grid"),
)
