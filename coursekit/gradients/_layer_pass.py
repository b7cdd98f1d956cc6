"""One forward pass that records every layer, one backward pass that stops at their outputs.

A `LayerPass` turns a chunk of data into pieces (`_pieces`), from which each example's gradient
follows: its norm, its product with a vector. Which layer answers for which parameter, and in what
shape its calls hold the examples, is chosen and checked once by `_layer_plan`; every later chunk
is held against that plan, and `Rerouted` is raised where a call no longer fits it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from coursekit.gradients._alone import AddedUp, Weigh, gradient_of
from coursekit.gradients._calls import (
    Call,
    Route,
    Rows,
    fits,
    holds_rows,
    own_weights,
    read_call,
    recording,
    rows_of_layer,
    spread_over,
)
from coursekit.gradients._layer_rules import HALF
from coursekit.gradients._pieces import Dense, Piece, along, combine
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    num_examples,
    slice_batch,
    trainable_params,
)
from coursekit.gradients.minibatch import LossModule


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


class LayerPass:
    """One model and loss, ready to walk through chunks of data by a plan."""

    def __init__(
        self, model: nn.Module, loss: BatchLoss, plan: Plan, weigh: Weigh, *, eps: float = 0.0
    ) -> None:
        self.model, self.loss, self.plan, self.weigh = model, loss, plan, weigh
        self.eps = max(eps, plan.eps)
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
        layouts = {n: r.layout for n, r in plan.routes.items()}
        layouts |= {n: rows.layout for n, rows in plan.by_layer.items()}
        spread = {n: count for n, layout in layouts.items() if layout.startswith("once")}
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
                fits(rows.layout, c, count) and holds_rows(c, rows.batched, count)
                for c in calls[layer]
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

    def norms(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor], dict[str, list[Piece]]]:
        """Return |g_n|^2, float64, each parameter's summed gradient, and the pieces."""
        first = next(iter(self.params.values()))
        sq_norms = torch.zeros(num_examples(batch), dtype=torch.float64, device=first.device)
        sums: dict[str, Tensor] = {}
        pieces = self.pieces(batch)
        with torch.no_grad():
            for name, of_name in pieces.items():
                if of_name:
                    squares, sums[name] = combine(of_name)
                    sq_norms += squares
        if self.plan.one_by_one:
            alone = AddedUp()
            for i, grads in self.one_by_one(batch):
                sq_norms[i] = alone.add(grads)
            alone.refuse_coupling(self.model, self.loss, batch, self.weigh, self.eps)
            sums = {name: g.to(self._like(name)) for name, g in alone.total.items()}
        return sq_norms, sums, pieces

    def _like(self, name: str) -> torch.dtype:
        dtype = self.params[name].dtype
        return torch.float32 if dtype in HALF else dtype

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


def _copies(param: nn.Parameter, count: int) -> Tensor:
    return spread_over(param.detach(), count, bare=False).clone().requires_grad_()


def _loss_with(
    model: nn.Module, loss: BatchLoss, batch: Batch, swapped: dict[str, Tensor]
) -> Tensor:
    if not swapped:
        return loss(model, batch)
    weights = {f"model.{name}": t for name, t in swapped.items()}
    return functional_call(LossModule(model, loss), weights, (batch,))
