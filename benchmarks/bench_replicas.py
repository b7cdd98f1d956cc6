"""Replicas on a CPU: against a plain PyTorch loop and against vmap, and the flagship plane.

    python benchmarks/bench_replicas.py [--rounds 5] [--epochs 30] [--no-plane]

Every contestant takes the same SGD steps: it gathers the batch, computes the mean cross-entropy's
gradient and updates. One thread and CPU seconds for the ratios; the plane uses two threads, and
its wall time is only meaningful on a machine that does nothing else.
"""

import argparse
import copy
import dataclasses
import functools
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from interleave import interleave, machine, ratio
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from coursekit.data import Dataset, load
from coursekit.models import mlp
from coursekit.replicas import run_grid
from coursekit.replicas._plan import prepare
from coursekit.replicas._stack import Replicas, Stack
from coursekit.train.optim import BY_NAME

CASES = (  # sizes, batch size, replicas, bars over (loop, vmap)
    ((64, 32, 10), 16, 128, (8.0, 2.0)),
    ((64, 32, 10), 16, 32, (None, None)),
    ((64, 128, 128, 10), 8, 32, (None, None)),
    ((64, 128, 128, 10), 64, 32, (None, None)),
    ((64, 128, 128, 10), 512, 8, (None, None)),
)
LR = 0.01


def stack_of(sizes: tuple[int, ...], data: Dataset, count: int, optimizer: str = "sgd") -> Stack:
    """Return a stack of replicas, each with a seed of its own."""
    make = functools.partial(mlp, sizes)
    template = prepare(
        make,
        data,
        range(count),
        loss_fn=cross_entropy,
        backend="mlp",
        device=torch.device("cpu"),
        keep_weights=False,
    )
    return dataclasses.replace(
        template,
        seed_index=np.arange(count),
        lrs=np.full(count, LR),
        optimizer=BY_NAME[optimizer],
    )


def by_replicas(sizes, data, batches, optimizer="sgd") -> Callable[[], None]:
    replicas = Replicas(
        stack_of(sizes, data, batches.shape[1], optimizer), data, torch.device("cpu")
    )
    lr = torch.full((batches.shape[1],), LR)

    def run() -> None:
        with torch.no_grad():
            for step, indices in enumerate(batches, start=1):
                replicas.step(indices, lr, step)

    return run


def by_loop(sizes, data, batches) -> Callable[[], None]:
    """A plain loop over replicas; at most eight of them, they all cost the same."""
    models = [mlp(sizes, generator=torch.Generator().manual_seed(s)) for s in range(8)]
    optimizers = [torch.optim.SGD(m.parameters(), lr=LR) for m in models]

    def run() -> None:
        for r, (model, optimizer) in enumerate(zip(models, optimizers, strict=True)):
            for indices in batches[:, r]:
                loss = cross_entropy(model(data.train_inputs[indices]), data.train_targets[indices])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return run


def by_vmap(sizes, data, batches) -> Callable[[], None]:
    """Stacked weights, vmap over grad, update in place: as torch's ensembling tutorial has it."""
    count = batches.shape[1]
    models = [mlp(sizes, generator=torch.Generator().manual_seed(s)) for s in range(count)]
    params, _ = stack_module_state(models)
    params = {name: p.detach().clone() for name, p in params.items()}
    base = copy.deepcopy(models[0]).to("meta")

    def loss(params, inputs, targets):
        return cross_entropy(functional_call(base, params, (inputs,)), targets)

    gradient = vmap(grad(loss))

    def run() -> None:
        for indices in batches:
            grads = gradient(params, data.train_inputs[indices], data.train_targets[indices])
            for name, p in params.items():
                p.sub_(grads[name], alpha=LR)

    return run


def compare(rounds: int) -> list[str]:
    """Print a row a case; return the bars that were missed."""
    torch.set_num_threads(1)
    device, data, missed = torch.device("cpu"), load("digits"), []
    print(f"{machine(device)}; microseconds of CPU per replica-step, median of {rounds} rounds")
    print(f"{'MLP':<18} {'B':>4} {'R':>4} {'ours':>8} {'loop':>8} {'vmap':>8}  ratios")
    for sizes, batch_size, count, bars in CASES:
        num_steps = max(4, 60_000 // (batch_size * count))
        generator = torch.Generator().manual_seed(0)
        shape = (num_steps, count, batch_size)
        batches = torch.randint(0, len(data.train_inputs), shape, generator=generator)
        times = interleave(
            {
                "ours": by_replicas(sizes, data, batches),
                "loop": by_loop(sizes, data, batches),
                "vmap": by_vmap(sizes, data, batches),
            },
            rounds,
            device,
        )
        scale = 8 / count  # the loop ran eight replicas, the others all
        times["loop"] = [t / scale for t in times["loop"]]
        each = {n: 1e6 * statistics.median(t) / (num_steps * count) for n, t in times.items()}
        over = {name: ratio(times, name, "ours") for name in ("loop", "vmap")}
        print(
            f"{'-'.join(map(str, sizes)):<18} {batch_size:>4} {count:>4} "
            + " ".join(f"{each[n]:>8.2f}" for n in ("ours", "loop", "vmap"))
            + f"  {over['loop']:.1f} x the loop, {over['vmap']:.1f} x vmap"
        )
        for (name, got), bar in zip(over.items(), bars, strict=True):
            if bar is not None and got < bar:
                missed.append(f"{sizes}, B={batch_size}: {got:.1f} x {name}, below {bar}")
    return missed


def plane(num_epochs: int) -> list[str]:
    """Time the flagship plane: 320 runs of SGD on MNIST-1D."""
    torch.set_num_threads(2)
    data = load("mnist1d", num_train=2048)
    wall, cpu = time.perf_counter(), time.process_time()
    grid = run_grid(
        (40, 64, 64, 10),
        data,
        seeds=range(4),
        batch_sizes=[16 * 2**k for k in range(8)],
        lrs=[2.0**k for k in range(-6, 4)],
        num_epochs=num_epochs,
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"flagship plane, 320 runs of {num_epochs} epochs, 2 threads: {wall:.1f} s, "
        f"{cpu:.1f} CPU s, {1e3 * cpu / (320 * num_epochs):.2f} ms a replica-epoch; "
        f"replicas in a stack {grid.stack_sizes.tolist()}"
    )
    best = 100 * grid.at_best_lr().mean(axis=0)
    print("test accuracy at the lr best on validation, %:", " ".join(f"{a:.1f}" for a in best))
    return [f"the plane took {wall:.1f} s, over 15"] if wall > 15 and num_epochs == 30 else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--no-plane", action="store_true")
    arguments = parser.parse_args()
    missed = compare(arguments.rounds)
    if not arguments.no_plane:
        missed += plane(arguments.epochs)
    for line in missed:
        print("MISSED", line)
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
