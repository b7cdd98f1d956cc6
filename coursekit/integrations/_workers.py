"""The group of all workers, where there are several."""

from typing import Any


def all_workers(count: int) -> Any:
    """Return the process group of all workers; None for a process by itself."""
    import torch.distributed as dist

    return dist.group.WORLD if count > 1 else None
