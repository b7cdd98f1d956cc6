"""Time contestants in turn, so that a busy machine slows all of them alike, and print ratios."""

import importlib.metadata
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from scipy.stats import binom


def version_of(distribution: str) -> str | None:
    """Return an installed version, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return CPU seconds (one thread) or, on a GPU, wall seconds of one call."""
    if device.type == "cpu":
        start = time.process_time()
        work()
        return time.process_time() - start
    torch.cuda.synchronize(device)
    start = time.perf_counter()
    work()
    torch.cuda.synchronize(device)
    return time.perf_counter() - start


def interleave(
    contestants: dict[str, Callable[[], object]], rounds: int, device: torch.device
) -> dict[str, list[float]]:
    """Run every contestant once a round, after one warm-up; return seconds per round."""
    for work in contestants.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, work in contestants.items():
            times[name].append(seconds(work, device))
    return times


def ratio(times: dict[str, list[float]], name: str, ours: str) -> float:
    """Return the median over rounds of name/ours, both from the same round."""
    return statistics.median(a / b for a, b in zip(times[name], times[ours], strict=True))


@dataclass(frozen=True)
class Share:
    """What something adds to a step, as a fraction of the step: the median over pairs of blocks."""

    median: float
    low: float  # 95 % interval of the median, by ranks: no law of the noise is assumed
    high: float
    host: float  # the same fraction of the time until the host has asked for all (GPU: launched)
    step: float  # seconds of a step without
    pairs: int

    def __str__(self) -> str:
        return (
            f"{100 * self.median:+.2f} % [{100 * self.low:+.2f}, {100 * self.high:+.2f}] of a step "
            f"of {1e3 * self.step:.1f} ms, {100 * self.host:+.1f} % of the host's time, "
            f"{self.pairs} pairs of blocks"
        )


def added_share(
    plain: Callable[[], object],
    watched: Callable[[], object],
    paused: Callable[[], AbstractContextManager],
    device: torch.device,
    *,
    pairs: int,
    steps: int,
) -> Share:
    """Time blocks of `steps` plain steps, inside `paused`, and watched ones, in turn.

    Which comes first alternates. A drift of the machine that is slower than a pair falls on both
    alike, and a linear one cancels between a pair and the next; what comes in bursts spoils some
    pairs, which the median leaves aside: rather many short blocks than few long ones. On a GPU: by
    events, until the last kernel has ended.
    """
    if pairs < 6:
        raise ValueError(f"an interval of 95 % needs 6 pairs or more, got {pairs}")

    def block(step: Callable[[], object]) -> tuple[float, float]:
        return block_seconds(lambda: [step() for _ in range(steps)], device)

    found = []
    for i in range(pairs):
        first = block(watched) if i % 2 == 0 else (0.0, 0.0)
        with paused():
            before = block(plain)
        found.append((before, first if i % 2 == 0 else block(watched)))
    shares = sorted(after[0] / before[0] - 1 for before, after in found)
    rank = int(binom.ppf(0.025, pairs, 0.5))  # of the interval's ends among the sorted shares
    return Share(
        median=statistics.median(shares),
        low=shares[rank - 1],
        high=shares[pairs - rank],
        host=statistics.median(after[1] / before[1] - 1 for before, after in found),
        step=statistics.median(before[0] for before, _ in found) / steps,
        pairs=pairs,
    )


def block_seconds(block: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """Return a block's seconds and those until the host was done; on a CPU twice the same."""
    if device.type == "cpu":
        return (seconds(block, device),) * 2
    first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    start = time.perf_counter()
    first.record()
    block()
    last.record()
    host = time.perf_counter() - start
    last.synchronize()
    return first.elapsed_time(last) / 1e3, host


def machine(device: torch.device) -> str:
    """Name device, threads and torch."""
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU seconds"
    return f"{where}, {torch.get_num_threads()} thread(s), torch {torch.__version__}"
