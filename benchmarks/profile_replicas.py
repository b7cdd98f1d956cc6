"""What holds back stacks of transformers and convnets on a GPU, and what would speed them up.

    PYTHONPATH=. python benchmarks/profile_replicas.py [--out FILE.json] [--parts transformer,conv]

For each model: microseconds a replica-step of the eager loop, of our captured step, and of our
step with the gradient function compiled, each in float32 and with TF32 products; the gradient's
error against float64; and the kernels of one step, by the time they take. Compiling needs Triton.
A variant that fails prints its error and the others go on.
"""

import argparse
import functools
import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench_gpu import event_us
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from coursekit.data.corpus import next_character_loss
from coursekit.data.splits import Dataset, from_splits
from coursekit.models.transformer import char_transformer
from coursekit.replicas._graph import CapturedStep
from coursekit.replicas._plan import prepare
from coursekit.replicas._stack import Replicas, Stack
from coursekit.replicas._vmap import vmap_gradients

DEVICE = torch.device("cuda")
LR, BATCH, CONTEXT, CHARACTERS = 1e-3, 64, 64, 96
COUNTS = {"transformer": (64, 128), "conv": (128,)}
TOP = 14


def small_convnet(*, generator: torch.Generator) -> nn.Module:
    """Return the convnet of `bench_gpu`: three layers for images of 32 x 32."""
    model = nn.Sequential(
        *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
        *(nn.Flatten(), nn.Linear(64, 10)),
    )
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=0.05, generator=generator)
    return model


def case(name: str) -> tuple[Callable[..., nn.Module], Callable, Dataset]:
    """Return model, loss and random data of one case."""
    g = torch.Generator().manual_seed(0)
    if name == "transformer":
        numbers = torch.randint(0, CHARACTERS, (2048, CONTEXT + 1), generator=g)
        x, y, classes = numbers[:, :-1], numbers[:, 1:], CHARACTERS
        make = functools.partial(char_transformer, CHARACTERS, context=CONTEXT, num_layers=4)
        loss: Callable = next_character_loss
    else:
        x, classes = torch.randn(1024, 3, 32, 32, generator=g), 10
        y = torch.randint(0, classes, (1024,), generator=g)
        make, loss = small_convnet, nn.functional.cross_entropy
    few = (x[:64], y[:64])
    return make, loss, from_splits("random", [x, y, *few, *few], num_classes=classes)


def stack_of(make: Callable, loss: Callable, data: Dataset, count: int) -> Stack:
    """Return a stack of replicas that share 8 seeds."""
    template = prepare(
        make, data, range(8), loss_fn=loss, backend="vmap", device=DEVICE, keep_weights=False
    )
    fixed = {"seed_index": np.arange(count) % 8, "lrs": np.full(count, LR)}
    return Stack(**{**vars(template), **fixed})


def eager_us(make: Callable, loss: Callable, data: Dataset) -> float:
    """Return microseconds of one step of one model, by torch's own SGD."""
    model = make(generator=torch.Generator().manual_seed(0)).to(DEVICE)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    x, y = data.train_inputs[:BATCH].to(DEVICE), data.train_targets[:BATCH].to(DEVICE)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimizer.step()

    return event_us(step, 30)


def batch_of(replicas: Replicas, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Return the examples of every replica's batch."""
    chosen = indices[replicas.seed_index]
    return replicas.data.train_inputs[chosen], replicas.data.train_targets[chosen]


def gradient_error(replicas: Replicas, exact: Replicas, indices: Tensor) -> float:
    """Return the largest difference from float64 over the largest entry, one gradient at a time."""
    x, y = batch_of(replicas, indices)
    _, ours = replicas.by_vmap(replicas.params, replicas.buffers, x, y)
    wide = x.double() if x.is_floating_point() else x
    _, theirs = exact.by_vmap(exact.params, exact.buffers, wide, y)
    return max(
        ((a - b).abs().max() / b.abs().max()).item() for a, b in zip(ours, theirs, strict=True)
    )


def in_float64(stack: Stack, data: Dataset) -> Replicas:
    """Return the same replicas in float64."""
    wide = {n: t.double() if t.is_floating_point() else t for n, t in stack.initial.items()}
    inputs = data.train_inputs
    both = Dataset(**{**vars(data), "train_inputs": inputs.double()
                      if inputs.is_floating_point() else inputs})  # fmt: skip
    return Replicas(Stack(**{**vars(stack), "initial": wide, "model": stack.model.double()}),
                    both.to(DEVICE), DEVICE)  # fmt: skip


def kernels(step: Callable[[], object], count: int) -> list[tuple[str, float]]:
    """Return the dearest kernels of one step, with microseconds a replica."""
    step()
    with profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as seen:
        step()
        torch.cuda.synchronize()
    rows = [
        (event.key, event.self_device_time_total / count, event.count)
        for event in seen.key_averages()
        if event.self_device_time_total > 0
    ]
    return [(f"{key[:70]} x{n}", us) for key, us, n in sorted(rows, key=lambda row: -row[1])[:TOP]]


def measure(name: str, results: dict[str, Any]) -> None:
    """Print times, errors and kernels of one case."""
    make, loss, data = case(name)
    data = data.to(DEVICE)
    for tf32 in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        words = "TF32" if tf32 else "float32"
        eager = eager_us(make, loss, data)
        print(f"{name}, {words}: eager loop {eager:.0f} us a step", flush=True)
        results[f"{name}/{words}/eager"] = eager
        for count in COUNTS[name]:
            for compiled in (False, True):
                key = f"{name}/{words}/{'compiled' if compiled else 'vmap'}/{count}"
                try:
                    results[key] = one(key, make, loss, data, count, compiled=compiled)
                except Exception:
                    traceback.print_exc(limit=2)
                torch.cuda.empty_cache()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def one(
    key: str, make: Callable, loss: Callable, data: Dataset, count: int, *, compiled: bool
) -> dict[str, Any]:
    """Time one variant; compare eight of its replicas with float64."""
    with torch.no_grad():
        begin = time.perf_counter()
        replicas = Replicas(stack_of(make, loss, data, count), data, DEVICE)
        if compiled:
            replicas.by_vmap = vmap_gradients(replicas.stack.model.to(DEVICE), loss, compiled=True)
        indices = torch.randint(0, len(data.train_inputs), (8, BATCH), device=DEVICE)
        lr = torch.full((count,), LR, device=DEVICE)
        step = CapturedStep(replicas, indices, lr)
        torch.cuda.synchronize()
        setup = time.perf_counter() - begin
        us = event_us(lambda: step(indices, lr, 1), 10) / count
        few = stack_of(make, loss, data, 8)
        small = Replicas(few, data, DEVICE)
        if compiled:
            small.by_vmap = vmap_gradients(few.model.to(DEVICE), loss, compiled=True)
        error = gradient_error(small, in_float64(stack_of(make, loss, data, 8), data), indices)
        print(f"  {key}: {us:.0f} us a replica-step, set-up {setup:.1f} s, error {error:.1e}",
              flush=True)  # fmt: skip
        dear = kernels(lambda: replicas.step(indices, lr, 1), count)
        for kernel, share in dear:
            print(f"      {share:7.1f} us  {kernel}")
    return {"us": us, "setup": setup, "error": error, "kernels": dear}


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="file for the numbers")
    parser.add_argument("--parts", default="transformer,conv")
    asked = parser.parse_args()
    results: dict[str, Any] = {"torch": torch.__version__}
    for name in asked.parts.split(","):
        try:
            measure(name, results)
        except Exception:
            traceback.print_exc(limit=3)
        if asked.out:
            asked.out.write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
