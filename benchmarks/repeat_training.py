"""Rows 4 and 10: warmup from a sharp start; the generalisation gap on noisy labels."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from agreement import compare, of_seeds

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


def accuracies(runs: Population, batch_size: int) -> np.ndarray:
    """Test accuracy in % at the best lr by validation."""
    return 100 * runs.at(batch_size=batch_size).at_best_lr("test_accuracy")


def mislabelled(data: Dataset, fraction: float = 0.18) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    targets, _ = flip_labels(data.train_targets, fraction, num_classes=10, generator=generator)
    return replace(data, train_targets=targets)


def row_10() -> list[bool]:
    """The gap on noisy labels; that on clean ones, and digits, are claims G4, G5 and N5."""
    lrs, found = (0.1, 0.2, 0.4, 0.8, 1.6, 2.4), []
    data = load("mnist1d", num_train=1024)
    print("Row 10: MNIST-1D, N=1024, 18 % of labels wrong, lr tuned on clean validation. 10 seeds")
    noisy, wide = mislabelled(data), (*lrs, 3.2)
    sizes, seeds = (40, 64, 64, 10), range(10)
    runs = grid(noisy, sizes, wide, (16, 64, 256), seeds, num_epochs=40)
    for size, earlier in {16: (35.0, 0.8), 64: (33.8, 1.3), 256: (30.7, 0.7)}.items():
        label = f"noisy, equal epochs, B={size}: test accuracy"
        values = accuracies(runs, size)
        found.append(compare(label, of_seeds(values), earlier, slack=OTHER_SET))
    steps = grid(noisy, sizes, wide, (256,), seeds, num_steps=2560)
    values = accuracies(steps, 256)
    label = "noisy, equal steps, B=256: test accuracy"
    found.append(compare(label, of_seeds(values), (33.7, 1.8), slack=OTHER_SET))
    gap = of_seeds(values - accuracies(runs, 256))
    found.append(compare("noisy, B=256: equal steps minus equal epochs", gap, (3.0, 1.9)))
    return found
