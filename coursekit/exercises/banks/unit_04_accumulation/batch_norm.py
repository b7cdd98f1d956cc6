"""What BatchNorm computes when a batch comes in micro-batches."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from coursekit.exercises.banks.unit_04_accumulation.norm_slips import (
    SHORT_LAST,
    by_full_size,
    by_parts,
    by_running,
    joined_tail,
    moments,
    running_by_hand,
    scaled,
    short_by_the_one_before,
    stale,
    strided,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close


def normalise(inputs: Tensor, micro_batch_size: int, eps: float) -> Tensor:
    rows = []
    for part in inputs.split(micro_batch_size):
        variance = part.var(dim=0, correction=0)
        rows.append((part - part.mean(dim=0)) / (variance + eps).sqrt())
    return torch.cat(rows)


def normalise_by_torch(inputs, micro_batch_size, eps):
    norm = nn.BatchNorm1d(inputs.shape[1], eps=eps, affine=False)
    return torch.cat([norm(part) for part in inputs.split(micro_batch_size)])


def normalise_by_groups(inputs, micro_batch_size, eps):
    x = inputs.double().numpy()
    group = np.arange(len(x)) // micro_batch_size
    same = (group[:, None] == group).astype(float)
    same /= same.sum(axis=1, keepdims=True)
    mean = same @ x
    return (x - mean) / np.sqrt(same @ x**2 - mean**2 + eps)


def unbiased(part: Tensor) -> Tensor:
    """Return the variance with divisor count - 1; nan for a single example, and no warning."""
    return part.var(0) if len(part) > 1 else torch.full_like(part[0], torch.nan)


def draw_norms(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("one micro-batch", "several micro-batches") * 3:
        b, c = int(rng.integers(3, 6)), int(rng.integers(2, 4))
        count = b if group == "one micro-batch" else b * int(rng.integers(2, 4))
        if group == "several micro-batches" and len(cases) > 2:
            count += int(rng.integers(2, b))
        drift = 2 * np.arange(count)[:, None] / count  # micro-batches differ in mean
        inputs = rng.normal(size=(count, c)) * rng.uniform(0.6, 2.0, c) + drift + 0.5
        cases.append(Case(group, (inputs, b, float(rng.uniform(0.1, 0.5)))))
    return cases


U04_BATCH_NORM = Exercise(
    id="u04_batch_norm",
    call="normalise(inputs, micro_batch_size, eps)",
    points={"one micro-batch": 1.0, "several micro-batches": 1.0},
    by_hand=(
        Case("one micro-batch", (np.array([[1.0, 0.0], [5.0, 2.0]]), 2, 0.5), keeps=("by hand",)),
        Case(
            "one micro-batch", (np.array([[3.0], [1.0], [2.0]]), 8, 0.5), keeps=("range",)
        ),  # b above n
        Case(
            "one micro-batch", (np.array([[2.0, 1.0], [2.0, 3.0]]), 2, 0.25), keeps=("sign",)
        ),  # no spread
        Case(
            "several micro-batches",
            (np.array([[1.0], [3.0], [8.0], [2.0]]), 2, 0.25),
            keeps=("smallest",),
            quotes="and one forward pass sees one micro-batch.",
        ),
        Case(
            "several micro-batches",
            (np.array([[0.0], [4.0], [2.0], [12.0], [7.0]]), 3, 0.25),
            keeps=("uneven", "order"),
            quotes="the last may be shorter, and has two or more.",
        ),
    ),
    promises=("by hand", "order", "range", "sign", "smallest", "uneven"),
    draw=draw_norms,
    reference=normalise,
    same=close(rtol=1e-4, atol=1e-5),  # sums that nearly cancel
    mistakes=(
        Mistake(
            "statistics of the whole batch",
            "You normalise by the whole batch. When a forward pass sees one micro-batch, which "
            "examples can it know?",
            lambda x, b, e: scaled(x, *moments(x), e),
        ),
        *SHORT_LAST,
        Mistake(
            "unbiased variance",
            "Your variance divides by one less than the count. Which divisor does the text give "
            "for the forward pass?",
            lambda x, b, e: by_parts(x, b, lambda p, w, f: scaled(p, p.mean(0), unbiased(p), e)),
        ),
        Mistake(
            "unbiased variance of the whole batch",
            "You use the whole batch, and one less than its count. Which examples does one forward "
            "pass see?",
            lambda x, b, e: scaled(x, x.mean(0), unbiased(x), e),
        ),
        Mistake(
            "eps outside the root",
            "You add eps to the standard deviation. Where does the formula have it?",
            lambda x, b, e: by_parts(
                x, b, lambda p, w, f: (p - p.mean(0)) / (p.std(0, correction=0) + e)
            ),
        ),
        Mistake(
            "eps left out",
            "You leave eps out. What would a feature do that is the same in all examples?",
            lambda x, b, e: by_parts(x, b, lambda p, w, f: scaled(p, *moments(p), 0.0)),
        ),
        Mistake(
            "not divided by the root",
            "You divide by the variance. What should the spread of the result be?",
            lambda x, b, e: by_parts(
                x, b, lambda p, w, f: (p - p.mean(0)) / (p.var(0, correction=0) + e)
            ),
        ),
        Mistake(
            "own mean, common variance",
            "You centre by the micro-batch and scale by the whole batch. From which examples does "
            "a forward pass get its variance?",
            lambda x, b, e: by_parts(
                x, b, lambda p, w, f: scaled(p, p.mean(0), w.var(0, correction=0), e)
            ),
        ),
        Mistake(
            "common mean, own variance",
            "You centre by the whole batch and scale by the micro-batch. From which examples does "
            "a forward pass get its mean?",
            lambda x, b, e: by_parts(
                x, b, lambda p, w, f: scaled(p, w.mean(0), p.var(0, correction=0), e)
            ),
        ),
        Mistake(
            "first micro-batch for all",
            "You use the first micro-batch's statistics throughout. Does training mode compute "
            "them anew in each pass?",
            lambda x, b, e: by_parts(x, b, lambda p, w, f: scaled(p, *moments(f), e)),
        ),
        Mistake(
            "statistics one pass late",
            "You normalise each micro-batch by the one before it. Are the statistics of this pass "
            "not known yet?",
            stale,
        ),
        Mistake(
            "along the features",
            "You normalise each example over its features. That is another norm: which axis does "
            "BatchNorm average over?",
            lambda x, b, e: scaled(x, *moments(x, axis=1), e),
        ),
        Mistake(
            "over everything",
            "You use one mean and one variance for all features together. How many does BatchNorm "
            "keep?",
            lambda x, b, e: by_parts(
                x, b, lambda p, w, f: scaled(p, p.mean(), p.var(correction=0), e)
            ),
        ),
        Mistake(
            "not centred",
            "You scale without centring. What is the mean of a normalised feature?",
            lambda x, b, e: by_parts(x, b, lambda p, w, f: p / (p.var(0, correction=0) + e).sqrt()),
        ),
        Mistake(
            "only centred",
            "You centre without scaling. What else does BatchNorm make the same for every feature?",
            lambda x, b, e: by_parts(x, b, lambda p, w, f: p - p.mean(0)),
        ),
        Mistake(
            "size taken for a number of parts",
            "You cut the batch into that many parts. Is `micro_batch_size` a number of parts, or "
            "of examples?",
            lambda x, b, e: torch.cat([scaled(p, *moments(p), e) for p in x.chunk(b)]),
        ),
        Mistake(
            "short one left out",
            "Your result has fewer rows than the input. Does the last, short micro-batch go "
            "through the net as well?",
            lambda x, b, e: normalise(x[: len(x) // b * b], b, e) if len(x) >= b else x[:0],
        ),
        Mistake(
            "short one borrows",
            "You normalise the short micro-batch by the one before it. Does it have statistics of "
            "its own?",
            short_by_the_one_before,
        ),
        Mistake(
            "eps squared",
            "You square eps before you add it. Is eps on the scale of a variance, or of a standard "
            "deviation?",
            lambda x, b, e: normalise(x, b, e**2),
        ),
        Mistake(
            "second moment for a variance",
            "Your variance is the mean square. What has to be taken away from that?",
            lambda x, b, e: by_parts(
                x, b, lambda p, w, f: scaled(p, p.mean(0), p.square().mean(0), e)
            ),
        ),
        Mistake(
            "multiplied by the root",
            "You multiply by the standard deviation. Should a wide feature become wider or "
            "narrower?",
            lambda x, b, e: by_parts(
                x, b, lambda p, w, f: (p - p.mean(0)) * (p.var(0, correction=0) + e).sqrt()
            ),
        ),
        Mistake(
            "unbiased, eps outside the root",
            "Two details: where does the formula add eps, and which divisor does it have?",
            lambda x, b, e: by_parts(x, b, lambda p, w, f: (p - p.mean(0)) / (p.std(0) + e)),
        ),
        Mistake(
            "eps added to the result",
            "You add eps after dividing. What is it there to protect?",
            lambda x, b, e: normalise(x, b, 0.0) + e,
        ),
        Mistake(
            "statistics averaged over micro-batches",
            "You average the statistics of all micro-batches first. Does the first forward pass "
            "know the last one's?",
            lambda x, b, e: scaled(
                x,
                torch.stack([p.mean(0) for p in x.split(b)]).mean(0),
                torch.stack([p.var(0, correction=0) for p in x.split(b)]).mean(0),
                e,
            ),
        ),
        Mistake(
            "running statistics",
            "You normalise by running averages. Which statistics does BatchNorm use in training "
            "mode, and which at test time?",
            by_running,
        ),
        Mistake(
            "short one joined to the one before",
            "The short micro-batch goes through together with the one before it. How many forward "
            "passes are there?",
            joined_tail,
        ),
        Mistake(
            "running averages by hand",
            "You normalise by averages over the passes so far. In training mode, whose mean is "
            "subtracted?",
            running_by_hand,
        ),
        Mistake(
            "evaluation mode",
            "You normalise as a fresh BatchNorm does at test time. Which statistics does it have "
            "before it has seen anything?",
            lambda x, b, e: x / math.sqrt(1 + e),
        ),
        Mistake(
            "micro-batches not in order",
            "Your micro-batches take examples at a distance. Which rows go through together, if "
            "they come in order?",
            strided,
        ),
        Mistake(
            "sum of squares",
            "You add up squared deviations and never divide. What is a variance the mean of?",
            lambda x, b, e: by_parts(
                x,
                b,
                lambda p, w, f: (p - p.mean(0)) / ((p - p.mean(0)).square().sum(0) + e).sqrt(),
            ),
        ),
        Mistake(
            "short one divided by a full size",
            "You divide a short micro-batch's sums by the size of a full one. How many examples "
            "are in them?",
            lambda x, b, e: by_parts(x, b, lambda p, w, f: by_full_size(p, b, e)),
        ),
    ),
    accepted=(normalise_by_torch, normalise_by_groups),
    lesson="BatchNorm sees one micro-batch at a time, so examples that accumulate together are "
    "still normalised apart. No weighting of gradients can mend that.",
    answered_by=("coursekit.models.ghost_batch_norm", "coursekit.gradients.norms"),
)
