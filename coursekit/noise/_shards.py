"""Gradients that are not plain tensors: shards of DTensors, and sparse ones."""

import math
from typing import Any

import torch
from torch import Tensor


def is_sharded(tensor: Any) -> bool:
    """Tell whether a tensor is a DTensor (without importing torch.distributed for others)."""
    return hasattr(tensor, "placements") and hasattr(tensor, "device_mesh")


def local(grad: Any) -> Any:
    """Return this process's part of a gradient; None stays None."""
    return grad.to_local() if is_sharded(grad) else grad


def values(grad: Tensor) -> Tensor:
    """Return the numbers of a gradient that may be sparse, each once."""
    return grad.coalesce().values() if grad.layout == torch.sparse_coo else grad


def share_of(param: Any, workers: int) -> float:
    """Return the weight of one worker's |A|^2 in the sum over workers that counts it once."""
    if not is_sharded(param):
        return 1 / workers
    if param.device_mesh.size() != workers:
        raise ValueError(
            f"parameters are sharded over {param.device_mesh.size()} workers, but group has "
            f"{workers}: pass the group of all of them, such as torch.distributed.group.WORLD"
        )
    copies = [
        param.device_mesh.size(i) for i, kind in enumerate(param.placements) if kind.is_replicate()
    ]
    return 1 / math.prod(copies)
