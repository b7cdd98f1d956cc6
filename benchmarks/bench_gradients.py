"""tr(Sigma) and the mean gradient: ghost norms against vmap, opacus and BackPACK.

    python benchmarks/bench_gradients.py [--rounds 15] [--device cuda]

Peers: `pip install --no-deps opacus==1.6.0 backpack-for-pytorch==1.7.1 einops unfoldNd`; one that
is not installed is reported as absent. Every contestant computes the same number, tr(Sigma) with
ddof=1, from the same weights and data; its error against float64 stands beside its time. Peers
run at the chunk size of CHUNKS at which they are fastest here; ours chooses its own.
"""

import argparse
import copy
import statistics
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from interleave import interleave, machine, ratio, seconds, version_of
from torch import Tensor, nn

from coursekit.data import load
from coursekit.gradients import (
    Objective,
    covariance_trace,
    gradient_covariance_trace,
    mean_gradient,
    per_example_gradients,
)

CHUNKS = (64, 256, 4096)
BARS = {  # ratios that the measurements behind this library found or promised
    ("mlp", "vmap"): 12.0,
    ("mlp", "opacus ghost"): 2.0,
    ("mlp", "BackPACK BatchL2Grad"): 1.2,
    ("cnn", "vmap"): 1.0,
    ("cnn", "opacus ghost"): 1.0,
    ("cnn", "BackPACK BatchL2Grad"): 1.0,
}


def workloads(device: torch.device) -> dict[str, tuple[nn.Module, Tensor, Tensor]]:
    """Return an MLP on the 1,797 digits and a CNN on 256 synthetic images of 28 x 28."""
    torch.manual_seed(0)
    digits = load("digits")
    inputs = torch.cat([digits.train_inputs, digits.validation_inputs, digits.test_inputs])
    targets = torch.cat([digits.train_targets, digits.validation_targets, digits.test_targets])
    mlp = nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    cnn = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1568, 64), nn.ReLU(), nn.Linear(64, 10)),
    )
    images, labels = torch.randn(256, 1, 28, 28), torch.randint(0, 10, (256,))
    return {
        "mlp": (mlp.to(device), inputs.to(device), targets.to(device)),
        "cnn": (cnn.to(device), images.to(device), labels.to(device)),
    }


def trace_of(sq_norms: float, grad_sum: Tensor, count: int) -> float:
    return (sq_norms - grad_sum.double().square().sum().item() / count) / (count - 1)


def by_vmap(model: nn.Module, inputs: Tensor, targets: Tensor, chunk: int) -> Callable[[], float]:
    def run() -> float:
        total, squares = torch.zeros((), dtype=torch.float64), 0.0
        for x, y in zip(inputs.split(chunk), targets.split(chunk), strict=True):
            rows = per_example_gradients(model, F.cross_entropy, x, y, chunk_size=chunk)
            squares += rows.square().sum(dim=1).double().sum().item()
            total = total.to(rows.device) + rows.sum(dim=0)
        return trace_of(squares, total, len(inputs))

    return run


def by_opacus(model: nn.Module, inputs: Tensor, targets: Tensor, chunk: int) -> Callable[[], float]:
    from opacus.grad_sample.grad_sample_module_fast_gradient_clipping import (
        GradSampleModuleFastGradientClipping,
    )

    wrapped: Any = GradSampleModuleFastGradientClipping(
        copy.deepcopy(model), max_grad_norm=1.0, use_ghost_clipping=True, loss_reduction="mean"
    )
    params = list(wrapped.parameters())

    def run() -> float:
        total, squares = 0.0, 0.0
        for x, y in zip(inputs.split(chunk), targets.split(chunk), strict=True):
            wrapped.zero_grad(set_to_none=True)
            F.cross_entropy(wrapped(x), y).backward()
            squares += wrapped.get_norm_sample().double().square().sum().item()
            total = total + len(x) * torch.cat([p.grad.flatten() for p in params])
        return trace_of(squares, total, len(inputs))

    return run


def by_backpack(
    model: nn.Module, inputs: Tensor, targets: Tensor, chunk: int
) -> Callable[[], float]:
    from backpack import backpack, extend
    from backpack.extensions import BatchL2Grad

    extended, loss_fn = extend(copy.deepcopy(model)), extend(nn.CrossEntropyLoss())
    params = list(extended.parameters())

    def run() -> float:
        total, squares = 0.0, 0.0
        for x, y in zip(inputs.split(chunk), targets.split(chunk), strict=True):
            extended.zero_grad(set_to_none=True)
            with backpack(BatchL2Grad()):
                loss_fn(extended(x), y).backward()
            squares += len(x) ** 2 * sum(p.batch_l2 for p in params).double().sum().item()
            total = total + len(x) * torch.cat([p.grad.flatten() for p in params])
        return trace_of(squares, total, len(inputs))

    return run


PEERS: dict[str, tuple[str, Callable]] = {
    "vmap": ("torch", by_vmap),
    "opacus ghost": ("opacus", by_opacus),
    "BackPACK BatchL2Grad": ("backpack-for-pytorch", by_backpack),
}


def measure(device: torch.device, rounds: int) -> list[dict[str, Any]]:
    """Return one row per workload and contestant."""
    rows = []
    for workload, (model, inputs, targets) in workloads(device).items():
        exact = gradient_covariance_trace(
            per_example_gradients(
                copy.deepcopy(model).double(), F.cross_entropy, inputs.double(), targets
            )
        )

        objective = Objective(model, F.cross_entropy, (inputs, targets))  # checked once, as in use

        def ours(objective=objective) -> float:
            return covariance_trace(objective).value

        def gradient(objective=objective) -> Tensor:
            return mean_gradient(objective)

        contestants: dict[str, Callable[[], Any]] = {"ours": ours, "one gradient": gradient}
        versions = {"ours": "", "one gradient": ""}
        for peer, (distribution, make) in PEERS.items():
            version = version_of(distribution)
            if version is None:
                rows.append({"workload": workload, "name": peer, "version": "not installed"})
                continue
            runs = {c: make(model, inputs, targets, c) for c in CHUNKS if c < 2 * len(inputs)}
            runs = runs or {len(inputs): make(model, inputs, targets, len(inputs))}
            for run in runs.values():
                run()
            best = min(runs, key=lambda c: min(seconds(runs[c], device) for _ in range(3)))
            contestants[peer] = runs[best]
            versions[peer] = f"{distribution} {version}, chunk {min(best, len(inputs))}"
        times = interleave(contestants, rounds, device)
        for name, run in contestants.items():
            value = run()
            rows.append(
                {
                    "workload": workload,
                    "name": name,
                    "version": versions[name],
                    "ms": 1e3 * statistics.median(times[name]),
                    "ratio": ratio(times, name, "ours"),
                    "error": None if isinstance(value, Tensor) else abs(value / exact - 1),
                    "bar": BARS.get((workload, name)),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(arguments.device)
    print(f"tr Sigma, {machine(device)}; medians of {arguments.rounds} interleaved rounds")
    print(
        f"{'':4} {'contestant':22} {'ms':>8} {'x ours':>7} {'bar':>5} {'rel. error':>10}  version"
    )
    for row in measure(device, arguments.rounds):
        if "ms" not in row:
            print(f"{row['workload']:4} {row['name']:22} {row['version']}")
            continue
        error = "" if row["error"] is None else f"{row['error']:.1e}"
        bar = "" if row["bar"] is None else f"{row['bar']:.1f}"
        print(
            f"{row['workload']:4} {row['name']:22} {row['ms']:8.2f} {row['ratio']:7.2f} {bar:>5} "
            f"{error:>10}  {row['version']}"
        )


if __name__ == "__main__":
    main()
