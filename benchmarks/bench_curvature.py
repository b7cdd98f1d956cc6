"""Eigenvalues and traces of the Hessian: ours against PyHessian, curvlinops, BackPACK, eigsh.

    python benchmarks/bench_curvature.py [--rounds 5] [--device cuda] [--only eigenvalues]

Peers: `pip install --no-deps pyhessian==0.1 -r tests/oracles.txt`; one that is not installed is
reported as absent. All see the same weights and data. The error beside each time is the largest
relative error over the five eigenvalues, or that of the trace, against float64. A random trace
gets as many probes as bring its standard error to REL_STDERR, found beforehand from PILOT.
"""

import argparse
import copy
import gc
import math
import statistics
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from curvature_peers import (
    Data,
    Workload,
    curvlinops_operator,
    sgd,
    top_by_curvlinops,
    top_by_pyhessian,
    top_by_rebuilding,
    widened,
    workloads,
)
from interleave import interleave, machine, ratio, version_of
from scipy.sparse.linalg import eigsh
from torch import Tensor, nn

from coursekit.curvature import (
    ggn_operator,
    hessian_eigenvalues,
    hessian_operator,
    hessian_trace,
    hutchinson_trace,
    lanczos_eigenvalues,
    sharpness,
)
from coursekit.gradients import minibatch_gradient

REL_STDERR = {"mlp": 0.05, "tanh": 0.05, "cnn": 0.2}  # to 5 % a CNN takes five minutes
PROBE_BLOCK = 8
MAX_ROUNDS = {"mlp": 99, "tanh": 99, "cnn": 2}  # each takes minutes on the CNN
PILOT = {"mlp": 300, "tanh": 300, "cnn": 40}  # probes that find the spread
BARS = {  # ratios that the measurements behind this library promised
    ("top-5, mlp", "PyHessian tol 1e-6"): 10.0,
    ("top-5, mlp", "curvlinops + eigsh"): 2.0,
    ("top-5, mlp", "eigsh, graph rebuilt"): 1.5,
    ("top-5, cnn", "curvlinops + eigsh"): 2.0,
    ("top-5, cnn", "eigsh, graph rebuilt"): 1.5,
    ("trace, mlp", "curvlinops Hutchinson"): 15.0,
    ("trace, mlp", "BackPACK DiagHessian"): 1.5,
    ("trace, tanh", "curvlinops Hutchinson"): 8.0,
    ("tracked", "cold start"): 1.8,
}


def eigenvalues(workload_name: str, workload: Workload) -> tuple[dict, dict, Callable]:
    """Return contestants, versions and the error of what they return."""
    reference = hessian_operator(*_spread(widened(workload)))
    exact = np.sort(eigsh(reference, k=5, which="LA", tol=1e-8, return_eigenvectors=False))

    def ours() -> list[float]:
        return hessian_eigenvalues(*_spread(workload), 5, tol=1e-3).values.tolist()

    contestants: dict[str, Callable] = {"ours": ours}
    versions = {"ours": f"{_hvps(workload)} products"}
    peers = [
        ("curvlinops + eigsh", "curvlinops-for-pytorch", top_by_curvlinops),
        ("eigsh, graph rebuilt", "scipy", top_by_rebuilding),
    ]
    if workload_name == "mlp":  # on the CNN it takes minutes
        peers.append(("PyHessian tol 1e-6", "pyhessian", top_by_pyhessian))
    _invite(contestants, versions, peers, workload)
    return contestants, versions, lambda found: np.abs(np.sort(found) / exact - 1).max()


def _hvps(workload: Workload) -> int:
    return hessian_eigenvalues(*_spread(workload), 5, tol=1e-3).num_hvps


def traces(workload_name: str, workload: Workload) -> tuple[dict, dict, Callable]:
    wide, rel_stderr = widened(workload), REL_STDERR[workload_name]
    if workload_name == "tanh":
        found = hessian_trace(*_spread(wide), method="per_example", num_probes=400)
        exact = found.value
        note = f"truth to {found.stderr / exact:.1e}"
    else:
        exact, note = hessian_trace(*_spread(wide), method="exact").value, ""
    pilot = hutchinson_trace(hessian_operator(*_spread(workload)), num_probes=PILOT[workload_name])
    spread = pilot.stderr * math.sqrt(pilot.num_probes) / pilot.value
    num_probes = math.ceil((spread / rel_stderr) ** 2)

    def ours() -> float:
        return hessian_trace(*_spread(workload), rel_stderr=rel_stderr).value

    first = hessian_trace(*_spread(workload), rel_stderr=rel_stderr)
    contestants: dict[str, Callable] = {"ours": ours}
    versions = {"ours": f"{first.method}, stderr {first.stderr / first.value:.1e} {note}"}

    def by_curvlinops(workload: Workload) -> Callable[[], float]:
        def run() -> float:
            from curvlinops import hutchinson_trace as peer

            blocks = [  # it multiplies all probes at once: on the CNN that takes 20 GB
                min(PROBE_BLOCK, num_probes - done) for done in range(0, num_probes, PROBE_BLOCK)
            ]
            operator = curvlinops_operator(workload)
            draws = [b * float(peer(operator, num_matvecs=b)) for b in blocks]
            return sum(draws) / num_probes

        return run

    def by_pyhessian(workload: Workload) -> Callable[[], float]:
        from pyhessian import hessian

        model, data = copy.deepcopy(workload[0]), workload[1]

        def run() -> float:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                solver = hessian(model, nn.CrossEntropyLoss(), data=data, cuda=data[0].is_cuda)
                draws = solver.trace()
            model.zero_grad(set_to_none=True)
            return float(np.mean(draws))

        return run

    def by_backpack(workload: Workload) -> Callable[[], float]:
        from backpack import backpack, extend
        from backpack.extensions import DiagHessian

        model, (inputs, targets) = extend(copy.deepcopy(workload[0])), workload[1]
        loss_fn, params = extend(nn.CrossEntropyLoss()), list(model.parameters())

        def run() -> float:
            model.zero_grad(set_to_none=True)
            with backpack(DiagHessian()):
                loss_fn(model(inputs), targets).backward()
            return float(sum(p.diag_h.double().sum() for p in params))

        return run

    def by_hutchinson(workload: Workload) -> Callable[[], float]:
        return lambda: (
            hutchinson_trace(hessian_operator(*_spread(workload)), num_probes=num_probes).value
        )

    peers = [
        ("curvlinops Hutchinson", "curvlinops-for-pytorch", by_curvlinops),
        ("our Hutchinson", "torch", by_hutchinson),
        ("PyHessian default", "pyhessian", by_pyhessian),
    ]
    if workload_name == "mlp":
        peers.append(("BackPACK DiagHessian", "backpack-for-pytorch", by_backpack))
    _invite(contestants, versions, peers, workload)
    for name in ("curvlinops Hutchinson", "our Hutchinson"):
        if name in contestants:
            versions[name] += f", {num_probes} probes: {rel_stderr:.0%}"
    return contestants, versions, lambda found: abs(found / exact - 1)


def products(workload_name: str, workload: Workload) -> tuple[dict, dict, Callable]:
    """One product with a vector, beside one gradient."""
    model, data = workload
    wide = widened(workload)
    vector = torch.randn(sum(p.numel() for p in model.parameters())).to(data[0].device)
    exact = hessian_operator(*_spread(wide)) @ vector
    cached = hessian_operator(model, F.cross_entropy, data, method="cached")
    rebuilt = hessian_operator(model, F.cross_entropy, data, method="rebuilt")
    ggn = ggn_operator(model, F.cross_entropy, data, method="cached")
    contestants: dict[str, Callable] = {
        "one gradient": lambda: minibatch_gradient(model, F.cross_entropy, *data),
        "ours": lambda: cached @ vector,
        "ours, rebuilt": lambda: rebuilt @ vector,
        "ours, GGN": lambda: ggn @ vector,
    }
    versions = dict.fromkeys(contestants, "")

    def by_curvlinops(workload: Workload) -> Callable[[], Tensor]:
        operator = curvlinops_operator(workload)

        def run() -> Tensor:
            return operator @ vector

        return run

    _invite(
        contestants,
        versions,
        [("curvlinops", "curvlinops-for-pytorch", by_curvlinops)],
        workload,
    )
    return contestants, versions, lambda found: ((found - exact).norm() / exact.norm()).item()


def tracked(workload: Workload) -> list[dict[str, Any]]:
    """Follow lambda_max while training: products per measurement, cold and warm."""
    model, data = copy.deepcopy(workload[0]), workload[1]
    counts: dict[str, list[int]] = {"ours, warm start": [], "cold start": []}
    errors: dict[str, list[float]] = {name: [] for name in counts}
    vectors = sharpness(model, F.cross_entropy, data, tol=1e-2).vectors
    for _ in range(20):
        sgd(model, data, 10)
        op = hessian_operator(*_spread(widened((model, data))))
        exact = lanczos_eigenvalues(op, tol=1e-7).value
        for name, start in (("ours, warm start", vectors), ("cold start", None)):
            found = sharpness(model, F.cross_entropy, data, tol=1e-2, start=start)
            counts[name].append(found.num_hvps)
            errors[name].append(abs(found.value / exact - 1))
            if start is not None:
                vectors = found.vectors
    warm = statistics.mean(counts["ours, warm start"])
    return [
        {
            "workload": "tracked",
            "name": name,
            "version": f"{statistics.mean(counts[name]):.1f} products per measurement",
            "ratio": statistics.mean(counts[name]) / warm,
            "error": max(errors[name]),
            "bar": BARS.get(("tracked", name)),
        }
        for name in counts
    ]


def _spread(workload: Workload) -> tuple[nn.Module, Any, Data]:
    return workload[0], F.cross_entropy, workload[1]


def _invite(contestants: dict, versions: dict, peers: list, workload: Workload) -> None:
    """Add the peers that are installed; note the others as absent."""
    for name, distribution, make in peers:
        version = version_of(distribution)
        if version is None:
            versions[name] = f"{distribution} is not installed"
            continue
        contestants[name] = make(workload)
        versions[name] = f"{distribution} {version}"


PARTS = {
    "product": (products, ("mlp", "cnn")),
    "top-5": (eigenvalues, ("mlp", "cnn")),
    "trace": (traces, ("mlp", "tanh", "cnn")),
}


def measure(device: torch.device, rounds: int, only: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield one row per workload and contestant, as they are measured."""
    nets = workloads(device)
    for part, (prepare, names) in PARTS.items():
        for workload_name in names:
            if only not in (None, part):
                continue
            title = f"{part}, {workload_name}"
            contestants, versions, error_of = prepare(workload_name, nets[workload_name])
            gc.collect()
            gc.freeze()  # else each contestant pays for looking through all imported modules
            times = interleave(contestants, min(rounds, MAX_ROUNDS[workload_name]), device)
            for name, version in versions.items():
                row = {"workload": title, "name": name, "version": version}
                if name in contestants:
                    row |= {
                        "ms": 1e3 * statistics.median(times[name]),
                        "ratio": ratio(times, name, "ours"),
                        "bar": BARS.get((title, name)),
                    }
                    if name not in ("one gradient", "ours, GGN"):
                        row["error"] = error_of(contestants[name]())
                yield row
    if only in (None, "tracked"):
        yield from tracked(nets["mlp"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", choices=[*PARTS, "tracked"])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(arguments.device)
    print(f"Curvature, {machine(device)}; medians of {arguments.rounds} interleaved rounds")
    print(f"{'':13} {'contestant':22} {'ms':>8} {'x ours':>7} {'bar':>5} {'error':>8}  version")
    for row in measure(device, arguments.rounds, arguments.only):
        cells = [
            f"{row[key]:{width}}" if row.get(key) is not None else " " * int(float(width[:-1]))
            for key, width in (
                ("ms", "8.2f"),
                ("ratio", "7.2f"),
                ("bar", "5.1f"),
                ("error", "8.1e"),
            )
        ]
        print(
            f"{row['workload']:13} {row['name']:22} {' '.join(cells)}  {row['version']}", flush=True
        )


if __name__ == "__main__":
    main()
