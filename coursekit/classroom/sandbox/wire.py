"""Plain data as one line of JSON: what travels between the judge and a sandbox.

Arrays travel as dtype, shape and base64, dicts are marked as such, so that nothing is ambiguous and
nothing is executed: no pickle, no names of classes. What comes out of a sandbox is written by code
that may have been replaced by a student's, so `unpack` and `read_line` believe nothing.
"""

import base64
import json
import math
from typing import Any

import numpy as np

MOST_BYTES = 1 << 20  # of one line
MOST_DEPTH = 12  # lists in lists
KINDS = frozenset("biuf")
ITEM_SIZES = frozenset((1, 2, 4, 8))


class Unreadable(ValueError):
    """What came is not a line of plain data."""


def pack(value: Any) -> Any:
    """Turn plain data (numbers, text, lists, tuples, dicts, arrays) into what JSON can carry.

    Raises:
        TypeError: For anything else.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in KINDS or value.itemsize not in ITEM_SIZES:
            raise TypeError(f"an array of {value.dtype} is not plain data")
        order = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        data = base64.b64encode(order.tobytes()).decode("ascii")
        return {"array": [order.dtype.str, list(value.shape), data]}
    if isinstance(value, dict):
        return {"dict": [[str(key), pack(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise TypeError(f"a {type(value).__name__} is not plain data")


def unpack(value: Any, depth: int = 0) -> Any:
    """Turn what JSON carried back into plain data.

    Raises:
        Unreadable: For what `pack` never writes, and for lists nested too deeply.
    """
    if depth > MOST_DEPTH:
        raise Unreadable(f"lists nested more than {MOST_DEPTH} deep")
    if isinstance(value, list):
        return [unpack(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"dict"} and isinstance(value["dict"], list):
        return dict(_pair(item, depth) for item in value["dict"])
    if set(value) == {"array"}:
        return _array(value["array"])
    raise Unreadable("neither a number, a text, a list, a dict nor an array")


def _pair(item: Any, depth: int) -> tuple[str, Any]:
    if not (isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)):
        raise Unreadable("a dict whose items are no pairs of a text and a value")
    return item[0], unpack(item[1], depth + 1)


def _array(parts: Any) -> np.ndarray:
    if not (isinstance(parts, list) and len(parts) == 3):
        raise Unreadable("an array without its dtype, shape and data")
    name, shape, data = parts
    try:
        dtype = np.dtype(name) if isinstance(name, str) and len(name) <= 4 else None
        raw = base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except (TypeError, ValueError, SyntaxError) as error:
        raise Unreadable(f"an array that can't be read: {type(error).__name__}") from None
    plain_shape = isinstance(shape, list) and len(shape) <= MOST_DEPTH
    if not plain_shape or not all(type(n) is int and n >= 0 for n in shape):
        raise Unreadable("an array whose shape is no list of sizes")
    if dtype is None or dtype.kind not in KINDS or dtype.itemsize not in ITEM_SIZES:
        raise Unreadable("an array of something other than numbers")
    if raw is None or len(raw) != math.prod(shape) * dtype.itemsize:
        raise Unreadable("an array whose data does not fit its shape")
    try:  # numpy refuses (0, 2**70)
        return np.frombuffer(raw, dtype).reshape(shape).astype(dtype.newbyteorder("="))
    except (ValueError, OverflowError):
        raise Unreadable("an array whose shape no array can have") from None


def write_line(message: dict[str, Any]) -> bytes:
    """Return one message as a line of ASCII."""
    return json.dumps(message).encode("ascii") + b"\n"


def read_line(line: bytes) -> dict[str, Any]:
    """Return the message in a line.

    Raises:
        Unreadable: If it is no JSON object, or a number has thousands of digits.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not a line of JSON: {type(error).__name__}") from None
    if not isinstance(message, dict):
        raise Unreadable(f"a {type(message).__name__} in place of a JSON object")
    return message
