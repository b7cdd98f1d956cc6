"""Stacks of transformers and convnets on a GPU: what a step costs in each way, and where it goes.

    PYTHONPATH=. python benchmarks/profile_replicas.py [--out FILE.json] [--parts transformer,conv]
                                                       [--ways float32,tf32,...]

For each model microseconds a replica-step, R = 128 at B = 64: torch's eager loop; `torch.func.vmap`
over `grad` captured in a CUDA graph by hand; our captured step by vmap, with kernels of our own,
and compiled in each precision. Then the floor: the products of one step at the rate that the
chip's data sheet states. Errors are those of the gradients of four replicas against float64: the
largest difference over the largest entry, parameter by parameter, and norm over norm. Kernels and
compiling need Triton. A way that fails prints its error and the others go on.
"""

import argparse
import functools
import json
import math
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench_gpu import captured, event_us
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from coursekit.data.corpus import next_character_loss
from coursekit.data.splits import Dataset, from_splits
from coursekit.models.transformer import char_transformer
from coursekit.replicas._graph import CapturedStep
from coursekit.replicas._plan import prepare
from coursekit.replicas._stack import Replicas, Stack
from coursekit.replicas._vmap import vmap_gradients

DEVICE = torch.device("cuda")
LR, BATCH, CONTEXT, CHARACTERS, COUNT, SEEDS, COMPARED = 1e-3, 64, 64, 96, 128, 8, 4
CASES = ("transformer", "conv")
PEAK = {"float32": 67e12, "tf32": 494e12, "bf16": 989e12}  # H200 SXM, dense, by its data sheet
WAYS = {  # of ours: backend, precision
    "bf16": ("compiled", "bf16"),
    "tf32": ("compiled", "tf32"),
    "float32": ("compiled", "float32"),
    "kernels tf32": ("kernels", "tf32"),
    "kernels": ("kernels", "float32"),
    "vmap": ("vmap", "float32"),
}
TOP = 8
KINDS = (  # of kernels, by a part of the name; the first that fits
    ("_attention", "attention"),
    ("_convolution", "convolution"),
    ("gemm", "products"),
    ("nvjet", "products"),
    ("cutlass", "products"),
    ("conv", "convolution"),
    ("cudnn", "convolution"),
    ("", "elementwise"),
)


def small_convnet(*, generator: torch.Generator) -> nn.Module:
    """Return three convolutions for images of 32 x 32."""
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


def stack_of(make: Callable, loss: Callable, data: Dataset, backend: str, precision: str) -> Stack:
    """Return a stack of replicas that share 8 seeds."""
    template = prepare(
        make,
        data,
        range(SEEDS),
        loss_fn=loss,
        backend=backend,
        device=DEVICE,
        keep_weights=False,
        precision=precision,
    )
    fixed = {"seed_index": np.arange(COUNT) % SEEDS, "lrs": np.full(COUNT, LR)}
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


@torch.no_grad()
def by_hand_us(make: Callable, loss: Callable, data: Dataset) -> float:
    """Return microseconds a replica of vmap over grad and SGD, captured by hand."""
    model = make(generator=torch.Generator().manual_seed(0)).to(DEVICE)
    params = {n: p.expand(COUNT, *p.shape).clone() for n, p in model.named_parameters()}
    rows = torch.randint(0, len(data.train_inputs), (COUNT, BATCH), device=DEVICE)

    def objective(params: dict, x: Tensor, y: Tensor) -> Tensor:
        return loss(functional_call(model, params, (x,)), y)

    def step() -> None:
        grads = vmap(grad(objective))(params, data.train_inputs[rows], data.train_targets[rows])
        torch._foreach_add_(list(params.values()), [grads[n] for n in params], alpha=-LR)

    return event_us(captured(step), 10) / COUNT


def batch_of(replicas: Replicas, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Return the examples of every replica's batch."""
    chosen = indices[replicas.seed_index]
    return replicas.data.train_inputs[chosen], replicas.data.train_targets[chosen]


def errors(make: Callable, loss: Callable, replicas: Replicas, indices: Tensor) -> tuple:
    """Return a gradient's error against float64: worst entry, and norm over norm."""
    x, y = batch_of(replicas, indices)
    _, ours = replicas.by_vmap(replicas.params, replicas.buffers, x, y)

    def wide(t: Tensor) -> Tensor:
        return t[:COMPARED].double() if t.is_floating_point() else t[:COMPARED]

    model = make(generator=torch.Generator().manual_seed(0)).double().to(DEVICE)
    tensors = [{n: wide(t) for n, t in d.items()} for d in (replicas.params, replicas.buffers)]
    _, exact = vmap_gradients(model, loss)(*tensors, wide(x), wide(y))
    worst = max(
        ((a[:COMPARED] - b).abs().max() / b.abs().max()).item()
        for a, b in zip(ours, exact, strict=True)
    )
    flat = [torch.cat([t[:COMPARED].double().flatten(1) for t in g], 1) for g in (ours, exact)]
    return worst, ((flat[0] - flat[1]).norm(dim=1) / flat[1].norm(dim=1)).max().item()


def kernels(step: Callable[[], object]) -> tuple[dict[str, float], list[tuple[str, float]]]:
    """Return microseconds a replica of one step by kind of kernel, and the dearest kernels."""
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        step()
        torch.cuda.synchronize()
    rows = [
        (event.key, event.self_device_time_total / COUNT, event.count)
        for event in seen.key_averages()
        if event.self_device_time_total > 0
    ]
    kinds: dict[str, float] = {}
    for key, us, _ in rows:
        kind = next(kind for part, kind in KINDS if part in key.lower())
        if key.startswith("triton_"):
            kind = "elementwise"
        kinds[kind] = kinds.get(kind, 0.0) + us
    rows.sort(key=lambda row: -row[1])
    return kinds, [(f"{key[:90]} x{n}", us) for key, us, n in rows[:TOP]]


def floor_us(make: Callable, loss: Callable, data: Dataset, precision: str) -> float:
    """Return what the products of a forward and a backward pass take at the chip's rate."""
    model = make(generator=torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as counter:
        loss(model(data.train_inputs[:BATCH].cpu()), data.train_targets[:BATCH].cpu()).backward()
    return 1e6 * counter.get_total_flops() / PEAK[precision]


def measure(name: str, results: dict[str, Any], ways: Sequence[str] = ()) -> None:
    """Print times, errors and kernels of one case, in some ways; float32 is without TF32."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    make, loss, data = case(name)
    data = data.to(DEVICE)
    floors = {p: floor_us(make, loss, data, p) for p in PEAK}
    others = {"eager loop": eager_us, "vmap, by hand": by_hand_us}
    for way in ways or (*WAYS, *others):
        try:
            if way in others:
                results[f"{name}/{way}"] = row = {"us": others[way](make, loss, data)}
            else:
                results[f"{name}/{way}"] = row = one(make, loss, data, *WAYS[way])
            print(
                f"{name}, {way}: {row['us']:.1f} us a replica-step"
                + "".join(f", {k} {row[k]:.2g}" for k in ("worst", "norm", "setup") if k in row)
                + "".join(f"; {k} {us:.1f}" for k, us in row.get("kinds", {}).items()),
                flush=True,
            )
            for kernel, us in row.get("kernels", []):
                print(f"      {us:7.2f} us  {kernel}", flush=True)
        except Exception:
            traceback.print_exc(limit=3)
        torch.cuda.empty_cache()
    results[f"{name}/floor"] = floors
    print(f"{name}, floor: " + ", ".join(f"{p} {us:.1f}" for p, us in floors.items()), flush=True)


@torch.no_grad()
def one(make: Callable, loss: Callable, data: Dataset, backend: str, precision: str) -> dict:
    """Time one of our ways; compare some of its replicas with float64."""
    begin = time.perf_counter()
    replicas = Replicas(stack_of(make, loss, data, backend, precision), data, DEVICE)
    g = torch.Generator(DEVICE).manual_seed(1)
    indices = torch.randint(0, len(data.train_inputs), (SEEDS, BATCH), device=DEVICE, generator=g)
    lr = torch.full((COUNT,), LR, device=DEVICE)
    step = CapturedStep(replicas, indices, lr)
    torch.cuda.synchronize()
    setup = time.perf_counter() - begin
    us = event_us(lambda: step(indices, lr, 1), 10) / COUNT
    worst, norm = errors(make, loss, replicas, indices)
    kinds, dear = kernels(lambda: step(indices, lr, 1))
    if not math.isfinite(worst):
        raise ValueError(f"an error of {worst} against float64")
    return {"us": us, "worst": worst, "norm": norm, "setup": setup, "kinds": kinds, "kernels": dear}


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="file for the numbers")
    parser.add_argument("--parts", default=",".join(CASES))
    parser.add_argument("--ways", default="", help="of ours, eager loop, or vmap, by hand; all")
    asked = parser.parse_args()
    results: dict[str, Any] = {"torch": torch.__version__}
    for name in asked.parts.split(","):
        measure(name, results, [way for way in asked.ways.split(",") if way])
        if asked.out:
            asked.out.write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
