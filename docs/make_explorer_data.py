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

from coursekit.claims.ledger import load_entries
from coursekit.data import load
from coursekit.experiments import flagship
from coursekit.experiments.mysteries.carry_out import carry_out
from coursekit.experiments.mysteries.cases import Mystery, draw_mystery
from coursekit.experiments.mysteries.evidence import evidence_of
from coursekit.experiments.mysteries.words import EXPERIMENTS, EXPLANATIONS
from coursekit.explorers import micro_arrows, noise_cloud
from coursekit.gradients import per_example_gradients
from coursekit.models import mlp
from coursekit.replicas import run_grid
from coursekit.storage import write_atomically
from coursekit.train import TrainConfig, train

WEB = Path(__file__).resolve().parents[1] / "coursekit" / "explorers" / "web"
SEEDS = range(4)
LRS = [2.0**k for k in range(-6, 4)]
EPOCHS = (20, 40, 80)
MYSTERIES = (900_003, 900_004, 900_005, 901_006)


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


def example_grads() -> torch.Tensor:
    """Return the gradients of 512 examples of a network after one epoch, as unit 01 does."""
    data, generator = load("mnist1d", num_train=512), torch.Generator().manual_seed(0)
    model = mlp(flagship.SIZES, generator=generator)
    train(model, data, TrainConfig(32, 16, lambda step: 0.05), rng=generator)
    loss = nn.CrossEntropyLoss()
    return per_example_gradients(model, loss, data.train_inputs, data.train_targets)


def knee() -> dict[str, Any]:
    """Take the measured steps of claim C6 from the ledger."""
    values = {k: float(np.mean(v)) for k, v in load_entries("C6")["cpu"]["values"].items()}
    places = ("idle_from", "idle_to", "full_from", "full_to")
    return {
        "batch_sizes": [round(values[f"batch_{place}"]) for place in places],
        "ms": [round(values[f"ms_{place}"], 4) for place in places],
    }


def mystery() -> dict[str, Any]:
    """Break runs by faults that none of the exercise's six has; carry out every experiment."""
    return {"runs": [mystery_run(draw_mystery(number)) for number in MYSTERIES]}


def mystery_run(drawn: Mystery) -> dict[str, Any]:
    """Return what is shown of one broken run, its experiments' outcomes, and the answers."""
    seen, names = evidence_of(drawn), list(drawn.menu)
    keep = np.unique(np.linspace(0, len(seen.steps) - 1, 40).round().astype(int))
    menu = []
    for name in names:
        found, about = carry_out(drawn, name), EXPERIMENTS[name]
        outcome = about.outcomes.index(found.outcome)
        menu.append({"does": about.does, "price": about.price, "outcomes": about.outcomes,
                     "outcome": outcome, "text": found.text,
                     "separates": drawn.separates(name)})  # fmt: skip
    return {
        "story": seen.story,
        "config": [[name, *pair] for name, pair in seen.config.items()],
        "steps": seen.steps[keep].tolist(),
        "loss": rows_of(seen.loss[:, keep]),
        "norm": rows_of(seen.grad_norm[:, keep]),
        "before": round(seen.before["validation"], 1),
        "before_norm": round(seen.before["first |g|"], 3),
        "validation": round(float(seen.validation[:, -1].mean()), 1)
        if len(seen.epoch_ends)
        else None,
        "suspects": [EXPLANATIONS[name] for name in drawn.suspects],
        "fault": drawn.suspects.index(drawn.fault),
        "menu": menu,
        "best": names.index(drawn.best),
    }


def rows_of(table: np.ndarray) -> list[list[float | None]]:
    """Return rows with four digits; null stands for what is not finite."""
    return [[float(f"{v:.4g}") if np.isfinite(v) else None for v in row] for row in table]


MAKERS = {
    "mystery": mystery,
    "knee": knee,
    "noise_cloud": lambda: noise_cloud.cloud_data(example_grads()),
    "micro_arrows": lambda: micro_arrows.micro_data(example_grads()),
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
