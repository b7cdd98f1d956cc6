"""What `NoiseScale(every=1)` takes of the host's time in a training step, part by part.

    python benchmarks/bench_online.py --host        needs no GPU: its route is taken on the CPU

On a GPU a step may be bound by the host, which asks for kernels; then every call between them
counts. Here the tensors are small and many, so that calls are all there is. Three loops in turn,
in blocks: without, with hooks on all parameters, and with what a regular loop gets, one hook.
"""

import math
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.noise import NoiseScale

K = 4  # micro-batches of a step
STEPS = 5  # of a block


class Chain(nn.Module):
    """Many small matrices, one after the other."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.parts = nn.Sequential(*(nn.Linear(4, 4, bias=False) for _ in range(count)))

    def forward(self, x: Tensor) -> Tensor:
        """Return a loss."""
        return self.parts(x).square().mean()


def as_on_a_gpu(noise: NoiseScale) -> None:
    """Leave norms where they are until somebody asks, and take those of many tensors at once."""
    with noise.paused():
        noise._passes.on_cpu, noise._passes.together = False, True


def with_all_hooks(noise: NoiseScale) -> None:
    """Keep a hook on every parameter, however regular the loop is."""
    noise._passes.one.wait = math.inf


def timed(owner: Any, name: str, spent: dict[str, float], part: str) -> None:
    """Add the seconds of a method's calls, from now on, to a part."""
    method = getattr(owner, name)
    spent.setdefault(part, 0.0)

    def call(*args: Any, **settings: Any) -> Any:
        start = time.perf_counter()
        try:
            return method(*args, **settings)
        finally:
            spent[part] += time.perf_counter() - start

    setattr(owner, name, call)


def timed_hooks(passes: Any, spent: dict[str, float]) -> None:
    """Add the seconds of all hooks that are put in place from now on."""
    make = passes.hook_of

    def hook_of(index: int) -> Callable[[Tensor], None]:
        hook = SimpleNamespace(call=make(index))
        timed(hook, "call", spent, "hooks")
        return hook.call

    passes.hook_of = hook_of


def listened_parts(noise: NoiseScale) -> dict[str, float]:
    """Return seconds by part, which grow while the noise scale is used.

    What autograd's engine takes to call a hook is not among them, 1 microsecond or 2 each.
    """
    spent: dict[str, float] = {}
    passes = noise._passes
    with noise.paused():
        timed_hooks(passes, spent)
        timed(passes, "end", spent, "ends of passes")
        timed(passes.one, "begin", spent, "hooks")
        timed(passes.one, "end", spent, "ends of passes")
    timed(noise, "micro_step", spent, "micro_step")
    timed(noise, "step", spent, "step")
    return spent


def make_step(model: nn.Module, inputs: list[Tensor], noise: NoiseScale | None) -> Callable:
    """Return a step that gives seconds of backward(), micro_step() and step()."""
    clock = time.thread_time  # of this thread alone, in which a CPU goes backward

    def step() -> tuple[float, float, float]:
        backward = micro = 0.0
        for x in inputs:
            loss = model(x) / K
            start = clock()
            loss.backward()
            middle = clock()
            if noise is not None:
                noise.micro_step()
            micro += clock() - middle
            backward += middle - start
        start = clock()
        if noise is not None:
            noise.step()
        last = clock() - start
        for p in model.parameters():
            p.grad = None
        return backward, micro, last

    return step


def host_table(count: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return microseconds of a step by part, for each way of watching; medians over blocks."""
    torch.manual_seed(0)
    inputs = [torch.randn(2, 4) for _ in range(K)]
    loops: dict[str, Callable] = {}
    for name in ("without", "all hooks", "one hook"):
        model, noise = Chain(count), None
        if name != "without":
            noise = NoiseScale(model, micro_batch_size=2, loss_factor=1 / K, every=1, read="ends")
            as_on_a_gpu(noise)
            if name == "all hooks":
                with_all_hooks(noise)
        loops[name] = make_step(model, inputs, noise)
        for _ in range(STEPS):
            loops[name]()
    found: dict[str, list[list[float]]] = {name: [] for name in loops}
    for _ in range(rounds):
        for name, step in loops.items():
            times = [step() for _ in range(STEPS)]
            found[name].append([statistics.fmean(part) for part in zip(*times, strict=True)])
    plain = [row[0] for row in found["without"]]
    norms = norms_alone(Chain(count))
    table = {}
    for name in ("all hooks", "one hook"):
        rows = found[name]
        added = [row[0] - before for row, before in zip(rows, plain, strict=True)]
        parts = {
            "hooks and ends": statistics.median(added) - norms,
            "norms": norms,
            "micro_step": statistics.median(row[1] for row in rows),
            "step": statistics.median(row[2] for row in rows),
        }
        table[name] = {part: 1e6 * seconds for part, seconds in parts.items()}
    return table


def norms_alone(model: nn.Module) -> float:
    """Return the seconds of two fused readings of all gradients, torch's own."""
    grads = [torch.randn_like(p) for p in model.parameters()]
    times = []
    for _ in range(200):
        start = time.thread_time()
        torch._foreach_norm(grads)
        torch._foreach_norm(grads)
        times.append(time.thread_time() - start)
    return statistics.median(times)


def print_table(rounds: int) -> None:
    """Print it for models of 76 and of 148 tensors."""
    for count in (76, 148):
        table = host_table(count, rounds)
        for name, parts in table.items():
            ours = sum(parts.values()) - parts["norms"]
            row = ", ".join(f"{part} {value:.0f}" for part, value in parts.items())
            print(f"{count} tensors, {name}: {row} us of a step; without the norms {ours:.0f}")
        both = [sum(parts.values()) - parts["norms"] for parts in table.values()]
        print(f"{count} tensors: one hook takes {both[1] / both[0]:.2f} of all hooks' time")
