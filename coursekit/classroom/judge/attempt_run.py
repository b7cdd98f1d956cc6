"""One submission's way through as many processes as it uses up."""

import ast
import secrets
import time
from collections.abc import Collection
from typing import Any

from coursekit.classroom.judge.marks import Attempt
from coursekit.classroom.sandbox.opening import Sandbox
from coursekit.classroom.sandbox.session import Gone, Session
from coursekit.classroom.sandbox.walls import SandboxError
from coursekit.classroom.sandbox.wire import Unreadable, pack, read_line, unpack, write_line
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.verdict import Outcome

MOST_PROCESSES = 40  # that one submission may use up
PRELUDE_SECONDS = 30.0  # for the unit's own first cell, of which the imports are done already
UNASKED = "it wrote to the judge without being asked"
KINDS = {
    "missing": "missing",
    "unfinished": "unfinished",
    "memory": "memory",
    "not plain": "not_plain",
}


class OutOfTime(Gone):
    """The whole submission has used up its time."""


class AttemptRun:
    """Asks a submission's functions, in a fresh process whenever one is lost.

    Attributes:
        troubles: What ended processes while they ran cells; what happens to a question is told to
            whoever asked it.
    """

    def __init__(self, attempt: Attempt, sandbox: Sandbox, hidden: Collection[str]) -> None:
        self._attempt, self._sandbox = attempt, sandbox
        self._hidden = frozenset(hidden)
        self._imports = imported_modules(attempt.prelude)
        self._session: Session | None = None
        self._started = 0
        self._skip: dict[int, Gone] = {}  # cells that are left out, and why
        self._errors: dict[int, str] = {}  # what stopped other cells
        self._deadline = time.monotonic() + sandbox.limits.submission_seconds
        self.troubles: list[Gone] = []

    def close(self) -> None:
        """End the process that is left."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def ask(self, exercise: Exercise, case: Case) -> Outcome:
        """Call the answer once.

        Raises:
            Gone: If no valid answer comes; the next one is asked in a fresh process.
            SandboxError: If the sandbox itself fails.
        """
        session = self._ready()
        asked = secrets.token_hex(16)
        request = {
            "id": asked,
            "function": exercise.call.split("(")[0],
            "run": exercise.run,
            "args": [pack(value) for value in case.args],
        }
        try:
            seconds = self._left(self._sandbox.limits.request_seconds)
            session.send(write_line(request), seconds)
            return self._outcome(exercise, read_line(session.receive(seconds)), asked)
        except Unreadable as error:
            self.close()
            raise Gone("unreadable", f"its reply is no plain data: {error}") from None
        except Gone:
            self.close()
            raise

    def _outcome(self, exercise: Exercise, reply: dict[str, Any], asked: str) -> Outcome:
        """Turn a reply into an outcome."""
        if reply.get("id") != asked:
            raise Gone("tampered", "it wrote a reply to a request that the judge did not make")
        error = reply.get("error")
        if error is None and set(reply) == {"id", "value"}:
            return Outcome("value", unpack(reply["value"]))
        if not isinstance(error, dict) or not isinstance(error.get("kind"), str):
            raise Gone("tampered", "its reply has neither a value nor an error")
        kind, detail = KINDS.get(error["kind"], "raised"), str(error.get("detail"))[:300]
        if kind == "unfinished":
            detail = "not done: the stub is still there"
        if kind == "missing":
            for number, cell in enumerate(self._attempt.cells):
                if cell.exercise_id == exercise.id and number in self._skip:
                    raise self._skip[number]
                if cell.exercise_id == exercise.id and number in self._errors:
                    detail += f": its cell stopped with {self._errors[number]}"
        return Outcome(kind, detail=detail)

    def _ready(self) -> Session:
        """Return a process that has run the cells and is silent; start one if there is none."""
        if self._session is not None and not self._session.silent():
            self.troubles.append(Gone("tampered", UNASKED))
            self.close()
        while self._session is None:
            self._left(1.0)
            if self._started >= MOST_PROCESSES:
                raise Gone("crashed", f"it has used up {MOST_PROCESSES} processes")
            self._started += 1
            began = time.monotonic()
            session = self._sandbox.session(hidden=self._hidden, imports=self._imports)
            self._deadline += time.monotonic() - began  # our time, not the submission's
            try:
                self._run_cells(session)
            except Gone as gone:
                session.close()
                if isinstance(gone, OutOfTime):
                    raise
                self.troubles.append(gone)
            except BaseException:
                session.close()
                raise
            else:
                self._session = session
        return self._session

    def _run_cells(self, session: Session) -> None:
        """Have a process run the cells; a cell that ends it is left out from then on.

        Raises:
            Gone: If it ended, or spoke out of turn.
            SandboxError: If it ended before the first cell, which is no student's fault.
        """
        cells = self._attempt.cells
        texts = [cell.source for cell in cells]
        job = {"prelude": self._attempt.prelude, "cells": texts, "skip": sorted(self._skip)}
        at, began = -1, time.monotonic()
        took: dict[int, float] = {}
        limits = self._sandbox.limits
        cells_end = began + limits.submission_seconds / 4
        try:
            session.send(write_line(job), PRELUDE_SECONDS)
            while True:
                seconds = min(limits.cell_seconds, cells_end - time.monotonic())
                seconds = PRELUDE_SECONDS if at < 0 else self._left(seconds)
                told = read_line(session.receive(seconds))
                if told == {"ready": True} and session.silent():
                    return
                number = told.get("cell")
                if type(number) is not int or not at <= number < len(cells):
                    raise Gone("tampered", UNASKED)
                took[at] = time.monotonic() - began
                if number > at:
                    at, began = number, time.monotonic()
                if "error" in told:
                    self._errors[number] = str(told["error"])[:300]
        except OutOfTime:
            raise
        except (Gone, Unreadable) as error:
            if at < 0:
                raise SandboxError(f"the unit's prelude does not run: {error}") from None
            gone = error if isinstance(error, Gone) else Gone("tampered", UNASKED)
            gone = Gone(gone.status, f"cell {at + 1} of the learner's: {gone.reason}")
            self._skip[at] = gone
            if gone.status == "timeout":  # slow cells took the others' time
                slow = [n for n, s in took.items() if s > 1 and n >= 0 and cells[n].kind == "added"]
                self._skip.update(dict.fromkeys(slow, gone))
            raise gone from None

    def _left(self, seconds: float) -> float:
        """Return how long to wait at most.

        Raises:
            OutOfTime: If the submission's time is used up.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            most = self._sandbox.limits.submission_seconds
            raise OutOfTime("timeout", f"the submission took more than {most:g} s")
        return min(left, seconds)


def imported_modules(prelude: str) -> tuple[str, ...]:
    """Return the modules that a prelude imports, by name; the text itself is not run."""
    found = ["torch", "numpy"]
    for node in ast.walk(ast.parse(prelude)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.append(node.module)
    found += ["coursekit.classroom.sandbox.wire", "coursekit.exercises.engine.adapters"]
    return tuple(dict.fromkeys(found))
