"""What a forward pass calls: each layer's calls recorded, and read example by example."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from coursekit.gradients._layer_rules import Rule, Seen
from coursekit.gradients._pieces import Piece, regrouped
from coursekit.gradients._still import unconverted
from coursekit.gradients.batches import batch_tensors, map_tensors

# How a call holds the examples. "rows": one row each. "second": the same along dimension 1.
# "flat", "flat time first": several rows each. "once": one row that the batch shares;
# "once, bare": the same without a dimension for it. The last two are spread over the batch.


@dataclass(frozen=True)
class Call:
    """One call of a layer, as the forward hook saw it."""

    args: tuple
    kwargs: dict
    inputs: Tensor | None  # the first tensor among them
    output: Tensor | None  # None if it is no tensor
    edge: GradientEdge | None
    autocast: torch.dtype | None  # the type of a surrounding torch.autocast

    def run(self, module: nn.Module, weights: dict[str, Tensor], args: Any, kwargs: Any) -> Any:
        """Run the layer as in this call, with other weights and arguments."""
        if self.autocast is None:
            return functional_call(module, weights, args, kwargs)
        device = next(iter(weights.values())).device.type
        with torch.autocast(device, self.autocast):
            return functional_call(module, weights, args, kwargs)


@dataclass(frozen=True)
class Route:
    """How a layer's calls are read."""

    rule: Rule
    layout: str
    each: int = 1  # rows of one example


@dataclass(frozen=True)
class Rows:
    """Parameters whose gradients are made by vmap over the forward of one layer."""

    names: list[str]
    batched: tuple[bool, ...]  # which tensors among the layer's arguments hold examples
    layout: str = "rows"  # or "once ...": nothing holds examples, and the output is spread


@contextmanager
def recording(
    modules: dict[str, nn.Module], spread: dict[str, int]
) -> Iterator[dict[str, list[Call]]]:
    """Record every call of the given modules; the outputs of those in `spread` get so many rows."""
    calls: dict[str, list[Call]] = {name: [] for name in modules}

    def hook_of(name: str) -> Any:
        def hook(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> Any:
            plain = output if isinstance(output, Tensor) else None
            if name in spread and plain is not None:
                output = spread_over(plain, spread[name])
            # The edge, not the tensor: an in-place ReLU after the layer would move the tensor on.
            tracked = plain is not None and plain.requires_grad
            edge = get_gradient_edge(output) if tracked else None
            values = (*args, *kwargs.values())
            inputs = next((v for v in values if isinstance(v, Tensor)), None)
            calls[name].append(Call(args, kwargs, inputs, plain, edge, _autocast(plain)))
            return output

        return hook

    handles = [
        module.register_forward_hook(hook_of(name), with_kwargs=True)
        for name, module in modules.items()
    ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _autocast(output: Tensor | None) -> torch.dtype | None:
    """Return the type of the autocast around, or None."""
    device = "cpu" if output is None else output.device.type
    if hasattr(torch, "get_autocast_dtype"):  # torch 2.4
        return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
    if device == "cpu":
        return torch.get_autocast_cpu_dtype() if torch.is_autocast_cpu_enabled() else None
    return torch.get_autocast_gpu_dtype() if torch.is_autocast_enabled() else None


def spread_over(t: Tensor, count: int, *, bare: bool | None = None) -> Tensor:
    """Give every example its own row of what the batch shares."""
    bare = not (t.dim() and len(t) == 1) if bare is None else bare
    return (t.unsqueeze(0) if bare else t).expand(count, *(t.shape if bare else t.shape[1:]))


def fits(layout: str, call: Call, count: int, each: int | None = None) -> bool:
    """Tell whether a call can hold `count` examples in a layout, `each` rows of each."""
    if call.inputs is None or call.output is None:
        return False
    shapes = (call.inputs.shape, call.output.shape)
    if layout == "once, bare":
        return True
    if layout in ("rows", "once"):
        return all(s and s[0] == (count if layout == "rows" else 1) for s in shapes)
    if layout == "second":
        return all(len(s) > 1 and s[1] == count for s in shapes)
    total = shapes[0][0] if shapes[0] else 0
    same = all(s and s[0] == total for s in shapes)
    return same and total % count == 0 and each in (None, total // count)


def holds_rows(call: Call, batched: tuple[bool, ...], count: int) -> bool:
    """Tell whether a call's arguments hold the examples where they did when it was planned."""
    tensors = batch_tensors((call.args, call.kwargs))
    return len(tensors) == len(batched) and all(
        t.dim() > 0 and len(t) == count for t, b in zip(tensors, batched, strict=True) if b
    )


def read_call(
    module: nn.Module, call: Call, grads: Tensor, route: Route, wanted: set[str], count: int
) -> dict[str, Piece]:
    """Apply a layer's rule to one call, and gather the rows of each example."""
    layout = route.layout
    pieces = route.rule(seen_by_rule(module, call, grads, layout, wanted, count))
    if not layout.startswith("flat"):
        return pieces
    first = layout.endswith("time first")
    return {n: regrouped(p, count, time_first=first) for n, p in pieces.items()}


def seen_by_rule(
    module: nn.Module, call: Call, grads: Tensor, layout: str, wanted: set[str], count: int
) -> Seen:
    """Return what a rule sees of a call: its rows along dimension 0."""

    def rows(t: Tensor) -> Tensor:
        if layout == "second":
            return t.transpose(0, 1)
        if layout.startswith("once"):
            return spread_over(t, count, bare=layout.endswith("bare"))
        return t

    def run(weights: dict[str, Tensor]) -> Tensor:
        return rows(call.run(module, weights, call.args, call.kwargs))

    assert call.inputs is not None
    grads = grads if layout.startswith("once") else rows(grads)
    return Seen(module, rows(call.inputs.detach()), grads, wanted, run)


def rows_of_layer(
    module: nn.Module,
    call: Call,
    grad_output: Tensor,
    weights: dict[str, Tensor],
    batched: tuple[bool, ...],
) -> dict[str, Tensor]:
    """Return per-example gradients of some weights of one layer, by vmap over its own forward."""
    inputs = (call.args, call.kwargs)
    tensors = [t.detach() for t in batch_tensors(inputs)]
    dims = [0 if b else None for b in batched]

    def output_along(weights: dict[str, Tensor], example: list[Tensor], b: Tensor) -> Tensor:
        left = iter(zip(example, dims, strict=True))

        def restore(_: Tensor) -> Tensor:
            tensor, dim = next(left)
            return tensor if dim is None else tensor.unsqueeze(0)

        args, kwargs = map_tensors(restore, inputs)
        output = call.run(module, weights, args, kwargs)
        return (output.reshape(b.shape) * b).sum()

    gradients_of = vmap(grad(output_along), in_dims=(None, dims, 0))
    # fused kernels can't be batched
    with warnings.catch_warnings(), sdpa_kernel(SDPBackend.MATH), unconverted(module):
        warnings.filterwarnings("ignore", message="There is a performance drop")
        return gradients_of(weights, tensors, grad_output)


def own_weights(
    module: nn.Module, names: list[str], params: dict[str, nn.Parameter]
) -> dict[str, Tensor]:
    """Return parameters of a model under their names inside one of its layers."""
    inside = {id(p): own for own, p in module.named_parameters()}
    return {inside[id(params[name])]: params[name].detach() for name in names}
