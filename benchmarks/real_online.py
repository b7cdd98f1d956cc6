"""What `NoiseScale(every=1)` adds to a training step of a real model, in bf16.

Steps of small micro-batches are bound by the host, which asks for kernels, of large ones by the
GPU; each row says what a step takes and what our calls take of the host.
"""

import statistics
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from host_time import listened_parts
from interleave import added_share
from real_models import Workload
from torch import nn

from coursekit.noise import NoiseScale

BLOCK = 3  # steps, timed together


def online_rows(bench: Any) -> Iterator[str]:
    """Yield a row for each model and size; `bench` is bench_real's."""
    asked = (
        ("163 M", 8, True),
        ("163 M", 64, True),
        ("GPT-2", 8, False),
        ("GPT-2, 512 tokens", 8, True),
        ("ResNet-50", 64, False),
    )
    for name, micro, compiled in asked:
        work = bench.load(name)
        yield online_row(bench, work, 2 if bench.tiny else micro, compiled=compiled)


def online_row(bench: Any, work: Workload, micro: int, *, compiled: bool) -> str:
    """Time blocks of steps of four micro-batches, with and without, in turn."""
    model = work.model
    if work.name == "ResNet-50":
        model.to(memory_format=torch.channels_last)
    run = torch.compile(model) if compiled and not bench.tiny else model
    batch = work.draw(micro)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.0, fused=bench.device.type == "cuda")
    noise = NoiseScale(model, micro_batch_size=micro, loss_factor=0.25, every=1, read="ends")

    def step(net: nn.Module, *, watched: bool) -> None:
        for _ in range(4):
            with torch.autocast(bench.device.type, torch.bfloat16):
                loss = work.loss_fn(net, batch) / 4
            loss.backward()
            if watched:
                noise.micro_step()
        if watched:
            noise.step()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    plain, watched = partial(step, run, watched=False), partial(step, run, watched=True)
    step(model, watched=True)  # its hook on the model's output is gone afterwards: compile then
    for _ in range(10):  # until it is known for a regular loop
        watched()
    with noise.paused():
        plain()
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    pairs = 6 if bench.tiny else bench.pairs
    share = added_share(plain, watched, noise.paused, bench.device, pairs=pairs, steps=BLOCK)
    again = torch._dynamo.utils.counters["stats"]["unique_graphs"] - graphs
    hooks = len(noise._passes.handles)
    calls = calls_said(noise, watched)
    noise.close()
    how = "compiled, bf16" if compiled else "bf16"
    said = f", COMPILED AGAIN {again} times" if again else ""
    return (
        f"NoiseScale(every=1), {work.name}, {how}, 4 x {micro}: {share}{said}  bar 2.5 %\n"
        f"  our calls on the host, {hooks} hook{'s' * (hooks > 1)}: {calls}; "
        f"{noise.average.num_updates} steps measured, {noise.average.num_skipped} skipped"
    )


def calls_said(noise: NoiseScale, watched: Callable[[], object]) -> str:
    """Time our calls inside steps; the median of each part over twenty of them, in ms."""
    spent = listened_parts(noise)
    rows = []
    for _ in range(20):
        before = dict(spent)
        watched()
        rows.append([1e3 * (spent[part] - before[part]) for part in spent])
    parts = [statistics.median(column) for column in zip(*rows, strict=True)]
    named = ", ".join(f"{part} {ms:.2f}" for part, ms in zip(spent, parts, strict=True))
    return f"{statistics.median(sum(row) for row in rows):.2f} ms of a step ({named})"
