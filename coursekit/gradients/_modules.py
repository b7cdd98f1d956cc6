"""A model's modules, without their names: torch's own walk spells every name, at each look."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

SMALL = 4096  # numbers of a tensor that is copied together with others


def modules_of(model: nn.Module) -> list[nn.Module]:
    """Return a model and all modules inside it, each once, parents before their children."""
    found: dict[nn.Module, None] = {}
    waiting = [model]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found[module] = None
            waiting += [inner for inner in module._modules.values() if inner is not None]
    return list(found)


def name_of(model: nn.Module, module: nn.Module) -> str:
    """Return the name of a module inside a model."""
    return next(name for name, inner in model.named_modules() if inner is module)


def params_of(modules: list[nn.Module]) -> Iterator[nn.Parameter]:
    """Walk the parameters of modules, each once."""
    seen = set()
    for module in modules:
        for param in module._parameters.values():
            if param is not None and id(param) not in seen:
                seen.add(id(param))
                yield param


def copies_of(tensors: list[Tensor]) -> list[Tensor]:
    """Copy tensors; small ones of one type together, for on a GPU each copy is a launch."""
    copies: list[Tensor | None] = [None] * len(tensors)
    groups: dict[tuple[torch.dtype, torch.device], list[int]] = {}
    for i, t in enumerate(tensors):
        plain = type(t) is Tensor and t.layout is torch.strided and not t.is_quantized
        if plain and t.numel() <= SMALL and t.is_contiguous():
            groups.setdefault((t.dtype, t.device), []).append(i)
        else:
            copies[i] = t.clone()
    for places in groups.values():
        together = torch.cat([tensors[i].detach().view(-1) for i in places])
        pieces = together.split([tensors[i].numel() for i in places])
        for i, piece in zip(places, pieces, strict=True):
            copies[i] = piece.view(tensors[i].shape)
    return [copy for copy in copies if copy is not None]
