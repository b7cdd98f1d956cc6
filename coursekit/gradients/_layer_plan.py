"""Choose and check, on a few examples, how each parameter's per-example gradients are found.

A layer's calls are read in some layout because of their shapes with one example and with several;
the choice then has to give, parameter by parameter, the gradient of the first example as it is
alone and that of all of them as it is in the batch. Where no choice does, every example gets a
backward pass of its own, which is right wherever the loss is a mean over independent examples.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn

from coursekit.gradients._alone import Weigh, check_independence, squared_norm, tolerance
from coursekit.gradients._calls import recording
from coursekit.gradients._layer_draft import Trace, bytes_held, drafts
from coursekit.gradients._layer_pass import LayerPass, Plan
from coursekit.gradients._layer_rules import CoupledLayer
from coursekit.gradients._memory import is_out_of_memory
from coursekit.gradients._pieces import combine
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    model_device,
    num_examples,
    slice_batch,
    trainable_params,
)
from coursekit.gradients.precision import float32_products

MAX_PLANNED = 3  # examples that a plan is made and checked on


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
        ValueError: If the examples are not independent.
    """
    total = num_examples(batch)
    start = next((i for i in range(total) if weigh(slice_batch(batch, i, i + 1))), 0)
    stop = min(start + MAX_PLANNED, total)
    with full_precision(model):
        one = _trace(model, loss, slice_batch(batch, start, start + 1), weigh)
        sq_norm = squared_norm(one.grads)
        alone = Plan(one_by_one=True, sq_norm=sq_norm, first=start, eps=one.eps)
        if stop - start == 1:
            return alone
        some = slice_batch(batch, start, stop)
        few = _trace(model, loss, some, weigh)
        size = sum(bytes_held(c.output) for of in few.calls.values() for c in of) // few.count
        alone = replace(alone, eps=max(one.eps, few.eps), bytes_per_example=size)
        for plan in () if one_by_one else drafts(model, alone, one, few):
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
    cudnn = torch.backends.cudnn
    flags = cudnn.flags(cudnn.enabled, cudnn.benchmark, cudnn.benchmark_limit, cudnn.deterministic)
    with float32_products("highest"), flags:
        cudnn.allow_tf32 = False
        yield


def _trace(model: nn.Module, loss: BatchLoss, batch: Batch, weigh: Weigh) -> Trace:
    """Run a few examples, recording every layer, and take the gradient of every parameter."""
    params = trainable_params(model)
    with torch.enable_grad(), recording(dict(model.named_modules()), {}) as calls:
        value = loss(model, batch)
    grads = torch.autograd.grad(
        value,
        list(params.values()),
        torch.full_like(value, weigh(batch)),
        allow_unused=True,
        materialize_grads=True,
    )
    outputs = [c.output for of in calls.values() for c in of if c.output is not None]
    types = {t.dtype for t in (value, *outputs, *params.values()) if t.is_floating_point()}
    eps = max(torch.finfo(dtype).eps for dtype in types)
    return Trace(calls, dict(zip(params, grads, strict=True)), num_examples(batch), eps)


def _holds(ghost: LayerPass, some: Batch, one: Trace, few: Trace) -> bool:
    """Tell whether a plan gives the first example's gradient and the sum, for each parameter."""
    try:
        pieces = ghost.pieces(some)
        with torch.no_grad():
            found = {name: combine(of) for name, of in pieces.items() if of}
    except CoupledLayer:
        raise
    except Exception as failure:  # a row can't be spread: whatever the user's code says to it
        if is_out_of_memory(failure):
            raise
        return False
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
        rounding = 30 * eps * (alone * whole) ** 0.5 + (30 * eps) ** 2 * whole
        if abs(squares[0].item() - alone) > within * alone + rounding:
            return False
        if error > within**2 * squares.double().sum().item() + 1e3 * eps**2 * whole:
            return False
    return True
