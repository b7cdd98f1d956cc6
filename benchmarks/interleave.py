"""Time contestants in turn, so that a busy machine slows all of them alike, and print ratios."""

import importlib.metadata
import statistics
import time
from collections.abc import Callable

import torch


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


def machine(device: torch.device) -> str:
    """Name device, threads and torch."""
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU seconds"
    return f"{where}, {torch.get_num_threads()} thread(s), torch {torch.__version__}"
