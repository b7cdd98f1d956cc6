"""Find the flaw: the sharpness of a data set that comes in batches."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def whole(batch_hessians: Tensor, batch_sizes: Sequence[float]) -> Tensor:
    sizes = torch.tensor(batch_sizes, dtype=batch_hessians.dtype)
    return (sizes[:, None, None] * batch_hessians).sum(dim=0) / sizes.sum()


def sharpness_over_batches(batch_hessians: Tensor, batch_sizes: Sequence[float]) -> Tensor:
    return torch.linalg.eigvalsh(whole(batch_hessians.double(), batch_sizes))[-1]


def batches_by_power_iteration(batch_hessians, batch_sizes):
    """Products of all batches, weighted; shifted so that the largest is the largest in size."""
    h, n = batch_hessians.double().numpy(), np.array(batch_sizes, float)
    shift = np.abs(h).sum(axis=2).max()
    v = np.ones(h.shape[1]) + 0.1 * np.arange(h.shape[1])
    for _ in range(400):
        v = np.einsum("k,kij,j->i", n, h, v) / n.sum() + shift * v
        v /= np.linalg.norm(v)
    return v @ np.einsum("k,kij,j->i", n, h, v) / n.sum()


def batches_by_examples(batch_hessians, batch_sizes):
    """Repeat each batch's Hessian once an example, then take the plain mean."""
    repeated = [
        h for h, n in zip(batch_hessians.tolist(), batch_sizes, strict=True) for _ in range(n)
    ]
    return np.linalg.eigh(np.mean(repeated, axis=0))[0].max()


def tops(batch_hessians: Tensor) -> Tensor:
    return torch.linalg.eigvalsh(batch_hessians.double())[:, -1]


def weights_of(batch_sizes: list[int]) -> Tensor:
    sizes = torch.tensor(batch_sizes, dtype=torch.float64)
    return sizes / sizes.sum()


def of_whole(formula: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda h, n: formula(whole(h.double(), n))


def draw_batches(rng: np.random.Generator) -> list[Case]:
    cases = []
    for i, group in enumerate(("equal batches", "ragged last batch") * 3):
        k, p = int(rng.integers(3, 5)), int(rng.integers(2, 4))
        sizes = [int(rng.integers(8, 13))] * k
        if group == "ragged last batch":
            sizes = [int(rng.choice([9, 11]))] * k
            sizes[-1] = 2  # no batch is a whole number of times as large as the last
        up, down = ((5.0, 1.5) if i < 2 else (1.5, 3.5)) * rng.uniform(0.8, 1.2, 2)
        hessians = []  # each batch is curved in directions of its own, the last the most
        for batch in range(k):
            basis = np.linalg.qr(rng.normal(size=(p, p)))[0]
            values = np.concatenate([[up], -down * rng.uniform(0.8, 1.2, p - 1)])
            hessian = basis @ np.diag(values * (2 if batch == k - 1 else 1)) @ basis.T
            hessians.append((hessian + hessian.T) / 2)
        cases.append(Case(group, (np.array(hessians), sizes)))
    return cases


U06_OVER_BATCHES = Exercise(
    id="u06_over_batches",
    call="sharpness_over_batches(batch_hessians, batch_sizes)",
    points={"equal batches": 1.0, "ragged last batch": 1.0},
    by_hand=(
        Case("equal batches", (np.array([[[2.0]]]), [3]), keeps=("smallest",)),
        Case(
            "equal batches",
            (np.array([[[4.0, 0.0], [0.0, -6.0]], [[-5.0, 0.0], [0.0, 2.0]]]), [3, 3]),
            keeps=("sign",),
            quotes="Largest (not: largest in size) eigenvalue",
        ),
        Case(
            "ragged last batch",
            (np.array([[[4.0, 0.0], [0.0, -6.0]], [[-5.0, 0.0], [0.0, 2.0]]]), [3, 1]),
            keeps=("uneven", "sign"),
            quotes="the Hessian of the mean loss over all examples",
        ),
        Case(
            "ragged last batch",
            (np.array([[[4.0, 0.0], [0.0, -6.0]], [[-5.0, 0.0], [0.0, 2.0]]]), [5, 2]),
            keeps=("uneven",),
            quotes="list of K whole numbers, the examples in each batch",
        ),
    ),
    promises=("sign", "smallest", "uneven"),
    draw=draw_batches,
    reference=sharpness_over_batches,
    mistakes=(
        Mistake(
            "mean of the batches' sharpness",
            "You average the largest eigenvalues of the batches. Each batch picks its own steepest "
            "direction: is there one direction that is steep for all?",
            lambda h, n: tops(h).mean(),
        ),
        Mistake(
            "weighted mean of the batches' sharpness",
            "You weigh by size, and still average the batches' own maxima. Which comes first for "
            "the loss of the whole set: the mean or the maximum?",
            lambda h, n: (weights_of(n) * tops(h)).sum(),
        ),
        Mistake(
            "unweighted mean of the Hessians",
            "Each batch counts the same in your mean, also a short one. Whose examples count "
            "more then?",
            lambda h, n: torch.linalg.eigvalsh(h.double().mean(dim=0))[-1],
        ),
        Mistake(
            "sum of the Hessians",
            "You add the batches' Hessians. Is the loss of the whole set the sum of the batches' "
            "mean losses?",
            lambda h, n: torch.linalg.eigvalsh(h.double().sum(dim=0))[-1],
        ),
        Mistake(
            "sum weighted by size",
            "You weigh by size and never divide. How large is your number for two copies of the "
            "same data?",
            lambda h, n: torch.linalg.eigvalsh(whole(h.double(), n) * sum(n))[-1],
        ),
        Mistake(
            "largest in size",
            "You return the eigenvalue that is largest in size, with its sign. Does a direction "
            "that curves down make a valley sharp?",
            of_whole(lambda m: max(torch.linalg.eigvalsh(m), key=abs)),
        ),
        Mistake(
            "norm of the matrix",
            "You return the largest size of an eigenvalue, or a norm. Does a direction that "
            "curves down make a valley sharp?",
            of_whole(lambda m: torch.linalg.eigvalsh(m).abs().max()),
        ),
        Mistake(
            "clipped at zero",
            "You lift a largest eigenvalue that is below zero. At a point where every direction "
            "curves down, what is the largest curvature?",
            of_whole(lambda m: torch.linalg.eigvalsh(m)[-1].clamp(min=0.0)),
        ),
        Mistake(
            "smallest eigenvalue",
            "You take the other end of the spectrum. In which order does `eigvalsh` give its "
            "values?",
            of_whole(lambda m: torch.linalg.eigvalsh(m)[0]),
        ),
        Mistake(
            "sharpest batch",
            "You return the sharpness of the sharpest batch. Does one batch speak for the set?",
            lambda h, n: tops(h).max(),
        ),
        Mistake(
            "first batch alone",
            "You return the sharpness of the first batch. Does one batch speak for the set?",
            lambda h, n: tops(h)[0],
        ),
        Mistake(
            "last batch alone",
            "You return the sharpness of the last batch. Does your loop keep only what came last?",
            lambda h, n: tops(h)[-1],
        ),
        Mistake(
            "trace",
            "You add up the diagonal. Is sharpness here all curvature together, or the steepest?",
            of_whole(lambda m: m.trace()),
        ),
        Mistake(
            "largest diagonal entry",
            "You take the largest diagonal entry. Must the steepest direction be one of the axes?",
            of_whole(lambda m: m.diagonal().max()),
        ),
        Mistake(
            "weights by inverse size",
            "The short batch counts more than the long ones in your mean. Which way should a "
            "size go in?",
            lambda h, n: sharpness_over_batches(h, inverse_sizes(n)),
        ),
        Mistake(
            "size squared",
            "A batch twice as long counts four times in your mean. Did the size go in twice?",
            lambda h, n: sharpness_over_batches(h, [k * k for k in n]),
        ),
        Mistake(
            "short batch left out",
            "You leave the short batch out. Are its examples not part of the loss?",
            lambda h, n: without_short(h, n),
        ),
        Mistake(
            "last batch left out",
            "You leave the last batch out, however long it is. Are its examples not part of the "
            "loss?",
            lambda h, n: sharpness_over_batches(h[:-1], n[:-1]),
        ),
        Mistake(
            "last of several left out",
            "Where there are several batches you leave the last one out. Are its examples not part "
            "of the loss?",
            lambda h, n: sharpness_over_batches(h[: max(1, len(n) - 1)], n[: max(1, len(n) - 1)]),
        ),
        Mistake(
            "divided by the number of batches",
            "You weigh by size and divide by the number of batches. How many examples are in "
            "your sum?",
            lambda h, n: torch.linalg.eigvalsh(whole(h.double(), n) * sum(n) / len(n))[-1],
        ),
        Mistake(
            "divided by the first size",
            "You divide each size by the first one and average over the batches. Do your weights "
            "add up to one?",
            lambda h, n: torch.linalg.eigvalsh(whole(h.double(), n) * sum(n) / len(n) / n[0])[-1],
        ),
        Mistake(
            "matrices taken for sums",
            "You add the matrices and divide by the number of examples. Is each of them the "
            "Hessian of its batch's sum, or of its mean?",
            lambda h, n: torch.linalg.eigvalsh(h.double().sum(dim=0) / sum(n))[-1],
        ),
        Mistake(
            "length of all entries",
            "You take the norm over all entries of the mean Hessian. Does that belong to one "
            "direction?",
            of_whole(lambda m: m.norm()),
        ),
        Mistake(
            "weights by the root of the size",
            "You weigh with the root of the size, as errors are combined. How much does each "
            "example count in the mean loss?",
            lambda h, n: sharpness_over_batches(h, [k**0.5 for k in n]),
        ),
    ),
    accepted=(batches_by_power_iteration, batches_by_examples),
    lesson="The Hessian of a mean loss is the mean of the examples' Hessians. The largest "
    "eigenvalue of a mean never exceeds the mean of the largest: batches look sharper.",
    answered_by=(
        "coursekit.curvature.products",
        "coursekit.curvature.hessian",
        "coursekit.curvature.sharpness_measures",
    ),
)


def inverse_sizes(sizes: list[int]) -> list[float]:
    return [1 / n for n in sizes]


def without_short(batch_hessians: Tensor, batch_sizes: list[int]) -> Tensor:
    keep = [i for i, n in enumerate(batch_sizes) if n == max(batch_sizes)]
    return sharpness_over_batches(batch_hessians[keep], [batch_sizes[i] for i in keep])
