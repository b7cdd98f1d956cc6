"""Adapters carry plain arguments to an answer and bring plain data back.

An adapter is named in the declaration, so that the same name works beside the learner and inside
the grader's sandbox. It holds no answers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from coursekit.exercises.plain import plain


def to_torch(value: Any) -> Any:
    """Turn arrays into fresh tensors (float32, int64 or bool), also inside lists and dicts."""
    if isinstance(value, np.ndarray):
        dtype = {"f": torch.float32, "b": torch.bool}.get(value.dtype.kind, torch.int64)
        return torch.tensor(value, dtype=dtype)
    if isinstance(value, list | tuple):
        return [to_torch(v) for v in value]
    if isinstance(value, dict):
        return {k: to_torch(v) for k, v in value.items()}
    return value


def call(answer: Callable[..., Any], *args: Any) -> Any:
    """Call the answer with tensors in place of arrays; return what it returns as plain data."""
    return plain(answer(*[to_torch(a) for a in args]))


ADAPTERS: dict[str, Callable[..., Any]] = {"call": call}
