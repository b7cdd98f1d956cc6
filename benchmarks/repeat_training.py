"""Rows 4 and 10: warmup from a sharp start; the generalisation gap at equal epochs and steps."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from agreement import compare, fact, of_seeds

from coursekit.data import Dataset, flip_labels, load
from coursekit.models import mlp
from coursekit.population import Population
from coursekit.replicas import run_grid
from coursekit.schedules import Schedule, constant, linear_warmup

CHANCE = 0.1
OTHER_SET = 3.0  # points of accuracy that another draw of the data may move, a judgement


def warm_up(num_steps: int, *, warmup_steps: int) -> Schedule:
    return linear_warmup(1.0, warmup_steps=warmup_steps)


def row_4() -> list[bool]:
    print("Row 4: warmup, MNIST-1D N=4096, init x 2, B=256, lr 2, 20 epochs. 10 seeds")
    starts = {"none": lambda num_steps: constant(1.0)}
    starts |= {f"{w} steps": partial(warm_up, warmup_steps=w) for w in (4, 16, 64)}
    runs = run_grid(
        partial(mlp, (40, 64, 64, 10), init_scale=2.0),
        load("mnist1d"),
        seeds=range(10),
        batch_sizes=(256,),
        lrs=(2.0,),
        num_epochs=20,
        schedule=starts,
        progress=False,
    )
    before = {"none": (11.7, 2.2), "4 steps": (40.9, 7.4), "16 steps": (54.2, 1.6)}
    before["64 steps"] = (54.3, 1.5)
    found = []
    for name, earlier in before.items():
        arm = runs.at(schedule=name, lr=2.0, batch_size=256)
        accuracy = 100 * arm.values("test_accuracy", diverged_as=CHANCE)
        dead = f"({(accuracy < 20).sum()} of 10 at chance)"
        label = f"warmup {name}: test accuracy, %"
        found.append(compare(label, of_seeds(accuracy), earlier, slack=OTHER_SET, note=dead))
    return found


def grid(
    data: Dataset, sizes: tuple, lrs: tuple, batch_sizes: tuple, seeds=range(5), **length
) -> Population:
    return run_grid(
        sizes,
        data,
        seeds=seeds,
        batch_sizes=batch_sizes,
        lrs=lrs,
        progress=False,
        **length,
    )


def accuracies(runs: Population, batch_size: int, lr: float | None) -> np.ndarray:
    """Test accuracy in %, at one lr or at the best by validation."""
    part = runs.at(batch_size=batch_size)
    if lr is not None:
        return 100 * part.at(lr=lr).values("test_accuracy", diverged_as=CHANCE)
    return 100 * part.at_best_lr("test_accuracy")


def mislabelled(data: Dataset, fraction: float = 0.18) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    targets, _ = flip_labels(data.train_targets, fraction, num_classes=10, generator=generator)
    return replace(data, train_targets=targets)


def row_10() -> list[bool]:
    lrs, found = (0.1, 0.2, 0.4, 0.8, 1.6, 2.4), []
    print("Row 10: MNIST-1D N=1024, 40 epochs, lr tuned on validation (before: on test). 20 seeds")
    data = load("mnist1d", num_train=1024)
    runs = grid(data, (40, 64, 64, 10), lrs, (16, 64, 256, 1024), range(5, 25), num_epochs=40)
    clean = {16: (45.2, 0.9), 64: (45.6, 2.2), 256: (45.0, 2.3), 1024: (29.5, 4.5)}
    best = runs.best_lr()
    for i, (size, earlier) in enumerate(clean.items()):
        edge = " at the grid's edge" if best[i] in (0, len(lrs) - 1) else ""
        note = f"(lr {lrs[best[i]]}{edge})"
        label = f"clean, equal epochs, B={size}: test accuracy"
        values = accuracies(runs, size, None)
        found.append(compare(label, of_seeds(values), earlier, slack=OTHER_SET, note=note))
    gap = of_seeds(accuracies(runs, 256, None) - accuracies(runs, 16, None))
    found.append(compare("clean, equal epochs: B=256 minus B=16", gap, (-0.2, 2.3)))
    found.append(compare("  the same against 'no gap'", gap, (0.0, float("nan"))))

    steps = grid(data, (40, 64, 64, 10), (0.1,), (16, 64, 256), num_steps=2560)
    for size, earlier in {16: (44.4, 1.2), 64: (42.0, 1.5), 256: (41.3, 1.6)}.items():
        label = f"clean, lr .1, equal steps, B={size}: test accuracy"
        values = accuracies(steps, size, 0.1)
        found.append(compare(label, of_seeds(values), earlier, slack=OTHER_SET))
    gap = of_seeds(accuracies(steps, 16, 0.1) - accuracies(steps, 256, 0.1))
    found.append(compare("clean, lr .1, equal steps: B=16 minus B=256", gap, (3.1, 2.0)))

    print("Row 10: MNIST-1D, N=1024, 18 % of labels wrong, lr tuned on clean validation. 10 seeds")
    noisy, wide = mislabelled(data), (*lrs, 3.2)
    sizes, seeds = (40, 64, 64, 10), range(10)
    runs = grid(noisy, sizes, wide, (16, 64, 256), seeds, num_epochs=40)
    for size, earlier in {16: (35.0, 0.8), 64: (33.8, 1.3), 256: (30.7, 0.7)}.items():
        label = f"noisy, equal epochs, B={size}: test accuracy"
        values = accuracies(runs, size, None)
        found.append(compare(label, of_seeds(values), earlier, slack=OTHER_SET))
    steps = grid(noisy, sizes, wide, (256,), seeds, num_steps=2560)
    values = accuracies(steps, 256, None)
    label = "noisy, equal steps, B=256: test accuracy"
    found.append(compare(label, of_seeds(values), (33.7, 1.8), slack=OTHER_SET))
    gap = of_seeds(values - accuracies(runs, 256, None))
    found.append(compare("noisy, B=256: equal steps minus equal epochs", gap, (3.0, 1.9)))

    print("Row 10: digits, N=1024, 18 % of labels wrong (before: 20 % redrawn, so 18 %), lr .1")
    noisy = mislabelled(load("digits"))
    runs = grid(noisy, (64, 48, 10), (0.1,), (16, 64, 256, 1024), num_epochs=40)
    before = {16: (82.0, 1.8), 64: (92.9, 1.0), 256: (94.7, 0.6), 1024: (87.5, 1.0)}
    for size, earlier in before.items():
        label = f"noisy digits, equal epochs, B={size}: test accuracy"
        values = accuracies(runs, size, 0.1)
        found.append(compare(label, of_seeds(values), earlier, slack=OTHER_SET))
    better = of_seeds(accuracies(runs, 256, 0.1) - accuracies(runs, 16, 0.1))
    detail = f"by {better[0]:.1f} ± {better[1]:.1f} points"
    found.append(fact("noisy digits: B=256 BETTER than B=16", better[0] > better[1], detail))
    steps = grid(noisy, (64, 48, 10), (0.1,), (16, 64, 256), num_steps=2560)
    for size, earlier in {16: (82.0, 1.8), 64: (82.3, 1.8), 256: (82.0, 1.8)}.items():
        label = f"noisy digits, equal steps, B={size}: test accuracy"
        values = accuracies(steps, size, 0.1)
        found.append(compare(label, of_seeds(values), earlier, slack=OTHER_SET))
    return found
