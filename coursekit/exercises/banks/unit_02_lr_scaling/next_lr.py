"""A sweep of learning rates: inside the grid, on its edge, beside a diverged rate."""

import math

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


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
        lrs = [float(0.01 * ratio**j) for j in range(size)]
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


def best_row(a: Tensor, d: Tensor) -> int:
    """Return the place of the best usable learning rate."""
    return int(a.mean(dim=0).where(~d.any(dim=0), torch.tensor(-1.0)).argmax())


def from_place(best: int, lrs: list[float]) -> float:
    """Return what the exercise asks for, once the best place is known."""
    ratio = lrs[1] / lrs[0]
    return {0: lrs[0] / ratio, len(lrs) - 1: lrs[-1] * ratio}.get(best, lrs[best])


def lost_diverged(a, d, lrs):
    kept = [i for i in range(len(lrs)) if not bool(d[:, i].any())]
    small = a[:, kept].mean(dim=0)
    return from_place(int(small.argmax()), [lrs[i] for i in kept])


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
        ),
        Case(
            "edge",
            (np.array([[0.7, 0.5, 0.3], [0.8, 0.6, 0.4]]), NONE_DIVERGED, [0.01, 0.04, 0.16]),
            ("range",),
        ),
        Case(
            "diverged",
            (
                np.array([[0.3, 0.6, 0.8], [0.4, 0.5, 0.7]]),
                np.array([[False, False, False], [False, False, True]]),
                [0.01, 0.04, 0.16],
            ),
            ("missing",),
        ),
        Case(
            "diverged",
            (
                np.array([[0.3, 0.5, 0.9], [0.2, 0.5, 0.95], [0.3, 0.4, 0.1]]),
                np.array([[False] * 3, [False] * 3, [False, False, True]]),
                [0.01, 0.04, 0.16],
            ),
            ("missing",),
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
    mistakes=(
        Mistake(
            "the edge is taken for the best",
            "You return a learning rate on the edge of the grid. What do you know of the rates "
            "beyond it?",
            lambda a, d, lrs: lrs[best_row(a, d)],
        ),
        Mistake(
            "the upper edge alone",
            "You go on beyond the largest rate only. Can a grid not start too high?",
            lambda a, d, lrs: max(from_place(best_row(a, d), lrs), lrs[0]),
        ),
        Mistake(
            "the lower edge alone",
            "You go on below the smallest rate only. Can a grid not end too low?",
            lambda a, d, lrs: min(from_place(best_row(a, d), lrs), lrs[-1]),
        ),
        Mistake(
            "adds in place of multiplying",
            "You go on by the difference of two rates. How are the rates of this grid spaced, by "
            "equal differences or by equal factors?",
            lambda a, d, lrs: {
                0: lrs[0] - (lrs[1] - lrs[0]),
                len(lrs) - 1: lrs[-1] + (lrs[-1] - lrs[-2]),
            }.get(best_row(a, d), lrs[best_row(a, d)]),
        ),
        Mistake(
            "always a factor of two",
            "You double or halve, whatever the grid. By which factor is this grid spaced?",
            lambda a, d, lrs: {0: lrs[0] / 2, len(lrs) - 1: lrs[-1] * 2}.get(
                best_row(a, d), lrs[best_row(a, d)]
            ),
        ),
        Mistake(
            "always a factor of ten",
            "You go up or down by a power of ten, whatever the grid. By which factor is this "
            "grid spaced?",
            lambda a, d, lrs: {0: lrs[0] / 10, len(lrs) - 1: lrs[-1] * 10}.get(
                best_row(a, d), lrs[best_row(a, d)]
            ),
        ),
        Mistake(
            "back into the grid",
            "At an edge you step back into the grid, to a rate that has been tried. On which side "
            "lies what you don't know?",
            lambda a, d, lrs: {0: lrs[1], len(lrs) - 1: lrs[-2]}.get(
                best_row(a, d), lrs[best_row(a, d)]
            ),
        ),
        Mistake(
            "other end",
            "You extend the grid at the other end. On which side of the best is nothing known?",
            lambda a, d, lrs: {
                0: lrs[-1] * lrs[1] / lrs[0],
                len(lrs) - 1: lrs[0] * lrs[0] / lrs[1],
            }.get(best_row(a, d), lrs[best_row(a, d)]),
        ),
        Mistake(
            "divergence ignored",
            "You let a rate win at which a run diverged. What is its accuracy worth?",
            lambda a, d, lrs: from_place(int(a.mean(dim=0).argmax()), lrs),
        ),
        Mistake(
            "only if all seeds diverge",
            "You drop a rate only if every seed diverged there. Would you start a long run at a "
            "rate that kills some?",
            lambda a, d, lrs: from_place(
                int(a.mean(dim=0).where(~d.all(dim=0), torch.tensor(-1.0)).argmax()), lrs
            ),
        ),
        Mistake(
            "average over the survivors",
            "You average over the runs that survived. Is a rate good because its lucky runs are?",
            lambda a, d, lrs: from_place(
                int(torch.nan_to_num(a.masked_fill(d, math.nan).nanmean(dim=0), nan=-1.0).argmax()),
                lrs,
            ),
        ),
        Mistake(
            "diverged rates cut out of the grid",
            "You throw diverged rates out of the grid and then look for its edge. Was the rate "
            "above the best not tried?",
            lost_diverged,
        ),
        Mistake(
            "the luckiest run",
            "You pick the rate of the single luckiest run. What do the other seeds say of it?",
            lambda a, d, lrs: from_place(
                int(a.amax(dim=0).where(~d.any(dim=0), torch.tensor(-1.0)).argmax()), lrs
            ),
        ),
        Mistake(
            "place in the grid",
            "You return a place in the grid. Which learning rate stands there?",
            lambda a, d, lrs: best_row(a, d),
        ),
        Mistake(
            "between the best two",
            "You return a rate between grid points. What does the docstring ask for when the "
            "best lies inside?",
            lambda a, d, lrs: (
                lrs[best_row(a, d)] * math.sqrt(lrs[1] / lrs[0])
                if 0 < best_row(a, d) < len(lrs) - 1
                else from_place(best_row(a, d), lrs)
            ),
        ),
        Mistake(
            "always one further",
            "You go one step beyond the best even where it lies inside. Was the next rate not "
            "tried?",
            lambda a, d, lrs: (
                lrs[best_row(a, d)] * lrs[1] / lrs[0]
                if best_row(a, d)
                else from_place(best_row(a, d), lrs)
            ),
        ),
        Mistake(
            "a diverged run counts as nothing",
            "You count a diverged run as accuracy zero and average it in. Can a rate that kills "
            "one run in three still win so?",
            lambda a, d, lrs: from_place(int(a.masked_fill(d, 0.0).mean(dim=0).argmax()), lrs),
        ),
        Mistake(
            "median",
            "You compare medians. Which average does the text name?",
            lambda a, d, lrs: from_place(
                int(a.where(~d.any(dim=0), torch.tensor(-1.0)).median(dim=0).values.argmax()), lrs
            ),
        ),
        Mistake(
            "the worst seed decides",
            "You compare the unluckiest runs. Which average does the text name?",
            lambda a, d, lrs: from_place(
                int(a.where(~d.any(dim=0), torch.tensor(-1.0)).amin(dim=0).argmax()), lrs
            ),
        ),
        Mistake(
            "the first seed",
            "You look at the first seed alone. What are the others for?",
            lambda a, d, lrs: from_place(
                int(a.where(~d.any(dim=0), torch.tensor(-1.0))[0].argmax()), lrs
            ),
        ),
        Mistake(
            "factor of the whole grid",
            "Your next rate is a whole grid further. By which factor do neighbours differ?",
            lambda a, d, lrs: {
                0: lrs[0] * lrs[0] / lrs[-1],
                len(lrs) - 1: lrs[-1] * lrs[-1] / lrs[0],
            }.get(best_row(a, d), lrs[best_row(a, d)]),
        ),
        Mistake(
            "a place in the shortened grid",
            "You cut diverged rates out and then use the place in what is left. Which rate stands "
            "at that place in the list that you were given?",
            lambda a, d, lrs: from_place(int(a[:, ~d.any(dim=0)].mean(dim=0).argmax()), lrs),
        ),
    ),
    accepted=(next_by_loop, next_by_padding),
    lesson="A best value on the edge of its grid is a lower bound, not a result. A diverged "
    "neighbour is knowledge: there the window ends.",
    answered_by=("coursekit.replicas.population",),
)
