"""One forward pass that records every layer, one backward pass that stops at their outputs.

`make_plan` decides from a single example which layer answers for which parameter: by a rule of
`_layer_rules`, by small per-example gradients of that layer alone, or, where no layer sees one row
per example, by a backward pass per example for these parameters only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from coursekit.gradients._layer_rules import Rule, rule_for
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    batch_tensors,
    map_tensors,
    num_examples,
    slice_batch,
    trainable_params,
)


@dataclass
class _Call:
    """One call of a layer, as the forward hook saw it."""

    args: tuple
    kwargs: dict
    output: Any
    edge: GradientEdge | None


@dataclass(frozen=True)
class Plan:
    """Which layer answers for which trainable parameters."""

    by_rule: dict[str, tuple[Rule, set[str]]]  # layer -> its rule, its own parameters
    by_layer: dict[str, list[str]]  # layer -> parameters by vmap over this layer alone
    by_loss: list[str]  # parameters by one backward pass per example
    bytes_per_example: int


@contextmanager
def _recording(modules: dict[str, nn.Module]) -> Iterator[dict[str, list[_Call]]]:
    """Record every call of the given modules while the context lasts."""
    calls: dict[str, list[_Call]] = {name: [] for name in modules}

    def hook_of(name: str) -> Any:
        def hook(module: nn.Module, args: tuple, kwargs: dict, output: Any) -> None:
            # The edge, not the tensor: an in-place ReLU after the layer would move the tensor on.
            tracked = isinstance(output, Tensor) and output.requires_grad
            edge = get_gradient_edge(output) if tracked else None
            calls[name].append(_Call(args, kwargs, output, edge))

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


def _batched(call: _Call, count: int) -> bool:
    """Tell whether a call maps tensors with one row per example to one such tensor."""
    tensors = batch_tensors((call.args, call.kwargs))
    return (
        call.edge is not None
        and all(t.dim() > 0 and len(t) == count for t in (call.output, *tensors[:1]))
        and bool(tensors)
    )


def make_plan(model: nn.Module, loss: BatchLoss, example: Batch) -> tuple[Plan, float]:
    """Choose a route for each parameter from one example's pass; also return its |g|^2.

    Raises:
        ValueError: If the loss is not finite, or a layer with parameters runs more than once.
    """
    modules = dict(model.named_modules())
    params = trainable_params(model)
    with torch.enable_grad(), _recording(modules) as calls:
        value = loss(model, example)
    if not torch.isfinite(value).all():
        raise ValueError(f"the loss of the first example is {value.item()}: nothing to measure")
    if value.numel() != 1:
        raise ValueError(
            f"the loss must be one number, the mean over the batch, got shape {tuple(value.shape)}"
        )
    sq_norm = squared_gradient(value, params)

    by_rule: dict[str, tuple[Rule, set[str]]] = {}
    by_layer: dict[str, list[str]] = {}
    by_loss: list[str] = []
    for name in params:
        layer, _, own = name.rpartition(".")
        if len(calls[layer]) > 1:
            raise ValueError(
                f"layer {layer!r} runs {len(calls[layer])} times in one forward pass: its uses "
                f"share weights, so norms of layers do not add up; use per_example_gradients"
            )
        rule = rule_for(modules[layer])
        if rule and calls[layer] and _batched(calls[layer][0], 1):
            by_rule.setdefault(layer, (rule, set()))[1].add(own)
            continue
        while not (len(calls[layer]) == 1 and _batched(calls[layer][0], 1)):
            if layer == "":
                by_loss.append(name)
                break
            layer = layer.rpartition(".")[0]
        else:
            by_layer.setdefault(layer, []).append(name)
    for layer in list(by_layer):
        if not _can_vmap(modules[layer], calls[layer][0], params, by_layer[layer]):
            by_loss += by_layer.pop(layer)
    recorded = [c for layer in {*by_rule, *by_layer} for c in calls[layer]]
    tensors = [t for c in recorded for t in batch_tensors((c.args, c.kwargs, c.output))]
    size = sum(t.numel() * t.element_size() for t in tensors)
    rows = [params[name] for names in by_layer.values() for name in names]
    size += sum(p.numel() * p.element_size() for p in rows)
    return Plan(by_rule, by_layer, by_loss, size), sq_norm


def squared_gradient(loss: Tensor, params: dict[str, nn.Parameter]) -> float:
    """Return the squared norm of the gradient of a loss, by one ordinary backward pass."""
    grads = torch.autograd.grad(loss, list(params.values()), allow_unused=True)
    parts = [torch.linalg.vector_norm(g, dtype=torch.float64) for g in grads if g is not None]
    return torch.stack(parts).square().sum().item() if parts else 0.0


def _rows_of_layer(
    module: nn.Module, call: _Call, grad_output: Tensor, weights: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Return per-example gradients of some weights of one layer, by vmap over its own forward."""
    inputs = (call.args, call.kwargs)
    count = len(grad_output)
    tensors = [t.detach() for t in batch_tensors(inputs)]
    dims = [0 if t.dim() and len(t) == count else None for t in tensors]

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


def _can_vmap(
    module: nn.Module, call: _Call, params: dict[str, nn.Parameter], names: list[str]
) -> bool:
    """Tell whether torch.func can batch a layer over examples (it cannot batch an LSTM)."""
    weights = _own_weights(module, names, params)
    try:
        _rows_of_layer(module, call, torch.zeros_like(call.output), weights)
    except (RuntimeError, NotImplementedError):
        return False
    return True


def _own_weights(
    module: nn.Module, names: list[str], params: dict[str, nn.Parameter]
) -> dict[str, Tensor]:
    """Return parameters of a model under their names inside one of its layers."""
    inside = {id(p): own for own, p in module.named_parameters()}
    return {inside[id(params[name])]: params[name].detach() for name in names}


class GhostPass:
    """One model and loss, ready to walk through chunks of data."""

    def __init__(self, model: nn.Module, loss: BatchLoss, plan: Plan, first_sq_norm: float) -> None:
        self.model, self.loss, self.plan = model, loss, plan
        self.first_sq_norm = first_sq_norm  # |g|^2 of the first example, by an ordinary pass
        self.params = trainable_params(model)
        modules = dict(model.named_modules())
        self.modules = {name: modules[name] for name in (*plan.by_rule, *plan.by_layer)}

    def _backward(self, batch: Batch) -> dict[str, tuple[_Call, Tensor]]:
        """Return each recorded layer's call with the gradient of the summed loss at its output."""
        with _recording(self.modules) as calls:
            loss = self.loss(self.model, batch)
        edges = [edge for name in self.modules if (edge := calls[name][0].edge) is not None]
        if not edges:
            return {}
        scale = torch.full_like(loss, num_examples(batch))
        grads = torch.autograd.grad(loss, edges, scale, allow_unused=True)
        return {
            name: (calls[name][0], g)
            for name, g in zip(self.modules, grads, strict=True)
            if g is not None
        }

    def _loss_rows(self, batch: Batch) -> Iterator[tuple[int, list[Tensor]]]:
        """Walk the examples: one backward pass each, for parameters that no layer answers for."""
        params = [self.params[name] for name in self.plan.by_loss]
        for i in range(num_examples(batch) if params else 0):
            loss = self.loss(self.model, slice_batch(batch, i, i + 1))
            grads = torch.autograd.grad(loss, params, allow_unused=True, materialize_grads=True)
            yield i, list(grads)

    def norms(self, batch: Batch, sums: dict[str, Tensor]) -> Tensor:
        """Return |g_n|^2, float64, and add each parameter's summed gradient to `sums`."""
        first = next(iter(self.params.values()))
        sq_norms = torch.zeros(num_examples(batch), dtype=torch.float64, device=first.device)
        with torch.enable_grad():
            backward = self._backward(batch)
        for name, (call, grad_output) in backward.items():
            prefix = f"{name}." if name else ""
            module = self.modules[name]
            if name in self.plan.by_rule:
                rule, wanted = self.plan.by_rule[name]
                inputs = batch_tensors((call.args, call.kwargs))[0]
                with torch.no_grad():
                    found = rule(module, inputs, grad_output, wanted)
                for own, (squares, total) in found.items():
                    sq_norms += squares
                    sums[prefix + own] += total
            for full, rows in self._rows(name, call, grad_output).items():
                sq_norms += rows.flatten(1).double().square().sum(dim=1)
                sums[full] += rows.sum(dim=0)
        with torch.enable_grad():
            for i, grads in self._loss_rows(batch):
                for full, g in zip(self.plan.by_loss, grads, strict=True):
                    sq_norms[i] += g.double().square().sum()
                    sums[full] += g
        return sq_norms

    def _rows(self, name: str, call: _Call, grad_output: Tensor) -> dict[str, Tensor]:
        """Return per-example gradients of the parameters that fell back to this layer."""
        names = self.plan.by_layer.get(name, [])
        if not names:
            return {}
        weights = _own_weights(self.modules[name], names, self.params)
        rows = _rows_of_layer(self.modules[name], call, grad_output, weights)
        return dict(zip(names, rows.values(), strict=True))

    def dots(self, batch: Batch, direction: dict[str, Tensor]) -> Tensor:
        """Return g_n . v for each example, float64."""
        first = next(iter(self.params.values()))
        dots = torch.zeros(num_examples(batch), dtype=torch.float64, device=first.device)
        with torch.enable_grad():
            backward = self._backward(batch)
        for name, (call, grad_output) in backward.items():
            prefix = f"{name}." if name else ""
            module = self.modules[name]
            if name in self.plan.by_rule:
                # The output is linear in the weights: with v in their place it is J v, and the
                # gradient along v is b . J v.
                _, wanted = self.plan.by_rule[name]
                weights = {
                    own: direction[prefix + own] if own in wanted else torch.zeros_like(p)
                    for own, p in module.named_parameters(recurse=False)
                }
                if isinstance(module, nn.Embedding) and module.padding_idx is not None:
                    weights["weight"] = weights["weight"].clone()
                    weights["weight"][module.padding_idx] = 0  # this row has no gradient
                with torch.no_grad():
                    moved = functional_call(module, weights, call.args, call.kwargs)
                    dots += (moved * grad_output).flatten(1).sum(dim=1, dtype=torch.float64)
            for full, rows in self._rows(name, call, grad_output).items():
                dots += (rows * direction[full]).flatten(1).sum(dim=1, dtype=torch.float64)
        with torch.enable_grad():
            for i, grads in self._loss_rows(batch):
                for full, g in zip(self.plan.by_loss, grads, strict=True):
                    dots[i] += (g * direction[full]).sum(dtype=torch.float64)
        return dots
