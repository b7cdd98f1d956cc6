"""The rows of padding tokens: an embedding looks them up, and gives them no gradient."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


@contextmanager
def padding_rows_held(params: Sequence[nn.Parameter]) -> Iterator[None]:
    """Look padding tokens up as they are now, wherever the weights move meanwhile.

    To autograd such a row is a constant where it is looked up, and a weight as any other where it
    is used besides (tied embeddings). So differences have to count it, or they are those of no
    symmetric matrix.
    """
    with _HeldRows({id(p): p.detach().clone() for p in params}):
        yield


class _HeldRows(TorchFunctionMode):
    """Answers F.embedding with padding tokens by what their rows were."""

    def __init__(self, rows: dict[int, Tensor]) -> None:
        super().__init__()
        self.rows = rows  # by the weight's id

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is not F.embedding:
            return func(*args, **kwargs)
        found = F.embedding(*args, **kwargs)
        given = dict(zip(("input", "weight", "padding_idx"), args, strict=False)) | kwargs
        kept, row = self.rows.get(id(given["weight"])), given.get("padding_idx")
        if kept is None or row is None:
            return found
        padding = (given["input"] == row % len(kept)).unsqueeze(-1)
        return torch.where(padding, kept[row], found)
