"""Plain data: what travels between a judge and an answer, and how two results are compared."""

import inspect
import math
import types
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import torch

Compare = Callable[[Any, Any], bool]

MOST_NUMBERS = 10**7  # in one array; a larger one is no result of an exercise, but may fill memory

ADVICE: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (types.CoroutineType, "a coroutine: take the word `async` away"),
    (
        types.GeneratorType,
        "a generator: use `return`, not `yield`, or make a list of it",
    ),
    (types.AsyncGeneratorType, "a generator: take `async` away, and use `return`, not `yield`"),
    (
        (types.FunctionType, types.MethodType, types.BuiltinFunctionType),
        "a function: are the brackets of a call missing?",
    ),
)


class NotPlain(TypeError):
    """An answer returned something that is not numbers, text, lists, dicts or arrays."""


def plain(value: Any) -> Any:
    """Turn a result into plain data of exact base types: numbers, strings, lists, dicts, arrays.

    Tensors become arrays, also those that require grad or live on a GPU; arrays and tensors
    without axes, numpy scalars, fractions and decimals become Python numbers; tuples become
    lists. Arrays are copied. Subclasses lose what they add, so that no method of theirs (`__eq__`,
    `__float__`) has a say in a comparison.

    Raises:
        NotPlain: For anything else, naming it; also for complex numbers and for arrays of more
            than ten million numbers.
    """
    kind = type(value)  # not isinstance, which believes an object's __class__
    if value is None or kind is bool:
        return value
    if issubclass(kind, torch.Tensor):
        return plain_array(array_of_tensor(value))
    if issubclass(kind, np.ndarray):
        return plain_array(np.ndarray.view(value, np.ndarray))
    if issubclass(kind, np.generic):
        return plain_array(np.asarray(value))
    if issubclass(kind, dict):
        return {str(plain(k)): plain(v) for k, v in dict.items(value)}
    if issubclass(kind, list):
        return [plain(v) for v in list.__iter__(value)]
    if issubclass(kind, tuple):
        return [plain(v) for v in tuple.__iter__(value)]
    if issubclass(kind, float):
        return float.__float__(value)
    if issubclass(kind, int):
        return int.__int__(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if kind is Fraction or kind is Decimal:
        return float(value)
    if inspect.iscoroutine(value):
        value.close()  # otherwise Python warns later, outside the check, that nobody awaited it
    if issubclass(kind, BaseException):
        raise NotPlain(f"a {kind.__name__}: it is returned; to refuse, raise it")
    advice = next((text for types_, text in ADVICE if issubclass(kind, types_)), None)
    raise NotPlain(advice or f"a {kind.__name__}: return a number, a list or a tensor")


def array_of_tensor(value: torch.Tensor) -> np.ndarray:
    """Return a tensor's numbers as an array, whatever its device, layout or gradient."""
    exact = type(value) is torch.Tensor
    base = (value if exact else torch.Tensor.as_subclass(value, torch.Tensor)).detach()
    refuse_size(base.numel())
    if base.is_complex():
        raise NotPlain("a tensor of complex numbers: return real ones")
    if base.layout is not torch.strided:
        base = base.to_dense()
    if base.is_floating_point() and base.dtype not in (torch.float16, torch.float32, torch.float64):
        base = base.float()  # bfloat16 and the like are unknown to numpy
    return base.cpu().resolve_neg().numpy()


def plain_array(array: np.ndarray) -> Any:
    """Return an independent array of numbers, or a Python number if it has no axes."""
    refuse_size(array.size)
    kind = array.dtype.kind
    if kind in "OU":  # objects, or text; arrays of objects may hold numbers
        return plain(array.tolist())
    if kind not in "biuf":
        raise NotPlain(f"an array of {array.dtype}: return real numbers")
    if array.ndim == 0:
        return {"b": bool, "f": float}.get(kind, int)(array[()])
    return array.astype(np.float64) if kind == "f" and array.itemsize > 8 else array.copy()


def refuse_size(count: int) -> None:
    """Raise NotPlain for more numbers than any exercise asks for."""
    if count > MOST_NUMBERS:
        raise NotPlain(f"{count} numbers: far more than this exercise asks for")


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
            return math.inf if value > 0 else -math.inf
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

    The tolerance covers rounding in float32, no more. Where one number is wanted, it may come as
    a float, a tensor or a list of one; a block of numbers must have the shape wanted. NaN equals
    nothing, except where NaN is the right answer.
    """

    def compare(got: Any, want: Any) -> bool:
        if isinstance(want, int | float):
            return numbers_close(as_number(got), as_number(want))
        ours, theirs = as_array(want), as_array(got)
        if ours is None or theirs is None or ours.shape != theirs.shape:
            return False
        with np.errstate(all="ignore"):
            if np.isfinite(ours).all():  # as allclose would, in a third of its time
                return bool((abs(theirs - ours) <= atol + rtol * abs(ours)).all())
            return bool(np.allclose(theirs, ours, rtol=rtol, atol=atol, equal_nan=True))

    def numbers_close(got: float | None, want: float | None) -> bool:
        if got is None or want is None:
            return False
        if math.isfinite(want):
            return abs(got - want) <= atol + rtol * abs(want)
        return got == want or (math.isnan(got) and math.isnan(want))

    return compare
