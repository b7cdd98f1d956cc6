"""Runs to one target loss at several batch sizes: what a larger batch saves and costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from coursekit.data.splits import Dataset
from coursekit.noise.critical_batch import steps_to_target
from coursekit.replicas._plan import MakeModel
from coursekit.replicas.grid import run_grid
from coursekit.train.optim import Settings

FEW = 64  # validation and test examples that are evaluated along: nothing here reads them


@dataclass(frozen=True)
class RunsToTarget:
    """Steps to a target loss, each batch size at its own tuned learning rate."""

    target: float  # training loss
    batch_sizes: tuple[int, ...]
    steps: np.ndarray  # (num_seeds, num_sizes); nan where a run did not reach the target
    best_lrs: tuple[float, ...]  # the one with the fewest mean steps, per batch size
    interior: tuple[bool, ...]  # is it inside its grid? at an end the grid is too short
    choices: tuple[np.ndarray, ...] = ()  # per batch size: steps at every lr, (num_seeds, num_lrs)

    @property
    def examples(self) -> np.ndarray:
        """Examples to the target, shape (num_seeds, num_sizes)."""
        return self.steps * np.array(self.batch_sizes)


def run_to_target(
    model: Sequence[int] | MakeModel,
    data: Dataset,
    *,
    targets: Sequence[float],
    seeds: Sequence[int],
    lrs: Mapping[int, Sequence[float]],
    num_steps: Mapping[int, int],
    num_records: int = 12,
    optimizer: str | Settings = "sgd",
    device: torch.device | str | None = None,
) -> dict[float, RunsToTarget]:
    """Train at several batch sizes and find the steps to each target loss.

    The loss is that of the whole training split, at ``num_records`` equal distances, interpolated.
    The learning rate of a seed's run is the one at which the OTHER seeds need the fewest steps on
    average, so that no run is judged by the luck that chose it.

    Args:
        model: Widths of an MLP, or a function ``make(generator=g)``.
        data: Its training split is used.
        targets: Training losses to reach.
        seeds: Three or more.
        lrs: Batch size -> ascending learning rates to choose from.
        num_steps: Batch size -> length of its runs.
        num_records: Evaluations of each run.
        optimizer: A name or settings, as for `run_grid`.
        device: Where to train; None: a GPU if there is one.

    Returns:
        One entry a target. A learning rate at which a seed misses the target is never chosen for
        another; where none is left, the steps are nan.

    Raises:
        ValueError: If there are fewer than three seeds, or the batch sizes of lrs and num_steps
            differ.
    """
    if len(seeds) < 3:
        raise ValueError(f"need >= 3 seeds to choose by the others, got {len(seeds)}")
    if set(lrs) != set(num_steps):
        raise ValueError(f"batch sizes differ: lrs has {list(lrs)}, num_steps {list(num_steps)}")
    light = lightened(data)
    tables: dict[float, list[np.ndarray]] = {target: [] for target in targets}
    for size, grid in lrs.items():
        runs = run_grid(
            model,
            light,
            seeds=seeds,
            batch_sizes=(size,),
            lrs=grid,
            num_steps=num_steps[size],
            num_records=num_records,
            optimizer=optimizer,
            device=device,
            progress=False,
        ).at(batch_size=size)
        losses = runs.recorded["train_loss"]  # (seeds, lrs, records)
        for target in targets:
            steps = np.array(
                [[steps_to_target(runs.record_steps, c, target) for c in row] for row in losses]
            )
            tables[target].append(steps)
    columns = {t: [choose_by_others(table) for table in found] for t, found in tables.items()}
    return {
        target: RunsToTarget(
            target,
            tuple(lrs),
            np.stack([steps for steps, _ in found], axis=1),
            tuple(grid[best] for grid, (_, best) in zip(lrs.values(), found, strict=True)),
            tuple(0 < best < len(grid) - 1 for grid, (_, best) in zip(lrs.values(), found,
                                                                      strict=True)),
            tuple(tables[target]),
        )
        for target, found in columns.items()
    }  # fmt: skip


def lightened(data: Dataset) -> Dataset:
    """Return the data set with few validation and test examples, where nothing reads them."""
    return replace(
        data,
        validation_inputs=data.validation_inputs[:FEW],
        validation_targets=data.validation_targets[:FEW],
        test_inputs=data.test_inputs[:FEW],
        test_targets=data.test_targets[:FEW],
    )


def choose_by_others(steps: np.ndarray) -> tuple[np.ndarray, int]:
    """Return each seed's steps at the column that the other seeds choose, and all seeds' choice.

    Args:
        steps: Shape (num_seeds, num_choices); nan: not reached.

    Returns:
        (num_seeds,) steps, nan where the choice misses or there is none; and the column with the
        fewest mean steps over all seeds among those that every seed reaches (0 if none).
    """
    filled = np.where(np.isfinite(steps), steps, np.inf)
    chosen = np.full(len(steps), np.nan)
    for s in range(len(steps)):
        others = np.delete(filled, s, axis=0).mean(axis=0)
        if np.isfinite(others.min()):
            chosen[s] = steps[s, others.argmin()]
    return chosen, int(filled.mean(axis=0).argmin())
