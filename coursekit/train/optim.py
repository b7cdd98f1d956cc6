"""Optimizers: settings that serve one run (as a torch optimizer) and stacks of runs alike.

A setting such as ``SGD(momentum=0.9)`` holds no learning rate and no state. `torch_optimizer`
makes a `torch.optim.Optimizer` of it for one model; `train._optim_stacked` applies the same
update to many replicas at once.
"""

from collections.abc import Iterable
from typing import Any

import torch

from coursekit.train._optim_layerwise import LambOptimizer, LarsOptimizer, MuonOptimizer
from coursekit.train._optim_settings import (
    BY_NAME,
    LAMB,
    LARS,
    SGD,
    Adam,
    Muon,
    Settings,
    optimizer_settings,
)
from coursekit.train._orthogonal import orthogonalised

__all__ = [
    "BY_NAME",
    "LAMB",
    "LARS",
    "SGD",
    "Adam",
    "Muon",
    "Settings",
    "optimizer_settings",
    "orthogonalised",
    "set_lr",
    "torch_optimizer",
]


def torch_optimizer(
    optimizer: str | Settings, params: Iterable[Any], *, lr: float = 0.0
) -> torch.optim.Optimizer:
    """Make the optimizer of one model: torch's own for SGD and Adam(W), ours for the others.

    Args:
        optimizer: A name in `BY_NAME`, or settings.
        params: The trainable parameters, or groups of them as torch has them: dicts with
            "params" and the options that differ, such as "weight_decay".
        lr: Learning rate until `set_lr` changes it.
    """
    settings = optimizer_settings(optimizer)
    match settings:
        case SGD(momentum, nesterov, weight_decay):
            return torch.optim.SGD(
                params, lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay
            )
        case Adam(beta1, beta2, eps, weight_decay, decoupled):
            kind: Any = torch.optim.AdamW if decoupled else torch.optim.Adam
            return kind(params, lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay)
        case LARS():
            return LarsOptimizer(params, settings, lr=lr)
        case LAMB():
            return LambOptimizer(params, settings, lr=lr)
        case Muon():
            return MuonOptimizer(params, settings, lr=lr)


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the learning rate of the next step, in every parameter group."""
    for group in optimizer.param_groups:
        group["lr"] = lr
