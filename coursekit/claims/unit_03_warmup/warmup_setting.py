"""What the claims of unit 03 share: networks, data, seeds, starts, ends of intervals."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from coursekit.claims import tables
from coursekit.data.splits import Dataset, load
from coursekit.device import pick_device
from coursekit.intervals import t_interval
from coursekit.models.perceptrons import mlp
from coursekit.replicas.population import Population
from coursekit.train.schedules import Schedule, constant, linear_warmup

SIZES = (40, 64, 64, 10)
CHANCE = 0.1  # the accuracy that a diverged run counts with
DEAD = 20.0  # % of accuracy below which a run counts as dead
MAKE = {"he": partial(mlp, SIZES), "sharp": partial(mlp, SIZES, init_scale=2.0)}


def device_for(size: str) -> torch.device:
    """Return the GPU at size gpu, else the CPU."""
    return pick_device() if size == "gpu" else torch.device("cpu")


def seeds_for(size: str, cpu: int, gpu: int = 64) -> range:
    """Return the seeds of a size, from 10 on: the settings were tried on lower ones."""
    return range(10, 10 + {"tiny": 2, "cpu": cpu, "gpu": gpu}[size])


def data_for(size: str, num_train: int) -> Dataset:
    """Return MNIST-1D, a little of it at size tiny."""
    return load("mnist1d", num_train=256 if size == "tiny" else num_train)


def epochs_for(size: str, num_epochs: int) -> int:
    """Return the length of a run; tiny ones are as short as they can be."""
    return 2 if size == "tiny" else num_epochs


def warm(num_steps: int, *, warmup_steps: int) -> Schedule:
    """Return a linear warmup to 1 as `run_grid` takes it; 0 steps: none."""
    return linear_warmup(1.0, warmup_steps=warmup_steps) if warmup_steps else constant(1.0)


def held(num_steps: int) -> Schedule:
    """Return a constant warmup: 16 steps at a sixteenth."""
    return lambda step: 0.0625 if step < 16 else 1.0


def percent(runs: Population, **at: object) -> np.ndarray:
    """Return test accuracies in %, one a seed; a diverged run counts as chance."""
    return 100 * runs.at(**at).values("test_accuracy", diverged_as=CHANCE).ravel()


def right(runs: Population, **at: object) -> np.ndarray:
    """Return which test examples are right in %, (seeds, test examples), of one arm."""
    table = tables.right(runs, **at)
    return table.reshape(-1, table.shape[-1])


def lower_end(values: Sequence[float]) -> float:
    """Return the lower end of the 95 % interval."""
    mean, half = t_interval(values)
    return mean - half


def upper_end(values: Sequence[float]) -> float:
    """Return the upper end of the 95 % interval."""
    mean, half = t_interval(values)
    return mean + half
