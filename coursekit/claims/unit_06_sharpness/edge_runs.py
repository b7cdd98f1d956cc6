"""Runs of claim W1: full-batch gradient descent, followed by its sharpness beside 2 / lr."""

import torch

from coursekit.claims.unit_06_sharpness.sharpness_verdicts import tag
from coursekit.data.splits import load
from coursekit.device import pick_device
from coursekit.experiments.edge import follow_edge

EDGE_SIZES, EDGE_EXAMPLES, EDGE_LRS = (40, 32, 32, 10), 256, (0.1, 0.2, 0.4)


def measure_edge(size: str) -> dict[str, list[float]]:
    """W1: lambda_max * lr / 2 late in training, by full batches and by batches of 16."""
    num_seeds, num_steps = {"tiny": (2, 40), "cpu": (8, 1600), "gpu": (32, 4000)}[size]
    device = pick_device() if size == "gpu" else torch.device("cpu")
    data = load("mnist1d", num_train=EDGE_EXAMPLES, device=device)
    values: dict[str, list[float]] = {}
    late = [round(num_steps * share) for share in (0.7, 0.8, 0.9, 1.0)]
    early = [round(num_steps * share) for share in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)]
    for kind, batch_size in (("full", None), ("sgd", 16)):
        runs = follow_edge(
            EDGE_SIZES,
            data,
            lrs=EDGE_LRS,
            seeds=range(num_seeds),
            record_steps=[*early, *late] if batch_size is None else late,
            batch_size=batch_size,
            device=device,
        )
        for i, lr in enumerate(EDGE_LRS):
            values[f"{kind}_{tag(lr)}"] = runs.ratio[i, :, -len(late) :].mean(axis=1).tolist()
            values[f"loss_{kind}_{tag(lr)}"] = runs.train_loss[i, :, -1].tolist()
            if batch_size is None:
                for k, share in enumerate((0, 5, 10, 20, 30, 50, 70, 80, 90, 100)):
                    values[f"path_{tag(lr)}_{share}"] = runs.ratio[i, :, k].tolist()
    return values
