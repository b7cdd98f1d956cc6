"""LARS, LAMB and Muon for one model: optimizers whose step in a matrix depends on that matrix."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from typing import Any

import torch
from torch import Tensor

from coursekit.train._optim_settings import LAMB, LARS, Muon
from coursekit.train._orthogonal import is_matrix, muon_direction


class Layerwise(torch.optim.Optimizer):
    """What LARS, LAMB and Muon share, by torch's conventions.

    Every field of the settings is an option that a parameter group may set for itself,
    `{"params": biases, "weight_decay": 0.0}`, and `step(closure)` returns the closure's loss.
    """

    kind: type[LARS] | type[LAMB] | type[Muon]

    def __init__(self, params: Iterable[Any], settings: LARS | LAMB | Muon, *, lr: float) -> None:
        super().__init__(params, {"lr": lr, **asdict(settings)})

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up a saved state; one from before groups had options gets the defaults."""
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self.defaults.items():
                group.setdefault(name, value)

    def settings_of(self, group: dict[str, Any]) -> Any:
        """Return a group's settings; raises ValueError for one out of range."""
        return self.kind(**{field.name: group[field.name] for field in fields(self.kind)})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group; raises ValueError if one of its options is unknown or out of range."""
        super().add_param_group(param_group)
        known = {*self.defaults, "params", "param_names", "initial_lr", "lr_scale"}
        try:
            for name, value in param_group.items():
                if name not in known and not isinstance(value, str):  # a group may have a name
                    raise ValueError(
                        f"{self.kind.__name__} has no option {name!r} for a group of parameters: "
                        f"use {', '.join(self.defaults)}"
                    )
            self.settings_of(self.param_groups[-1])
        except ValueError:
            self.param_groups.pop()
            raise

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """Take one step with the gradients in ``.grad``.

        Args:
            closure: Computes the loss and its gradients anew, if given (Lightning does).

        Returns:
            What the closure returned, or None.

        Raises:
            ValueError: For a sparse gradient.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            settings = self.settings_of(group)
            for w in group["params"]:
                if w.grad is None:
                    continue
                if w.grad.layout != torch.strided:
                    raise ValueError(
                        f"{self.kind.__name__} needs dense gradients, got one of layout "
                        f"{w.grad.layout}; use nn.Embedding(..., sparse=False)"
                    )
                self.update(w, w.grad, group["lr"], settings)
        return loss

    def update(self, w: Tensor, grad: Tensor, lr: float, s: Any) -> None:
        """Move one parameter."""
        raise NotImplementedError


class LarsOptimizer(Layerwise):
    """`LARS` for one model."""

    kind = LARS

    def update(self, w: Tensor, grad: Tensor, lr: float, s: LARS) -> None:
        """Move one parameter, by Algorithm 1."""
        ratio = 1.0
        if w.dim() > 1:
            norm, grad_norm = w.norm().item(), grad.norm().item()
            if norm > 0 and grad_norm > 0:
                ratio = norm / (grad_norm + s.weight_decay * norm)
        velocity = self.state[w].setdefault("velocity", torch.zeros_like(w))
        velocity.mul_(s.momentum)
        velocity.add_(grad + s.weight_decay * w, alpha=lr * s.trust * ratio)
        w.sub_(velocity)


class LambOptimizer(Layerwise):
    """`LAMB` for one model."""

    kind = LAMB

    def update(self, w: Tensor, grad: Tensor, lr: float, s: LAMB) -> None:
        """Move one parameter, by Algorithm 2."""
        state = self.state[w]
        if not state:
            state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
        state["t"] += 1
        m = state["m"].mul_(s.beta1).add_(grad, alpha=1 - s.beta1)
        v = state["v"].mul_(s.beta2).add_(grad.square(), alpha=1 - s.beta2)
        m_hat, v_hat = m / (1 - s.beta1 ** state["t"]), v / (1 - s.beta2 ** state["t"])
        r = m_hat / (v_hat.sqrt() + s.eps) + s.weight_decay * w
        ratio = 1.0
        if w.dim() > 1 and w.norm() > 0 and r.norm() > 0:
            ratio = (w.norm() / r.norm()).item()
        w.sub_(r, alpha=lr * ratio)


class MuonOptimizer(Layerwise):
    """`Muon` for one model."""

    kind = Muon

    def update(self, w: Tensor, grad: Tensor, lr: float, s: Muon) -> None:
        """Move one parameter: a matrix orthogonally, all else as AdamW does."""
        state = self.state[w]
        if s.orthogonal and is_matrix(w):
            w.mul_(1 - lr * s.weight_decay)
            momentum = state.setdefault("m", torch.zeros_like(w))
            w.sub_(muon_direction(s, grad.unsqueeze(0), momentum.unsqueeze(0))[0], alpha=lr)
            return
        if not state:
            state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
        state["t"] += 1
        m = state["m"].lerp_(grad, 1 - s.beta1)
        v = state["v"].lerp_(grad.square(), 1 - s.beta2)
        m_hat, v_hat = m / (1 - s.beta1 ** state["t"]), v / (1 - s.beta2 ** state["t"])
        w.mul_(1 - lr * s.adam_lr * s.weight_decay)
        w.sub_(m_hat / (v_hat.sqrt() + s.eps), alpha=lr * s.adam_lr)
