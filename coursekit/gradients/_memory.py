"""How many examples fit: measured on this device, and halved where the measure was wrong."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from coursekit.gradients.batches import Batch, cut_batch, num_examples

T = TypeVar("T")
CACHE_BYTES = 2**23  # a CPU computes faster on what fits its cache
WEIGHTS_TIMES = 2  # each chunk reads all weights, so its own bytes should outweigh them
SHARE = 0.4  # of the free memory: what is saved for backward is not all that is used


def free_bytes(device: torch.device) -> int:
    """Return the bytes that can still be had on a device, those that torch holds unused too."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return free + unused
    return _free_of_cpu()


def _free_of_cpu() -> int:
    """Return the CPU's available memory, no more than the process's group may still take."""
    found = []
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")]
    except OSError:  # no Linux
        pass
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text().strip()
        if limit != "max":
            found.append(max(0, int(limit) - int(used)))
    except (OSError, ValueError):
        pass
    if not found and hasattr(os, "sysconf"):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    return min(found, default=2**31)


def examples_that_fit(
    bytes_each: int, device: torch.device, *, weight_bytes: int, cache_bytes: int = CACHE_BYTES
) -> int:
    """Return examples per chunk, at least 1.

    Args:
        bytes_each: What one more example adds to what a pass keeps.
        device: Where it is kept. A GPU takes as many as fit; a CPU as many as stay in its cache,
            or outweigh the model's weights.
        weight_bytes: Bytes of the model's weights.
        cache_bytes: The part of a CPU's cache to fill.
    """
    budget = SHARE * free_bytes(device)
    if device.type != "cuda":
        budget = min(budget, max(cache_bytes, WEIGHTS_TIMES * weight_bytes))
    return max(1, int(budget // max(1, bytes_each)))


def weight_bytes_of(params: Iterable[nn.Parameter]) -> int:
    """Return the bytes of some parameters."""
    return sum(p.numel() * p.element_size() for p in params)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether torch failed for want of memory."""
    if isinstance(error, torch.cuda.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)


def work_through(
    work: Callable[[Batch], T], batch: Batch, chunk_size: int | None
) -> Iterator[tuple[Batch, T, int]]:
    """Do some work chunk by chunk; where memory runs out, halve the chunk and go on.

    Args:
        work: Must return what it found, and change nothing before it succeeds.
        batch: To be cut.
        chunk_size: Examples per chunk at most; None: all.

    Yields:
        A chunk, what `work` gave for it, and the examples per chunk that fitted.

    Raises:
        ValueError: If memory runs out for a single example.
    """
    size = min(num_examples(batch), chunk_size or num_examples(batch))
    for part in cut_batch(batch, size):
        waiting = [part]
        while waiting:
            chunk = waiting.pop(0)
            found: list[T] = []
            count = num_examples(chunk)
            failed: str | None = None
            try:
                found.append(work(chunk))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                failed = str(error).splitlines()[0]
            if failed is not None:
                if count == 1:
                    raise ValueError(f"one example does not fit into memory: {failed}")
                gc.collect()
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                size = -(-count // 2)
                waiting = [*cut_batch(chunk, size), *waiting]
                continue
            yield chunk, found[0], size
