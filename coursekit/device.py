"""Where to compute, and how large an experiment to run: one switch each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")
SIZES = ("tiny", "cpu", "gpu")


def pick_device() -> torch.device:
    """Return the CUDA device if there is one that works, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def size() -> str:
    """Return how large the experiments of a unit are: "tiny", "cpu" or "gpu".

    ``COURSEKIT_SIZE`` decides. Without it: "tiny" while nbgrader executes the notebook (it sets
    ``NBGRADER_EXECUTION``), "gpu" where a CUDA device is found, else "cpu".

    Raises:
        ValueError: If ``COURSEKIT_SIZE`` holds another word.
    """
    wanted = os.environ.get("COURSEKIT_SIZE", "").strip().lower()
    if wanted and wanted not in SIZES:
        raise ValueError(f"COURSEKIT_SIZE is {wanted!r}: set it to one of {', '.join(SIZES)}")
    if os.environ.get("NBGRADER_EXECUTION"):
        return "tiny"
    return wanted or ("gpu" if pick_device().type == "cuda" else "cpu")


def by_size(*, tiny: T, cpu: T, gpu: T | None = None) -> T:
    """Return the setting for this machine's size; ``gpu`` defaults to the value for the CPU."""
    chosen = {"tiny": tiny, "cpu": cpu, "gpu": cpu if gpu is None else gpu}
    return chosen[size()]


def device_name(device: torch.device | None = None) -> str:
    """Return the name to print beside a measurement, such as "NVIDIA H100 80GB HBM3" or "CPU"."""
    device = device or pick_device()
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Compute on one thread of a CPU; on a GPU change nothing.

    The products of a small stack are too small to share: on 16 threads they wait for each other
    longer than they compute.
    """
    threads = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
