"""The decision experiment: arms that hold steps, epochs, temperature or stability fixed.

Batch 256 to 1024 and learning rate times 4, at equal epochs, lost accuracy. Each arm changes
something else of that change back, so that explanations predict different outcomes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from coursekit.data.splits import Dataset
from coursekit.intervals import t_interval
from coursekit.replicas.grid import run_grid
from coursekit.train.schedules import Schedule, warmup_cosine

SIZES = (40, 64, 64, 10)
BASE_BATCH = 256
EPOCHS = 20
CHANCE = 0.1  # accuracy of a run that diverged


@dataclass(frozen=True)
class Arm:
    """One setting beside the base.

    Attributes:
        batch: Batch size over the base's; None: the full batch, no noise at all.
        lr: Learning rate over the base's.
        steps: Steps over the base's.
        schedule: "constant", "warmup" (the first tenth) or "warmup and cosine".
        holds: What it holds as the base has it.
    """

    batch: float | None
    lr: float
    steps: float
    schedule: str = "constant"
    holds: str = ""


BASE = Arm(1, 1, 1, holds="everything")
ARMS = {
    "their change": Arm(4, 4, 1 / 4, holds="epochs, temperature"),
    "their change + warmup": Arm(4, 4, 1 / 4, "warmup", holds="epochs, temperature"),
    "their change + warmup and cosine": Arm(4, 4, 1 / 4, "warmup and cosine", holds="epochs"),
    "root rule": Arm(4, 2, 1 / 4, holds="epochs"),
    "small batch, short, hot": Arm(1, 4, 1 / 4, holds="batch"),
    "full batch, short": Arm(None, 4, 1 / 4, holds="nothing"),
    "large batch, old lr, old steps": Arm(4, 1, 1, holds="steps, lr"),
    "large batch, new lr, old steps": Arm(4, 4, 1, holds="steps, temperature"),
}


def schedule_of(name: str, num_steps: int) -> Schedule:
    """Return the factor on the learning rate: step -> factor.

    Raises:
        ValueError: For a name that is not one of Arm's.
    """
    warmup = max(1, num_steps // 10)
    if name == "constant":
        return lambda step: 1.0
    if name == "warmup":
        return lambda step: min(1.0, (step + 1) / warmup)
    if name == "warmup and cosine":
        return warmup_cosine(1.0, warmup_steps=warmup, num_steps=num_steps)
    raise ValueError(f"no schedule {name!r}: constant, warmup, or warmup and cosine")


def run_arm(
    arm: Arm,
    data: Dataset,
    *,
    lr: float,
    seeds: Sequence[int],
    batch_size: int = BASE_BATCH,
    num_epochs: int = EPOCHS,
    device: torch.device | str | None = None,
    each_example: bool = False,
) -> np.ndarray:
    """Train one arm and return its test accuracies in %, one a seed.

    Args:
        arm: What it changes of the base.
        data: N must hold the arm's batch.
        lr: The base's learning rate.
        seeds: Equal seeds of two arms share initial weights and order of the examples.
        batch_size: The base's.
        num_epochs: The base's length.
        device: Where to train; None: the GPU if there is one.
        each_example: Whether to return 100 or 0 for each test example, (seeds, test examples).

    Returns:
        Accuracies; a run that diverged counts as chance, 10 %.
    """
    n = len(data.train_inputs)
    size = n if arm.batch is None else round(arm.batch * batch_size)
    steps = round(arm.steps * num_epochs * (n // batch_size))
    runs = run_grid(
        SIZES,
        data,
        seeds=seeds,
        batch_sizes=(size,),
        lrs=(arm.lr * lr,),
        num_steps=steps,
        schedule=lambda num_steps: schedule_of(arm.schedule, num_steps),
        keep_correct=each_example,
        device=device,
        progress=False,
    )
    if each_example:
        return 100 * runs.values("test_correct", diverged_as=CHANCE)[:, 0, 0]
    return 100 * runs.values("test_accuracy", diverged_as=CHANCE).ravel()


def changes_to_base(
    accuracies: Mapping[str, np.ndarray], base: str = "base"
) -> dict[str, tuple[float, float]]:
    """Return each arm's paired change to the base: mean and half-width of its 95 % interval."""
    return {
        name: t_interval(values - accuracies[base])
        for name, values in accuracies.items()
        if name != base
    }
