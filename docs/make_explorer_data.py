"""Run the planes that the explorers show: python docs/make_explorer_data.py [NAME ...].

Some minutes on one core. Each writes coursekit/explorers/web/NAME.json, which is committed;
tests/explorers/test_stored_planes.py runs a few cells again and compares.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from coursekit.data import load
from coursekit.experiments import flagship
from coursekit.explorers import noise_cloud
from coursekit.gradients import per_example_gradients
from coursekit.models import mlp
from coursekit.replicas import run_grid
from coursekit.storage import write_atomically
from coursekit.train import TrainConfig, train

WEB = Path(__file__).resolve().parents[1] / "coursekit" / "explorers" / "web"
SEEDS = range(4)
LRS = [2.0**k for k in range(-6, 4)]
EPOCHS = (20, 40, 80)


def cells(population: Any) -> dict[str, Any]:
    """Return mean test accuracy in %, and its standard error over seeds, (lrs, batch sizes)."""
    accuracy = 100 * population.values("test_accuracy", diverged_as=flagship.CHANCE)
    spread = accuracy.std(axis=0, ddof=1) / np.sqrt(len(accuracy))
    return {"accuracy": np.round(accuracy.mean(axis=0), 2).tolist(),
            "stderr": np.round(spread, 2).tolist()}  # fmt: skip


def opening_plane() -> dict[str, Any]:
    """Run the opening question's network at every batch size and rate, for three lengths."""
    sizes = [128, 256, 512, 1024, 2048]
    data = load("mnist1d", num_train=4096)
    planes = {
        str(epochs): cells(
            run_grid(flagship.SIZES, data, seeds=SEEDS, batch_sizes=sizes, lrs=LRS,
                     num_epochs=epochs, progress=False)
        )
        for epochs in EPOCHS
    }  # fmt: skip
    return {"num_train": 4096, "seeds": len(SEEDS), "batch_sizes": sizes, "lrs": LRS,
            "planes": planes}  # fmt: skip


def lr_frontier() -> dict[str, Any]:
    """Run the flagship plane, and fit the frontier to it."""
    sizes = [2**k for k in range(4, 12)]
    population = flagship.run_plane(
        load("mnist1d", num_train=2048), seeds=SEEDS, batch_sizes=sizes, lrs=LRS, num_epochs=30,
        progress=False,
    )  # fmt: skip
    frontier = flagship.fit_frontier(population)
    return {"num_train": 2048, "epochs": 30, "seeds": len(SEEDS), "batch_sizes": sizes, "lrs": LRS,
            "max_lr": round(frontier.max_lr, 3),
            "half_batch_size": round(frontier.critical_batch, 1),
            **cells(population)}  # fmt: skip


def noise_cloud_coords() -> dict[str, Any]:
    """Project the gradients of 512 examples of a network after one epoch, as unit 01 does."""
    data, generator = load("mnist1d", num_train=512), torch.Generator().manual_seed(0)
    model = mlp(flagship.SIZES, generator=generator)
    train(model, data, TrainConfig(32, 16, lambda step: 0.05), rng=generator)
    grads = per_example_gradients(
        model, nn.CrossEntropyLoss(), data.train_inputs, data.train_targets
    )
    return noise_cloud.cloud_data(grads)


MAKERS = {
    "noise_cloud": noise_cloud_coords,
    "opening_plane": opening_plane,
    "lr_frontier": lr_frontier,
}


def main(names: list[str]) -> None:
    """Write the planes that are named; all of them without names."""
    for name in names or list(MAKERS):
        text = json.dumps(MAKERS[name](), separators=(",", ":"))
        write_atomically(WEB / f"{name}.json", text + "\n")
        print(f"{name}.json: {len(text)} bytes", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
