"""What `measure` reads: a person's own script, run with its arguments, and what it defines."""

import runpy
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coursekit.gradients.batches import (
    Batch,
    Data,
    is_one_batch,
    iter_batches,
    num_examples,
    slice_batch,
)
from coursekit.gradients.objective import Objective

WANTED = ("model", "loss_fn", "data")


@dataclass(frozen=True)
class Subject:
    """What a script defines, cut to the examples that are measured."""

    name: str
    objective: Objective
    num_examples: int


def read_script(path: Path, max_examples: int | None, its_args: Sequence[str] = ()) -> Subject:
    """Run a user's script and take what it defines.

    Raises:
        ValueError: If the file is missing, stops with an error, or lacks a name.
    """
    if not path.is_file():
        raise ValueError(
            f"no script at {path}\nName a Python file that defines model, loss_fn, data."
        )
    names = _names_of(path, its_args)
    objective = names.get("objective")
    if not isinstance(objective, Objective):
        lacking = [name for name in WANTED if name not in names]
        if lacking:
            raise ValueError(
                f"{path} does not define {', '.join(lacking)}\n"
                "Define model, loss_fn and data at its top level; docs/examples has two scripts."
            )
        objective = Objective(*(names[name] for name in WANTED))
    data, count = first_examples(objective.data, max_examples)
    if data is not objective.data:
        objective = replace(objective, data=data)
    return Subject(path.name, objective, count)


def _names_of(path: Path, its_args: Sequence[str]) -> dict[str, Any]:
    """Run a script as if it had been called with its own arguments; return its names."""
    argv = sys.argv
    sys.argv = [str(path), *its_args]
    sys.path.insert(0, str(path.resolve().parent))
    remedy = "It has to run by itself; training belongs under `if __name__ == '__main__':`."
    try:
        return runpy.run_path(str(path), run_name="coursekit.measure")
    except SystemExit as error:
        raise ValueError(
            f"{path} ended itself with sys.exit({error.code!r})\n"
            f"{remedy} Arguments of its own go after --."
        ) from error
    except Exception as error:
        raise ValueError(
            f"{path} stopped with {type(error).__name__}: {error}\n{remedy}"
        ) from error
    finally:
        sys.path.pop(0)
        sys.argv = argv


def first_examples(data: Data, limit: int | None) -> tuple[Data, int]:
    """Return the first ``limit`` examples of the data and how many there are; None: all."""
    if is_one_batch(data):
        count = num_examples(data)
        if limit is None or limit >= count:
            return data, count
        return slice_batch(data, 0, limit), limit
    kept: list[Batch] = []
    count = 0
    for batch in iter_batches(data):
        size = num_examples(batch)
        if limit is not None and count + size > limit:
            if limit > count:
                kept.append(slice_batch(batch, 0, limit - count))
            return kept, limit
        kept.append(batch)
        count += size
    return kept, count
