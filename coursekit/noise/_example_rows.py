"""The gradient of each example apart, layer by layer, while one backward pass runs.

A layer y = h(x; w) that sees one row per example gives, with b = dL/dy at its output,

    row_i = (d/dw) b_i . h(x_i; w),    sum_i row_i = dL/dw

Only squared norms are kept; the sum is compared with the gradient that autograd found, which
shows a layer whose call the examples share.
"""

import weakref
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vjp, vmap
from torch.utils.hooks import RemovableHandle

from coursekit.noise._one_pass import is_nested

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm) if hasattr(nn, "RMSNorm") else (nn.LayerNorm,)
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-2}  # of a sum against autograd; else 5e-2


def example_layers(model: Any, which: str) -> list[nn.Module]:
    """Return the layers that hold the wanted parameters: "norms", or "all".

    Raises:
        ValueError: For another word, or a model without normalisation layers.
    """
    if which not in ("norms", "all"):
        raise ValueError(f"examples must be 'norms', 'all' or None, got {which!r}")
    if not isinstance(model, nn.Module):
        raise ValueError("examples= looks into layers: pass the model, not its parameters")
    own = [m for m in model.modules() if any(p.requires_grad for p in m.parameters(recurse=False))]
    found = own if which == "all" else [m for m in own if is_norm(m)]
    if not found:
        raise ValueError(
            "the model has no normalisation layer with weights (LayerNorm, RMSNorm, GroupNorm); "
            "use examples='all'"
        )
    return found


def is_norm(module: nn.Module) -> bool:
    """Tell whether a layer normalises each example by itself, by type or by its name."""
    if isinstance(module, nn.modules.batchnorm._NormBase):
        return False
    named = "norm" in type(module).__name__.lower()
    flat = all(p.dim() == 1 for p in module.parameters(recurse=False))
    return isinstance(module, NORMS) or (named and flat)


class ExampleRows:
    """Listens to the calls of layers, and squares the rows of their parameters.

    Args:
        layers: The layers.
        params: All their parameters that are watched; their positions are the keys.
    """

    def __init__(self, layers: Sequence[nn.Module], params: Sequence[nn.Parameter]) -> None:
        self.layers, self.params = layers, params
        self.index = {id(p): i for i, p in enumerate(params)}
        self.handles: list[RemovableHandle] = []
        self.checked: set[int] = set()  # parameters whose rows added up once
        self.busy = False  # a layer is called to make rows, not by the model
        self.start_pass()

    def start_pass(self) -> None:
        """Forget what was seen."""
        self.calls = [0] * len(self.params)  # forward passes whose rows are still to come
        self.rows: dict[int, Tensor] = {}  # of parameters that were called several times
        self.squares: dict[int, Tensor] = {}
        self.sums: dict[int, Tensor] = {}
        self.fault = ""

    def listen(self) -> None:
        """Put the hooks in place."""
        self.handles = [
            m.register_forward_hook(self.on_call, with_kwargs=True) for m in self.layers
        ]

    def unlisten(self) -> None:
        """Remove the hooks."""
        for handle in self.handles:
            handle.remove()
        self.handles = []
        self.start_pass()

    def on_call(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """Wait for the gradient at the output of one call."""
        if self.busy or not torch.is_grad_enabled():
            return
        if torch._C._current_graph_task_id() != -1 and not is_nested():
            return  # a checkpoint computes the layer again: its first call is the one that counts
        inputs = [v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)]
        if len(inputs) != 1 or not isinstance(output, Tensor):
            self.fault = self.fault or (
                f"{type(module).__name__} is no layer from one tensor to one tensor, so its "
                f"examples can't be told apart; use examples='norms', or accumulate"
            )
            return
        if not output.requires_grad:
            return
        for param in module.parameters(recurse=False):
            if id(param) in self.index:
                self.calls[self.index[id(param)]] += 1
        output.register_hook(partial(self.on_grad, weakref.ref(module), inputs[0].detach()))

    def on_grad(self, layer: Any, x: Tensor, grad: Tensor) -> None:
        """Make the rows of one call."""
        module = layer()
        self.busy = True
        try:
            found = rows_of(module, x, grad, self.index)
        except RuntimeError as error:
            self.fault = self.fault or (
                f"the examples can't be told apart at {type(module).__name__} ("
                f"{str(error).splitlines()[0]}); use examples='norms', or accumulate"
            )
            found = {}
        finally:
            self.busy = False
        for name, rows in found.items():
            i = self.index[id(module._parameters[name])]
            known = self.rows.pop(i, None)
            self.calls[i] -= 1
            if known is not None and len(known) != len(rows):
                self.fault = self.fault or self.not_per_example(module)
                continue
            rows = rows if known is None else known + rows
            if self.calls[i] > 0:
                self.rows[i] = rows
                continue
            self.squares[i] = rows.flatten(1).square().sum(1)
            if i not in self.checked:
                self.sums[i] = rows.sum(0)

    def take(self, fresh: dict[int, Tensor], used: Iterable[int]) -> Tensor:
        """Return squared norms of the rows, (num_params, num_examples), and forget them.

        Args:
            fresh: Gradients by autograd of the parameters that were not checked yet.
            used: Parameters that got a gradient in this pass.

        Raises:
            ValueError: If the rows are not those of the examples.
        """
        squares, sums, fault = self.squares, self.sums, self.fault
        self.start_pass()
        sizes = {len(s) for s in squares.values()}
        if not fault and len(sizes) > 1:
            fault = (
                f"layers see {sorted(sizes)} rows in one pass, so a row is not an example "
                f"everywhere; use examples='norms', or accumulate"
            )
        if not fault and not squares:
            fault = (
                "no call of a layer was seen in this pass: hooks do not run inside a compiled "
                "model; measure with the plain module (torch.compile off), or accumulate"
            )
        missing = [i for i in used if i not in squares]
        if not fault and missing:
            fault = self.not_per_example(self.owner(missing[0]))
        for i, grad in fresh.items():
            if fault:
                break
            total = sums.get(i, torch.zeros_like(grad))
            grad = grad.to(total.dtype)
            if (total - grad).norm() > tolerance(fresh[i]) * grad.norm():
                fault = self.not_per_example(self.owner(i))
            self.checked.add(i)
        if fault:
            raise ValueError(fault)
        zero = torch.zeros(max(sizes, default=0), device=self.params[0].device)
        return torch.stack([squares.get(i, zero).double() for i in range(len(self.params))])

    def owner(self, index: int) -> nn.Module:
        """Return the layer of a parameter."""
        return next(m for m in self.layers if any(p is self.params[index] for p in m.parameters()))

    def not_per_example(self, module: nn.Module) -> str:
        """Say that a layer's rows are not those of the examples."""
        return (
            f"the gradients of single examples at {type(module).__name__} do not add up to its "
            f"gradient: the examples share one call (positions, queries), or its weights are "
            f"used outside of it; use examples='norms', or accumulate"
        )


def tolerance(grad: Tensor) -> float:
    """Return how far a sum of rows may be from autograd's gradient, relative to it."""
    return TOLERANCE.get(grad.dtype, 5e-2)


@torch.no_grad()
def rows_of(module: nn.Module, x: Tensor, grad: Tensor, wanted: Any) -> dict[str, Tensor]:
    """Return the gradient of each example, (num_examples, *shape), for the wanted parameters."""
    dtype = torch.promote_types(torch.promote_types(x.dtype, grad.dtype), torch.float32)
    x, grad = x.to(dtype) if x.is_floating_point() else x, grad.to(dtype)
    own = {n: p for n, p in module._parameters.items() if p is not None and id(p) in wanted}
    if type(module) is nn.LayerNorm and len(module.normalized_shape) == 1:
        hat = nn.functional.layer_norm(x, module.normalized_shape, eps=module.eps)
        found = {"weight": (grad * hat), "bias": grad}
        return {n: found[n].flatten(1, -2).sum(1) if x.dim() > 2 else found[n] for n in own}
    if type(module) is nn.Linear and x.dim() >= 2:
        a = x.reshape(len(x), -1, x.shape[-1])
        b = grad.reshape(len(x), -1, grad.shape[-1])
        return {n: b.sum(1) if n == "bias" else torch.bmm(b.transpose(1, 2), a) for n in own}
    values = {n: p.detach().to(dtype) for n, p in module.named_parameters()}
    rest = {n: v for n, v in values.items() if n not in own}

    def one(x: Tensor, grad: Tensor) -> dict[str, Tensor]:
        def output(weights: dict[str, Tensor]) -> Tensor:
            return functional_call(module, {**rest, **weights}, (x[None],))[0]

        pull: Any = vjp(output, {n: values[n] for n in own})[1]
        return pull(grad)[0]

    with torch.autocast(x.device.type, enabled=False), torch.enable_grad():
        return vmap(one)(x, grad)
