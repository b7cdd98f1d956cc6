"""How the claims of unit 09 time a step: interleaved rounds, the fastest of many looks."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.device import pick_device
from coursekit.models.perceptrons import mlp

ROUNDS = 8  # each times every batch size in turn: what slows one slows its neighbours
LOOKS = 16  # in a round, of which the fastest counts: others at work only ever slow a step
CRITICAL = 100.0  # critical batch size of the steps' law, as measured for this network (claim C1)
WIDTHS = {"tiny": 64, "cpu": 64, "gpu": 2048}


def clock(device: torch.device) -> float:
    """Return seconds: of this process on a CPU, where others may be at work; else on the wall."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        return time.perf_counter()
    return time.process_time()


def step_timer(size: str) -> Callable[[int, int], float]:
    """Return (batch size, repetitions) -> seconds a step, for one MLP and plain SGD."""
    device = pick_device() if size == "gpu" else torch.device("cpu")
    width = WIDTHS[size]
    g = torch.Generator().manual_seed(0)
    model = mlp((40, width, width, 10), generator=g).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    kept: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def seconds(batch_size: int, repetitions: int) -> float:
        if batch_size not in kept:
            inputs = torch.randn(batch_size, 40, generator=g)
            targets = torch.randint(10, (batch_size,), generator=g)
            kept[batch_size] = inputs.to(device), targets.to(device)
            take_step(model, optimizer, *kept[batch_size])
        began = clock(device)
        for _ in range(repetitions):
            take_step(model, optimizer, *kept[batch_size])
        return (clock(device) - began) / repetitions

    return seconds


def take_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: torch.Tensor,
    targets: torch.Tensor,
) -> None:
    """Take one step of SGD."""
    cross_entropy(model(inputs), targets).backward()
    optimizer.step()
    optimizer.zero_grad()


def interleaved(
    seconds: Callable[[int, int], float],
    batch_sizes: Sequence[int],
    repetitions: Callable[[int], int],
) -> dict[int, list[float]]:
    """Time every batch size in turn, in an order that turns round each time; one value a round."""
    looks: dict[int, list[float]] = {b: [] for b in batch_sizes}
    for b in batch_sizes:
        seconds(b, repetitions(b))
    for k in range(ROUNDS * LOOKS):
        for b in batch_sizes if k % 2 else reversed(batch_sizes):
            looks[b].append(seconds(b, repetitions(b)))
    return {
        b: np.reshape(found, (ROUNDS, LOOKS)).min(axis=1).tolist() for b, found in looks.items()
    }
