"""The first part of bench_gpu: are replicas on a GPU right? Compared with float64 on the CPU."""

from typing import Any

import torch
from torch import nn

from coursekit.data import Dataset, load
from coursekit.models import mlp
from coursekit.replicas import run_grid
from coursekit.train import TrainConfig, train
from coursekit.train.optim import BY_NAME

DEVICE = torch.device("cuda")


def double_mlp(*, generator: torch.Generator) -> nn.Module:
    return mlp((40, 16, 12, 10), generator=generator).double()


def small_convnet(*, generator: torch.Generator) -> nn.Module:
    model = nn.Sequential(
        *(
            nn.Conv1d(1, 6, 5, bias=False),
            nn.BatchNorm1d(6),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(216, 10),
        )
    ).double()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=0.2, generator=generator)
    return model


def as_double(data: Dataset, *, channels: bool = False) -> Dataset:
    changed = {}
    for name, tensor in vars(data).items():
        if name.endswith("_inputs"):
            changed[name] = tensor.double().unsqueeze(1) if channels else tensor.double()
    return Dataset(**{**vars(data), **changed})


def check_correct(results: dict[str, Any]) -> None:
    """Compare 50 float64 steps of every optimizer with single runs on the CPU."""
    lrs = {"adam": 0.003, "adamw": 0.003, "lamb": 0.005, "lars": 3.0}
    for label, make, channels, backend in (
        ("mlp", double_mlp, False, "mlp"),
        ("mlp by vmap", double_mlp, False, "vmap"),
        ("convnet, BatchNorm", small_convnet, True, "vmap"),
    ):
        data = as_double(load("mnist1d", num_train=256), channels=channels)
        for name in BY_NAME:
            lr = lrs.get(name, 0.05)
            grid = run_grid(
                make,
                data,
                seeds=(0, 1),
                batch_sizes=(16, 100),
                lrs=(lr, lr / 2),
                num_steps=50,
                optimizer=name,
                backend=backend,
                device=DEVICE,
                keep_weights=True,
                progress=False,
            )
            worst = 0.0
            for i, seed in enumerate((0, 1)):
                for j, rate in enumerate((lr, lr / 2)):
                    for k, batch_size in enumerate((16, 100)):
                        generator = torch.Generator().manual_seed(seed)
                        model = make(generator=generator)
                        config = TrainConfig(
                            batch_size, 50, lambda step, rate=rate: rate, optimizer=name
                        )
                        train(model, data, config, rng=generator)
                        weights = torch.cat([p.detach().flatten() for p in model.parameters()])
                        gap = (weights - torch.from_numpy(grid.weights[i, j, k])).abs().max()
                        worst = max(worst, gap.item())
            verdict = "ok" if worst <= 1e-9 else "WRONG"
            print(f"{verdict:<6} {label:<20} {name:<9} max |difference| {worst:.1e}", flush=True)
            results[f"correct/{label}/{name}"] = worst
    diverging = run_grid(
        (40, 16, 10),
        load("mnist1d", num_train=256),
        seeds=(0, 1),
        batch_sizes=(16,),
        lrs=(0.1, 1e30),
        num_steps=20,
        device=DEVICE,
        progress=False,
    )
    harmless = not diverging.diverged[:, 0].any() and diverging.diverged[:, 1].all()
    print(f"{'ok' if harmless else 'WRONG':<6} divergence is noted and harms no other")
    results["correct/divergence"] = bool(harmless)
