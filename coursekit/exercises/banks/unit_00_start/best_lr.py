"""Read the plane: the best learning rate at each batch size."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


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


def spread(accuracy: Tensor) -> Tensor:
    """Return the standard deviation over seeds; nan for a single one, as `std` has it."""
    if len(accuracy) < 2:
        return torch.full(accuracy.shape[1:], torch.nan)
    return accuracy.std(dim=0)


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


MEAN_FIRST = "Take the mean over seeds first, then choose."

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

# in the first column a seed's own scale, or a product of the seeds, prefers the second rate;
# in the second column the two means differ by less than half a point
SCALES_AND_NEAR_TIES = np.array(
    [
        [[0.90, 0.700], [0.80, 0.706], [0.30, 0.400]],
        [[0.20, 0.702], [0.25, 0.704], [0.10, 0.300]],
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
            quotes=MEAN_FIRST,
        ),
        Case("several seeds", (THREE_SEEDS, [0.1, 0.2, 0.4]), ("average",), quotes=MEAN_FIRST),
        Case("several seeds", (MEAN_MEDIAN_VOTE, [0.1, 0.2, 0.4]), ("average",), quotes=MEAN_FIRST),
        Case(
            "several seeds",
            (SCALES_AND_NEAR_TIES, [0.1, 0.2, 0.4]),
            ("average",),
            quotes=MEAN_FIRST,
        ),
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
            "You compare the medians of the seeds. Which average does the text name?",
            lambda a, lrs: torch.tensor(lrs)[a.median(dim=0).values.argmax(dim=0)],
        ),
        Mistake(
            "the last seed",
            "You look at the last seed alone. What are the other planes for?",
            lambda a, lrs: torch.tensor(lrs)[a[-1].argmax(dim=0)],
        ),
        Mistake(
            "one place too far",
            "Your rates are one place too low in the list. With which place does an argmax begin?",
            lambda a, lrs: torch.tensor(lrs)[a.mean(0).argmax(dim=0) - 1],
        ),
        Mistake(
            "grid turned round",
            "You read the list of learning rates backwards. Which end does the accuracy's axis "
            "begin with?",
            lambda a, lrs: torch.tensor(lrs).flip(0)[a.mean(0).argmax(dim=0)],
        ),
        Mistake(
            "mean minus spread",
            "You take the spread of the seeds off their mean. Does the text ask for a safe rate, "
            "or for the one with the highest mean? And what is the spread of a single seed?",
            lambda a, lrs: torch.tensor(lrs)[(a.mean(0) - spread(a)).argmax(dim=0)],
        ),
        Mistake(
            "scaled up from the first column",
            "You choose for the first batch size and scale the others up by a rule. What did the "
            "runs of the other columns measure?",
            lambda a, lrs: (
                torch.tensor(lrs)[a.mean(0)[:, 0].argmax()] * 2.0 ** torch.arange(a.shape[2])
            ),
        ),
        Mistake(
            "a safe step down",
            "You go one learning rate below the best, or stay where there is none. Is a safe rate "
            "asked for, or the best one measured?",
            lambda a, lrs: torch.tensor(lrs)[(a.mean(0).argmax(dim=0) - 1).clamp(min=0)],
        ),
    ),
    accepted=(best_lr_by_loop, best_lr_by_sorting),
    lesson="Average over seeds first, choose second. Picking the luckiest of many runs is the "
    "oldest way to fool oneself with a sweep.",
    answered_by=("coursekit.plots",),
)
