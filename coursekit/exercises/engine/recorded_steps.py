"""Optimizer steps as plain data: what a learner's loop did, written down call by call."""

from typing import Any

import torch
from torch import nn


class RecordedSteps:
    """Stand for an optimizer: keep (rates, gradient) of each step as a row, move by lr in signs.

    It has two parameter groups, as where biases decay otherwise; the second is empty here.
    """

    def __init__(self, model: nn.Module, lr: float) -> None:
        """Start without a step."""
        self.params = list(model.parameters())
        self._lr, self._start = lr, [param.detach().clone() for param in self.params]
        self.param_groups: list[dict[str, Any]] = []
        self.rows: list[list[float]] = []
        self.start_again()

    def start_again(self) -> None:
        """Put weights, rates and rows back to what they were before the first step."""
        with torch.no_grad():
            for param, start in zip(self.params, self._start, strict=True):
                param.copy_(start)
        self.zero_grad()
        self.param_groups = [
            {"params": self.params, "lr": self._lr},
            {"params": [], "lr": self._lr / 2},
        ]
        self.rows = []

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradient, as every optimizer of torch does."""
        for param in self.params:
            param.grad = None if set_to_none else torch.zeros_like(param)

    @torch.no_grad()
    def step(self) -> None:
        """Note the rates and the gradient (0 where there is none), then move like a young Adam."""
        (param,), rates = self.params, [float(group["lr"]) for group in self.param_groups]
        grad = torch.zeros_like(param) if param.grad is None else param.grad
        self.rows.append([*rates, *grad.flatten().tolist()])
        param.sub_(rates[0] * grad / (grad.abs() + 1e-2))
