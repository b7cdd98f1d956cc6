"""Backward hooks of the user's: some watch gradients, some change them; none runs in a measurement.

What is measured is the gradient of the loss. Where a hook changes it, training follows another
vector, which is then said instead of measured in part: not every route passes every hook.
"""

import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.gradients._modules import modules_of, params_of
from coursekit.gradients.batches import Batch, BatchLoss

PRE = "_backward_pre_hooks"
Hook = tuple[str, Any, str]  # of what, the parameter or module, the attribute that holds it


def backward_hooks(model: nn.Module) -> list[Hook]:
    """Return what holds hooks of parameters and modules that see gradients."""
    modules = modules_of(model)
    owners: list[Any] = [*params_of(modules), *modules]
    if not any(getattr(owner, kind, None) for owner in owners for kind in ("_backward_hooks", PRE)):
        return []
    found: list[Hook] = [
        (f"parameter {name!r}", param, "_backward_hooks")
        for name, param in model.named_parameters()
    ]
    for name, module in model.named_modules():
        of = f"module {name!r}" if name else "the model"
        found += [(of, module, "_backward_hooks"), (of, module, PRE)]
    return [(of, owner, name) for of, owner, name in found if getattr(owner, name, None)]


@contextmanager
def without(hooks: list[Hook]) -> Iterator[None]:
    """Take hooks off for a while; a handle removes its hook all the same."""
    kept = [getattr(owner, name) for _, owner, name in hooks]
    for _, owner, name in hooks:
        setattr(owner, name, None if isinstance(owner, Tensor) else OrderedDict())
    try:
        yield
    finally:
        for (_, owner, name), hooked in zip(hooks, kept, strict=True):
            setattr(owner, name, hooked)


def refuse_changing_hooks(
    model: nn.Module, loss: BatchLoss, batch: Batch, params: list[nn.Parameter]
) -> None:
    """Raise ValueError if a backward hook changes the gradient; call it while they are in place."""
    hooks = backward_hooks(model)
    if not hooks:
        return

    def gradient() -> list[Tensor | None]:
        with torch.enable_grad(), warnings.catch_warnings():
            # torch warns where a first layer's hook sees no gradient of the data: training does too
            warnings.filterwarnings("ignore", "Full backward hook is firing", UserWarning)
            value = loss(model, batch)
            if not value.requires_grad:
                return []
            return list(torch.autograd.grad(value, params, allow_unused=True))

    with without(hooks):
        plain = gradient()
    for i, hook in enumerate(hooks):
        with without(hooks[:i] + hooks[i + 1 :]):
            hooked = gradient()
        if any(_differ(a, b) for a, b in zip(plain, hooked, strict=True)):
            raise ValueError(
                f"a backward hook of {hook[0]} changes the gradient, so it is no longer that of "
                f"the loss; remove the hook while measuring, or write its factor into the loss"
            )


def _differ(one: Tensor | None, other: Tensor | None) -> bool:
    if one is None or other is None:
        return one is not other
    one, other = (t.to_dense() if t.is_sparse else t for t in (one, other))
    return not torch.allclose(one, other, rtol=1e-3, atol=0.0, equal_nan=True)
