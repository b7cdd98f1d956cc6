"""What one layer's call says about the gradients of its own parameters, example by example.

Each rule turns what went into a layer, and the gradient that came back to its output, into a
piece (`_pieces`) for every wanted parameter. Layers of torch are known by their forward; another
layer gets a rule only if its outputs show that it is a matrix product or a factor and a shift for
each number, whatever its class is called.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from coursekit.gradients._pieces import Dense, Outer, Patched, Picked, Piece
from coursekit.gradients._random_state import generator_on

HALF = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class Seen:
    """One call of a layer, with its rows (examples, or several of each) along dimension 0."""

    module: nn.Module
    inputs: Tensor
    grads: Tensor  # of the loss at the layer's output
    wanted: set[str]  # own parameters
    run: Callable[[dict[str, Tensor]], Tensor]  # the call again, with other weights


Rule = Callable[[Seen], dict[str, Piece]]


class CoupledLayer(ValueError):
    """A layer lets examples influence each other; the message says how."""


def _of_one_type(inputs: Tensor, grads: Tensor) -> tuple[Tensor, Tensor]:
    """Bring input and gradient to one type: autocast mixes them, and sums need more than half."""
    dtype = torch.promote_types(inputs.dtype, grads.dtype) if inputs.is_floating_point() else None
    dtype = grads.dtype if dtype is None else dtype
    dtype = torch.float32 if dtype in HALF else dtype
    return inputs.to(dtype) if inputs.is_floating_point() else inputs, grads.to(dtype)


def _with_positions(t: Tensor) -> Tensor:
    """Return (rows, positions, features)."""
    return t.unsqueeze(1) if t.dim() == 2 else t.flatten(1, -2)


def linear_rule(seen: Seen) -> dict[str, Piece]:
    """Linear layer; inputs (rows, ..., in_features)."""
    inputs, grads = _of_one_type(seen.inputs, seen.grads)
    inputs, grads = _with_positions(inputs), _with_positions(grads)
    found: dict[str, Piece] = {}
    for name, param in seen.module.named_parameters(recurse=False):
        if name in seen.wanted:
            is_matrix = param.dim() == 2
            found[name] = Outer(grads, inputs) if is_matrix else Dense(_summed(grads))
    return found


def transposed_rule(seen: Seen) -> dict[str, Piece]:
    """Return pieces of y = x W + b with W of shape (in, out), as in transformers' Conv1D."""
    found = linear_rule(seen)
    for name, piece in found.items():
        if isinstance(piece, Outer):
            found[name] = Outer(piece.right, piece.left)
    return found


def _summed(grads: Tensor) -> Tensor:
    return grads[:, 0] if grads.shape[1] == 1 else grads.sum(dim=1)


def conv_rule(seen: Seen) -> dict[str, Piece]:
    """Conv1d and Conv2d; inputs (rows, in_channels, ...)."""
    assert isinstance(seen.module, nn.Conv1d | nn.Conv2d)
    inputs, grads = _of_one_type(seen.inputs, seen.grads)
    found: dict[str, Piece] = {}
    if "bias" in seen.wanted:
        found["bias"] = Dense(grads.flatten(2).sum(dim=2))
    if "weight" in seen.wanted:
        found["weight"] = Patched(seen.module, inputs.unsqueeze(1), grads.unsqueeze(1))
    return found


def embedding_rule(seen: Seen) -> dict[str, Piece]:
    """Embedding; inputs are indices, (rows, ...)."""
    module = seen.module
    assert isinstance(module, nn.Embedding)
    _refuse_coupled_table(module)
    if "weight" not in seen.wanted:
        return {}
    _, grads = _of_one_type(seen.inputs, seen.grads)
    index = seen.inputs.reshape(len(seen.inputs), -1)
    grads = grads.reshape(*index.shape, -1)
    if module.padding_idx is not None:
        grads = grads * (index != module.padding_idx).unsqueeze(2)
    return {"weight": Picked(index, grads, module.num_embeddings)}


def bag_rule(seen: Seen) -> dict[str, Piece]:
    """EmbeddingBag that sums or averages bags of one size; inputs (rows, indices of a bag)."""
    module = seen.module
    assert isinstance(module, nn.EmbeddingBag)
    _refuse_coupled_table(module)
    if "weight" not in seen.wanted:
        return {}
    _, grads = _of_one_type(seen.inputs, seen.grads)
    kept = torch.ones_like(seen.inputs, dtype=grads.dtype)
    if module.padding_idx is not None:
        kept = (seen.inputs != module.padding_idx).to(grads.dtype)
    if module.mode == "mean":
        kept = kept / kept.sum(dim=1, keepdim=True).clamp(min=1)
    rows = grads.unsqueeze(1) * kept.unsqueeze(2)
    return {"weight": Picked(seen.inputs, rows, module.num_embeddings)}


def _refuse_coupled_table(module: nn.Embedding | nn.EmbeddingBag) -> None:
    if module.scale_grad_by_freq or module.max_norm is not None:
        raise CoupledLayer(
            f"{type(module).__name__} with scale_grad_by_freq or max_norm couples the examples; "
            f"leave these settings out"
        )


def norm_rule(seen: Seen) -> dict[str, Piece]:
    """LayerNorm, GroupNorm, and BatchNorm in eval mode: a factor and a shift per channel."""
    module, (inputs, grads) = seen.module, _of_one_type(seen.inputs, seen.grads)
    if isinstance(module, nn.LayerNorm):
        normal = F.layer_norm(inputs, module.normalized_shape, eps=module.eps)
        shape = (len(inputs), -1, *module.normalized_shape)
        axis = 1
    else:
        if isinstance(module, nn.GroupNorm):
            normal = F.group_norm(inputs, module.num_groups, eps=module.eps)
        else:
            assert isinstance(module, nn.modules.batchnorm._BatchNorm)
            mean, var = module.running_mean, module.running_var
            assert mean is not None
            assert var is not None
            normal = F.batch_norm(inputs, mean.to(inputs), var.to(inputs), eps=module.eps)
        shape = (*inputs.shape[:2], -1)
        axis = 2
    found: dict[str, Piece] = {}
    for name, product in (("weight", lambda: grads * normal), ("bias", lambda: grads)):
        if name in seen.wanted:
            found[name] = Dense(product().reshape(shape).sum(dim=axis))
    return found


def affine_rule(seen: Seen) -> dict[str, Piece]:
    """Return pieces of y = y_0 + sum over parameters of p * J_p(x), number by number.

    RMSNorm under any name, LayerScale, a bare bias or gain: J_p is what the layer gives with p = 1
    and all others 0, less y_0. The shape of p is that of the last dimensions.
    """
    return _affine_pieces(seen, channels=False)


def channel_rule(seen: Seen) -> dict[str, Piece]:
    """As affine_rule, for parameters of one number per channel: dimension 1."""
    return _affine_pieces(seen, channels=True)


def _affine_pieces(seen: Seen, *, channels: bool) -> dict[str, Piece]:
    _, factors = _affine_parts(seen, seen.wanted)
    found: dict[str, Piece] = {}
    for name, factor in factors.items():
        factor, grads = _of_one_type(factor, seen.grads)
        product = grads * factor
        shape = _own(seen.module)[name].shape
        aligned = _aligned(torch.empty(shape, device="cpu"), product, channels=channels).shape
        padded = (len(product), *[1] * (product.dim() - 1 - len(aligned)), *aligned)
        found[name] = Dense(product.sum_to_size(padded).reshape(len(product), *shape))
    return found


def _aligned(p: Tensor, output: Tensor, *, channels: bool) -> Tensor:
    """Give a parameter the dimensions that it has beside the output's."""
    return p.view(-1, *[1] * (output.dim() - 2)) if channels and p.dim() == 1 else p


def _affine_parts(seen: Seen, names: set[str]) -> tuple[Tensor, dict[str, Tensor]]:
    """Return y_0 and J_p for the given parameters of a layer."""
    zeros = {n: torch.zeros_like(p) for n, p in _own(seen.module).items()}
    with torch.no_grad():
        base = seen.run(zeros)
        ones = {n: seen.run({**zeros, n: torch.ones_like(zeros[n])}) for n in sorted(names)}
    return base, {n: y - base for n, y in ones.items()}


def table_rule(seen: Seen) -> dict[str, Piece]:
    """Return pieces of an embedding whose rows come out scaled by one number."""
    (name, table), *_ = _own(seen.module).items()
    _, grads = _of_one_type(seen.inputs, seen.grads)
    index = seen.inputs.reshape(len(seen.inputs), -1)
    with torch.no_grad():
        scale = seen.run({name: torch.ones_like(table)}).flatten()[0].to(grads.dtype)
    grads = scale * grads.reshape(*index.shape, -1)
    padding = getattr(seen.module, "padding_idx", None)
    if padding is not None:
        grads = grads * (index != padding).unsqueeze(2)
    return {name: Picked(index, grads, len(table))} if name in seen.wanted else {}


def _own(module: nn.Module) -> dict[str, Tensor]:
    return {n: p.detach() for n, p in module._parameters.items() if p is not None}


RULES: dict[Callable, Rule] = {
    nn.Linear.forward: linear_rule,
    nn.Conv1d.forward: conv_rule,
    nn.Conv2d.forward: conv_rule,
    nn.Embedding.forward: embedding_rule,
    nn.EmbeddingBag.forward: bag_rule,
    nn.LayerNorm.forward: norm_rule,
    nn.GroupNorm.forward: norm_rule,
    nn.modules.batchnorm._BatchNorm.forward: norm_rule,
}


def rule_for(module: nn.Module) -> Rule | None:
    """Return the rule of one of torch's own layers, or None.

    A subclass counts only if it kept the forward, and a layer only if it keeps its weight as a
    parameter of its own (a weight norm computes it from others).
    """
    own = module._parameters
    if "weight" not in own or not own.keys() <= {"weight", "bias"}:
        return None
    rule = RULES.get(type(module).forward)
    if rule is norm_rule and getattr(module, "running_mean", 0) is None:
        return None  # a BatchNorm or InstanceNorm without averages of its own
    return None if rule is bag_rule and module.mode == "max" else rule


def recognised_rule(seen: Seen) -> Rule | None:
    """Return a rule for a layer of unknown class if its outputs are those that the rule expects.

    The layer runs with other weights than its own: with ones and zeros many rules would agree.
    """
    weights = _own(seen.module)
    own = {}
    if weights:
        device = next(iter(weights.values())).device
        rng = generator_on(device)
        for name, p in weights.items():
            own[name] = torch.randn(p.shape, generator=rng, device=device).to(p)
    try:
        with torch.no_grad():
            return _recognised(seen, own) if own else None
    except Exception:  # the layer can't be run with these weights: it is of another kind
        return None


def _recognised(seen: Seen, own: dict[str, Tensor]) -> Rule | None:
    output, inputs = seen.run(own), seen.inputs
    matrices = [p for p in own.values() if p.dim() == 2]
    if not inputs.is_floating_point():
        (table,) = own.values()
        ones = seen.run({n: torch.ones_like(p) for n, p in own.items()})
        scaled = ones.flatten()[0] * F.embedding(inputs, table)
        return table_rule if _close(output, scaled) else None
    if len(matrices) == 1 and all(p.dim() in (1, 2) for p in own.values()):
        shift = sum((p for p in own.values() if p.dim() == 1), start=torch.zeros_like(output))
        kind = torch.promote_types(inputs.dtype, matrices[0].dtype)
        if _close(output, shift + inputs.to(kind) @ matrices[0].to(kind)):
            return transposed_rule
        if _close(output, shift + inputs.to(kind) @ matrices[0].T.to(kind)):
            return linear_rule
    base, factors = _affine_parts(seen, set(own))
    if not all(p.dim() < output.dim() for p in own.values()):
        return None
    for rule, channels in ((affine_rule, False), (channel_rule, True)):
        try:
            parts = [_aligned(own[n], output, channels=channels) * J for n, J in factors.items()]
        except RuntimeError:  # these shapes do not go together
            continue
        if _close(output, base + sum(parts)):
            return rule
    return None


def _close(found: Tensor, expected: Tensor) -> bool:
    if found.shape != expected.shape:
        return False
    error = 30 * torch.finfo(found.dtype).eps
    found, expected = found.float(), expected.float()
    return bool((found - expected).norm() <= error * (found.norm() + expected.norm()))
