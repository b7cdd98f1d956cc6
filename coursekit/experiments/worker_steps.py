"""Steps of real processes that share a batch: seconds, the exchange alone, and equal weights.

    python -m torch.distributed.run --standalone --nproc-per-node 2 \
        coursekit/experiments/worker_steps.py FOLDER SETTINGS

is what `run_workers` starts. Each process computes the gradient of its part of the batch; gloo
adds the gradients over the processes, on the CPU.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector

from coursekit.models.perceptrons import mlp

ABORTED, TRIES = "terminate called without an active exception", 3  # torch's own, when busy
PATIENCE = 120.0  # seconds until processes that do not answer are given up


@dataclass(frozen=True)
class WorkerTimes:
    """What several processes measured at each batch size.

    Attributes:
        num_workers: N.
        batch_sizes: B, examples of all processes together.
        step_seconds: Seconds of a whole step at each B; one value a round, the slowest process's.
        exchange_seconds: Of adding up the gradients alone; one value a round.
        num_weights: Numbers that are exchanged.
        weight_gap: Largest difference between two processes' weights at the end: 0 where they
            stayed equal bit for bit.
        gap_to_one: Largest difference of the weights from one process's with the whole batch.
    """

    num_workers: int
    batch_sizes: tuple[int, ...]
    step_seconds: dict[int, list[float]]
    exchange_seconds: list[float]
    num_weights: int
    weight_gap: float
    gap_to_one: float


def run_workers(
    num_workers: int,
    *,
    widths: tuple[int, ...],
    batch_sizes: tuple[int, ...],
    rounds: int = 5,
    steps: int = 5,
) -> WorkerTimes:
    """Start processes with torchrun, one thread each, and return what they measured.

    Args:
        num_workers: N.
        widths: Of the MLP.
        batch_sizes: B over all processes; each a multiple of N.
        rounds: Values of each time.
        steps: Steps a round, of which the mean counts.

    Raises:
        ValueError: If a batch does not split evenly.
        OSError: If the processes do not run here; the message ends with what they said.
    """
    uneven = [b for b in batch_sizes if b % num_workers]
    if uneven:
        raise ValueError(f"batch sizes {uneven} do not split evenly over {num_workers} processes")
    settings = {"widths": widths, "batch_sizes": batch_sizes, "rounds": rounds, "steps": steps}
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    # by its path: as a module it would load all experiments first, in every process
    command += ["--nproc-per-node", str(num_workers), str(Path(__file__).resolve())]
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory() as folder:
            try:
                done = subprocess.run(
                    [*command, folder, json.dumps(settings)],
                    env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired as late:
                raise OSError(f"{num_workers} processes did not end in {PATIENCE:g} s") from late
            files = [Path(folder, f"{rank}.json") for rank in range(num_workers)]
            if all(file.exists() for file in files):
                return _together([json.loads(file.read_text()) for file in files], batch_sizes)
        if ABORTED not in done.stderr:
            break
    raise OSError(f"{num_workers} processes did not run here: {_reason(done.stderr)}")


def _reason(stderr: str) -> str:
    """Return the line of what torchrun printed that says why; it prints much after that."""
    lines = [line for line in stderr.splitlines() if "Error: " in line]
    return lines[0] if lines else stderr[-500:]


def _together(found: list[dict[str, Any]], batch_sizes: tuple[int, ...]) -> WorkerTimes:
    """Join what each process wrote: the slowest makes the step."""

    def slowest(rows: list[list[float]]) -> list[float]:
        return [max(times) for times in zip(*rows, strict=True)]

    return WorkerTimes(
        num_workers=len(found),
        batch_sizes=batch_sizes,
        step_seconds={b: slowest([f["step_seconds"][str(b)] for f in found]) for b in batch_sizes},
        exchange_seconds=slowest([f["exchange_seconds"] for f in found]),
        num_weights=found[0]["num_weights"],
        weight_gap=max(f["weight_gap"] for f in found),
        gap_to_one=max(f["gap_to_one"] for f in found),
    )


class Worker:
    """One process's copy of the network, and its part of each batch."""

    def __init__(self, widths: tuple[int, ...], rank: int, num_workers: int) -> None:
        self.model = mlp(widths, generator=torch.Generator().manual_seed(0))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.05)
        self.rank, self.num_workers = rank, num_workers
        self.widths = widths

    def batch(self, batch_size: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return this process's part of a batch that all processes draw alike."""
        g = torch.Generator().manual_seed(seed)
        inputs = torch.randn(batch_size, self.widths[0], generator=g)
        targets = torch.randint(self.widths[-1], (batch_size,), generator=g)
        own = slice(self.rank, None, self.num_workers)
        return inputs[own], targets[own]

    def step(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take a step with the mean of all processes' gradients."""
        cross_entropy(self.model(inputs), targets).backward()
        if self.num_workers > 1:
            self.exchange()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def exchange(self) -> None:
        """Replace every gradient by its mean over the processes, in one message."""
        grads = [p.grad for p in self.model.parameters() if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in grads])
        torch.distributed.all_reduce(flat)
        for grad, part in zip(grads, flat.split([g.numel() for g in grads]), strict=True):
            grad.copy_(part.view_as(grad) / self.num_workers)

    def weights(self) -> torch.Tensor:
        """Return all weights as one vector."""
        return parameters_to_vector(self.model.parameters()).detach()


def work(settings: dict[str, Any], rank: int, num_workers: int) -> dict[str, Any]:
    """Measure as one of the processes; all of them do the same at the same time."""
    import torch.distributed as dist

    widths, sizes = tuple(settings["widths"]), settings["batch_sizes"]
    worker = Worker(widths, rank, num_workers)
    alone = Worker(widths, 0, 1)
    for seed in range(3):
        worker.step(*worker.batch(sizes[0], seed))
        alone.step(*alone.batch(sizes[0], seed))
    weights = worker.weights()
    first = weights.clone()
    dist.broadcast(first, src=0)
    gaps = (weights - first).abs().max().item(), (weights - alone.weights()).abs().max().item()
    batches = {b: worker.batch(b, 7) for b in sizes}
    times: dict[str, list[float]] = {str(b): [] for b in sizes}
    exchange: list[float] = []
    for turn in range(settings["rounds"] + 1):  # the first round only warms up
        for b in sizes:
            dist.barrier()
            began = time.perf_counter()
            for _ in range(settings["steps"]):
                worker.step(*batches[b])
            times[str(b)].append((time.perf_counter() - began) / settings["steps"])
        for p in worker.model.parameters():
            p.grad = torch.zeros_like(p)
        dist.barrier()
        began = time.perf_counter()
        for _ in range(settings["steps"]):
            worker.exchange()
        exchange.append((time.perf_counter() - began) / settings["steps"])
        if turn == 0:
            times, exchange = {name: [] for name in times}, []
        worker.optimizer.zero_grad()
    return {
        "step_seconds": times,
        "exchange_seconds": exchange,
        "num_weights": len(weights),
        "weight_gap": gaps[0],
        "gap_to_one": gaps[1],
    }


def main(folder: str, settings: str) -> None:
    """Run as one process of torchrun; write what was measured and leave at once."""
    import torch.distributed as dist

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    found = work(json.loads(settings), dist.get_rank(), dist.get_world_size())
    partly = Path(folder, f"{dist.get_rank()}.part")
    partly.write_text(json.dumps(found))
    partly.rename(partly.with_suffix(".json"))
    dist.barrier()
    os._exit(0)  # threads of torch's own sometimes abort a process that ends in the usual way


if __name__ == "__main__":
    main(*sys.argv[1:])
