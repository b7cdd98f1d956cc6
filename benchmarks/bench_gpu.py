"""Replicas on a GPU: correctness against float64 first, then times and ratios.

    PYTHONPATH=. python benchmarks/bench_gpu.py [--out FILE.json] [--parts steps,models,...]

Times are CUDA events, median of five, in microseconds per replica-step; what is captured or
compiled once is reported apart. A part that fails prints its error and the others go on.
"""

import argparse
import functools
import json
import math
import statistics
import time
import traceback
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_correct import DEVICE, check_correct
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.data import Dataset, load
from coursekit.models import mlp
from coursekit.replicas import run_grid
from coursekit.replicas._graph import CapturedStep
from coursekit.replicas._plan import prepare
from coursekit.replicas._run import train_stack
from coursekit.replicas._stack import Replicas, Stack
from coursekit.train.optim import BY_NAME

LR = 0.01
CASES = (  # sizes, batch size
    ((40, 128, 128, 10), 32),
    ((40, 64, 64, 10), 32),
    ((64, 128, 128, 10), 128),
    ((64, 32, 10), 16),
)
STACKS = (32, 256, 1024, 4096)


def event_us(work: Callable[[], object], repeats: int = 20) -> float:
    """Return the median of five timings of one call, in microseconds."""
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    times = []
    for _ in range(5):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(repeats):
            work()
        end.record()
        torch.cuda.synchronize()
        times.append(1e3 * start.elapsed_time(end) / repeats)
    return statistics.median(times)


def captured(work: Callable[[], object]) -> Callable[[], None]:
    """Return the replay of a CUDA graph of one call."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


# ------------------------------------------------------------------------------- correctness
# -------------------------------------------------------------------------------------- steps
class HandWritten:
    """The ceiling to reach: stacked products on fixed inputs, no gather, no loss, no checks."""

    def __init__(self, count: int, sizes: tuple[int, ...]) -> None:
        pairs = list(pairwise(sizes))
        self.W = [torch.randn(count, a, b, device=DEVICE) / math.sqrt(a) for a, b in pairs]
        self.b = [torch.zeros(count, 1, b, device=DEVICE) for _, b in pairs]

    def step(self, x: Tensor, y: Tensor) -> None:
        hidden = [x]
        for i, (W, b) in enumerate(zip(self.W, self.b, strict=True)):
            h = torch.baddbmm(b, hidden[-1], W)
            hidden.append(h.relu() if i < len(self.W) - 1 else h)
        g = (hidden[-1].softmax(-1) - y) / x.shape[1]
        for i in reversed(range(len(self.W))):
            grad_W, grad_b = hidden[i].transpose(1, 2) @ g, g.sum(1, keepdim=True)
            if i:
                g = (g @ self.W[i].transpose(1, 2)) * (hidden[i] > 0)
            self.W[i].sub_(LR * grad_W)
            self.b[i].sub_(LR * grad_b)


def random_data(sizes: tuple[int, ...], num_train: int = 2048) -> Dataset:
    g = torch.Generator().manual_seed(0)
    x = torch.randn(num_train, sizes[0], generator=g)
    y = torch.randint(0, sizes[-1], (num_train,), generator=g)
    return Dataset("random", x, y, x[:100], y[:100], x[:100], y[:100])


def stack_of(make: Callable, data: Dataset, count: int, *, backend: str, **settings: Any) -> Stack:
    """Return a stack of ``count`` replicas that share 32 seeds at most."""
    seeds = min(count, 32)
    template = prepare(
        make,
        data,
        range(seeds),
        loss_fn=cross_entropy,
        backend=backend,
        device=DEVICE,
        keep_weights=False,
    )
    fixed = {"seed_index": np.arange(count) % seeds, "lrs": np.full(count, LR)}
    return Stack(**{**vars(template), **fixed, **settings})


@torch.no_grad()
def our_step(stack: Stack, data: Dataset, batch_size: int) -> tuple[float, float]:
    """Return microseconds of one captured step of a stack, and seconds to capture it."""
    data = data.to(DEVICE)
    begin = time.perf_counter()
    replicas = Replicas(stack, data, DEVICE)
    seeds = len(stack.rng_states)
    indices = torch.randint(0, len(data.train_inputs), (seeds, batch_size), device=DEVICE)
    lr = torch.full((len(stack.lrs),), LR, device=DEVICE)
    step = CapturedStep(replicas, indices, lr)
    torch.cuda.synchronize()
    setup = time.perf_counter() - begin
    return event_us(lambda: step(indices, lr, 1)), setup


def eager_loop(model: nn.Module, x: Tensor, y: Tensor) -> float:
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        cross_entropy(model(x), y).backward()
        optimizer.step()

    return event_us(step, 100)


def time_steps(results: dict[str, Any]) -> None:
    """Print microseconds per replica-step of the loop, the ceiling and ours."""
    for sizes, batch_size in CASES:
        data = random_data(sizes)
        model = mlp(sizes, generator=torch.Generator().manual_seed(0)).to(DEVICE)
        x = data.train_inputs[:batch_size].to(DEVICE)
        y = data.train_targets[:batch_size].to(DEVICE)
        eager = eager_loop(model, x, y)
        print(f"\nMLP {sizes}, B={batch_size}: eager loop {eager:.0f} us a step")
        print(f"{'R':>6} {'ceiling':>8} {'ours':>8} {'vmap':>8} {'adam':>8}  setup s   ratios")
        for count in STACKS:
            row: dict[str, float] = {"eager": eager}
            inputs = torch.randn(count, batch_size, sizes[0], device=DEVICE)
            labels = torch.randint(0, sizes[-1], (count, batch_size), device=DEVICE)
            one_hot = nn.functional.one_hot(labels, sizes[-1]).float()
            hand = HandWritten(count, sizes)
            replay = captured(functools.partial(hand.step, inputs, one_hot))
            row["ceiling"] = event_us(replay) / count
            del hand, replay
            make = functools.partial(mlp, sizes)
            for name, backend, optimizer in (
                ("ours", "mlp", "sgd"),
                ("vmap", "vmap", "sgd"),
                ("adam", "mlp", "adam"),
            ):
                try:
                    stack = stack_of(
                        make, data, count, backend=backend, optimizer=BY_NAME[optimizer]
                    )
                    us, setup = our_step(stack, data, batch_size)
                    row[name], row[f"{name} setup"] = us / count, setup
                except Exception as error:
                    print(f"  {name}, R={count}: {type(error).__name__}: {str(error)[:300]}")
                    row[name] = row[f"{name} setup"] = math.nan
            print(
                f"{count:>6} {row['ceiling']:>8.3f} {row['ours']:>8.3f} {row['vmap']:>8.3f} "
                f"{row['adam']:>8.3f}  {row['ours setup']:>7.2f}   "
                f"{eager / row['ours']:.0f} x the eager loop, "
                f"ours {row['ours'] / row['ceiling']:.2f} and vmap "
                f"{row['vmap'] / row['ceiling']:.2f} of the ceiling's time",
                flush=True,
            )
            results[f"steps/{sizes}/{batch_size}/{count}"] = row
    bar = results[f"steps/{CASES[0][0]}/32/1024"]
    gained, over = bar["eager"] / bar["ours"], bar["ours"] / bar["ceiling"]
    print(f"\nbar: >= 1000 x the eager loop: {gained:.0f}; <= 1.2 of the ceiling: {over:.2f}")


# -------------------------------------------------------------------------------------- whole runs
def time_plane(results: dict[str, Any]) -> None:
    """Time whole populations: data order, evaluation and set-up included."""
    data = load("mnist1d", num_train=2048)
    for seeds, batch_sizes, lrs in (
        (4, [16 * 2**k for k in range(8)], [2.0**k for k in range(-6, 4)]),
        (
            32,
            sorted({round(2 ** (2 + k / 2)) for k in range(19)}),
            [2.0 ** (k / 2) for k in range(-14, 9)],
        ),
    ):
        for optimizer in ("sgd", "adam"):
            rates = lrs if optimizer == "sgd" else [lr / 64 for lr in lrs]
            torch.cuda.synchronize()
            begin = time.perf_counter()
            grid = run_grid(
                (40, 64, 64, 10),
                data,
                seeds=range(seeds),
                batch_sizes=batch_sizes,
                lrs=rates,
                num_epochs=30,
                optimizer=optimizer,
                device=DEVICE,
                progress=False,
            )
            wall = time.perf_counter() - begin
            runs = grid.train_loss.size
            best = 100 * grid.at_best_lr().mean(axis=0)
            print(
                f"{optimizer}: {runs} runs of 30 epochs in {wall:.1f} s, of which set-up "
                f"{grid.setup_seconds:.1f} s; best-lr test accuracy % "
                + " ".join(f"{b}:{a:.1f}" for b, a in zip(batch_sizes, best, strict=True)),
                flush=True,
            )
            results[f"plane/{optimizer}/{runs}"] = {"wall": wall, "setup": grid.setup_seconds}


def time_models(results: dict[str, Any]) -> None:
    """Time stacks of a transformer and a convnet in every way and precision."""
    from profile_replicas import CASES, measure

    for name in CASES:
        measure(name, results)


def time_whole_stack(results: dict[str, Any]) -> None:
    """Time `train_stack` from start to end: what is lost around the steps?"""
    sizes, batch_size, count, num_steps = (40, 128, 128, 10), 32, 1024, 640
    data = random_data(sizes)
    stack = stack_of(
        functools.partial(mlp, sizes),
        data,
        count,
        backend="mlp",
        factors=np.ones(num_steps),
        batch_sizes=np.full(num_steps, batch_size),
    )
    train_stack(stack, data, device=DEVICE)
    torch.cuda.synchronize()
    begin = time.perf_counter()
    result = train_stack(stack, data, device=DEVICE)
    torch.cuda.synchronize()
    wall = time.perf_counter() - begin
    each = 1e6 * (wall - float(result["setup_seconds"])) / (num_steps * count)
    print(f"whole stack, {num_steps} steps of R={count}: {each:.3f} us a replica-step, all in")
    results["whole"] = {"us": each, "setup": float(result["setup_seconds"])}


PARTS = {
    "correct": check_correct,
    "steps": time_steps,
    "whole": time_whole_stack,
    "plane": time_plane,
    "models": time_models,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="write all numbers here as JSON")
    parser.add_argument("--parts", default=",".join(PARTS))
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("no CUDA device: this benchmark needs a GPU (the CPU's: bench replicas)")
    name = torch.cuda.get_device_name()
    print(
        f"{name}, torch {torch.__version__}; float32 without TF32 where nothing is said", flush=True
    )
    results: dict[str, Any] = {"device": name, "torch": torch.__version__}
    failed = []
    for part in arguments.parts.split(","):
        print(f"\n== {part}", flush=True)
        try:
            PARTS[part](results)
        except Exception:
            traceback.print_exc()
            failed.append(part)
        torch.cuda.empty_cache()
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1))
    wrong = [key for key, v in results.items() if key.startswith("correct/") and _is_wrong(v)]
    print("\nfailed:", ", ".join(failed) or "none", "; wrong:", ", ".join(wrong) or "none")
    raise SystemExit(1 if failed or wrong else 0)


def _is_wrong(value: float | bool) -> bool:
    return value is False or (not isinstance(value, bool) and not value <= 1e-9)


if __name__ == "__main__":
    main()
