"""What a batch holds, each thing with how to reach it, and what can't be cut into chunks."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor


def batch_leaves(batch: Any, path: str = "batch") -> Iterator[tuple[str, Any]]:
    """Walk what a batch holds, in order, each with how to reach it: ("batch['x'][0]", tensor)."""
    if isinstance(batch, Mapping):
        for key, value in batch.items():
            yield from batch_leaves(value, f"{path}[{key!r}]")
    elif isinstance(batch, tuple | list):
        for i, value in enumerate(batch):
            yield from batch_leaves(value, f"{path}[{i}]")
    else:
        yield path, batch


def told(value: Any) -> str:
    """Name a thing without printing all that it holds."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"a {type(value).__name__}"


def refuse_uncuttable(batch: Any, total: int) -> None:
    """Raise ValueError if a batch holds something with a row per example that is no tensor."""
    for path, leaf in batch_leaves(batch):
        if isinstance(leaf, Tensor):
            refuse_layout(path, leaf)
        elif not (leaf is None or isinstance(leaf, str | bool | int | float) or callable(leaf)):
            raise ValueError(
                f"{path} is a {type(leaf).__name__}, which can't be cut into chunks; give tensors "
                f"(torch.as_tensor), in a tuple, list or dict"
            )
    for path, row in _plain_rows(batch, "batch"):
        if len(row) == total > 1:
            raise ValueError(
                f"{path} is a {type(row).__name__} with one {type(row[0]).__name__} per example, "
                f"which can't be cut into chunks; give a tensor, or leave it out"
            )


def refuse_layout(path: str, leaf: Tensor) -> None:
    """Raise ValueError for a tensor whose rows can't be counted and cut."""
    if leaf.layout is not torch.strided or leaf.is_nested:
        raise ValueError(
            f"{path} is a sparse or nested tensor; give a dense one (padded, with a mask)"
        )


def versions(batch: Any) -> dict[str, int]:
    """Return how often each tensor of a batch was changed in place."""
    tensors = ((path, leaf) for path, leaf in batch_leaves(batch) if isinstance(leaf, Tensor))
    return {path: t._version for path, t in tensors}


def refuse_written(batch: Any, before: dict[str, int]) -> None:
    """Raise ValueError if a tensor of a batch was changed in place since `before`."""
    for path, version in versions(batch).items():
        if version != before[path]:
            raise ValueError(
                f"the forward pass changes {path} in place, and with it the data; clone it first, "
                f"or leave inplace=True out of the first layer"
            )


def _plain_rows(batch: Any, path: str) -> Iterator[tuple[str, tuple | list]]:
    """Walk the tuples and lists of a batch that hold plain values alone."""
    if isinstance(batch, Mapping):
        for key, value in batch.items():
            yield from _plain_rows(value, f"{path}[{key!r}]")
    elif isinstance(batch, tuple | list):
        if batch and all(isinstance(v, str | bool | int | float) for v in batch):
            yield path, batch
        for i, value in enumerate(batch):
            yield from _plain_rows(value, f"{path}[{i}]")
