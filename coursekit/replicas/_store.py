"""Finished stacks on disk, so that a grid that was stopped goes on where it was."""

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from coursekit.data.splits import Dataset
from coursekit.replicas._stack import Result, Stack
from coursekit.storage import free_name, time_stamp

VERSION = "1"  # raise it when equal settings give other numbers than before


def key_of(stack: Stack, data: Dataset) -> str:
    """Return a name that two stacks share only if they are the same runs on the same data."""
    digest = hashlib.sha256(VERSION.encode())
    described = (
        repr(stack.model),
        repr(stack.optimizer),
        stack.backend,
        getattr(stack.loss_fn, "__qualname__", repr(stack.loss_fn)),
        stack.record_steps,
        stack.keep_weights,
        *(["keep_correct"] if stack.keep_correct else []),
        *([stack.precision] if stack.backend == "compiled" else []),
    )
    digest.update(repr(described).encode())
    splits = [t for _, t in sorted(vars(data).items()) if hasattr(t, "cpu")]
    for tensor in (*stack.initial.values(), *stack.rng_states, *splits):
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    for array in (stack.seed_index, stack.lrs, stack.factors, stack.batch_sizes):
        digest.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()[:32]


def save(folder: Path, key: str, result: Result) -> None:
    """Write a stack's result whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=key, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **result)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, folder / f"{key}.npz")
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def load(folder: Path, key: str) -> Result | None:
    """Return a finished stack's result, or None. A damaged file is set aside, and said."""
    path = folder / f"{key}.npz"
    if not path.exists():
        return None
    try:
        with path.open("rb") as file, np.load(file) as packed:
            return {name: packed[name] for name in packed.files}
    except Exception as error:
        aside = free_name(path, "damaged-" + time_stamp())
        path.rename(aside)
        print(f"{path} is damaged ({error}): kept as {aside.name}, trained anew", file=sys.stderr)
        return None
