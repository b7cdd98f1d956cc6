"""Gradients that are not plain tensors: shards of DTensors, and sparse ones."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn


def is_sharded(tensor: Any) -> bool:
    """Tell whether a tensor is a DTensor (without importing torch.distributed for others)."""
    return hasattr(tensor, "placements") and hasattr(tensor, "device_mesh")


def owners_of(
    shards: Mapping[int, int], modules: Iterable[nn.Module]
) -> list[tuple[nn.Module, str, int]]:
    """Return the module of each sharded parameter, its name there, and its position.

    Args:
        shards: Id of a sharded parameter -> its position.
        modules: Those that may own them.

    Raises:
        ValueError: If one has no owner among them.
    """
    owners = [
        (module, name, shards[id(p)])
        for module in modules
        for name, p in module._parameters.items()
        if id(p) in shards
    ]
    if len({i for _, _, i in owners}) < len(shards):
        raise ValueError(
            "some parameters are sharded, and their modules were not found: pass the model "
            "that was given to fully_shard, not its parameters"
        )
    return owners


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


def refuse_split(split: bool) -> None:
    """Raise ValueError if a parameter was sharded while its module computed."""
    if split:
        raise ValueError(
            "parameters stay sharded (DTensor) in the forward pass, as in tensor parallelism: "
            "no worker ever has its own gradient. Noise is measured for data-parallel workers, "
            "also sharded by fully_shard"
        )


def refuse_missing(missing: bool) -> None:
    """Raise ValueError if parameters had no .grad where their last pass ended."""
    if missing:
        raise ValueError(
            "parameters had no .grad when the last backward pass of this step ended: workers "
            "must average in it (no_sync and set_requires_gradient_sync(False) are for the "
            "passes before), and no hook may take a gradient away"
        )
