"""Find the flaw: tr(Sigma) from one epoch of batches."""

import math
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def tr_cov_from_epoch(batch_grads: Tensor, batch_sizes: list[int]) -> Tensor:
    sizes = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    mean_grad = (sizes @ batch_grads) / sizes.sum()
    sq_distances = (batch_grads - mean_grad).square().sum(dim=1)
    return (sizes * sq_distances).sum() / (len(sizes) - 1)


def epoch_by_pairs(batch_grads, batch_sizes):
    total = sum(
        batch_sizes[i] * batch_sizes[j] * float((batch_grads[i] - batch_grads[j]).square().sum())
        for i, j in combinations(range(len(batch_sizes)), 2)
    )
    return total / (sum(batch_sizes) * (len(batch_sizes) - 1))


def epoch_by_moments(batch_grads, batch_sizes):
    g, b = batch_grads.double().numpy(), np.array(batch_sizes, float)
    between = (b * (g**2).sum(1)).sum() - ((b[:, None] * g).sum(0) ** 2).sum() / b.sum()
    return between / (len(b) - 1)


def epoch_plain_centre(batch_grads, batch_sizes):
    sizes = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    deviations = batch_grads - batch_grads.mean(dim=0)
    return (sizes * deviations.square().sum(dim=1)).sum() / (len(sizes) - 1)


def weighted_mean(batch_grads: Tensor, batch_sizes: list[int]) -> Tensor:
    sizes = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    return (sizes @ batch_grads) / sizes.sum()


def mean_size(batch_sizes: list[int]) -> float:
    return sum(batch_sizes) / len(batch_sizes)


def draw_epoch(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("equal batches", "ragged last batch") * 3:
        k, p = int(rng.integers(3, 6)), int(rng.integers(2, 5))
        sizes = [int(rng.integers(8, 17))] * k
        if group == "ragged last batch":
            sizes[-1] = int(rng.integers(1, 5))
        grads = rng.normal(size=p) + rng.normal(size=(k, p)) * 3 / np.sqrt(sizes)[:, None]
        cases.append(Case(group, (grads, sizes)))
    return cases


OWN_SIZE = "the factor, from its own size, that makes it speak of one example."

U01_EPOCH_NOISE = Exercise(
    id="u01_epoch_noise",
    call="tr_cov_from_epoch(batch_grads, batch_sizes)",
    points={"equal batches": 1.0, "ragged last batch": 1.0},
    by_hand=(
        Case("equal batches", (np.array([[0.0], [1.0], [2.0]]), [4, 4, 4]), ("by hand",)),
        Case("equal batches", (np.array([[0.0], [3.0]]), [4, 4]), ("smallest",)),
        Case(
            "ragged last batch",
            (np.array([[0.0], [3.0], [3.0]]), [4, 4, 2]),
            ("uneven",),
            quotes=OWN_SIZE,
        ),
        Case(
            "ragged last batch",
            (np.array([[0.0], [3.0], [1.0]]), [4, 1, 4]),
            ("uneven", "order"),
            quotes=OWN_SIZE,
        ),
    ),
    promises=(
        "by hand",
        "smallest",
        "uneven",
    ),
    draw=draw_epoch,
    reference=tr_cov_from_epoch,
    mistakes=(
        Mistake(
            "spread of the batch means",
            "This is the spread of batch means. Each averages many examples: is it the noise of "
            "one example?",
            lambda g, b: g.var(dim=0).sum(),
        ),
        Mistake(
            "mean batch size",
            "You multiply by the average batch size at the end. Does the small last batch deviate "
            "as little as the others?",
            lambda g, b: g.var(dim=0).sum() * mean_size(b),
        ),
        Mistake(
            "first batch size",
            "You multiply by the size of the first batch. Is the last one as long?",
            lambda g, b: g.var(dim=0).sum() * b[0],
        ),
        Mistake(
            "plain centre",
            "Your centre is the plain average of the batch means, so the short batch counts as "
            "much as a long one. Which average equals the mean over all examples?",
            epoch_plain_centre,
        ),
        Mistake(
            "divides by the number of batches",
            "You divide by the number of batches, but the centre was fitted to them. How many "
            "deviations are still free?",
            lambda g, b: tr_cov_from_epoch(g, b) * (len(b) - 1) / len(b),
        ),
        Mistake(
            "divides by the number of examples",
            "You divide by a count of examples. How many independent vectors do you see: one an "
            "example, or one a batch?",
            lambda g, b: tr_cov_from_epoch(g, b) * (len(b) - 1) / (sum(b) - 1),
        ),
        Mistake(
            "divides by all the examples",
            "You divide by the number of examples. How many independent vectors do you see: one "
            "an example, or one a batch?",
            lambda g, b: tr_cov_from_epoch(g, b) * (len(b) - 1) / sum(b),
        ),
        Mistake(
            "weighted, not rescaled",
            "You weigh the batches by size, and your result is still a spread of batch means. "
            "How much smaller is that than the noise of one example?",
            lambda g, b: tr_cov_from_epoch(g, b) / mean_size(b),
        ),
        Mistake(
            "not centred",
            "You measure squared lengths from the origin. A gradient that never changes has "
            "length, but has it noise?",
            lambda g, b: (torch.tensor(b) * g.square().sum(1)).sum() / (len(b) - 1),
        ),
        Mistake(
            "size squared",
            "You multiply by the size before you square, so it counts twice. How does the "
            "variance of a mean depend on the number of its terms?",
            lambda g, b: (
                (torch.tensor(b)[:, None] * (g - weighted_mean(g, b))).square().sum() / (len(b) - 1)
            ),
        ),
        Mistake(
            "mean over parameters",
            "You average over the parameters. A trace is a sum: what happens to your number when "
            "every parameter appears twice?",
            lambda g, b: tr_cov_from_epoch(g, b) / g.shape[1],
        ),
        Mistake(
            "size on the wrong side",
            "You divide by the size. Is one example noisier than the mean of a batch, or less "
            "noisy?",
            lambda g, b: (
                ((g - weighted_mean(g, b)).square().sum(1) / torch.tensor(b)).sum() / (len(b) - 1)
            ),
        ),
        Mistake(
            "short batch left out",
            "You leave the short batch out. That is right on average, and wastes examples. Can "
            "you use every batch, each with the weight that it deserves?",
            lambda g, b: (
                b[0] * g[[bk == b[0] for bk in b]].var(dim=0).sum()
                if b.count(b[0]) > 1
                else torch.tensor(0.0)
            ),
        ),
        Mistake(
            "one average size",
            "One average size for all batches can be right on average, and is noisier than need "
            "be. Can each squared deviation have the size of its own batch?",
            lambda g, b: g.var(dim=0).sum() * len(b) / sum(1 / bk for bk in b),
        ),
        Mistake(
            "last batch always left out",
            "You always leave the last batch out, also where it is as long as the others. Can you "
            "use every batch, each with the weight that it deserves?",
            lambda g, b: b[0] * g[:-1].var(dim=0).sum() if len(b) > 2 else torch.tensor(math.nan),
        ),
        Mistake(
            "spread inside the batches",
            "You divide as one does for the spread inside batches. You see only their means: how "
            "many vectors are that?",
            lambda g, b: tr_cov_from_epoch(g, b) * (len(b) - 1) / (sum(b) - len(b)),
        ),
        Mistake(
            "a standard deviation",
            "Your result is a root. Has a trace the unit of a gradient, or of its square?",
            lambda g, b: tr_cov_from_epoch(g, b) ** 0.5,
        ),
        Mistake(
            "distances not squared",
            "You weigh distances, not their squares. What is a variance an average of?",
            lambda g, b: (
                (torch.tensor(b) * (g - weighted_mean(g, b)).norm(dim=1)).sum() / (len(b) - 1)
            ),
        ),
        Mistake(
            "centre at the first batch",
            "You measure from the first batch. Which centre do the three rules name?",
            lambda g, b: (torch.tensor(b) * (g - g[0]).square().sum(1)).sum() / (len(b) - 1),
        ),
        Mistake(
            "the mean size, right centre",
            "You give every squared deviation the mean batch size. Does a short batch deviate "
            "as little as a long one?",
            lambda g, b: (g - weighted_mean(g, b)).square().sum() * mean_size(b) / (len(b) - 1),
        ),
        Mistake(
            "the largest size for all",
            "You give every squared deviation the size of the full batches. Does a short "
            "batch deviate as little as they do?",
            lambda g, b: (g - weighted_mean(g, b)).square().sum() * max(b) / (len(b) - 1),
        ),
        Mistake(
            "no centre, and K",
            "You measure squared lengths from the origin, and divide by the number of "
            "batches. A gradient that never changes has length, but has it noise?",
            lambda g, b: (torch.tensor(b) * g.square().sum(1)).sum() / len(b),
        ),
        Mistake(
            "centre over the number of batches",
            "Your centre is a sum over examples, divided by the number of batches. How many "
            "examples are in the sum?",
            lambda g, b: (
                (torch.tensor(b) * (g - weighted_mean(g, b) * mean_size(b)).square().sum(1)).sum()
                / (len(b) - 1)
            ),
        ),
        Mistake(
            "the last size for all",
            "You multiply by the size of the last batch. Are the others as short, or does a "
            "variable still hold the last one?",
            lambda g, b: g.var(dim=0).sum() * b[-1],
        ),
        Mistake(
            "size less one",
            "You multiply by one less than the size. How much smaller is the variance of a "
            "mean of b examples than that of one?",
            lambda g, b: (
                ((torch.tensor(b) - 1) * (g - weighted_mean(g, b)).square().sum(1)).sum()
                / (len(b) - 1)
            ),
        ),
        Mistake(
            "made right for the data set",
            "You correct for the number of examples once more. What does the docstring say of "
            "the divisor of tr(Sigma) over one epoch?",
            lambda g, b: tr_cov_from_epoch(g, b) * (sum(b) - 1) / sum(b),
        ),
    ),
    accepted=(epoch_by_pairs, epoch_by_moments),
    lesson="Each squared deviation, times its own batch size, estimates tr(Sigma). Weighted this "
    "way, one epoch without replacement gives it without bias, ragged last batch or not.",
    answered_by=("coursekit.noise.scale",),
)
