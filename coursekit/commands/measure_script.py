"""What `measure` reads: a person's own script, run with its arguments, and what it defines."""

import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
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
    if path.suffix == ".ipynb":
        raise ValueError(
            f"{path} is a notebook\nMake a script of it: jupyter nbconvert --to script {path.name}"
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
    data, count = first_examples(objective.data, max_examples, objective.as_given())
    if data is not objective.data:
        objective = replace(objective, data=data)
    return Subject(path.name, objective, count)


def _names_of(path: Path, its_args: Sequence[str]) -> dict[str, Any]:
    """Run a script as if it had been called with its own arguments; return its names.

    It stays a module, and its folder on the search path: a loss may import a neighbour when it is
    called, and the workers of a DataLoader find the script's classes by their module's name.
    """
    before = sys.argv, sys.stdout, sys.stderr
    remedy = "It has to run by itself; training belongs under `if __name__ == '__main__':`."
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        module = _module_of(path)
        sys.argv = [str(path), *its_args]
        with _told_of_exits():
            exec(code, vars(module))
    except KeyboardInterrupt:
        raise
    except _EndedAtOnce as error:
        raise ValueError(
            f"{path} ended the process with os._exit({error.code})\n{remedy}"
        ) from error
    except SystemExit as error:
        raise ValueError(
            f"{path} ended itself with sys.exit({error.code!r})\n"
            f"{remedy} Arguments of its own go after --."
        ) from error
    except BaseException as error:  # a library's own kind of stop may be no Exception
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        where = f", line {lines[-1]}," if lines else ""
        raise ValueError(
            f"{path}{where} stopped with {type(error).__name__}: {error}\n{remedy}"
        ) from error
    finally:
        sys.argv, sys.stdout, sys.stderr = before
    for name, other, stream in (("stdout", "stderr", "output"), ("stderr", "stdout", "error")):
        if getattr(sys, name).closed:
            setattr(sys, name, getattr(sys, other))  # so that what is said last finds a place
            raise ValueError(
                f"{path} closed its standard {stream}, where `measure` writes too\n"
                f"Send its own lines elsewhere with contextlib.redirect_{name}."
            )
    return vars(module)


class _EndedAtOnce(BaseException):
    """A script called os._exit: nothing after it would be measured, and nobody told."""

    def __init__(self, code: int) -> None:
        self.code = code


@contextmanager
def _told_of_exits() -> Iterator[None]:
    """Let os._exit in this process raise; forked processes, which end by it, keep it."""
    real, here = os._exit, os.getpid()

    def end(code: int) -> None:
        if os.getpid() != here:
            real(code)
        raise _EndedAtOnce(code)

    os._exit = end  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = real


def _module_of(path: Path) -> ModuleType:
    """Return a new module for a script, under the name by which others can import it.

    In a package it has the package's name before its own, as after `python -m`, so that it may
    import its neighbours with a dot.
    """
    folder, names = path.resolve().parent, [path.stem]
    places = [str(folder)]
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    if len(names) > 1:
        places = [str(folder), *places]
    name = ".".join(names)
    taken = sys.modules.get(name)
    if name in sys.stdlib_module_names or (taken and taken.__dict__.get("__file__") != str(path)):
        name = f"measured_{path.stem}"  # it must not take the place of another module
    sys.path[:0] = [place for place in places if place not in sys.path]
    module = ModuleType(name)
    module.__file__, module.__package__ = str(path), name.rpartition(".")[0]
    sys.modules[name] = module
    return module


def first_examples(
    data: Data, limit: int | None, batches: Iterable[Batch] | None = None
) -> tuple[Data, int]:
    """Return the first ``limit`` examples of the data and how many there are; None: all.

    ``batches`` is a walk through the data that checks what it meets.
    """
    if is_one_batch(data):
        count = num_examples(data)
        if limit is None or limit >= count:
            return data, count
        return slice_batch(data, 0, limit), limit
    kept: list[Batch] = []
    count = 0
    for batch in iter_batches(data) if batches is None else batches:
        size = num_examples(batch)
        if limit is not None and count + size > limit:
            if limit > count:
                kept.append(slice_batch(batch, 0, limit - count))
            return kept, limit
        kept.append(batch)
        count += size
    return kept, count
