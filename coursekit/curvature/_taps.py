"""Shifts added to layers' outputs, through which weights can be perturbed example by example.

A layer that is linear in its weights turns a change V of its weights into the change V a of its
output. So whatever the loss does to second order in the weights, it can be asked at the layers'
outputs, where every example may have a change of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from coursekit.curvature.trace import draw_signs
from coursekit.gradients._alone import tolerance
from coursekit.gradients._layer_rules import Seen, bag_rule, rule_for
from coursekit.gradients._pieces import norms_and_sum, patches_of, squared_rows
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    map_tensors,
    num_examples,
    slice_batch,
    tied_params,
    trainable_params,
)
from coursekit.gradients.precision import TF32_EPS, tf32_in_use

BLOCK_BYTES = {"cpu": 2**24, "cuda": 2**30}  # weights drawn at once, one set per example
MAX_PLANNED = 3  # examples on which a model is checked


@dataclass
class Tap:
    """One layer's call: what went in, and a zero that was added to what came out."""

    module: nn.Module
    wanted: set[str]  # its trainable parameters
    inputs: Tensor  # (num_examples, ...)
    shift: Tensor  # zeros of the output's shape; a leaf of the graph


class NoLayerRoute(ValueError):
    """The trainable weights can't all be perturbed at layers' outputs; the message says why."""


def check_tappable(model: nn.Module, loss: BatchLoss, batch: Batch) -> int:
    """Check that the trainable weights can be perturbed at layers' outputs.

    Every one must belong to a layer of `gradients._layer_rules` that runs once per pass on one row
    per example, with one example and with several, and must be used nowhere else.

    Returns:
        Bytes of these layers' inputs and outputs, per example.

    Raises:
        NoLayerRoute: If one does not.
    """
    if tied := tied_params(model):
        raise NoLayerRoute(f"weights are shared: {' = '.join(tied[0])}")
    for name, module in model.named_modules():
        own = own_trainable(module)
        if own and rule_for(module) in (None, bag_rule):
            raise NoLayerRoute(
                f"{type(module).__name__} {name!r} is not known to be linear in {own[0]!r}"
            )
    if num_examples(batch) == 1:  # one row alone does not tell whether rows are examples
        batch = map_tensors(lambda t: torch.cat([t, t]) if t.dim() else t, batch)
    params = trainable_params(model)
    alone, _, _ = _squares_and_sums(model, loss, slice_batch(batch, 0, 1))
    few = slice_batch(batch, 0, MAX_PLANNED)
    found, whole, taps = _squares_and_sums(model, loss, few)
    with torch.no_grad():
        value = loss(model, few)
    eps = max(torch.finfo(t.dtype).eps for t in (value, *whole.values(), *(x.shift for x in taps)))
    if value.dtype == torch.float32 and tf32_in_use(model):
        eps = max(eps, TF32_EPS)
    within, scale = tolerance(eps), sum(g.double().square().sum().item() for g in whole.values())
    for name, param in params.items():
        squares, total = found.get(name, (param.new_zeros(1), torch.zeros_like(param)))
        if (whole[name] - total).norm() > within * whole[name].norm() + 30 * eps * scale**0.5:
            raise NoLayerRoute(f"{name!r} is used outside its layer too")
        first = alone[name][0][0].item() if name in alone else 0.0
        if abs(squares[0].item() - first) > within * first + 10 * eps * scale:
            raise NoLayerRoute(f"the layer of {name!r} does not see one row per example")
    sizes = [t.numel() * t.element_size() for tap in taps for t in (tap.inputs, tap.shift)]
    return sum(sizes) // num_examples(few)


def _squares_and_sums(
    model: nn.Module, loss: BatchLoss, batch: Batch
) -> tuple[dict[str, tuple[Tensor, Tensor]], dict[str, Tensor], list[Tap]]:
    """Return what layers say of each parameter's gradients, their true sum, and the taps."""
    params = trainable_params(model)
    with torch.enable_grad(), tapped(model) as taps:
        value = loss(model, batch)
    check_rows(taps, num_examples(batch))
    shifts = [tap.shift for tap in taps.values()]
    leaves, scale = [*shifts, *params.values()], torch.full_like(value, num_examples(batch))
    grads = torch.autograd.grad(value, leaves, scale, materialize_grads=True)
    found = {}
    with torch.no_grad():
        for (layer, tap), slope in zip(taps.items(), grads, strict=False):
            for own, each in squares_and_sums(tap, slope).items():
                found[f"{layer}.{own}" if layer else own] = each
    return found, dict(zip(params, grads[len(shifts) :], strict=True)), list(taps.values())


def squares_and_sums(tap: Tap, slope: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Return |g_n|^2 and sum_n g_n of a layer's parameters; `slope` is the output's gradient."""
    rule = rule_for(tap.module)
    assert rule is not None

    def run(weights: dict[str, Tensor]) -> Tensor:
        return functional_call(tap.module, weights, (tap.inputs,))

    pieces = rule(Seen(tap.module, tap.inputs, slope, tap.wanted, run))
    return {own: norms_and_sum(piece) for own, piece in pieces.items()}


def check_rows(taps: dict[str, Tap], count: int) -> None:
    """Raise NoLayerRoute unless every layer sees one row for each of `count` examples.

    A row that the batch shares would be perturbed for all examples at once, and a mixture of
    experts gives a layer the rows of some of them.
    """
    for layer, tap in taps.items():
        rows = [t.shape[0] if t.dim() else 0 for t in (tap.inputs, tap.shift)]
        if rows != [count, count]:
            raise NoLayerRoute(
                f"layer {layer!r} does not see one row per example: {rows[0]} rows for {count}"
            )


def own_trainable(module: nn.Module) -> list[str]:
    """Return the names of a module's own trainable parameters, without those of its children."""
    return [n for n, p in module._parameters.items() if p is not None and p.requires_grad]


@contextmanager
def tapped(model: nn.Module) -> Iterator[dict[str, Tap]]:
    """Add a zero shift to the output of every layer with trainable weights, and record it.

    Yields:
        Taps by layer name, filled by the next forward pass.

    Raises:
        NoLayerRoute: From the forward pass, if such a layer runs twice or not on tensors.
    """
    taps: dict[str, Tap] = {}

    def hook_of(name: str, wanted: set[str]) -> Any:
        def hook(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> Tensor:
            inputs = next(iter((*args, *kwargs.values())), None)
            if name in taps:
                raise NoLayerRoute(f"layer {name!r} runs twice, so its uses share weights")
            if not (isinstance(inputs, Tensor) and isinstance(output, Tensor)):
                raise NoLayerRoute(f"layer {name!r} does not map a tensor to a tensor")
            shift = torch.zeros_like(output, requires_grad=True)
            taps[name] = Tap(module, wanted, inputs.detach(), shift)
            return output + shift

        return hook

    handles = []
    for name, module in model.named_modules():
        if wanted := own_trainable(module):
            hook = hook_of(name, set(wanted))
            handles.append(module.register_forward_hook(hook, with_kwargs=True))
    try:
        yield taps
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """Let no parameter require a gradient meanwhile.

    Where shifts alone are differentiated, an autograd.Function would make weights' slopes too.
    """
    params = [p for p in model.parameters() if p.requires_grad]
    for param in params:
        param.requires_grad_(False)
    try:
        yield
    finally:
        for param in params:
            param.requires_grad_(True)


def draw_output_change(tap: Tap, rng: torch.Generator) -> Tensor:
    """Draw u_n = V_n a_n with random signs V_n, independent for every example n.

    For a Linear layer with one position per example only the covariance of u_n is kept,
    (|a_n|^2 [+ 1 with a bias]) times the identity, with signs instead of a sum of signs: that
    costs less and varies less.

    Returns:
        Shape of the layer's output; its covariance over V_n is that of a change of the weights
        with unit covariance.
    """
    module, inputs = tap.module, tap.inputs
    if isinstance(module, nn.Linear) and inputs.dim() == 2:
        square = torch.zeros(len(inputs), 1, dtype=tap.shift.dtype, device=tap.shift.device)
        if "weight" in tap.wanted:
            square += squared_rows(inputs).unsqueeze(1)
        if "bias" in tap.wanted:
            square += 1
        return square.sqrt() * draw_signs(tap.shift, tuple(tap.shift.shape), rng)
    params = dict(module.named_parameters(recurse=False))
    size = sum(p.numel() for p in params.values()) * tap.shift.element_size()
    block = max(1, BLOCK_BYTES.get(inputs.device.type, BLOCK_BYTES["cpu"]) // size)

    def output_of(weights: dict[str, Tensor], example: Tensor) -> Tensor:
        return functional_call(module, weights, (example.unsqueeze(0),)).squeeze(0)

    kind = next(iter(params.values())).dtype
    inputs = inputs.to(kind) if inputs.is_floating_point() else inputs  # autocast mixes types

    changes = []
    for rows in inputs.split(block):
        weights = {}
        for name, p in params.items():
            if name in tap.wanted:
                weights[name] = draw_signs(p, (len(rows), *p.shape), rng)
            else:
                weights[name] = torch.zeros(len(rows), *p.shape, dtype=p.dtype, device=p.device)
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            weights["weight"][:, module.padding_idx] = 0  # this row has no gradient
        if isinstance(module, nn.Conv1d | nn.Conv2d) and module.groups == 1:
            changed = _convolved(module, weights, rows)
            changes.append(changed.unflatten(2, tap.shift.shape[2:]))
        else:
            changes.append(vmap(output_of)(weights, rows))
    return torch.cat(changes).to(tap.shift.dtype)


def _convolved(module: nn.Conv1d | nn.Conv2d, weights: dict[str, Tensor], inputs: Tensor) -> Tensor:
    """Convolve each example with a kernel of its own, shape (examples, channels, positions).

    As a grouped convolution it takes longer.
    """
    output = weights["weight"].flatten(2) @ patches_of(module, inputs)
    if "bias" in weights:
        output += weights["bias"].unsqueeze(2)
    return output
