"""Build it, first milestone: a squared error for each drawn batch."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def squared_errors(example_grads: Tensor, batches: Tensor) -> Tensor:
    full = example_grads.mean(dim=0)
    return (example_grads[batches].mean(dim=1) - full).square().sum(dim=1)


def errors_by_loop(example_grads, batches):
    full = sum(example_grads) / len(example_grads)
    found = []
    for batch in batches.tolist():
        grad = sum(example_grads[i] for i in batch) / len(batch)
        found.append(float(((grad - full) ** 2).sum()))
    return found


def errors_by_products(example_grads, batches):
    centred = (example_grads - example_grads.mean(dim=0)).double()
    counts = torch.zeros(len(batches), len(example_grads), dtype=torch.float64)
    counts.scatter_add_(1, batches, torch.ones_like(batches, dtype=torch.float64))
    shares = counts / batches.shape[1]
    return ((shares @ (centred @ centred.T)) * shares).sum(dim=1)


GRADS = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])  # mean (2, 2), tr(Sigma) 8


def draw_errors(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("batches of one", "larger batches") * 3:
        n, p, m = int(rng.integers(5, 9)), int(rng.integers(2, 4)), int(rng.integers(3, 6))
        b = 1 if group == "batches of one" else int(rng.integers(2, 5))
        grads = rng.normal(1.0, 2.0, (n, p))
        batches = rng.integers(0, n, (m, b))
        if b > 1:
            batches[0, 1] = batches[0, 0]  # with replacement: the same example twice
        cases.append(Case(group, (grads, batches)))
    return cases


U01_BUILD_ERRORS = Exercise(
    id="u01_build_errors",
    call="squared_errors(example_grads, batches)",
    points={"batches of one": 1.0, "larger batches": 1.0},
    by_hand=(
        Case("batches of one", (GRADS, np.array([[0], [1]])), ("smallest",)),
        Case("larger batches", (GRADS, np.array([[0, 3], [0, 0], [0, 1]])), ("by hand", "order")),
        Case(
            "larger batches",
            (GRADS, np.array([[0, 0, 1, 2], [3, 3, 3, 1]])),
            ("order", "range"),
            quotes="an index may come several times.",
        ),
    ),
    promises=("by hand", "smallest", "order"),
    draw=draw_errors,
    reference=squared_errors,
    mistakes=(
        Mistake(
            "centre of the batches",
            "You measure from the mean of the drawn batches. Where does the full gradient come "
            "from?",
            lambda g, b: (g[b].mean(1) - g[b].mean(1).mean(0)).square().sum(dim=1),
        ),
        Mistake(
            "distances not squared",
            "You return lengths. What is averaged in a variance?",
            lambda g, b: squared_errors(g, b).sqrt(),
        ),
        Mistake(
            "sum over the batch",
            "You add up over the batch. Is its gradient a sum, or a mean?",
            lambda g, b: (g[b].sum(1) - g.mean(0)).square().sum(dim=1),
        ),
        Mistake(
            "squared before averaging",
            "You square each example's distance and average those. Can the errors inside a batch "
            "cancel so?",
            lambda g, b: (g[b] - g.mean(0)).square().sum(dim=2).mean(dim=1),
        ),
        Mistake(
            "not centred",
            "You return squared lengths of the batch gradients. How far are they from the full "
            "gradient?",
            lambda g, b: g[b].mean(1).square().sum(dim=1),
        ),
        Mistake(
            "already averaged",
            "You return one number, the average over the batches. What would its error bar be "
            "made of?",
            lambda g, b: squared_errors(g, b).mean(),
        ),
        Mistake(
            "averaged over the draws",
            "You average over the batches of the table. Which axis runs through one batch?",
            lambda g, b: (g[b].mean(0) - g.mean(0)).square().sum(dim=1),
        ),
        Mistake(
            "mean over parameters",
            "You average over the parameters. A squared distance is a sum over them: what "
            "does Pythagoras do with his two sides?",
            lambda g, b: squared_errors(g, b) / g.shape[1],
        ),
        Mistake(
            "cross terms left out",
            "You add up the squared errors of the examples. The square of a sum has products "
            "of two different errors as well: where are they?",
            lambda g, b: (g[b] - g.mean(0)).square().sum(dim=2).sum(dim=1) / b.shape[1] ** 2,
        ),
        Mistake(
            "spread inside the batch",
            "You measure the examples of a batch from the batch's own mean. How far is that "
            "mean from the full gradient?",
            lambda g, b: (g[b] - g[b].mean(1, keepdim=True)).square().sum(dim=2).mean(dim=1),
        ),
        Mistake(
            "difference of squared lengths",
            "You subtract squared lengths. Two gradients of equal length may point to "
            "opposite sides: are they at no distance?",
            lambda g, b: g[b].mean(1).square().sum(dim=1) - g.mean(0).square().sum(),
        ),
        Mistake(
            "one centre for all parameters",
            "You subtract one number from every entry. How many numbers does the full "
            "gradient have?",
            lambda g, b: (g[b].mean(1) - g.mean()).square().sum(dim=1),
        ),
        Mistake(
            "each example once",
            "An index stands several times in a row. How often should its example count?",
            lambda g, b: torch.stack(
                [(g[row.unique()].mean(0) - g.mean(0)).square().sum() for row in b]
            ),
        ),
    ),
    accepted=(errors_by_loop, errors_by_products),
    lesson="One squared distance a batch: from these come the variance, and its own error bar.",
    answered_by=("coursekit.gradients.sampling",),
    graded=False,
)
