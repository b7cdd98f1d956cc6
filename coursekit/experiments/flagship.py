"""The flagship plane: what it takes to draw accuracy over batch size and learning rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import curve_fit
from torch import nn

from coursekit.data.splits import Dataset
from coursekit.models.perceptrons import mlp
from coursekit.noise.critical_batch import CriticalBatch, fit_critical_batch, steps_to_target
from coursekit.noise.offline import model_moments
from coursekit.replicas.grid import run_grid
from coursekit.replicas.population import Population
from coursekit.train.loop import TrainConfig, train

SIZES = (40, 64, 64, 10)
CHANCE = 0.1


@dataclass(frozen=True)
class Frontier:
    """Learning rate above which training fails: max_lr / (1 + critical_batch / B)."""

    batch_sizes: np.ndarray  # where the grid shows a fall
    lrs: np.ndarray  # learning rate at which accuracy has fallen to 60 % of the best
    max_lr: float  # where it levels off for large B
    critical_batch: float  # examples; below it the frontier is proportional to B

    def at(self, batch_size: np.ndarray) -> np.ndarray:
        """Return the fitted frontier."""
        return self.max_lr / (1 + self.critical_batch / np.asarray(batch_size, dtype=float))


def run_plane(
    data: Dataset,
    *,
    seeds: Sequence[int],
    batch_sizes: Sequence[int],
    lrs: Sequence[float],
    num_epochs: int,
    progress: bool = True,
) -> Population:
    """Train the plane on MNIST-1D with plain SGD at a constant rate; 20 records a run."""
    return run_grid(
        SIZES,
        data,
        seeds=seeds,
        batch_sizes=batch_sizes,
        lrs=lrs,
        num_epochs=num_epochs,
        num_records=20,
        progress=progress,
    )


def best_lrs(population: Population) -> np.ndarray:
    """Return the row of the best learning rate at each batch size, by validation accuracy."""
    accuracy = population.values("validation_accuracy", diverged_as=CHANCE)
    return accuracy.mean(axis=0).argmax(axis=0)


def fit_frontier(population: Population, *, share: float = 0.6) -> Frontier:
    """Fit the learning rate at which accuracy falls to a share of the best at that batch size.

        log lr = log max_lr - log(1 + critical_batch / B),   least squares over batch sizes

    Batch sizes whose accuracy never falls that far inside the grid are left out.

    Raises:
        ValueError: If fewer than three batch sizes show the fall.
    """
    accuracy = population.values("test_accuracy", diverged_as=CHANCE).mean(axis=0)
    lrs = np.log2(population.axes["lr"])
    sizes, edges = [], []
    for j, batch_size in enumerate(population.axes["batch_size"]):
        column = accuracy[:, j]
        top = int(column.argmax())
        level = share * column[top]
        for i in range(top, len(lrs) - 1):
            if column[i] >= level > column[i + 1]:
                part = (column[i] - level) / (column[i] - column[i + 1])
                sizes.append(batch_size)
                edges.append(lrs[i] + part * (lrs[i + 1] - lrs[i]))
                break
    if len(sizes) < 3:
        raise ValueError(f"only {len(sizes)} batch sizes show the fall: add larger learning rates")
    log_b = np.log2(sizes)

    def model(log_size: np.ndarray, log_max: float, log_crit: float) -> np.ndarray:
        return log_max - np.log2(1 + 2 ** (log_crit - log_size))

    (log_max, log_crit), _ = curve_fit(model, log_b, edges, p0=[max(edges), 5.0])
    return Frontier(np.array(sizes), 2 ** np.array(edges), 2**log_max, 2**log_crit)


def critical_batch(population: Population, target: float) -> CriticalBatch:
    """Fit B_crit to steps and examples at a training loss, each batch size at its own best lr.

    The learning rate of a batch size is the one with the fewest median steps to the target; batch
    sizes at which some seed never reaches it are left out.
    """
    losses = population.recorded["train_loss"]  # (seeds, lrs, batch sizes, records)
    num_seeds, num_lrs, num_sizes, _ = losses.shape
    kept, columns = [], []
    for j in range(num_sizes):
        steps = np.array(
            [
                [
                    steps_to_target(population.record_steps[j], losses[s, i, j], target)
                    for i in range(num_lrs)
                ]
                for s in range(num_seeds)
            ]
        )
        reached = np.where(np.isfinite(steps).all(axis=0), np.median(steps, axis=0), np.inf)
        if np.isfinite(reached.min()):
            kept.append(population.axes["batch_size"][j])
            columns.append(steps[:, reached.argmin()])
    return fit_critical_batch(kept, np.stack(columns, axis=1))


def noise_scale_band(
    data: Dataset, *, seeds: Sequence[int], batch_size: int, lr: float, steps: Sequence[int]
) -> tuple[float, float]:
    """Return the least and the largest B_simple along a run, each a ratio of means over seeds."""
    loss_fn = nn.CrossEntropyLoss()
    moments = np.zeros((len(steps), len(seeds), 2))
    for s, seed in enumerate(seeds):
        g = torch.Generator().manual_seed(seed)
        model = mlp(SIZES, generator=g)
        done = 0
        for i, step in enumerate(sorted(steps)):
            train(model, data, TrainConfig(batch_size, step - done, lambda step: lr), rng=g)
            done = step
            found = model_moments(model, loss_fn, (data.train_inputs, data.train_targets))
            moments[i, s] = found.tr_cov, found.grad_sq_norm
    tr_cov, grad_sq_norm = moments.mean(axis=1).T
    scales = np.where(grad_sq_norm > 0, tr_cov / grad_sq_norm, math.nan)
    return float(np.nanmin(scales)), float(np.nanmax(scales))
