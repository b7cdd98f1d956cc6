"""Optimizers: settings that serve one run (as a torch optimizer) and stacks of runs alike.

A setting such as ``SGD(momentum=0.9)`` holds no learning rate and no state. `torch_optimizer`
makes a `torch.optim.Optimizer` of it for one model; `train._optim_stacked` applies the same
update to many replicas at once.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor


def _check_fractions(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 <= value < 1.0:
            raise ValueError(f"{name} must lie in [0, 1), got {value}")


def _check_not_negative(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 <= value < float("inf"):
            raise ValueError(f"{name} must be finite and not negative, got {value}")


@dataclass(frozen=True)
class SGD:
    """SGD, with momentum or Nesterov's momentum, as torch writes it.

    v <- m v + g,   theta <- theta - lr v          (Nesterov: theta - lr (g + m v))
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0  # added to the gradient as weight_decay * theta

    def __post_init__(self) -> None:
        _check_fractions(momentum=self.momentum)
        _check_not_negative(weight_decay=self.weight_decay)
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov=True needs a momentum above 0, got momentum=0.0")


@dataclass(frozen=True)
class Adam:
    """Adam; with ``decoupled`` weight decay it is AdamW.

        m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2
        theta <- theta - lr m_hat / (sqrt(v_hat) + eps),   hats: divided by 1 - b^t

    Source: Kingma and Ba 2015, arXiv:1412.6980; Loshchilov and Hutter 2019, arXiv:1711.05101.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    decoupled: bool = False  # theta <- (1 - lr weight_decay) theta, instead of decay in g

    def __post_init__(self) -> None:
        _check_fractions(beta1=self.beta1, beta2=self.beta2)
        _check_not_negative(weight_decay=self.weight_decay, eps=self.eps)


@dataclass(frozen=True)
class LARS:
    """SGD with momentum whose step in each matrix is relative to the matrix's own norm.

        ratio = trust |w| / (|g| + weight_decay |w|)     (1 * trust for vectors, or a zero norm)
        v <- m v + lr ratio (g + weight_decay w),   w <- w - v

    Vectors (biases, gains of a norm layer) start at zero or have a scale of their own, so they take
    plain steps of size lr * trust.

    Source: You et al. 2017, arXiv:1708.03888, Algorithm 1.
    """

    momentum: float = 0.9
    weight_decay: float = 0.0
    trust: float = 0.001  # only lr * trust matters

    def __post_init__(self) -> None:
        _check_fractions(momentum=self.momentum)
        _check_not_negative(weight_decay=self.weight_decay, trust=self.trust)


@dataclass(frozen=True)
class LAMB:
    """Adam whose step in each matrix is relative to the matrix's own norm.

        r = m_hat / (sqrt(v_hat) + eps) + weight_decay w
        w <- w - lr (|w| / |r|) r         (ratio 1 for vectors, or a zero norm)

    Source: You et al. 2020, arXiv:1904.00962, Algorithm 2, with phi the identity.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-6
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check_fractions(beta1=self.beta1, beta2=self.beta2)
        _check_not_negative(weight_decay=self.weight_decay, eps=self.eps)


Settings = SGD | Adam | LARS | LAMB

BY_NAME: dict[str, Settings] = {
    "sgd": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "adam": Adam(),
    "adamw": Adam(weight_decay=0.01, decoupled=True),
    "lars": LARS(),
    "lamb": LAMB(),
}


def optimizer_settings(optimizer: str | Settings) -> Settings:
    """Return settings as they are, or the usual ones of a name in `BY_NAME`.

    Raises:
        ValueError: For an unknown name or anything else.
    """
    if isinstance(optimizer, Settings):
        return optimizer
    if optimizer not in BY_NAME:
        raise ValueError(
            f"no optimizer {optimizer!r}: use one of {', '.join(BY_NAME)}, "
            "or settings such as SGD(momentum=0.95)"
        )
    return BY_NAME[optimizer]


def torch_optimizer(
    optimizer: str | Settings, params: Iterable[Any], *, lr: float = 0.0
) -> torch.optim.Optimizer:
    """Make the optimizer of one model: torch's own for SGD and Adam(W), ours for LARS and LAMB.

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


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the learning rate of the next step, in every parameter group."""
    for group in optimizer.param_groups:
        group["lr"] = lr


class _Layerwise(torch.optim.Optimizer):
    """What LARS and LAMB share, by torch's conventions.

    Every field of the settings is an option that a parameter group may set for itself,
    `{"params": biases, "weight_decay": 0.0}`, and `step(closure)` returns the closure's loss.
    """

    kind: type[LARS] | type[LAMB]

    def __init__(self, params: Iterable[Any], settings: LARS | LAMB, *, lr: float) -> None:
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


class LarsOptimizer(_Layerwise):
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


class LambOptimizer(_Layerwise):
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
