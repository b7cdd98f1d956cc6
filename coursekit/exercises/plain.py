"""Plain data: what travels between a judge and an answer, and how two results are compared."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Compare = Callable[[Any, Any], bool]


class NotPlain(TypeError):
    """An answer returned something that is not numbers, text, lists, dicts or arrays."""


def plain(value: Any) -> Any:
    """Turn a result into plain data: numbers, strings, lists, dicts, numpy arrays.

    Tensors become arrays, also those that require grad or live on a GPU; numpy scalars become
    Python numbers; tuples become lists.

    Raises:
        NotPlain: For anything else, naming its type.
    """
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf":
            raise NotPlain(f"an array of {value.dtype}")
        return value
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise NotPlain(type(value).__name__)


def as_number(value: Any) -> float | None:
    """Return plain data as a float where a person would read one number, else None.

    One number is an int, a float, or an array or list that holds exactly one. True and False
    are not numbers here: nobody means 1.0 by them.
    """
    if isinstance(value, list) and len(value) == 1:
        return as_number(value[0])
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "iuf":
        return float(value.reshape(()))
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.copysign(math.inf, value)
    return None


def as_array(value: Any) -> np.ndarray | None:
    """Return plain data as a float64 array where it is a regular block of numbers, else None."""
    if isinstance(value, bool | str | dict) or value is None:
        return None
    try:
        array = np.asarray(value)
        return array.astype(np.float64) if array.dtype.kind in "iuf" else None
    except (ValueError, TypeError, OverflowError):
        return None


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Return the shape of plain data read as numbers; () for one number, None for no numbers."""
    if as_number(value) is not None and not isinstance(value, np.ndarray | list):
        return ()
    array = as_array(value)
    return None if array is None else array.shape


def close(*, rtol: float, atol: float = 1e-12) -> Compare:
    """Return a comparison of numbers or arrays: |got - want| <= atol + rtol |want|, elementwise.

    The tolerance covers rounding in float32, no more. A single number may come as a float, a
    tensor or a list of one; a block of numbers must have the shape wanted. NaN equals nothing,
    except where NaN is the right answer.
    """

    def compare(got: Any, want: Any) -> bool:
        want_number = as_number(want)
        if want_number is not None and not isinstance(want, np.ndarray | list):
            number = as_number(got)
            return number is not None and bool(
                np.isclose(number, want_number, rtol=rtol, atol=atol, equal_nan=True)
            )
        got_array, want_array = as_array(got), as_array(want)
        if got_array is None or want_array is None or got_array.shape != want_array.shape:
            return False
        return bool(np.allclose(got_array, want_array, rtol=rtol, atol=atol, equal_nan=True))

    return compare


def describe(value: Any, limit: int = 120) -> str:
    """Write plain data the way a learner would type it, at most ``limit`` characters long."""
    number = as_number(value)
    if number is not None and not isinstance(value, np.ndarray | list):
        text = f"{value}" if isinstance(value, int) else f"{number:.6g}"
    elif isinstance(value, np.ndarray):
        text = np.array2string(
            value, precision=5, separator=", ", threshold=30, max_line_width=10**6
        ).replace("\n", "")
    else:
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 4] + " ..."
