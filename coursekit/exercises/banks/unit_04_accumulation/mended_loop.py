"""Find the flaw: an accumulation loop with leftovers, ragged micro-batches and AdamW."""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.exercises.banks.unit_04_accumulation.faulty_loop import (
    Epochs,
    Optimizer,
)
from coursekit.exercises.banks.unit_04_accumulation.linear_loss import weight_of
from coursekit.exercises.banks.unit_04_accumulation.loop_edge_faults import EDGES
from coursekit.exercises.banks.unit_04_accumulation.loop_faults import MISTAKES
from coursekit.exercises.engine.declare import Case, Exercise


def train_accumulated(
    model: nn.Sequential, optimizer: Optimizer, epochs: Epochs, accum_steps: int
) -> Tensor:
    for group in optimizer.param_groups:
        group["lr"] *= math.sqrt(accum_steps)
    for micro_batches in epochs:
        for start in range(0, len(micro_batches), accum_steps):
            window = micro_batches[start : start + accum_steps]
            total = sum(len(targets) for _, targets in window)
            for inputs, targets in window:
                loss = cross_entropy(model(inputs), targets)
                (loss * len(targets) / total).backward()
            optimizer.step()
            optimizer.zero_grad()
    return weight_of(model).detach()


def mended_with_counter(model, optimizer, epochs, accum_steps):
    for group in optimizer.param_groups:
        group["lr"] = group["lr"] * accum_steps**0.5
    for micro_batches in epochs:
        count = 0
        for i, (x, y) in enumerate(micro_batches, start=1):
            cross_entropy(model(x), y, reduction="sum").backward()
            count += len(y)
            if i % accum_steps == 0 or i == len(micro_batches):
                for p in model.parameters():
                    p.grad /= count
                optimizer.step()
                optimizer.zero_grad()
                count = 0
    return weight_of(model).detach()


def mended_by_large_batches(model, optimizer, epochs, accum_steps):
    for group in optimizer.param_groups:
        group["lr"] = group["lr"] * math.sqrt(accum_steps)
    for micro_batches in epochs:
        left = list(micro_batches)
        while left:
            now, left = left[:accum_steps], left[accum_steps:]
            optimizer.zero_grad()
            batch = torch.cat([x for x, _ in now]), torch.cat([y for _, y in now])
            cross_entropy(model(batch[0]), batch[1]).backward()
            optimizer.step()
    return weight_of(model).detach()


FAULTS = ("short micro-batches", "incomplete window", "rate")


def draw_trainings(rng: np.random.Generator) -> list[Case]:
    """Draw a case a fault; without a rate the first two do not see the third."""
    cases = []
    for group in FAULTS:
        k, b = (2 if group == "short micro-batches" else 3), int(rng.integers(4, 7))
        sizes = [b] * (2 * k if group == "short micro-batches" else k + int(rng.integers(1, k)))
        if group == "short micro-batches":
            sizes[1], sizes[-1] = int(rng.integers(1, b - 2)), int(rng.integers(1, b - 2))
        if group == "rate":
            sizes[0] = int(rng.integers(1, b - 2))
        epochs = [
            [[rng.normal(size=(n, 2)) + 0.5, rng.integers(0, 3, n)] for n in sizes]
            for _ in range(1 if group == "short micro-batches" else 2)
        ]
        lr = float(rng.uniform(0.02, 0.1)) if group == "rate" else 0.0
        cases.append(Case(group, (rng.normal(size=(3, 2)), lr, epochs, k)))
    lengths = (1, 4)  # a first epoch of less than a window
    epochs = [
        [[rng.normal(size=(3, 2)) + 0.5, rng.integers(0, 3, 3)] for _ in range(n)] for n in lengths
    ]
    cases.append(Case("rate", (rng.normal(size=(3, 2)), float(rng.uniform(0.02, 0.1)), epochs, 3)))
    return cases


def hand(sizes: list[int], k: int, seed: int, *, lr: float = 0.0, num_epochs: int = 2) -> tuple:
    """Return a small case with round numbers, all epochs of the same sizes."""
    return hand_epochs([sizes] * num_epochs, k, seed, lr)


def hand_epochs(sizes: list[list[int]], k: int, seed: int, lr: float = 0.0) -> tuple:
    """Return a small case with round numbers."""
    rng = np.random.default_rng(seed)
    epochs = [
        [[rng.integers(-2, 3, (n, 2)).astype(float), rng.integers(0, 2, n)] for n in epoch]
        for epoch in sizes
    ]
    return np.array([[1.0, 0.0], [0.0, 0.5]]), lr, epochs, k


WEIGHTS = "each step uses the gradient of the mean loss over all examples of its window."
REST = "what is left over at an epoch's end is a step of its own."

U04_MENDED_LOOP = Exercise(
    id="u04_mended_loop",
    call="train_accumulated(model, optimizer, epochs, accum_steps)",
    points=dict.fromkeys(FAULTS, 1.0),
    by_hand=(
        Case("short micro-batches", hand([3, 1], 2, 4, num_epochs=1), ("uneven",), WEIGHTS),
        Case("incomplete window", hand([2, 2, 2], 2, 5), ("uneven",), REST),
        Case(  # less than one window
            "incomplete window", hand([2], 2, 6, num_epochs=3), ("smallest",), REST
        ),
        Case(  # nothing is left over
            "incomplete window",
            hand([2, 2], 2, 8),
            ("range",),
            "windows start anew with each epoch;",
        ),
        Case(
            "incomplete window",
            hand_epochs([[2], [2, 2, 2]], 2, 9),
            ("order",),
            "epochs: list of epochs, each a list of (inputs, targets);",
        ),
        Case(
            "rate",
            hand([2, 2, 2], 2, 5, lr=0.1),
            ("by hand",),
            "in every parameter group, once, before the first step.",
        ),
        Case(  # K = 1: a step for each micro-batch
            "rate", hand([3, 1], 1, 7, lr=0.1), ("range", "uneven"), WEIGHTS
        ),
        Case(  # an epoch of less than a window
            "rate",
            hand_epochs([[2], [2, 2, 2]], 2, 9, lr=0.1),
            ("range", "order"),
            "It stays so for every step, those of incomplete windows too.",
        ),
    ),
    promises=("by hand", "order", "range", "smallest", "uneven"),
    draw=draw_trainings,
    reference=train_accumulated,
    run="linear_steps",
    may_change=("model.values", "model.grad", "optimizer"),
    mistakes=(*MISTAKES, *EDGES),
    accepted=(mended_with_counter, mended_by_large_batches),
    lesson="Four faults that never raise an error: equal weights for unequal parts, a window that "
    "leaks, SGD's rule for Adam, and a new rate for one parameter group only.",
    answered_by=("coursekit.train.accumulation", "coursekit.train.ranks"),
)
