"""What the gradient norms of one optimizer step say about |G|^2 and tr(Sigma)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from coursekit.noise.scale import GradMoments

Norms = Sequence[Any]  # numbers on a CPU, scalars on the device elsewhere
Sums = list[float] | Tensor  # likewise


@dataclass(frozen=True)
class MicroNorms:
    """One micro-batch: norms of factor times its gradient, parameter by parameter.

    None where they were not read: such a micro-batch still counts in the accumulated gradient.
    """

    norms: Norms | None
    params: list[int]
    factor: float
    size: float
    first: Sums | None = None  # examples apart: sum_i |f_i g_i|^2/f_i over them, by group
    spread: float = math.nan  # and sum_i f_i/b_i


@dataclass(frozen=True)
class Layers:
    """Which group each parameter belongs to; moments are kept apart by group."""

    names: tuple[str, ...]
    of: tuple[int, ...]  # group of each parameter

    def sums(self, norms: Norms, params: Sequence[int], weights: Sequence[float] = ()) -> Sums:
        """Return the weighted sum of squares in each group."""
        if not isinstance(norms, Tensor) and not (norms and isinstance(norms[0], Tensor)):
            squares = [n * n for n in norms]
            if weights:
                squares = [w * n for w, n in zip(weights, squares, strict=True)]
            if len(self.names) == 1:
                return [math.fsum(squares)]
            totals = [0.0] * len(self.names)
            for i, square in zip(params, squares, strict=True):
                totals[self.of[i]] += square
            return totals
        lengths = (norms if isinstance(norms, Tensor) else torch.stack(list(norms))).double()
        same = len(set(weights)) <= 1
        if same and len(self.names) == 1:  # few calls: this is on a training step's way
            whole = torch.dot(lengths, lengths).reshape(1)
            return whole if not weights or weights[0] == 1 else whole * weights[0]
        found = lengths.square()
        if weights:
            found = found * (weights[0] if same else _on(found, tuple(weights)))
        if len(self.names) == 1:
            return found.sum().reshape(1)
        index = _on(found, tuple(self.of[i] for i in params))
        return found.new_zeros(len(self.names)).index_add_(0, index, found)


def _on(like: Tensor, numbers: tuple) -> Tensor:
    """Return numbers on a tensor's device."""
    return _on_device(numbers, like.device)


@lru_cache(maxsize=64)
def _on_device(numbers: tuple, device: torch.device) -> Tensor:
    """Return numbers as a tensor, copied to a device once: a copy makes a GPU wait."""
    return torch.tensor(numbers, device=device)


def layers_of(names: Sequence[str], layers: bool | Callable[[str], str]) -> Layers:
    """Group parameters by a function of their names, by module (True), or all together."""
    if callable(layers):
        groups = [layers(name) for name in names]
    else:
        groups = (
            [name.rpartition(".")[0] or name for name in names] if layers else [""] * len(names)
        )
    order = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    return Layers(tuple(order), tuple(order[group] for group in groups))


def examples_apart(
    squares: Tensor, counts: Tensor | None, factor: float, size: float, layers: Layers
) -> MicroNorms:
    """Return a micro-batch whose examples are seen apart.

        mean loss = sum_i (n_i/n) l_i:   f_i = factor n_i/n,  b_i = n_i;  plain examples: n_i = 1

    Args:
        squares: |f_i g_i|^2, shape (num_params, num_examples).
        counts: n_i, tokens of each example that the loss is a mean over; None: 1 each.
        factor: On the loss of the micro-batch.
        size: n.
        layers: The groups.
    """
    own = torch.ones_like(squares[0]) if counts is None else counts.to(squares)
    weights = torch.where(own > 0, size / (factor * own.clamp(min=1)), 0.0)
    each = squares @ weights
    found = each.new_zeros(len(layers.names)).index_add_(0, _on(each, layers.of), each)
    first: Sums = found if found.is_cuda else found.tolist()
    present = len(own) if counts is None else int((counts > 0).sum())
    return MicroNorms(None, [], factor, size, first, factor * present / size)


def step_sums(
    micro: Sequence[MicroNorms], accumulated: Sums, layers: Layers
) -> tuple[Sums, list[float]]:
    """Return all that one worker knows of a step, as sums: workers simply add theirs.

        sum |f_k g_k|^2/f_k and |A|^2, by group
        and, known without the device: sum f_k, sum f_k/b_k over micro-batches whose norms were
        read;  sum f_k, sum f_k^2/b_k, sum b_k over all

    Args:
        micro: The micro-batches k, with f_k the factor on their loss and b_k their size.
        accumulated: This worker's share of |A|^2 by group, A being what the optimizer sees.
        layers: The groups.
    """
    read, numbers = read_of(micro), numbers_of(micro)
    parts: list[Any] = [
        m.first if m.norms is None else layers.sums(m.norms, m.params) for m in read
    ]
    scales = [1 / m.factor if m.first is None else 1.0 for m in read]
    if not read:  # the one that would have been was left out
        parts, scales = [[0.0] * len(layers.names)], [1.0]
    if not isinstance(accumulated, Tensor):
        first = [
            math.fsum(c * x for c, x in zip(scales, row, strict=True))
            for row in zip(*parts, strict=True)
        ]
        return [*first, *accumulated], numbers
    total, *more = (
        c * torch.as_tensor(x, device=accumulated.device, dtype=accumulated.dtype)
        for c, x in zip(scales, parts, strict=True)
    )
    return torch.cat([sum(more, total), accumulated]), numbers


def read_of(micro: Sequence[MicroNorms]) -> list[MicroNorms]:
    """Return the micro-batches whose gradients were read."""
    return [m for m in micro if m.norms is not None or m.first is not None]


def numbers_of(micro: Sequence[MicroNorms]) -> list[float]:
    """Return what of a step's sums is known without the device."""
    read = read_of(micro)
    return [
        math.fsum(m.factor for m in read),
        math.fsum(m.factor / m.size if m.first is None else m.spread for m in read),
        math.fsum(m.factor for m in micro),
        math.fsum(m.factor**2 / m.size for m in micro),
        math.fsum(m.size for m in micro),
    ]


@dataclass(frozen=True)
class Unread:
    """The norms of one step as they lie on the device, and what sums they make once fetched."""

    norms: list[Tensor]
    count: int  # of them, also once they were taken out
    sums_of: Callable[[Tensor], list[float]]


def unread(
    micro: Sequence[MicroNorms],
    accumulated: Norms,
    params: Sequence[int],
    weights: Sequence[float],
    layers: Layers,
) -> Unread | None:
    """Return step_sums for later: no call on a training step's way. None where that is no gain."""
    read = read_of(micro)
    if any(m.norms is None for m in read) or not isinstance(accumulated[0], Tensor):
        return None
    every = [*(m.norms or [] for m in read), accumulated]
    sizes = [len(norms) for norms in every]
    bare = [replace(m, norms=None) for m in read]  # without their tensors

    def sums_of(values: Tensor) -> list[float]:
        *found, whole = values.double().split(sizes)
        known = [replace(m, norms=norms) for m, norms in zip(bare, found, strict=True)]
        sums = step_sums(known, layers.sums(whole, params, weights), layers)[0]
        return sums.tolist() if isinstance(sums, Tensor) else sums

    return Unread([norm for norms in every for norm in norms], sum(sizes), sums_of)


def sums_of_step(
    micro: Sequence[MicroNorms],
    norms: Norms | None,
    params: Sequence[int],
    weights: Sequence[float],
    layers: Layers,
    group: Any,
) -> tuple[Sums | Unread | None, list[float]]:
    """Return a step's sums over all workers, now or to be fetched, and the numbers after them.

    Args:
        micro: The micro-batches.
        norms: Of what was accumulated, parameter by parameter; None: they can't be known.
        params: Which parameters those are.
        weights: This worker's share of each.
        layers: The groups.
        group: Process group of the workers; None: one alone, whose norms can wait.
    """
    if norms is None:
        return None, []
    later = unread(micro, norms, params, weights, layers) if group is None else None
    if later is not None:
        return later, numbers_of(micro)
    sums, numbers = step_sums(micro, layers.sums(norms, params, weights), layers)
    return (sums, numbers) if group is None else (add_over_workers(sums, numbers, group), [])


def moments_of_sums(sums: Sequence[float], workers: int) -> list[GradMoments]:
    """Solve for |G|^2 and tr(Sigma): of all parameters first, then of each group.

    w = f/sum f over all R workers,  A = (1/R) sum f g,  mean over the read ones of |g|^2:
    E mean |g|^2          = |G|^2 + tr(Sigma) sum_read (f/b) / sum_read f
    E |R A / sum f|^2     = |G|^2 + tr(Sigma) sum f^2/b / (sum f)^2
    """
    *squares, read_factors, read_spread, factors, spread, size = sums
    count = len(squares) // 2
    first, accumulated = squares[:count], squares[count:]
    if not read_factors:  # nobody read a micro-batch
        return [GradMoments(math.nan, math.nan)] * (1 + count)
    small, big = read_spread / read_factors, spread / factors**2

    def solve(micro_sq: float, whole_sq: float) -> GradMoments:
        mean_sq, mean_grad_sq = micro_sq / read_factors, whole_sq * (workers / factors) ** 2
        tr_cov = (mean_sq - mean_grad_sq) / (small - big)
        return GradMoments(mean_grad_sq - big * tr_cov, tr_cov, cost=float(size))

    groups = [solve(x, y) for x, y in zip(first, accumulated, strict=True)]
    return [solve(math.fsum(first), math.fsum(accumulated)), *groups]


def world_size(group: Any) -> int:
    """Return the number of workers in a process group; 1 where there is none."""
    import torch.distributed as dist

    return 1 if group is None else dist.get_world_size(group)


def add_over_workers(sums: Sums, numbers: list[float], group: Any) -> Sums:
    """Return the sums over all workers, in one all_reduce, and the numbers' after them."""
    import torch.distributed as dist

    if isinstance(sums, Tensor):
        # full_like writes a number by a kernel; copying it to a GPU would wait for the GPU
        rest = torch.stack([torch.full_like(sums[0], number) for number in numbers])
        total = torch.cat([sums, rest])
    else:
        total = torch.tensor([*sums, *numbers], dtype=torch.float64, device="cpu")
    dist.all_reduce(total, group=group)
    return total if isinstance(sums, Tensor) else total.tolist()


def checked_micro_batch(size: float, factor: float) -> tuple[float, float]:
    """Return size and loss factor of a micro-batch, refused where they can't be."""
    plain = type(size) in (int, float) and type(factor) in (int, float)
    if plain and 1 <= size < math.inf and 0 < factor < math.inf:
        return size, factor
    for name, value in (("micro_batch_size", size), ("loss_factor", factor)):
        if not isinstance(value, Real | Tensor):
            raise ValueError(f"{name} must be a number, got {value!r}")
    if not (math.isfinite(size) and size >= 1):
        raise ValueError(f"micro_batch_size must be >= 1, got {size}")
    if not (math.isfinite(factor) and factor > 0):
        raise ValueError(f"loss_factor must be positive and finite, got {factor}")
    return size, factor


def size_of_examples(squares: Tensor, counts: Tensor | None, unit: str) -> float:
    """Return the size of a micro-batch whose examples were seen apart, in its unit.

    Raises:
        ValueError: If counts and unit do not belong together.
    """
    if (counts is None) != (unit == "examples") or (
        counts is not None and counts.shape != squares[0].shape
    ):
        raise ValueError(
            f"{squares.shape[1]} examples were seen apart in units of {unit}: counts must "
            f"be None for examples, else one number each, got "
            f"{None if counts is None else tuple(counts.shape)}"
        )
    return squares.shape[1] if counts is None else float(counts.sum())
