"""Unit 00: how a check works, and how to read the plane."""

import math

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake

# --- warm-up: count the steps ----------------------------------------------------------------


def num_steps(num_examples: int, batch_size: int, num_epochs: int) -> int:
    return num_epochs * (num_examples // batch_size)


def num_steps_by_walking(num_examples, batch_size, num_epochs):
    steps = 0
    for _ in range(num_epochs):
        for start in range(0, num_examples, batch_size):
            steps += start + batch_size <= num_examples
    return steps


def num_steps_by_slices(num_examples, batch_size, num_epochs):
    batches = torch.arange(num_examples).split(batch_size)
    return num_epochs * sum(len(batch) == batch_size for batch in batches)


def draw_steps(rng: np.random.Generator) -> list[Case]:
    cases = []
    for share in (0.0, 0.0, 0.3, 0.4, 0.7, 0.8):  # of a batch, left over in each epoch
        batch_size, epochs = int(rng.integers(10, 40)), int(rng.integers(4, 9))
        num_examples = batch_size * int(rng.integers(3, 20)) + int(share * batch_size)
        cases.append(
            Case("leftover" if share else "no leftover", (num_examples, batch_size, epochs))
        )
    too_large = int(rng.integers(20, 30))
    cases.append(Case("leftover", (int(rng.integers(5, 20)), too_large, epochs)))
    return cases


U00_NUM_STEPS = Exercise(
    id="u00_num_steps",
    call="num_steps(num_examples, batch_size, num_epochs)",
    points={"no leftover": 1.0, "leftover": 1.0},
    by_hand=(
        Case("no leftover", (8, 4, 3), ("by hand",)),
        Case("no leftover", (5, 5, 1), ("smallest", "range")),
        Case("leftover", (11, 4, 3), ("uneven",)),
        Case("leftover", (3, 4, 2), ("smallest",)),
    ),
    promises=("by hand", "uneven", "smallest"),
    draw=draw_steps,
    reference=num_steps,
    mistakes=(
        Mistake(
            "leftover counted",
            "You make a step for the leftover examples too. Does this course keep a batch that is "
            "not full?",
            lambda n, b, e: e * math.ceil(n / b),
        ),
        Mistake(
            "fractions of a step",
            "Can a run make a fraction of a step? What happens to the leftover of each epoch?",
            lambda n, b, e: e * n / b,
        ),
        Mistake(
            "leftovers carried over",
            "You carry the leftover of an epoch into the next. When is the data set shuffled "
            "again?",
            lambda n, b, e: e * n // b,
        ),
        Mistake(
            "one epoch",
            "You count the steps of a single epoch. How often does the run go through the data?",
            lambda n, b, e: n // b,
        ),
        Mistake(
            "examples, not steps",
            "You count the examples seen. How many of them does one step use up?",
            lambda n, b, e: n * e,
        ),
        Mistake(
            "rounded to the nearest",
            "You round to the nearest whole number, sometimes upwards. Does this course keep a "
            "batch that is not full?",
            lambda n, b, e: e * round(n / b),
        ),
        Mistake(
            "one last short batch",
            "You keep one short batch at the very end of the run. Is the data set not cut anew in "
            "every epoch, and the leftover dropped?",
            lambda n, b, e: math.ceil(n * e / b),
        ),
        Mistake(
            "always one more",
            "You add a step for the rest, even where there is none. What happens when B divides N?",
            lambda n, b, e: e * (n // b + 1),
        ),
        Mistake(
            "last full batch lost",
            "When B divides N you lose the last full batch. Where does your loop or range end?",
            lambda n, b, e: e * ((n - 1) // b),
        ),
        Mistake(
            "at least one step",
            "Here the batch is larger than the data set. Is there one full batch in it?",
            lambda n, b, e: e * max(1, n // b),
        ),
    ),
    accepted=(num_steps_by_walking, num_steps_by_slices),
    lesson="Four times the batch for the same number of epochs means a quarter of the steps. "
    "Keep that number in mind.",
    graded=False,
)

# --- read the plane --------------------------------------------------------------------------


def best_lr(accuracy: Tensor, lrs: list[float]) -> Tensor:
    mean_accuracy = accuracy.mean(dim=0)
    return torch.tensor(lrs)[mean_accuracy.argmax(dim=0)]


def best_lr_by_loop(accuracy, lrs):
    num_seeds, num_lrs, num_batches = accuracy.shape
    best = []
    for j in range(num_batches):
        totals = [sum(float(accuracy[s, i, j]) for s in range(num_seeds)) for i in range(num_lrs)]
        best.append(lrs[totals.index(max(totals))])
    return best


def best_lr_by_sorting(accuracy, lrs):
    order = np.argsort(accuracy.numpy().sum(axis=0), axis=0)
    return np.take(np.array(lrs), order[-1])


def draw_plane(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one seed", "several seeds") * 4:
        seeds = 1 if group == "one seed" else int(rng.integers(3, 6))
        size = int(rng.integers(4, 6))  # lrs and batch sizes alike: no axis has a telling length
        lrs = [2.0 ** -int(k) for k in range(size + 1, 1, -1)]
        columns = np.arange(size)
        plane = np.stack([0.3 + 0.5 * rng.permutation(size) / size for _ in range(size)], axis=1)
        # one column has its best at either end of the grid
        plane[:, 0] = np.sort(plane[:, 0])[:: int(rng.choice([-1, 1]))]
        accuracy = plane + rng.normal(0, 0.005, (seeds, size, size))
        if seeds > 1:  # a lucky run of a bad learning rate, an unlucky run of the best
            accuracy[0, plane.argmin(axis=0), columns] = 0.95
            accuracy[-1, plane.argmax(axis=0), columns] -= 0.2
            best, other = plane[:, -1].argmax(), plane[:, -1].argsort()[-2]
            accuracy[:, :, -1] = np.minimum(accuracy[:, :, -1], 0.5)
            accuracy[:, best, -1] = [0.60, 0.97, *rng.uniform(0.60, 0.61, seeds - 2)]
            accuracy[:, other, -1] = rng.uniform(0.63, 0.64, seeds)  # the better median
        cases.append(Case(group, (rng.permutation(accuracy), lrs)))
    return cases


# three seeds (rows) of each learning rate: the luckiest run, a vote of the seeds and the worst seed
# each point elsewhere than the mean
THREE_SEEDS = np.array(
    [
        [[0.90, 0.20], [0.50, 0.70], [0.85, 0.60]],
        [[0.30, 0.20], [0.60, 0.40], [0.55, 0.45]],
        [[0.30, 0.20], [0.60, 0.60], [0.48, 0.50]],
    ]
)


# in the first column mean, median and vote of the seeds each choose another learning rate
MEAN_MEDIAN_VOTE = np.array(
    [
        [[0.10, 0.20], [0.55, 0.50], [0.95, 0.30]],
        [[0.62, 0.20], [0.61, 0.50], [0.50, 0.30]],
        [[0.40, 0.20], [0.39, 0.50], [0.38, 0.30]],
    ]
)

U00_BEST_LR = Exercise(
    id="u00_best_lr",
    call="best_lr(accuracy, lrs)",
    points={"one seed": 1.0, "several seeds": 1.0},
    by_hand=(
        Case(
            "one seed",
            (np.array([[[0.3, 0.2], [0.5, 0.4], [0.1, 0.6]]]), [0.1, 0.2, 0.4]),
            ("by hand", "smallest", "range"),
        ),
        Case(
            "several seeds",
            (
                np.array([[[0.9, 0.2], [0.6, 0.5]], [[0.1, 0.2], [0.6, 0.5]]]),
                [0.1, 0.2],
            ),
            ("average",),
        ),
        Case("several seeds", (THREE_SEEDS, [0.1, 0.2, 0.4]), ("average",)),
        Case("several seeds", (MEAN_MEDIAN_VOTE, [0.1, 0.2, 0.4]), ("average",)),
    ),
    promises=("by hand", "average", "smallest"),
    draw=draw_plane,
    reference=best_lr,
    mistakes=(
        Mistake(
            "the luckiest run",
            "You pick the learning rate of the single luckiest run. What would a second seed say "
            "of it?",
            lambda a, lrs: torch.tensor(lrs)[a.amax(dim=0).argmax(dim=0)],
        ),
        Mistake(
            "the first seed",
            "You look at the first seed alone. What are the other planes for?",
            lambda a, lrs: torch.tensor(lrs)[a[0].argmax(dim=0)],
        ),
        Mistake(
            "row numbers",
            "You return row numbers. Which learning rate stands in that row?",
            lambda a, lrs: a.mean(0).argmax(dim=0),
        ),
        Mistake(
            "best batch for each lr",
            "You look for the best batch size of each learning rate. Which axis holds the "
            "learning rates?",
            lambda a, lrs: torch.tensor(lrs)[a.mean(0).argmax(dim=1) % len(lrs)],
        ),
        Mistake(
            "one for all",
            "You give every batch size the learning rate of the plane's single best cell. Does "
            "the best one stay put when B changes?",
            lambda a, lrs: torch.tensor(lrs)[a.mean(0).amax(dim=1).argmax().repeat(a.shape[2])],
        ),
        Mistake(
            "the accuracy itself",
            "You return the best accuracies. At which learning rates were they reached?",
            lambda a, lrs: a.mean(0).amax(dim=0),
        ),
        Mistake(
            "the worst",
            "You return where accuracy is lowest. Which end of the scale is good here?",
            lambda a, lrs: torch.tensor(lrs)[a.mean(0).argmin(dim=0)],
        ),
        Mistake(
            "average of the best",
            "You choose in every seed and average the learning rates chosen. Is such an average "
            "even on the grid? What shall be averaged before you choose?",
            lambda a, lrs: torch.tensor(lrs)[a.argmax(dim=1)].mean(dim=0),
        ),
        Mistake(
            "seeds and learning rates mixed up",
            "You average over the learning rates and choose among the seeds. Which axis is which?",
            lambda a, lrs: torch.tensor(lrs)[a.mean(dim=1).argmax(dim=0) % len(lrs)],
        ),
        Mistake(
            "a vote of the seeds",
            "You let the seeds vote. A vote forgets by how much one learning rate beats another: "
            "what keeps that?",
            lambda a, lrs: torch.tensor(lrs)[a.argmax(dim=1).mode(dim=0).values],
        ),
        Mistake(
            "one for all, on average",
            "You choose the learning rate that is best on average over batch sizes. Does the best "
            "one stay put when B changes?",
            lambda a, lrs: torch.tensor(lrs)[a.mean(dim=(0, 2)).argmax().repeat(a.shape[2])],
        ),
        Mistake(
            "the worst seed decides",
            "You compare the unluckiest run of each cell. One bad run decides then; what does the "
            "text ask you to compare?",
            lambda a, lrs: torch.tensor(lrs)[a.amin(dim=0).argmax(dim=0)],
        ),
        Mistake(
            "edges left out",
            "You leave out the first and the last learning rate. A best cell on the edge deserves "
            "a warning, but is it not the best one measured?",
            lambda a, lrs: torch.tensor(lrs[1:-1] or lrs)[
                (a.mean(0)[1:-1] if len(lrs) > 2 else a.mean(0)).argmax(dim=0)
            ],
        ),
        Mistake(
            "never averaged",
            "You choose in every seed and return them all. What shall be averaged before you "
            "choose?",
            lambda a, lrs: torch.tensor(lrs)[a.argmax(dim=1)],
        ),
        Mistake(
            "median",
            "You compare the medians of the seeds. Which average does the docstring name?",
            lambda a, lrs: torch.tensor(lrs)[a.median(dim=0).values.argmax(dim=0)],
        ),
    ),
    accepted=(best_lr_by_loop, best_lr_by_sorting),
    lesson="Average over seeds first, choose second. Picking the luckiest of many runs is the "
    "oldest way to fool oneself with a sweep.",
    answered_by=("coursekit.plots",),
)

EXERCISES = (U00_NUM_STEPS, U00_BEST_LR)
