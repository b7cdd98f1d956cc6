"""One forward pass that records every layer, one backward pass that stops at their outputs.

A `LayerPass` turns a chunk of data into pieces (`_pieces`), from which each example's gradient
follows: its norm, its product with a vector. Which layer answers for which parameter, and in what
shape its calls hold the examples, is chosen and checked once by `_layer_plan`; every later chunk
is held against that plan, and `Rerouted` is raised where a call no longer fits it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from coursekit.gradients._alone import AddedUp, Weigh, gradient_of
from coursekit.gradients._layer_rules import Rule, Seen
from coursekit.gradients._pieces import Dense, Piece, along, combine, regrouped
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    batch_tensors,
    map_tensors,
    num_examples,
    slice_batch,
    trainable_params,
)

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


@dataclass(frozen=True)
class Plan:
    """Which layer answers for which trainable parameters."""

    routes: dict[str, Route] = field(default_factory=dict)  # layer -> how its calls are read
    by_rule: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # parameter -> uses
    by_layer: dict[str, Rows] = field(default_factory=dict)  # layer -> parameters by vmap
    by_copy: list[str] = field(default_factory=list)  # each example gets a copy: class tokens
    one_by_one: bool = False  # all parameters by one backward pass per example
    watched: frozenset[str] = frozenset()  # layers that were not run so far
    bytes_per_example: int = 0
    sq_norm: float = 0.0  # |g|^2 of the first example that counts, alone
    first: int = 0  # which one that is
    eps: float = 0.0  # relative rounding of what the layers compute

    @property
    def made(self) -> list[str]:
        """Parameters whose per-example gradients are made, by layers or by copies."""
        return [*(name for rows in self.by_layer.values() for name in rows.names), *self.by_copy]


class Rerouted(Exception):
    """A call does not hold the examples as planned, so layers can't answer for parameters."""


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
            calls[name].append(Call(args, kwargs, inputs, plain, edge))
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


class LayerPass:
    """One model and loss, ready to walk through chunks of data by a plan."""

    def __init__(self, model: nn.Module, loss: BatchLoss, plan: Plan, weigh: Weigh) -> None:
        self.model, self.loss, self.plan, self.weigh = model, loss, plan, weigh
        self.params = trainable_params(model)
        modules = dict(model.named_modules())
        names = {*plan.routes, *plan.by_layer, *plan.watched}
        self.modules = {name: module for name, module in modules.items() if name in names}

    def pieces(self, batch: Batch) -> dict[str, list[Piece]]:
        """Return the pieces of each parameter that layers or copies answer for.

        An example counts with the weight of the batch's mean: with the gradient of its summed
        loss, not of its mean loss.

        Raises:
            Rerouted: If a call does not fit the plan.
        """
        plan, count = self.plan, num_examples(batch)
        if plan.one_by_one:
            return {}
        spread = {n: count for n, r in plan.routes.items() if r.layout.startswith("once")}
        with torch.enable_grad(), recording(self.modules, spread) as calls:
            copies = {n: _copies(self.params[n], count) for n in plan.by_copy}
            loss = _loss_with(self.model, self.loss, batch, copies)
        self._check(calls, count)
        edges = [c.edge for name in self.modules for c in calls[name] if c.edge is not None]
        scale = torch.full_like(loss, self.weigh(batch))
        unused = [self.params[n] for n, uses in plan.by_rule.items() if not uses]
        leaves: list[Any] = [*edges, *copies.values(), *unused]
        if not any(leaf.requires_grad for leaf in (loss, *copies.values())):
            return {}
        grads = list(torch.autograd.grad(loss, leaves, scale, allow_unused=True))
        if any(g is not None and g.any() for g in grads[len(leaves) - len(unused) :]):
            raise Rerouted("a parameter that had no gradient when it was planned has one now")
        found: dict[str, list[Piece]] = {}
        for name, rows in zip(copies, grads[len(edges) :], strict=False):
            found[name] = [] if rows is None else [Dense(rows)]
        left = iter(grads[: len(edges)])
        for layer in self.modules:
            for call in calls[layer]:
                grad_output = None if call.edge is None else next(left)
                if grad_output is not None:
                    self._add(found, layer, call, grad_output, count)
        return found

    def _check(self, calls: dict[str, list[Call]], count: int) -> None:
        """Raise Rerouted unless every layer ran as planned."""
        odd = {layer for layer in self.plan.watched if calls[layer]}
        for layer, route in self.plan.routes.items():
            if not all(fits(route.layout, c, count, route.each) for c in calls[layer]):
                odd.add(layer)
        for layer, rows in self.plan.by_layer.items():
            if not all(
                fits("rows", c, count) and holds_rows(c, rows.batched, count) for c in calls[layer]
            ):
                odd.add(layer)
        odd |= {layer for layer in (*self.plan.routes, *self.plan.by_layer) if not calls[layer]}
        if odd:
            raise Rerouted(f"the rows of layers {sorted(odd)} are not those of the plan")

    def _add(
        self, found: dict[str, list[Piece]], layer: str, call: Call, grads: Tensor, count: int
    ) -> None:
        """Add one call's pieces to those of its parameters."""
        if route := self.plan.routes.get(layer):
            wanted = {
                own: name
                for name, uses in self.plan.by_rule.items()
                for of, own in uses
                if of == layer
            }
            pieces = read_call(self.modules[layer], call, grads, route, set(wanted), count)
            for own, piece in pieces.items():
                found.setdefault(wanted[own], []).append(piece)
        if rows := self.plan.by_layer.get(layer):
            weights = own_weights(self.modules[layer], rows.names, self.params)
            made = rows_of_layer(self.modules[layer], call, grads, weights, rows.batched)
            for name, g in zip(rows.names, made.values(), strict=True):
                found.setdefault(name, []).append(Dense(g))

    def one_by_one(self, batch: Batch) -> Iterator[tuple[int, dict[str, Tensor]]]:
        """Walk the examples where no layer answers for them: one backward pass each."""
        for i in range(num_examples(batch) if self.plan.one_by_one else 0):
            example = slice_batch(batch, i, i + 1)
            if weight := self.weigh(example):
                yield i, gradient_of(self.model, self.loss, example, weight)

    def norms(self, batch: Batch, sums: dict[str, Tensor]) -> tuple[Tensor, dict[str, list[Piece]]]:
        """Return |g_n|^2, float64, and the pieces; add each parameter's gradient to `sums`."""
        first = next(iter(self.params.values()))
        sq_norms = torch.zeros(num_examples(batch), dtype=torch.float64, device=first.device)
        pieces = self.pieces(batch)
        with torch.no_grad():
            for name, of_name in pieces.items():
                if of_name:
                    squares, total = combine(of_name)
                    sq_norms += squares
                    sums[name] += total
        if self.plan.one_by_one:
            alone = AddedUp()
            for i, grads in self.one_by_one(batch):
                sq_norms[i] = alone.add(grads)
            alone.refuse_coupling(self.model, self.loss, batch, self.weigh, self.plan.eps)
            for name, g in alone.total.items():
                sums[name] += g
        return sq_norms, pieces

    def dots(self, batch: Batch, direction: dict[str, Tensor]) -> Tensor:
        """Return g_n . v for each example, float64."""
        dots = self.dots_of(self.pieces(batch), direction, num_examples(batch))
        for i, grads in self.one_by_one(batch):
            for name, g in grads.items():
                dots[i] += (g * direction[name]).sum(dtype=torch.float64)
        return dots

    def dots_of(
        self, pieces: dict[str, list[Piece]], direction: dict[str, Tensor], count: int
    ) -> Tensor:
        """Return the part of g_n . v that some pieces give, float64."""
        first = next(iter(self.params.values()))
        dots = torch.zeros(count, dtype=torch.float64, device=first.device)
        with torch.no_grad():
            for name, of_name in pieces.items():
                for piece in of_name:
                    dots += along(piece, direction[name])
        return dots


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
        return rows(functional_call(module, weights, call.args, call.kwargs))

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
        return (functional_call(module, weights, args, kwargs)[0] * b).sum()

    gradients_of = vmap(grad(output_along), in_dims=(None, dims, 0))
    with sdpa_kernel(SDPBackend.MATH):  # the fused attention kernels cannot be batched
        return gradients_of(weights, tensors, grad_output)


def own_weights(
    module: nn.Module, names: list[str], params: dict[str, nn.Parameter]
) -> dict[str, Tensor]:
    """Return parameters of a model under their names inside one of its layers."""
    inside = {id(p): own for own, p in module.named_parameters()}
    return {inside[id(params[name])]: params[name].detach() for name in names}


def _copies(param: nn.Parameter, count: int) -> Tensor:
    return spread_over(param.detach(), count, bare=False).clone().requires_grad_()


class _LossModule(nn.Module):
    """The loss of a batch as a module, so that torch.func can swap parameters."""

    def __init__(self, model: nn.Module, loss: BatchLoss) -> None:
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, batch: Batch) -> Tensor:
        return self.loss(self.model, batch)


def _loss_with(
    model: nn.Module, loss: BatchLoss, batch: Batch, swapped: dict[str, Tensor]
) -> Tensor:
    if not swapped:
        return loss(model, batch)
    weights = {f"model.{name}": t for name, t in swapped.items()}
    return functional_call(_LossModule(model, loss), weights, (batch,))
