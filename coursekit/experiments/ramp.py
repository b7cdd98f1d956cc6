"""A batch ramp beside a batch that stays: equal examples, fewer steps, and what they cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from coursekit.data.splits import Dataset
from coursekit.replicas.grid import run_grid

SIZES = (40, 64, 64, 10)


@dataclass(frozen=True)
class Ramp:
    """A schedule of batch and learning rate over epochs, as factors on the first ones.

    Attributes:
        stages: (epochs, factor on the batch size, factor on the learning rate) in turn.
    """

    stages: tuple[tuple[int, int, float], ...]

    @property
    def num_epochs(self) -> int:
        """Length of the run."""
        return sum(epochs for epochs, _, _ in self.stages)

    def factor(self, epoch: int) -> int:
        """Return the factor on the batch size in a 0-based epoch."""
        for epochs, factor, _ in self.stages:
            if epoch < epochs:
                return factor
            epoch -= epochs
        return self.stages[-1][1]

    def sized(self, num_examples: int, batch_size: int) -> list[list[int]]:
        """Return [examples, batch size] of each stage, whole batches alone."""
        sizes = [(epochs, factor * batch_size) for epochs, factor, _ in self.stages]
        return [[epochs * (num_examples // size) * size, size] for epochs, size in sizes]


ROOT_8 = 8**0.5
RAMPS = {
    "small": Ramp(((12, 1, 1.0),)),
    "small, lr decayed": Ramp(((8, 1, 1.0), (2, 1, 0.5), (2, 1, 1 / ROOT_8))),
    "large": Ramp(((12, 8, ROOT_8),)),
    "ramp": Ramp(((8, 1, 1.0), (2, 4, 2.0), (2, 8, ROOT_8))),
}


def lr_factors(ramp: Ramp, num_examples: int, batch_size: int) -> Callable[[int], float]:
    """Return the factor on the learning rate at every step of a ramp."""
    factors: list[float] = []
    sized = ramp.sized(num_examples, batch_size)
    for (examples, size), (_, _, factor) in zip(sized, ramp.stages, strict=True):
        factors += [factor] * (examples // size)
    return lambda step: factors[step]


def run_ramp(
    ramp: Ramp,
    data: Dataset,
    *,
    seeds: Sequence[int],
    batch_size: int = 32,
    lr: float = 0.3,
    device: torch.device | str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Train one schedule of the batch; return final training losses and test accuracies in %.

    Args:
        ramp: The schedule.
        data: N must hold its largest batch.
        seeds: Equal seeds share their initial weights and the order of the examples.
        batch_size: What the ramp's factors multiply.
        lr: Learning rate at factor 1.
        device: Where to train; None: the GPU if there is one.

    Returns:
        Losses and accuracies, one a seed.
    """
    at = lr_factors(ramp, len(data.train_inputs), batch_size)
    runs = run_grid(
        SIZES,
        data,
        seeds=seeds,
        batch_sizes=(batch_size,),
        lrs=(lr,),
        num_epochs=ramp.num_epochs,
        batch_growth=ramp.factor,
        schedule=lambda num_steps: at,
        device=device,
        progress=False,
    )
    return runs.train_loss.ravel(), 100 * runs.test_accuracy.ravel()
