"""Norms of gradients as they lie: of one, or of many in one call for each dtype."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.linalg import vector_norm

from coursekit.noise._one_pass import Norm
from coursekit.noise._shards import values

HALF = (torch.float16, torch.bfloat16)  # their norms are taken in float32, or they would overflow


def norm_of(grad: Tensor, *, on_cpu: bool) -> Norm:
    """Return a gradient's norm: on a CPU a number.

    There a small tensor that outlives the backward pass among its large ones makes the
    allocator hand pages back and forth, at 5 % of a step.
    """
    if grad.layout != torch.strided or grad.dtype in HALF:
        wide = torch.float32 if grad.dtype in HALF else None
        norm = vector_norm(values(grad), dtype=wide)
    else:
        norm = vector_norm(grad)
    return norm.item() if on_cpu else norm.detach()  # create_graph=True would be kept alive by it


def places_by_dtype(dtypes: Iterable[torch.dtype]) -> dict[torch.dtype, list[int]]:
    """Return where each dtype is."""
    kinds: dict[torch.dtype, list[int]] = {}
    for i, dtype in enumerate(dtypes):
        kinds.setdefault(dtype, []).append(i)
    return kinds


def norms_of(
    grads: Sequence[Any],
    *,
    on_cpu: bool,
    places: dict[torch.dtype, list[int]] | None = None,
) -> list[Norm]:
    """Return the norms of many gradients, one fused call for each dtype.

    Args:
        grads: Dense or sparse ones.
        on_cpu: Whether numbers are wanted.
        places: `places_by_dtype` of them where they are known, and then all dense.
    """
    dense, places = places is not None, places or places_by_dtype(g.dtype for g in grads)
    found: list[Norm] = [0.0] * len(grads)
    for dtype, where in places.items():
        same = [grads[i] for i in where] if len(places) > 1 else list(grads)
        wide = (torch.float32,) if dtype in HALF else ()
        with torch.no_grad():
            norms: Sequence[Norm] = torch._foreach_norm(
                same if dense else [values(g) for g in same], 2, *wide
            )
        if on_cpu:
            norms = [float(norm) for norm in norms]
        if len(places) == 1:
            return list(norms)
        for i, norm in zip(where, norms, strict=True):
            found[i] = norm
    return found
