"""Choose and check, on a few examples, how each parameter's per-example gradients are found.

A layer's calls are read in some layout because of their shapes with one example and with several;
the choice then has to give, parameter by parameter, the gradient of the first example as it is
alone and that of all of them as it is in the batch. Where no choice does, every example gets a
backward pass of its own, which is right wherever the loss is a mean over independent examples.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from coursekit.gradients._alone import Weigh, check_independence, tolerance
from coursekit.gradients._layer_pass import (
    Call,
    LayerPass,
    Plan,
    Rerouted,
    Route,
    Rows,
    fits,
    own_weights,
    recording,
    rows_of_layer,
    seen_by_rule,
)
from coursekit.gradients._layer_rules import recognised_rule, rule_for
from coursekit.gradients._pieces import combine
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    batch_tensors,
    model_device,
    num_examples,
    slice_batch,
    trainable_params,
)

MAX_PLANNED = 3  # examples that a plan is made and checked on


@dataclass(frozen=True)
class _Trace:
    """One ordinary pass over a few examples."""

    calls: dict[str, list[Call]]
    grads: dict[str, Tensor]  # gradient of the summed loss
    count: int
    eps: float


def make_plan(
    model: nn.Module,
    loss: BatchLoss,
    batch: Batch,
    weigh: Weigh = num_examples,
    *,
    one_by_one: bool = False,
) -> Plan:
    """Choose a route for each parameter and check it on the first examples of a batch.

    With `one_by_one` no layer is asked, and only the examples' independence is checked.

    Raises:
        ValueError: If the loss is not one finite number, or the examples are not independent.
    """
    total = num_examples(batch)
    start = next((i for i in range(total) if weigh(slice_batch(batch, i, i + 1))), 0)
    stop = min(start + MAX_PLANNED, total)
    with full_precision(model):
        one = _trace(model, loss, slice_batch(batch, start, start + 1), weigh)
        sq_norm = sum(g.double().square().sum().item() for g in one.grads.values())
        alone = Plan(one_by_one=True, sq_norm=sq_norm, first=start, eps=one.eps)
        if stop - start == 1:
            return alone
        some = slice_batch(batch, start, stop)
        few = _trace(model, loss, some, weigh)
        size = sum(_bytes(c.output) for of in few.calls.values() for c in of) // few.count
        alone = replace(alone, eps=max(one.eps, few.eps), bytes_per_example=size)
        for plan in () if one_by_one else _drafts(model, alone, one, few):
            if _holds(LayerPass(model, loss, plan, weigh), some, one, few):
                return plan
        check_independence(model, loss, some, weigh, alone.eps)
    return alone


@contextmanager
def full_precision(model: nn.Module) -> Iterator[None]:
    """Compute in float32 proper on a GPU: TF32 rounds too much to judge a route by it."""
    if model_device(model).type != "cuda":
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    cudnn = torch.backends.cudnn
    flags = cudnn.flags(cudnn.enabled, cudnn.benchmark, cudnn.benchmark_limit, cudnn.deterministic)
    try:
        with flags:
            cudnn.allow_tf32 = False
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def _trace(model: nn.Module, loss: BatchLoss, batch: Batch, weigh: Weigh) -> _Trace:
    """Run a few examples, recording every layer, and take the gradient of every parameter."""
    params = trainable_params(model)
    with torch.enable_grad(), recording(dict(model.named_modules()), {}) as calls:
        value = loss(model, batch)
    if value.numel() != 1:
        raise ValueError(
            f"the loss must be one number, the mean over the batch, got shape {tuple(value.shape)}"
        )
    if not torch.isfinite(value).all():
        raise ValueError(f"the loss of the first example is {value.item()}: nothing to measure")
    grads = torch.autograd.grad(
        value,
        list(params.values()),
        torch.full_like(value, weigh(batch)),
        allow_unused=True,
        materialize_grads=True,
    )
    outputs = [c.output for of in calls.values() for c in of if c.output is not None]
    types = {t.dtype for t in (*outputs, *params.values()) if t.is_floating_point()}
    eps = max(torch.finfo(dtype).eps for dtype in types)
    return _Trace(calls, dict(zip(params, grads, strict=True)), num_examples(batch), eps)


def _drafts(model: nn.Module, alone: Plan, one: _Trace, few: _Trace) -> Iterator[Plan]:
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
    one: _Trace,
    few: _Trace,
) -> Plan | None:
    """Return a plan in which layers answer for every parameter, or None."""
    modules, params = dict(model.named_modules()), trainable_params(model)
    silent = {layer for layer in modules if not one.calls[layer] and not few.calls[layer]}
    by_rule: dict[str, list[tuple[str, str]]] = {}
    by_layer: dict[str, Rows] = {}
    by_copy: list[str] = []
    for name, of in uses.items():
        ran = [(layer, own) for layer, own in of if layer not in silent]
        unused = not ran and not few.grads[name].any()
        if unused or (ran and all(layer in routes for layer, _ in ran)):
            by_rule[name] = ran
        elif len(of) > 1:
            return None
        elif params[name].dim() > 1 and len(params[name]) == 1:
            by_copy.append(name)
        elif found := _enclosing(of[0][0], one, few):
            layer, batched = found
            by_layer.setdefault(layer, Rows([], batched)).names.append(name)
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
    size = sum(_bytes(t) for c in recorded for t in (c.inputs, c.output)) // few.count
    return replace(plan, bytes_per_example=size + sum(_bytes(params[n]) for n in plan.made))


def _bytes(t: Tensor | None) -> int:
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


def _enclosing(layer: str, one: _Trace, few: _Trace) -> tuple[str, tuple[bool, ...]] | None:
    """Return the smallest module around a layer whose calls hold one row per example."""
    while True:
        calls = few.calls[layer]
        if calls and len(one.calls[layer]) == len(calls):
            pairs = zip(one.calls[layer], calls, strict=True)
            found = {_batched(alone, call, few.count) for alone, call in pairs}
            if len(found) == 1 and (batched := found.pop()) is not None:
                return layer, batched
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
        rows_of_layer(module, call, torch.zeros_like(call.output), weights, rows.batched)
    except (RuntimeError, NotImplementedError):
        return False
    return True


def _holds(ghost: LayerPass, some: Batch, one: _Trace, few: _Trace) -> bool:
    """Tell whether a plan gives the first example's gradient and the sum, for each parameter."""
    try:
        pieces = ghost.pieces(some)
        with torch.no_grad():
            found = {name: combine(of) for name, of in pieces.items() if of}
    except (RuntimeError, IndexError, TypeError, Rerouted):
        return False  # a shared row can't be spread here, or shapes fit no rule
    eps, within = ghost.plan.eps, tolerance(ghost.plan.eps)
    whole = sum(squares.double().sum().item() for squares, _ in found.values())
    for name, total in few.grads.items():
        alone = one.grads[name].double().square().sum().item()
        if name not in found:
            if total.any() or alone:
                return False
            continue
        squares, summed = found[name]
        error = (summed - total).double().square().sum().item()
        if abs(squares[0].item() - alone) > within * alone + eps * whole:
            return False
        if error > within**2 * squares.double().sum().item() + 1e3 * eps**2 * whole:
            return False
    return True
