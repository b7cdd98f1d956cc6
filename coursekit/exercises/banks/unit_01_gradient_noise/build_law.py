"""Build it: the variance law, measured from nothing but per-example gradients and index draws."""

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
    ),
    accepted=(errors_by_loop, errors_by_products),
    lesson="One squared distance a batch: from these come the variance, and its own error bar.",
    answered_by=("coursekit.gradients.sampling",),
    graded=False,
)

# --- second milestone: the law -----------------------------------------------------------------


def variance_law(example_grads: Tensor, draws: list[Tensor]) -> list[list[float]]:
    deviations = example_grads - example_grads.mean(dim=0)
    trace = deviations.square().sum(dim=1).mean().item()
    rows = []
    for batches in draws:
        errors = squared_errors(example_grads, batches)
        size = batches.shape[1]
        spread = errors.std().item() / len(errors) ** 0.5
        rows.append([size, errors.mean().item(), spread, trace / size])
    return rows


def law_by_numpy(example_grads, draws):
    grads = example_grads.double().numpy()
    rows = []
    for batches in draws:
        errors = ((grads[batches.numpy()].mean(axis=1) - grads.mean(axis=0)) ** 2).sum(axis=1)
        error = np.std(errors, ddof=1) / np.sqrt(errors.size)
        rows.append(
            [batches.shape[1], errors.mean(), error, grads.var(axis=0).sum() / len(batches[0])]
        )
    return np.array(rows)


def law_by_products(example_grads, draws):
    trace = torch.cov(example_grads.double().T, correction=0).diagonal().sum()
    rows = []
    for batches in draws:
        errors = errors_by_products(example_grads, batches)
        m, size = batches.shape
        rows.append(
            torch.stack(
                [torch.tensor(float(size)), errors.mean(), (errors.var() / m).sqrt(), trace / size]
            )
        )
    return torch.stack(rows)


def draw_laws(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one batch size", "several batch sizes") * 2:
        n, m = int(rng.integers(5, 9)), int(rng.integers(4, 7))
        grads = rng.normal(1.0, 2.0, (n, 3))
        sizes = [3] if group == "one batch size" else [1, 2, int(rng.integers(3, 6))]
        cases.append(Case(group, (grads, [rng.integers(0, n, (m, b)) for b in sizes])))
    return cases


def with_column(column, change):
    """Make a mistake of the right table with one column changed."""

    def answer(grads, draws):
        rows = variance_law(grads, draws)
        for row, batches in zip(rows, draws, strict=True):
            row[column] = change(row, len(batches), grads)
        return rows

    return answer


U01_BUILD_LAW = Exercise(
    id="u01_build_law",
    call="variance_law(example_grads, draws)",
    points={"one batch size": 1.0, "several batch sizes": 2.0},
    by_hand=(
        Case("one batch size", (GRADS, [np.array([[0, 3], [0, 0], [0, 1]])]), ("by hand",)),
        Case(
            "several batch sizes",
            (GRADS, [np.array([[0], [1]]), np.array([[0, 3], [0, 0], [0, 1]])]),
            ("smallest", "uneven"),
        ),
    ),
    promises=("by hand", "smallest"),
    draw=draw_laws,
    reference=variance_law,
    mistakes=(
        Mistake(
            "divisor of the trace",
            "Your law is a little too large. The N examples are the whole world here: which "
            "divisor has tr(Sigma) then?",
            with_column(3, lambda row, m, g: row[3] * len(g) / (len(g) - 1)),
        ),
        Mistake(
            "spread, not error",
            "Your error bar does not shrink with more draws. Is it that of one squared distance, "
            "or of their mean?",
            with_column(2, lambda row, m, g: row[2] * m**0.5),
        ),
        Mistake(
            "deviations all counted as free",
            "Your error bar is a little small. The mean was fitted to the same numbers: how many "
            "deviations are free?",
            with_column(2, lambda row, m, g: row[2] * ((m - 1) / m) ** 0.5),
        ),
        Mistake(
            "law at one example",
            "Your law is the same at every batch size. What does averaging over B do to a "
            "variance?",
            with_column(3, lambda row, m, g: row[3] * row[0]),
        ),
        Mistake(
            "law by the root",
            "Your law falls with the root of B. Which falls so slowly, the variance or its root?",
            with_column(3, lambda row, m, g: row[3] * row[0] ** 0.5),
        ),
        Mistake(
            "number of draws for the size",
            "Your first column counts the batches. How many examples has one of them?",
            with_column(0, lambda row, m, g: m),
        ),
        Mistake(
            "error divided by the count",
            "You divide the spread by the number of draws. Which power of it has the error of a "
            "mean?",
            with_column(2, lambda row, m, g: row[2] / m**0.5),
        ),
    ),
    accepted=(law_by_numpy, law_by_products),
    lesson="You have measured a law with its error bars, and nothing in it was given: the "
    "prediction stands in the last column.",
    answered_by=("coursekit.gradients.sampling",),
    graded=False,
)
