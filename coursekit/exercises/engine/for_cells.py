"""Give a result the kind that the cells after an exercise expect, whatever it came as.

A check compares numbers: an array, a list of lists or a tensor of float64 is as right as the
tensor that the text speaks of. The next cell may index, join or multiply it, and there the kind
counts. So what a learner's function returns becomes what the library's would have been.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.adapters import ONCE
from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.guard import undisturbed
from coursekit.exercises.engine.plain import as_array, as_number, plain

READ_FROM_THE_MODEL = ("linear_grad", "linear_steps", "worker_steps")  # what is returned has no say


def for_cells(exercise: Exercise, answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return the answer, each result brought to the kind that the reference gives.

    A block of numbers becomes a tensor of the dtype and on the device of the arguments, a single
    number (also a list or an array of one) a Python number or a tensor without axes, a list stays
    or becomes a list. What fits neither is passed on untouched.
    """
    if exercise.run in READ_FROM_THE_MODEL:
        return answer
    like = reference_result(exercise)

    @functools.wraps(answer)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = answer(*args, **kwargs)
        given = first_float([*args, *kwargs.values()])
        try:
            return in_kind(result, like, given)
        except (TypeError, ValueError, OverflowError):
            return result

    return call


def reference_result(exercise: Exercise) -> Any:
    """Return what the reference gives for the first by-hand case that it does not refuse."""
    results: list[Any] = []

    def seen(*args: Any) -> Any:
        results.append(exercise.reference(*args))
        return results[-1]

    with undisturbed():
        for case in exercise.by_hand:
            ONCE[exercise.run](seen, *case.args)
            if results:
                break
    return results[-1]


def first_float(values: Any) -> Tensor | None:
    """Return the first tensor of real numbers among the arguments, in lists by their first item."""
    for value in values:
        if isinstance(value, list | tuple):
            value = first_float(value[:1])
        if isinstance(value, Tensor) and value.is_floating_point():
            return value
    return None


def in_kind(result: Any, like: Any, given: Tensor | None) -> Any:
    """Bring a result to the kind of another one; `given` says of which dtype and where.

    Raises:
        ValueError: If it is no such thing.
    """
    if isinstance(like, Tensor) and like.dim() > 0:
        return block(result, like, given)
    if isinstance(like, list | tuple):
        parts = plain(result) if not isinstance(result, list | tuple) else result
        if not isinstance(parts, list | tuple | np.ndarray) or not len(like):
            raise ValueError("no list")
        last = len(like) - 1
        return [in_kind(part, like[min(i, last)], given) for i, part in enumerate(parts)]
    if isinstance(like, bool) or not isinstance(like, int | float | Tensor):
        return result
    if isinstance(like, Tensor) and isinstance(result, Tensor) and result.dim() == 0:
        return result if like.requires_grad else result.detach()
    number = as_number(plain(result))
    if number is None:
        raise ValueError("no number")
    if isinstance(like, Tensor):
        return torch.tensor(number, dtype=torch.float64)
    return int(number) if isinstance(like, int) and number.is_integer() else number


def block(result: Any, like: Tensor, given: Tensor | None) -> Tensor:
    """Return a block of numbers as a tensor."""
    real = like.is_floating_point()
    dtype = (like if given is None else given).dtype if real else like.dtype
    if isinstance(result, Tensor):
        own = result if like.requires_grad else result.detach()
        return own.to(dtype) if real else own
    array = as_array(plain(result))
    if array is None:
        raise ValueError("no block of numbers")
    return torch.tensor(array, dtype=dtype, device=None if given is None else given.device)
