"""How much a graph keeps: measured while it is built."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from coursekit.gradients._memory import is_out_of_memory

T = TypeVar("T")


def saved_bytes(work: Callable[[], T]) -> tuple[int, T]:
    """Do some work that builds a graph; return the bytes that the graph keeps, and what came out.

    Where what is saved may not be watched (torch.func.grad in the loss), all that is computed
    counts: more than is kept, never less.
    """
    seen: dict[int, int] = {}

    def note(t: Tensor) -> Tensor:
        seen[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
        return t.detach()  # an output itself would hold its own node, and so the graph

    try:
        with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
            found = work()
    except Exception as error:  # also what the work itself raises: it does so again
        if is_out_of_memory(error):
            raise
        with _Results() as results:
            found = work()
        return results.bytes, found
    return sum(seen.values()), found


class _Results(TorchDispatchMode):
    """Counts the bytes of what operations return, views apart."""

    bytes = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            for t in result if isinstance(result, tuple | list) else (result,):
                if isinstance(t, Tensor):
                    self.bytes += t.numel() * t.element_size()
        return result
