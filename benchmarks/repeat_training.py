"""Row 10: the generalisation gap on noisy labels."""

from dataclasses import replace

import numpy as np
import torch
from agreement import compare, of_seeds

from coursekit.data import Dataset, flip_labels, load
from coursekit.replicas import Population, run_grid

OTHER_SET = 3.0  # points of accuracy that another draw of the data may move, a judgement


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
