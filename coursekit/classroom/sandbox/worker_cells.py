"""Inside the sandbox: run the cells of a submission, as far as the judge says.

Nothing here defends itself against the student's code, which shares this process and can replace
every line of it. The judge believes only data, and compares it elsewhere.
"""

import __future__

import ast
import asyncio
import importlib
import inspect
import json
import linecache
import os
import socket
import sys
import types
from typing import Any

from coursekit.classroom.sandbox.worker_standins import Notebook, StandIn

FUTURE = __future__.annotations.compiler_flag  # set in one cell, it holds for those that follow
MOST_DETAIL = 300


class Cells:
    """The cells of a submission and the names that they make; run up to where a question stands."""

    def __init__(self, job: dict[str, Any], channel: socket.socket) -> None:
        """Run the prelude.

        Args:
            job: "prelude", "cells" (a text each, None for one that is left out) and "points"
                (exercise id -> points, which the notebook's own checks return).
            channel: Gets a line before each cell, with its number, and one where it stops.
        """
        self._texts, self._channel, self._at, self._future = job["cells"], channel, 0, 0
        self._loop: asyncio.AbstractEventLoop | None = None
        module = types.ModuleType("__main__")
        self.namespace = module.__dict__
        sys.modules["__main__"] = module
        sys.path.append(os.getcwd())  # %%writefile helper.py, import helper
        display, shell = StandIn("display", hidden=False), Notebook(self.namespace)
        self.namespace.update(display=display, get_ipython=shell)
        teach(job.get("points", {}))
        run_prelude(job["prelude"], self.namespace)
        self._tell({"at": 0})

    def run_until(self, end: int) -> None:
        """Run the cells before this one that have not been run; say after each how it went."""
        for number in range(self._at, min(end, len(self._texts))):
            if self._texts[number]:
                self._tell({"cell": number})
                error = self.run_cell(self._texts[number], f"cell {number}")
                if error is not None:
                    self._tell({"cell": number, "error": error})
        self._at = end
        self._tell({"at": end})

    def run_cell(self, text: str, name: str) -> str | None:
        """Run one cell statement by statement; return what stopped the first that failed, or None.

        One that fails costs no other one: a line that draws, or reads a file that is not here.
        """
        lines = text.splitlines(keepends=True)
        linecache.cache[name] = (len(text), None, lines, name)  # torch.jit.script reads it
        try:
            statements = ast.parse(text, name).body
        except BaseException as error:
            return describe(error)
        first: BaseException | None = None
        for statement in statements:
            try:
                self._run_statement(statement, name)
            except BaseException as error:
                first = first or error
        return None if first is None else describe(first)

    def _run_statement(self, statement: ast.stmt, name: str) -> None:
        flags = self._future | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(ast.Module([statement], []), name, "exec", flags, dont_inherit=True)
        self._future |= code.co_flags & FUTURE
        if not code.co_flags & inspect.CO_COROUTINE:
            exec(code, self.namespace)
            return
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(eval(code, self.namespace))

    def _tell(self, message: dict[str, Any]) -> None:
        self._channel.sendall(json.dumps(message).encode() + b"\n")


def teach(points: dict[str, float]) -> None:
    """Let the notebook's own checks return full points, and `mine_or_library` the learner's."""

    def check(exercise_id: Any = "", *answer: Any, **more: Any) -> float:
        return points.get(exercise_id, 1.0) if isinstance(exercise_id, str) else 1.0

    def mine_or_library(exercise_id: str, answer: Any) -> Any:
        return answer

    for name in ("coursekit.notebook", "coursekit.exercises", "coursekit.exercises.teach"):
        module = importlib.import_module(name)
        module.check, module.mine_or_library = check, mine_or_library  # type: ignore[attr-defined]


def run_prelude(text: str, namespace: dict[str, Any]) -> None:
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


def describe(error: BaseException) -> str:
    """Return an error's type and first line."""
    try:
        said = str(error).strip().split("\n")[0]
    except Exception:
        said = ""
    return f"{type(error).__name__}: {said}"[:MOST_DETAIL]
