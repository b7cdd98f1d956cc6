"""What the gradient norms of one optimizer step say about |G|^2 and tr(Sigma)."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from coursekit.noise.scale import GradMoments

Norms = list[float] | list[Tensor]  # numbers on a CPU, scalars on the device elsewhere


@dataclass(frozen=True)
class MicroNorms:
    """One micro-batch: norms of factor times its gradient, parameter by parameter."""

    norms: Norms
    params: list[int]
    factor: float
    size: int


@dataclass(frozen=True)
class StepNorms:
    """One optimizer step: its micro-batches' norms, and those of the accumulated gradient."""

    norms: list[Norms]
    factors: list[float]
    sizes: list[int]
    workers: int

    def moments(self) -> GradMoments:
        """Solve for |G|^2 and tr(Sigma)."""
        *micro, accumulated = (math.fsum(n * n for n in part) for part in self.norms)
        total = math.fsum(self.factors)
        mean_sq = first = second = 0.0
        for f, b, sq_norm in zip(self.factors, self.sizes, micro, strict=True):
            weight = f / total
            mean_sq += weight * sq_norm / f**2
            first += weight / b
            second += weight**2 / b / self.workers
        mean_grad_sq = accumulated / total**2
        tr_cov = (mean_sq - mean_grad_sq) / (first - second)
        cost = float(sum(self.sizes) * self.workers)
        return GradMoments(mean_grad_sq - second * tr_cov, tr_cov, cost=cost)


def world_size(group: Any) -> int:
    """Return the number of workers in a process group."""
    import torch.distributed as dist

    return dist.get_world_size(group)


def mean_over_workers(norms: list[Norms], group: Any) -> list[Norms]:
    """Return, for each micro-batch, the root mean square over workers of its gradient's norm."""
    import torch.distributed as dist

    total = torch.stack([torch.stack(as_tensors(part)).square().sum() for part in norms])
    dist.all_reduce(total, group=group)
    means = (total / dist.get_world_size(group)).sqrt()
    return [[m] for m in (means.tolist() if means.device.type == "cpu" else means.unbind())]


def as_tensors(norms: Norms) -> list[Tensor]:
    """Return norms as scalar tensors, wherever they are."""
    return [n if isinstance(n, Tensor) else torch.tensor(n, dtype=torch.float64) for n in norms]
