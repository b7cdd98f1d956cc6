"""What a measurement of a real model costs, in plain gradients over the same data, same run.

    PYTHONPATH=. python benchmarks/bench_real.py                 one GPU, about seven minutes
    PYTHONPATH=. python benchmarks/bench_real.py --tiny          the code path, on a CPU
    PYTHONPATH=. python benchmarks/bench_real.py --only product,trace

Each row: the figure, its ratio to one plain gradient (loss, backward, the whole batch at once),
seconds, peak memory, and that memory over the plain gradient's. float32 unless it says otherwise.
A row that fails says why and the rest goes on; whatever runs after --seconds is stopped.
"""

import argparse
import gc
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from interleave import machine
from real_models import Workload, gpt2, nano_gpt, resnet50
from real_online import online_rows
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from coursekit.curvature import hessian_eigenvalues, hessian_operator, hessian_trace
from coursekit.gradients import Objective, per_example_norms
from coursekit.gradients._rows import LossModule
from coursekit.gradients.batches import Batch, batch_tensors, map_tensors, num_examples
from coursekit.noise.offline import model_moments

MAKERS = {
    "163 M": nano_gpt,
    "GPT-2": gpt2,
    "GPT-2, 512 tokens": partial(gpt2, length=512),
    "ResNet-50": resnet50,
}
ROUNDS = 3


@dataclass(frozen=True)
class Cost:
    """Seconds and bytes of one call."""

    seconds: float
    peak: int  # above what was allocated before; 0 on a CPU


class Bench:
    """The models, one at a time on the device, and what a plain gradient of each costs."""

    def __init__(self, device: torch.device, *, tiny: bool, pairs: int) -> None:
        self.device, self.tiny, self.pairs = device, tiny, pairs
        self._made: Workload | None = None

    def load(self, name: str) -> Workload:
        """Return a workload; the one before leaves the device."""
        if self._made is None or self._made.name != name:
            self._made = None
            self.clean()
            self._made = MAKERS[name](self.device, tiny=self.tiny)
        return self._made

    def clean(self) -> None:
        """Give memory back."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def now(self) -> float:
        """Return the time once the device is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def cost(self, work: Callable[[], Any], rounds: int = 1) -> Cost:
        """Time calls after one another; the median, and the highest peak."""
        times, peak = [], 0
        for _ in range(rounds):
            self.clean()
            before = 0
            if self.device.type == "cuda":
                before = torch.cuda.memory_allocated()
                torch.cuda.reset_peak_memory_stats()
            start = self.now()
            kept = work()
            times.append(self.now() - start)
            if self.device.type == "cuda":
                peak = max(peak, torch.cuda.max_memory_allocated() - before)
            del kept
        return Cost(statistics.median(times), peak)

    def plain(self, work: Workload, batch: Batch) -> Cost:
        """Return what one gradient of the batch costs, at once."""

        def gradient() -> None:
            work.loss_fn(work.model, batch).backward()
            work.model.zero_grad()

        gradient()
        return self.cost(gradient, ROUNDS)


def line(name: str, cost: Cost, plain: Cost, bar: str, extra: str = "") -> str:
    """Format one row."""
    memory = f"{cost.peak / 2**30:6.1f} GiB" if cost.peak else "    -    "
    times = f"{cost.peak / plain.peak:5.1f}x" if plain.peak else "   -  "
    ratio = cost.seconds / plain.seconds
    return f"{name:58s} {ratio:8.2f}  ({cost.seconds:7.2f} s) {memory} {times}  bar {bar}  {extra}"


def vmap_norms(work: Workload, batch: Batch, chunk: int) -> Tensor:
    """Return squared gradient norms by torch.func, `chunk` examples at a time."""
    module = LossModule(work.model, work.loss_fn)
    weights = {n: p.detach() for n, p in module.named_parameters()}

    def loss(weights: dict[str, Tensor], tensors: list[Tensor]) -> Tensor:
        left = iter(tensors)
        example = map_tensors(lambda _: next(left).unsqueeze(0), batch)
        return functional_call(module, weights, (example,))

    norms = []
    for tensors in zip(*(t.split(chunk) for t in batch_tensors(batch)), strict=True):
        with sdpa_kernel(SDPBackend.MATH):
            grads = vmap(grad(loss), in_dims=(None, 0))(weights, list(tensors))
        norms.append(torch.stack([g.flatten(1).square().sum(1) for g in grads.values()]).sum(0))
    return torch.cat(norms)


def norm_rows(bench: Bench) -> Iterator[str]:
    """per_example_norms, float32 and TF32, against vmap(grad)."""
    work = bench.load("163 M")
    batch = work.draw(8 if bench.tiny else 64)
    for name, precision, bar in (("float32", "highest", "1.35"), ("TF32", "high", "1.6")):
        torch.set_float32_matmul_precision(precision)
        try:
            plain = bench.plain(work, batch)
            objective = Objective(work.model, work.loss_fn, batch)
            per_example_norms(objective)
            ours = bench.cost(lambda o=objective: per_example_norms(o), ROUNDS)
            yield line(f"per_example_norms, 163 M, {name}, an Objective", ours, plain, bar)
            short = bench.cost(lambda: per_example_norms(work.model, work.loss_fn, batch))
            yield line("  the same, short form", short, plain, bar)
            best = None
            for chunk in (2, 4) if bench.tiny else (4, 8, 16):
                theirs = bench.cost(lambda c=chunk: vmap_norms(work, batch, c))
                if best is None or theirs.seconds < best[0].seconds:
                    best = (theirs, chunk)
            yield line(f"  vmap(grad), best chunk {best[1]}", best[0], plain, "above ours")
        finally:
            torch.set_float32_matmul_precision("highest")


def moment_rows(bench: Bench) -> Iterator[str]:
    """model_moments with standard errors."""
    for name, count, bar in (("163 M", 64, "2.6"), ("GPT-2", 64, "3"), ("ResNet-50", 128, "4")):
        work = bench.load(name)
        batch = work.draw(8 if bench.tiny else count)
        plain = bench.plain(work, batch)
        objective = Objective(work.model, work.loss_fn, batch)
        found = model_moments(objective)
        ours = bench.cost(lambda o=objective: model_moments(o), 2)
        extra = f"tr {found.tr_cov:.4g} ± {found.tr_cov_stderr:.2g}"
        yield line(f"model_moments, {name}, {count}, an Objective", ours, plain, bar, extra)
        ours = bench.cost(lambda w=work, b=batch: model_moments(w.model, w.loss_fn, b), 2)
        yield line("  the same, short form: all checks and the plan again", ours, plain, bar)


def product_rows(bench: Bench) -> Iterator[str]:
    """One Hessian product, as chosen by itself and rebuilt; curvlinops beside it."""
    for name, count in (("163 M", 32), ("GPT-2", 32), ("ResNet-50", 64)):
        work = bench.load(name)
        batch = work.draw(8 if bench.tiny else count)
        plain = bench.plain(work, batch)
        objective = Objective(work.model, work.loss_fn, batch)
        vector = torch.randn(objective.num_params, device=bench.device)
        for method, bar in (("auto", "2.2 cached, 3.6 rebuilt"), ("rebuilt", "3.6")):
            bench.clean()
            made: list[Any] = []

            def build(m: str = method, o: Objective = objective, made: list[Any] = made) -> None:
                made[:] = [hessian_operator(o, method=m)]

            building = bench.cost(build)
            op = made[0]
            op @ vector
            ours = bench.cost(lambda op=op, v=vector: op @ v, ROUNDS)
            extra = f"{op.method}; building {building.seconds / plain.seconds:.1f} gradients, "
            extra += f"{building.peak / 2**30:.1f} GiB"
            yield line(f"one Hessian product, {name}, {method}", ours, plain, bar, extra)
            del op
            made.clear()
        yield from curvlinops_row(bench, work, batch, plain, vector, ours)


def curvlinops_row(
    bench: Bench, work: Workload, batch: Batch, plain: Cost, vector: Tensor, ours: Cost
) -> Iterator[str]:
    """The peer's product over the same batch, where it is installed; it rebuilds the graph too."""
    try:
        from curvlinops import HessianLinearOperator
    except ImportError:
        yield "  curvlinops is not installed"
        return
    params = [p for p in work.model.parameters() if p.requires_grad]

    class Whole(nn.Module):  # its losses take (output, target)
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, batch: Batch) -> Tensor:
            return work.loss_fn(self.inner, batch)

    class Mean(nn.MSELoss):
        def forward(self, output: Tensor, target: Tensor) -> Tensor:
            return output

    data = [(batch, torch.zeros(num_examples(batch), device=bench.device))]
    with sdpa_kernel(SDPBackend.MATH):
        theirs = HessianLinearOperator(
            Whole(work.model),
            Mean(),
            params,
            data,
            check_deterministic=False,
            batch_size_fn=num_examples,
        )
        theirs @ vector
        cost = bench.cost(lambda: theirs @ vector, ROUNDS)
    extra = f"{cost.seconds / ours.seconds:.2f} times ours, rebuilt"
    yield line("  curvlinops' HessianLinearOperator", cost, plain, "above ours", extra)


def eigenvalue_rows(bench: Bench) -> Iterator[str]:
    """The top eigenvalue to 1e-2, in all."""
    work = bench.load("163 M")
    batch = work.draw(8 if bench.tiny else 32)
    plain = bench.plain(work, batch)
    few = work.draw(2)
    hessian_operator(work.model, work.loss_fn, few)  # a process's first one imports torch._dynamo
    for rough_first in (True, False):
        found: list[Any] = []

        def top(rough_first: bool = rough_first, found: list[Any] = found) -> None:
            asked = {"tol": 1e-2, "rough_first": rough_first}
            found.append(hessian_eigenvalues(work.model, work.loss_fn, batch, **asked))

        cost = bench.cost(top)
        extra = f"{found[0].value:.4g} ± {found[0].residual:.2g}, {found[0].num_hvps} products"
        how = "rough first" if rough_first else "float32 throughout"
        yield line(f"top eigenvalue to 1e-2, 163 M, {how}", cost, plain, "60", extra)


def trace_rows(bench: Bench) -> Iterator[str]:
    """The trace to 5 %."""
    for name, count in (("ResNet-50", 64), ("GPT-2", 32)):
        work = bench.load(name)
        batch = work.draw(8 if bench.tiny else count)
        plain = bench.plain(work, batch)
        found: list[Any] = []

        def trace(w: Workload = work, b: Batch = batch, found: list[Any] = found) -> None:
            found.append(hessian_trace(w.model, w.loss_fn, b))

        cost = bench.cost(trace)
        extra = f"{found[0].value:.4g} ± {found[0].stderr:.2g}, {found[0].method}, "
        extra += f"{found[0].num_probes} probes {found[0].reason[-220:]}"
        yield line(f"trace to 5 %, {name}", cost, plain, "110", extra)


ROWS = {
    "product": product_rows,
    "norms": norm_rows,
    "moments": moment_rows,
    "eigenvalue": eigenvalue_rows,
    "online": online_rows,
    "trace": trace_rows,
}


def stop(*_: Any) -> None:
    """Raise TimeoutError: called when the time is over."""
    raise TimeoutError("the time is over (--seconds)")


def main() -> int:
    """Print every row that was asked for and still has time."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tiny", action="store_true", help="small models: tests the code path")
    parser.add_argument("--only", default=",".join(ROWS), help=f"of {', '.join(ROWS)}")
    parser.add_argument("--seconds", type=float, default=450, help="stop after these")
    parser.add_argument("--pairs", type=int, default=24, help="of blocks of steps, for `online`")
    asked = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not asked.tiny:
        print("no CUDA device here: --tiny runs the same code on small models")
        return 1
    print(f"{machine(device)}; ratios to one plain gradient over the same data", flush=True)
    bench, began = Bench(device, tiny=asked.tiny, pairs=asked.pairs), time.perf_counter()
    failed = 0
    for name in asked.only.split(","):
        left = asked.seconds - (time.perf_counter() - began)
        if left < 1:
            print(f"{name}: no time left")
            continue
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, left)
        try:
            for row in ROWS[name](bench):
                print(row, flush=True)
        except Exception as error:  # say it, and let the other rows be measured
            failed += 1
            print(f"{name} FAILED: {type(error).__name__}: {str(error)[:300]}", flush=True)
        signal.setitimer(signal.ITIMER_REAL, 0)
        bench.clean()
    print(f"{time.perf_counter() - began:.0f} s in all")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
