"""Bytes of a training step: what is there at any batch size, and what each example adds."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


def training_state_bytes(model: nn.Module, *, slots: int = 0) -> int:
    """Return the bytes of weights, their gradients and the optimizer's slots, whatever B is.

    Args:
        model: The weights that require a gradient count 2 + slots times, others once.
        slots: Numbers an optimizer keeps a weight: 0 for SGD, 1 with momentum, 2 for Adam.
    """
    return sum(
        p.numel() * p.element_size() * (2 + slots if p.requires_grad else 1)
        for p in model.parameters()
    )


def mlp_activation_bytes(
    widths: Sequence[int], batch_size: int, *, segment: int | None = None, bytes_per_number: int = 4
) -> int:
    """Return the most bytes of activations that a ReLU MLP holds at once for its backward pass.

    The backward pass of a layer needs the layer's input. Without checkpoints all inputs are kept:

        s B (w_0 + ... + w_{L-1})

    With a checkpoint at every ``segment``-th layer only the segments' inputs are. The backward
    pass goes through the segments from the last to the first; while it is at one, the inputs of
    that segment's layers are computed again and held, with its output (the ReLU at its end needs
    it; the network's own output has none), beside the inputs of the segments before it.

    Args:
        widths: w_0 (inputs) to w_L (outputs).
        batch_size: B.
        segment: Layers between checkpoints; None: no checkpoints.
        bytes_per_number: s.

    Returns:
        Bytes, of the layers' inputs alone: neither weights nor the loss's own tensors.

    Raises:
        ValueError: If there is no layer, or a segment has none.
    """
    num_layers = len(widths) - 1
    length = num_layers if segment is None else segment
    if num_layers < 1 or length < 1:
        raise ValueError(f"need a layer, and segments of at least one: got {widths}, {segment}")
    held, kept = [], 0
    for start in range(0, num_layers, length):
        last = min(start + length, num_layers - 1)  # the output's place, or the last layer's input
        held.append(kept + sum(widths[start : last + 1]))
        kept += widths[start]
    return bytes_per_number * batch_size * max(held)


class _Held:
    """One tensor that autograd keeps, counted while it lives."""

    def __init__(self, tensor: Tensor, ledger: "_Ledger") -> None:
        self.tensor, self.ledger = tensor, ledger
        ledger.add(tensor)

    def __del__(self) -> None:
        self.ledger.remove(self.tensor)


class _Ledger:
    """Storages that autograd keeps, each once however many tensors share it."""

    def __init__(self, apart: set[int]) -> None:
        self.apart, self.times, self.now, self.most = apart, dict[int, int](), 0, 0

    def add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage.data_ptr()
        if key in self.apart:
            return
        self.times[key] = self.times.get(key, 0) + 1
        if self.times[key] == 1:
            self.now += storage.nbytes()
            self.most = max(self.most, self.now)

    def remove(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage.data_ptr()
        if key in self.apart:
            return
        self.times[key] -= 1
        if self.times[key] == 0:
            del self.times[key]
            self.now -= storage.nbytes()


def peak_saved_bytes(model: nn.Module, step: Callable[[], Any]) -> int:
    """Return the most bytes that autograd held at once during a step, beside the weights.

    It counts what is saved for the backward pass, each storage once, on any device. A GPU's
    ``max_memory_allocated`` also counts temporary results, and the weights.

    Args:
        model: Its parameters are not counted.
        step: Does a forward and a backward pass.
    """
    ledger = _Ledger({p.untyped_storage().data_ptr() for p in model.parameters()})
    with torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: _Held(tensor, ledger), lambda held: held.tensor
    ):
        step()
    return ledger.most
