"""Which workers average a model's gradients, and what that does to a mean over all of them."""

import contextlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Workers:
    """The data-parallel workers of a model: DistributedDataParallel's, or this process alone.

        .grad = (1/R) sum_r g_r,   g_r: what worker r's backward passes added up

    Attributes:
        ddp: The DistributedDataParallel module, or None.
        count: R.
    """

    ddp: Any = None
    count: int = 1

    def sums(self, *numbers: float) -> list[float]:
        """Return each number summed over workers, in one all_reduce; every worker must call it."""
        if self.ddp is None:
            return list(numbers)
        import torch.distributed as dist

        device = next(self.ddp.parameters()).device
        total = torch.tensor(numbers, dtype=torch.float64, device=device)
        dist.all_reduce(total, group=self.ddp.process_group)
        return total.tolist()

    def without_averaging(self, last: bool) -> AbstractContextManager:
        """Return a context for a backward pass: workers average in the last one alone."""
        return contextlib.nullcontext() if last or self.ddp is None else self.ddp.no_sync()


def workers_of(model: nn.Module) -> Workers:
    """Find the workers that average this model's gradients in its backward pass.

    Raises:
        ValueError: If some parameters are averaged and others are not, or are sharded.
    """
    from torch.nn.parallel import DistributedDataParallel

    if any(hasattr(p, "device_mesh") for p in model.parameters()):
        raise ValueError(
            "the model's parameters are sharded (DTensor): accumulate() knows one process and "
            "DistributedDataParallel; with fully_shard, scale each loss by workers x n_k / n with "
            "n counted over all workers, and call set_requires_gradient_sync by hand"
        )
    found = [m for m in model.modules() if isinstance(m, DistributedDataParallel)]
    if not found:
        return Workers()
    averaged = {id(p) for m in found for p in m.parameters()}
    for name, param in model.named_parameters():
        if len(found) > 1 or (param.requires_grad and id(param) not in averaged):
            raise ValueError(
                f"workers average some parameters and not others ({name}): wrap the whole model "
                f"in one DistributedDataParallel"
            )
    return Workers(found[0], torch.distributed.get_world_size(found[0].process_group))
