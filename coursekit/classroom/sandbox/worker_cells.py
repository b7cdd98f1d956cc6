"""Inside the sandbox: run the cells of a submission, then call its functions.

Nothing here defends itself against the student's code, which shares this process and can replace
every line of it. The judge believes only data, and compares it elsewhere.
"""

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import re
import socket
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

DRAWING = frozenset(("matplotlib", "seaborn", "plotly", "IPython", "ipywidgets"))
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)
MOST_DETAIL = 300


class StandIn:
    """Stands for something that is not in the sandbox: swallows every use, and does nothing.

    What gives an answer away raises when called; a submission that calls it has no answer.
    """

    def __init__(self, name: str, *, hidden: bool) -> None:
        self.__name__ = name
        self._hidden = hidden

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do nothing; raise if this would be an answer."""
        if self._hidden:
            raise RuntimeError(f"{self.__name__} is not there while marks are given")
        if self.__name__.endswith(".mine_or_library") and len(args) > 1:
            return args[1]
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self.__name__}.{name}", hidden=self._hidden)

    def __iter__(self) -> Iterator[Any]:
        return iter((self, self))  # fig, ax = plt.subplots()

    def __getitem__(self, key: Any) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        return None


class StandInModule(types.ModuleType):
    """A module of which every name is a stand-in."""

    _hidden = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self.__name__}.{name}", hidden=self._hidden)


class StandInFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds stand-ins for modules of coursekit that are not here, and for drawing libraries."""

    def __init__(self, hidden: Sequence[str]) -> None:
        self.hidden = tuple(hidden)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec for a stand-in, or None for a module that is not ours to replace."""
        top = name.split(".")[0]
        if top in DRAWING or (top == "coursekit" and not self._is_here(name, path)):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def _is_here(self, name: str, path: Any) -> bool:
        return importlib.machinery.PathFinder.find_spec(name, path) is not None

    def create_module(self, spec: Any) -> types.ModuleType:
        """Return the stand-in."""
        module = StandInModule(spec.name)
        near = (spec.name, spec.name.rpartition(".")[0])
        module._hidden = any(name in self.hidden for name in near)
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Leave it empty."""


def install_stand_ins(hidden: Sequence[str]) -> None:
    """Put stand-ins in the way of imports that would fail, or draw."""
    if not any(isinstance(finder, StandInFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, StandInFinder(hidden))


def run_cells(job: dict[str, Any], channel: socket.socket) -> dict[str, Any]:
    """Run the prelude, then the cells but those to skip; say after each one how it went.

    Args:
        job: "prelude", "cells" (texts) and "skip" (numbers of cells that ended a process before).
        channel: Gets a line before each cell, with its number, and one at the end.
    """
    module = types.ModuleType("__main__")
    namespace = module.__dict__
    sys.modules["__main__"] = module
    quiet = StandIn("display", hidden=False)
    namespace.update(display=quiet, get_ipython=StandIn("get_ipython", hidden=False))
    run_statements(job["prelude"], namespace)
    for number, text in enumerate(job["cells"]):
        if number in job["skip"]:
            continue
        channel.sendall(json.dumps({"cell": number}).encode() + b"\n")
        error = run_cell(text, f"cell {number}", namespace)
        if error is not None:
            channel.sendall(json.dumps({"cell": number, "error": error}).encode() + b"\n")
    channel.sendall(b'{"ready": true}\n')
    return namespace


def run_statements(text: str, namespace: dict[str, Any]) -> None:
    """Run the prelude statement by statement: one that can't run here costs no other one."""
    for statement in ast.parse(text).body:
        code = compile(ast.Module([statement], []), "prelude", "exec")
        try:
            exec(code, namespace)
        except Exception:
            for name in _names_bound_by(statement):
                namespace[name] = StandIn(name, hidden=True)


def _names_bound_by(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [(a.asname or a.name).split(".")[0] for a in statement.names]
    return []


def run_cell(text: str, name: str, namespace: dict[str, Any]) -> str | None:
    """Run one cell as a notebook would; return what stopped it, or None."""
    try:
        try:
            code = compile(text, name, "exec")
        except SyntaxError:
            code = compile(without_magics(text), name, "exec")
        exec(code, namespace)
    except BaseException as error:
        return describe(error)
    return None


def without_magics(text: str) -> str:
    """Replace lines that only a notebook understands, `%time` and `!ls`, by `pass`."""
    return "" if text.lstrip().startswith("%%") else MAGIC.sub(r"\1pass", text)


def describe(error: BaseException) -> str:
    """Return an error's type and first line."""
    try:
        said = str(error).strip().split("\n")[0]
    except Exception:
        said = ""
    return f"{type(error).__name__}: {said}"[:MOST_DETAIL]


def answer_requests(namespace: dict[str, Any], lines: Any, channel: socket.socket) -> None:
    """Answer one line for each request, until the judge hangs up."""
    from coursekit.classroom.sandbox.wire import MOST_BYTES, read_line, write_line

    for line in lines:
        request = read_line(line)
        try:
            reply = write_line({"id": request["id"], **answer(namespace, request)})
        except ValueError as error:  # a whole number of thousands of digits
            reply = write_line({"id": request["id"], **problem("not plain", describe(error))})
        if len(reply) > MOST_BYTES:
            said = f"a result of {len(reply)} bytes"
            reply = write_line({"id": request["id"], **problem("not plain", said)})
        channel.sendall(reply)
    os._exit(0)


def answer(namespace: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Call the function asked for and return its result, or what kept it from giving one."""
    from coursekit.classroom.sandbox.wire import pack, unpack
    from coursekit.exercises.engine.adapters import ADAPTERS
    from coursekit.exercises.engine.plain import NotPlain

    function = namespace.get(request["function"])
    if function is None or isinstance(function, StandIn):
        return problem("missing", f"there is no function {request['function']}")
    if not callable(function):
        return problem("missing", f"{request['function']} is a {type(function).__name__}")
    args = [unpack(value) for value in request["args"]]
    try:
        return {"value": pack(ADAPTERS[request["run"]](function, *args))}
    except NotPlain as error:
        return problem("not plain", str(error))
    except NotImplementedError as error:
        return problem("unfinished" if _is_stub(error) else "raised", describe(error))
    except MemoryError as error:
        return problem("memory", describe(error))
    except BaseException as error:
        text = describe(error)
        return problem("memory" if "can't allocate memory" in text else "raised", text)


def _is_stub(error: NotImplementedError) -> bool:
    """Tell a `raise NotImplementedError` of a cell from one that a library raised."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and last.tb_frame.f_code.co_filename.startswith("cell ")


def problem(kind: str, detail: str) -> dict[str, Any]:
    """Return an error as a reply carries it."""
    return {"error": {"kind": kind, "detail": detail[:MOST_DETAIL]}}
