"""Choose by the shapes of calls, with one example and with several, how layers can be read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from coursekit.gradients._calls import (
    Call,
    Route,
    Rows,
    fits,
    own_weights,
    rows_of_layer,
    seen_by_rule,
    spread_over,
)
from coursekit.gradients._layer_pass import Plan
from coursekit.gradients._layer_rules import recognised_rule, rule_for
from coursekit.gradients._memory import is_out_of_memory
from coursekit.gradients.batches import batch_tensors, trainable_params


@dataclass(frozen=True)
class Trace:
    """One ordinary pass over a few examples."""

    calls: dict[str, list[Call]]
    grads: dict[str, Tensor]  # gradient of the summed loss
    count: int
    eps: float


def drafts(model: nn.Module, alone: Plan, one: Trace, few: Trace) -> Iterator[Plan]:
    """Choose routes by the shapes of calls: one plan for each reading of several rows a call."""
    modules = dict(model.named_modules())
    names = {id(p): name for name, p in trainable_params(model).items()}
    uses: dict[str, list[tuple[str, str]]] = {name: [] for name in names.values()}
    for layer, module in modules.items():
        for own, param in module._parameters.items():
            if param is not None and id(param) in names:
                uses[names[id(param)]].append((layer, own))
    owners = {layer for of in uses.values() for layer, _ in of}
    for flat in ("flat", "flat time first"):
        routes = {}
        for layer in owners:
            route = _route(modules[layer], one.calls[layer], few.calls[layer], few.count, flat)
            if route is not None:
                routes[layer] = route
        if plan := _draft(model, uses, routes, one, few):
            yield replace(plan, sq_norm=alone.sq_norm, first=alone.first, eps=alone.eps)
        if not any(route.layout == flat for route in routes.values()):
            return


def _draft(
    model: nn.Module,
    uses: dict[str, list[tuple[str, str]]],
    routes: dict[str, Route],
    one: Trace,
    few: Trace,
) -> Plan | None:
    """Return a plan in which layers answer for every parameter, or None."""
    modules, params = dict(model.named_modules()), trainable_params(model)
    silent = {layer for layer in modules if not one.calls[layer] and not few.calls[layer]}
    by_rule: dict[str, list[tuple[str, str]]] = {}
    by_layer: dict[str, Rows] = {}
    by_copy: list[str] = []
    for name, of in uses.items():
        # A module that owns a weight and contains another owner hands it on.
        ran = [
            (layer, own) for layer, own in of if layer not in silent and not _holds_one(layer, of)
        ]
        routed = [(layer, own) for layer, own in ran if layer in routes]
        layer = of[0][0]
        if routed:
            by_rule[name] = routed
        elif len(ran) > 1:
            return None
        elif found := _shared(layer, one, few) or _enclosing(layer, one, few):
            layer, rows = found
            if layer == "" and _can_copy(modules[of[0][0]], params[name]):
                by_copy.append(name)  # instead of running the whole model by vmap
            else:
                by_layer.setdefault(layer, rows).names.append(name)
        elif _can_copy(modules[of[0][0]], params[name]):
            by_copy.append(name)
        elif not few.grads[name].any() and not one.grads[name].any():
            by_rule[name] = []  # unused so far; a gradient later on is noticed
        else:
            return None
    for layer, rows in by_layer.items():
        weights = own_weights(modules[layer], rows.names, params)
        if not all(_can_vmap(modules[layer], c, weights, rows) for c in few.calls[layer]):
            return None
    used = {layer for of in by_rule.values() for layer, _ in of}
    recorded = [c for layer in {*used, *by_layer} for c in few.calls[layer]]
    plan = Plan(
        {layer: route for layer, route in routes.items() if layer in used},
        by_rule,
        by_layer,
        by_copy,
        watched=frozenset(layer for of in uses.values() for layer, _ in of if layer in silent),
    )
    size = sum(bytes_held(t) for c in recorded for t in (c.inputs, c.output)) // few.count
    return replace(plan, bytes_per_example=size + sum(bytes_held(params[n]) for n in plan.made))


def bytes_held(t: Tensor | None) -> int:
    return 0 if t is None else t.numel() * t.element_size()


def _route(
    module: nn.Module, alone: list[Call], calls: list[Call], count: int, flat: str
) -> Route | None:
    """Choose rule and layout of a layer from its calls with one example and with `count`."""
    if not calls or len(alone) != len(calls):
        return None
    layout, each = _layout(alone, calls, count, flat)
    if not layout:
        return None
    rule = rule_for(module)
    if rule is None:
        output = calls[0].output
        assert output is not None
        rule = recognised_rule(seen_by_rule(module, calls[0], output, layout, set(), count))
    return Route(rule, layout, each) if rule else None


def _layout(alone: list[Call], calls: list[Call], count: int, flat: str) -> tuple[str, int]:
    """Return how all calls of a layer hold the examples, "" if in no known way, and rows of each.

    A call counts with its shapes for one example and for `count`: both have to fit.
    """
    for layout in ("rows", "second", flat, "once", "once, bare"):
        each = 1
        if not layout:
            continue
        if layout == flat:
            first = alone[0].inputs
            each = len(first) if first is not None and first.dim() else 0
        if layout == "once, bare":
            pairs = zip(alone, calls, strict=True)
            same = all(
                a.output is not None and c.output is not None and a.output.shape == c.output.shape
                for a, c in pairs
            )
            if not same:
                return "", 0
        if all(fits(layout, c, 1, each) for c in alone) and all(
            fits(layout, c, count, each) for c in calls
        ):
            return layout, each
    return "", 0


def _can_copy(owner: nn.Module, param: Tensor) -> bool:
    """Tell whether a parameter has one row for all examples, which may become one for each.

    Not in a parametrization or under a hook before the forward: they compute another weight from
    it, and torch's weight norm does not look at its shape.
    """
    hooked = isinstance(owner, parametrize.ParametrizationList) or owner._forward_pre_hooks
    return param.dim() > 1 and len(param) == 1 and not hooked


def _holds_one(layer: str, uses: list[tuple[str, str]]) -> bool:
    """Tell whether a module contains another one of the uses."""
    inside = f"{layer}." if layer else ""
    return any(other != layer and other.startswith(inside) for other, _ in uses)


def _shared(layer: str, one: Trace, few: Trace) -> tuple[str, Rows] | None:
    """Return a layer whose calls the batch shares, to be spread over it."""
    alone, calls = one.calls[layer], few.calls[layer]
    layout = _layout(alone, calls, few.count, "") if calls and len(alone) == len(calls) else ""
    if not layout or not layout[0].startswith("once"):
        return None
    return layer, Rows(
        [], (False,) * len(batch_tensors((calls[0].args, calls[0].kwargs))), layout[0]
    )


def _enclosing(layer: str, one: Trace, few: Trace) -> tuple[str, Rows] | None:
    """Return the smallest module around a layer whose calls hold one row per example."""
    while True:
        calls = few.calls[layer]
        if calls and len(one.calls[layer]) == len(calls):
            pairs = zip(one.calls[layer], calls, strict=True)
            found = {_batched(alone, call, few.count) for alone, call in pairs}
            if len(found) == 1 and (batched := found.pop()) is not None:
                return layer, Rows([], batched)
        if layer == "":
            return None
        layer = layer.rpartition(".")[0]


def _batched(alone: Call, call: Call, count: int) -> tuple[bool, ...] | None:
    """Tell which tensors among a call's arguments hold one row per example; None: it can't be."""
    if call.edge is None or not fits("rows", alone, 1) or not fits("rows", call, count):
        return None
    try:
        few, several = (batch_tensors((c.args, c.kwargs)) for c in (alone, call))
    except (TypeError, AssertionError):  # a packed sequence can't be taken apart
        return None
    if len(few) != len(several):
        return None
    pairs = list(zip(few, several, strict=True))
    held = [b.dim() > 0 and len(b) == count and len(a) == 1 for a, b in pairs]
    if any(a.shape != b.shape for (a, b), h in zip(pairs, held, strict=True) if not h):
        return None
    return tuple(held)


def _can_vmap(module: nn.Module, call: Call, weights: dict[str, Tensor], rows: Rows) -> bool:
    """Tell whether torch.func can batch a layer over examples (it cannot batch an LSTM)."""
    assert call.output is not None
    try:
        grads = torch.zeros_like(call.output)
        if rows.layout.startswith("once"):
            grads = spread_over(grads, 2)
        rows_of_layer(module, call, grads, weights, rows.batched)
    except Exception as failure:  # whatever the user's code says to a batched tensor
        if is_out_of_memory(failure):
            raise
        return False
    return True
