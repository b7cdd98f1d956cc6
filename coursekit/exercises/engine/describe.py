"""Plain data as a learner would type it, short enough to read."""

from typing import Any

import numpy as np

from coursekit.exercises.engine.plain import as_array

MOST_SHOWN = 48  # numbers of one array
MOST_ITEMS = 16  # of one list or dict
WIDTH = 82  # characters of a line, so that an indented one fits a notebook's output

PRINT_OPTIONS: dict[str, Any] = {
    "precision": 5,
    "threshold": MOST_SHOWN,
    "edgeitems": 2,
    "linewidth": WIDTH,
    "suppress": False,
    "sign": "-",
    "floatmode": "maxprec",
    "formatter": None,
    "legacy": False,
}


def describe(value: Any) -> str:
    """Write plain data on one line, with six digits; long arrays and lists are cut with "..."."""
    if isinstance(value, bool | str) or value is None:
        text = repr(value)
    elif isinstance(value, int):
        text = str(value) if abs(value) < 10**15 else f"about 2**{value.bit_length() - 1}"
    elif isinstance(value, float):
        text = f"{value:.6g}"
    elif isinstance(value, np.ndarray):
        text = " ".join(line.strip() for line in array_lines(value))
    elif isinstance(value, dict):
        items = [f"{k!r}: {describe(v)}" for k, v in list(value.items())[:MOST_ITEMS]]
        text = "{" + ", ".join(items + ["..."] * (len(value) > MOST_ITEMS)) + "}"
    elif (array := as_array(value)) is not None and array.ndim > 1:
        text = describe(np.asarray(value))
    else:
        items = [describe(v) for v in value[:MOST_ITEMS]]
        text = "[" + ", ".join(items + ["..."] * (len(value) > MOST_ITEMS)) + "]"
    return text if len(text) <= 300 else text[:296] + " ..."


def array_lines(array: np.ndarray, prefix: str = "") -> list[str]:
    """Write an array in numpy's way, a row a line, whatever print options the notebook has set."""
    with np.printoptions(**PRINT_OPTIONS):
        text = np.array2string(array, separator=", ", prefix=prefix)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def assignment(name: str, value: Any) -> list[str]:
    """Write "name = value" so that it can be pasted into a cell; arrays become tensors.

    An array stands on one line if it fits, otherwise each of its rows has a line.
    """
    if not isinstance(value, np.ndarray):
        return [f"{name} = {describe(value)}"]
    opening = f"{name} = torch.tensor("
    one_line = opening + " ".join(line.strip() for line in array_lines(value)) + ")"
    if len(one_line) <= WIDTH:
        return [one_line]
    lines = array_lines(value, prefix=opening)
    lines[0], lines[-1] = opening + lines[0], lines[-1] + ")"
    if value.size > MOST_SHOWN:
        lines.append(f"{' ' * len(opening)}(shape {value.shape}, cut here)")
    return lines


def readable(text: str, limit: int) -> str:
    """Keep what a terminal and a notebook can show, at most ``limit`` characters."""
    shown = "".join(c if c.isprintable() or c == "\n" else "?" for c in text[:limit])
    return shown.rstrip() + (" ..." if len(text) > limit else "")
