"""Row 12: what noise does late in training; noise of SGD's covariance put back into a large batch.

Equal learning rate and equal steps; only the noise differs. The rule, fixed before any run: a line
agrees if it differs by less than the joint 95 % interval plus 3 points of accuracy for another draw
of the data, or 20 % of a sharpness.
"""

import math

import numpy as np
import torch
from agreement import compare, fact, of_seeds
from torch import Tensor, nn

from coursekit.data import Dataset, load
from coursekit.intervals import t_interval
from coursekit.models import mlp
from coursekit.sharpness import sharpness
from coursekit.train import accuracy

SIZES = (40, 64, 64, 10)
NUM_SEEDS, NUM_STEPS, LR = 8, 2560, 0.1
LOSS = nn.CrossEntropyLoss()
# batch size, noise of which batch size is added; earlier accuracy and sharpness
ARMS = {
    "B = 16": (16, None, (43.9, 1.0), 1.5),
    "B = 256": (256, None, (41.4, 0.7), 3.2),
    "B = 256 + noise of B = 17": (256, 17, (44.0, 0.6), 1.7),
}


def gradients(model: nn.Module, data: Dataset, batch: Tensor) -> tuple[Tensor, ...]:
    loss = LOSS(model(data.train_inputs[batch]), data.train_targets[batch])
    return torch.autograd.grad(loss, list(model.parameters()))


def final(data: Dataset, batch_size: int, added: int | None, seed: int) -> tuple[float, float]:
    """Return test accuracy in % and lambda_max after the run.

    The difference of two independent batches of ``added``, over sqrt 2, has mean zero and the
    covariance of one such batch.
    """
    g = torch.Generator().manual_seed(seed)
    model = mlp(SIZES, generator=g)
    n = len(data.train_inputs)
    for _ in range(NUM_STEPS):
        total = gradients(model, data, torch.randint(n, (batch_size,), generator=g))
        if added is not None:
            one = gradients(model, data, torch.randint(n, (added,), generator=g))
            two = gradients(model, data, torch.randint(n, (added,), generator=g))
            total = tuple(
                t + (a - b) / math.sqrt(2) for t, a, b in zip(total, one, two, strict=True)
            )
        with torch.no_grad():
            for param, grad in zip(model.parameters(), total, strict=True):
                param.sub_(LR * grad)
    right = 100 * accuracy(model, data.test_inputs, data.test_targets)
    pair = (data.train_inputs, data.train_targets)
    return right, sharpness(model, LOSS, pair, tol=1e-2).value


def row_12() -> list[bool]:
    print(f"12 Noise put back: N=1024, lr {LR}, {NUM_STEPS} steps, {NUM_SEEDS} seeds")
    data, found, right = load("mnist1d", num_train=1024), [], {}
    for name, (batch_size, added, before, sharp) in ARMS.items():
        runs = np.array([final(data, batch_size, added, seed) for seed in range(NUM_SEEDS)])
        right[name] = runs[:, 0]
        found.append(compare(f"{name}: accuracy", of_seeds(runs[:, 0]), before, slack=3.0))
        found.append(
            compare(
                f"{name}: sharpness", of_seeds(runs[:, 1]), (sharp, math.nan), slack=0.2 * sharp
            )
        )
    small, large, mended = right.values()
    lost, half = t_interval(small - large)
    found.append(
        fact("the large batch loses accuracy", lost - half > 0, f"{lost:.1f} ± {half:.1f}")
    )
    back, half = t_interval(mended - large)
    found.append(fact("injected noise gives it back", back - half > 0, f"{back:.1f} ± {half:.1f}"))
    return found
