"""What an autograd graph is made of."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor


def graph_nodes(value: Tensor) -> Iterator[Any]:
    """Walk the nodes of the graph from which a tensor was computed, each once."""
    waiting, seen = [value.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        waiting.extend(inner for inner, _ in node.next_functions)


def refuse_reentrant_checkpoint(loss: Tensor) -> None:
    """Raise ValueError for a checkpoint that hides the weights inside it.

    Its graph leads to its inputs alone: torch.autograd.grad refuses it, or, where no measured
    parameter lies before it, gives no gradient for those inside, without a word.
    """
    if any(node.name() == "CheckpointFunctionBackward" for node in graph_nodes(loss)):
        raise ValueError(
            "a checkpoint with use_reentrant=True hides the weights inside it from "
            "torch.autograd.grad; checkpoint with use_reentrant=False, or not while measuring"
        )
