"""A sweep of learning rates: inside the grid, on its edge, beside a diverged rate."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_02_lr_scaling.next_lr_slips import MISTAKES
from coursekit.exercises.engine.declare import Case, Exercise


def next_lr(accuracy: Tensor, diverged: Tensor, lrs: list[float]) -> float:
    usable = ~diverged.any(dim=0)
    best = int(accuracy.mean(dim=0).where(usable, torch.tensor(-1.0)).argmax())
    if best == 0:
        return lrs[0] * lrs[0] / lrs[1]
    if best == len(lrs) - 1:
        return lrs[-1] * lrs[-1] / lrs[-2]
    return lrs[best]


def next_by_loop(accuracy, diverged, lrs):
    num_seeds = len(accuracy)
    best, highest = -1, -1.0
    for i in range(len(lrs)):
        if any(bool(diverged[s, i]) for s in range(num_seeds)):
            continue
        total = sum(float(accuracy[s, i]) for s in range(num_seeds))
        if total > highest:
            best, highest = i, total
    ratio = lrs[1] / lrs[0]
    return {0: lrs[0] / ratio, len(lrs) - 1: lrs[-1] * ratio}.get(best, lrs[best])


def next_by_padding(accuracy, diverged, lrs):
    logs = np.log(lrs)
    step = logs[1] - logs[0]
    longer = np.concatenate([[logs[0] - step], logs, [logs[-1] + step]])
    mean = np.where(diverged.numpy().max(axis=0), -np.inf, accuracy.numpy().sum(axis=0))
    order = np.argsort(mean)[-1]
    move = -1 if order == 0 else (1 if order == len(lrs) - 1 else 0)
    return float(np.exp(longer[order + 1 + move]))


def draw_sweeps(rng: np.random.Generator) -> list[Case]:
    cases = []
    for i, group in enumerate(("inside", "edge", "diverged") * 4):
        size, seeds = int(rng.integers(5, 7)), 3
        ratio = float(rng.choice([3.0, 4.0]))
        first = float(rng.choice([0.005, 0.01, 0.02]))
        lrs = [float(first * ratio**j) for j in range(size)]
        best = {"inside": size - 3, "edge": (0, size - 1)[i // 3 % 2], "diverged": size - 3}[group]
        mean = 0.6 - 0.06 * np.abs(np.arange(size) - best)
        accuracy = mean + rng.uniform(-0.004, 0.004, (seeds, size))
        diverged = np.zeros((seeds, size), dtype=bool)
        if group == "diverged":  # above the best that is left; stopped while they looked good
            diverged[:, -1], diverged[2, -2] = True, True
            accuracy[:, -2] = ((0.95, 0.95, 0.1), (0.8, 0.8, 0.7), (0.8, 0.8, 0.1))[i // 3 % 3]
            accuracy[:, -1] = 0.98 if i % 2 else 0.2
            if i // 3 == 3:  # one more below the best: cutting it out would move all places
                diverged[0, 0], accuracy[:, 0] = True, 0.9
        else:  # one lucky run, a pair of fairly lucky ones, and the best with an unlucky one
            accuracy[:, (best + 2) % size] += (0.3, -0.25, -0.25)
            accuracy[:, best - 1 if best else 1] = (0.62, 0.625, 0.3)
            accuracy[1, best] -= 0.1
        order = rng.permutation(seeds)
        cases.append(Case(group, (accuracy[order], diverged[order], lrs)))
    return cases


NONE_DIVERGED = np.zeros((2, 3), dtype=bool)
FIVE = [0.01, 0.02, 0.04, 0.08, 0.16]
ANY = "a rate at which any seed diverged can't be best, however good it looked when it stopped;"
INSIDE = "if it lies inside the grid, with rates tried on both sides, return it."
BEYOND = "if it is the first or last rate of the grid, return the next rate beyond that edge"


U02_NEXT_LR = Exercise(
    id="u02_next_lr",
    call="next_lr(accuracy, diverged, lrs)",
    points={"inside": 1.0, "edge": 1.0, "diverged": 1.0},
    by_hand=(
        Case(
            "inside",
            (np.array([[0.5, 0.7, 0.9], [0.4, 0.6, 0.2]]), NONE_DIVERGED, [0.01, 0.04, 0.16]),
            (
                "by hand",
                "average",
            ),
        ),
        Case(
            "edge",
            (np.array([[0.3, 0.5, 0.7], [0.4, 0.6, 0.8]]), NONE_DIVERGED, [0.01, 0.04, 0.16]),
            ("range",),
            quotes=BEYOND,
        ),
        Case(
            "edge",
            (np.array([[0.7, 0.5, 0.3], [0.8, 0.6, 0.4]]), NONE_DIVERGED, [0.01, 0.04, 0.16]),
            ("range",),
            quotes=BEYOND,
        ),
        Case(  # good already, and hardly better than its neighbour
            "edge",
            (np.array([[0.95, 0.945, 0.3], [0.95, 0.945, 0.4]]), NONE_DIVERGED, [0.01, 0.04, 0.16]),
            ("range",),
            quotes=BEYOND,
        ),
        Case(  # all above the first have diverged
            "edge",
            (
                np.array([[0.9, 0.8, 0.3], [0.9, 0.8, 0.3]]),
                np.array([[False, True, True], [False, False, False]]),
                [0.01, 0.04, 0.16],
            ),
            ("range", "missing"),
            quotes=BEYOND,
        ),
        Case(  # a lower rate has diverged
            "edge",
            (
                np.array([[0.3, 0.9, 0.8], [0.3, 0.9, 0.8]]),
                np.array([[False, True, False], [False, False, False]]),
                [0.01, 0.04, 0.16],
            ),
            ("range", "missing"),
            quotes=BEYOND,
        ),
        Case(  # the second of five
            "inside",
            (np.array([[0.1, 0.9, 0.3, 0.2, 0.1]]), np.zeros((1, 5), dtype=bool), FIVE),
            ("range",),
            quotes=INSIDE,
        ),
        Case(  # the last but one of five
            "inside",
            (np.array([[0.1, 0.2, 0.3, 0.9, 0.1]]), np.zeros((1, 5), dtype=bool), FIVE),
            ("range",),
            quotes=INSIDE,
        ),
        Case(
            "diverged",
            (
                np.array([[0.3, 0.6, 0.8], [0.4, 0.5, 0.7]]),
                np.array([[False, False, False], [False, False, True]]),
                [0.01, 0.04, 0.16],
            ),
            ("missing",),
            quotes=ANY,
        ),
        Case(
            "diverged",
            (
                np.array([[0.3, 0.5, 0.9], [0.2, 0.5, 0.95], [0.3, 0.4, 0.1]]),
                np.array([[False] * 3, [False] * 3, [False, False, True]]),
                [0.01, 0.04, 0.16],
            ),
            ("missing",),
            quotes=ANY,
        ),
        Case(
            "diverged",
            (
                np.array([[0.3, 0.6, 0.5], [0.3, 0.5, 0.95], [0.3, 0.5, 0.9]]),
                np.array([[False] * 3, [False, False, True], [False, False, True]]),
                [0.01, 0.04, 0.16],
            ),
            ("missing",),
            quotes=ANY,
        ),
    ),
    promises=(
        "by hand",
        "average",
        "range",
        "missing",
    ),
    draw=draw_sweeps,
    reference=next_lr,
    mistakes=MISTAKES,
    accepted=(next_by_loop, next_by_padding),
    lesson="A best value on the edge of its grid is a lower bound, not a result. A diverged "
    "neighbour is knowledge: there the window ends.",
    answered_by=("coursekit.replicas.population",),
)
