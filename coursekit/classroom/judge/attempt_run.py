"""One submission's way through as many processes as it uses up."""

import ast
import secrets
import time
from collections.abc import Collection, Mapping
from typing import Any

from coursekit.classroom.handing_in.cell_parts import definitions
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


class UsedUp(Gone):
    """The whole submission has used up its processes."""


class AttemptRun:
    """Asks a submission's functions, in a fresh process whenever one is lost.

    Attributes:
        troubles: What ended processes while they ran cells; what happens to a question is told to
            whoever asked it.
    """

    def __init__(
        self,
        attempt: Attempt,
        sandbox: Sandbox,
        hidden: Collection[str],
        points: Mapping[str, float] | None = None,
    ) -> None:
        self._attempt, self._sandbox = attempt, sandbox
        self._hidden, self._points = frozenset(hidden), dict(points or {})
        self._imports = imported_modules(attempt.prelude)
        self._session: Session | None = None
        self._texts = [cell.source if cell.kind != "check" else "" for cell in attempt.cells]
        self._at = 0  # the cells before this one have been run
        self._cells_left = 0.0  # seconds that the cells of this process may still take
        self._started = 0
        self._gone: dict[int, Gone] = {}  # cells that ended a process, and how
        self._errors: dict[int, str] = {}  # what stopped other cells
        self._deadline = time.monotonic() + sandbox.limits.submission_seconds
        self.troubles: list[Gone] = []

    def close(self) -> None:
        """End the process that is left."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def ask(self, exercise: Exercise, case: Case, at: int | None = None) -> Outcome:
        """Call the answer once, as it is before cell number `at` runs; by default at the end.

        Raises:
            Gone: If no valid answer comes; the next one is asked in a fresh process.
            SandboxError: If the sandbox itself fails.
        """
        session = self._ready(len(self._texts) if at is None else at)
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
                if cell.kind == "solution" and cell.exercise_id == exercise.id:
                    if number in self._gone:
                        raise self._gone[number]
                    if number in self._errors:
                        detail += f": its cell stopped with {self._errors[number]}"
        return Outcome(kind, detail=detail)

    def _ready(self, at: int) -> Session:
        """Return a process, a fresh one if needed, that has run the cells before `at`."""
        if self._session is not None and not self._session.silent():
            self.troubles.append(Gone("tampered", UNASKED))
            self.close()
        if self._session is not None and self._at > at:
            self.close()
        while self._session is None or self._at < at:
            try:
                if self._session is None:
                    self._session = self._start()
                if self._at < at:
                    self._run_cells(self._session, at)
            except Gone as gone:
                self.close()
                if isinstance(gone, OutOfTime | UsedUp):
                    raise
                self.troubles.append(gone)
            except BaseException:
                self.close()
                raise
        return self._session

    def _start(self) -> Session:
        """Start a process, and have it run the prelude.

        Raises:
            SandboxError: If it ends before the first cell, which is no student's fault.
        """
        self._left(1.0)
        if self._started >= MOST_PROCESSES:
            raise UsedUp("crashed", f"it has used up {MOST_PROCESSES} processes")
        self._started += 1
        began = time.monotonic()
        session = self._sandbox.session(hidden=self._hidden, imports=self._imports)
        job = {"prelude": self._attempt.prelude, "cells": self._texts, "points": self._points}
        try:
            session.send(write_line(job), PRELUDE_SECONDS)
            if read_line(session.receive(PRELUDE_SECONDS)) != {"at": 0}:
                raise Gone("crashed", "it speaks out of turn")
        except (Gone, Unreadable) as error:
            session.close()
            raise SandboxError(f"the unit's prelude does not run: {error}") from None
        self._deadline += time.monotonic() - began  # our time, not the submission's
        self._at, self._cells_left = 0, self._sandbox.limits.submission_seconds / 4
        return session

    def _run_cells(self, session: Session, end: int) -> None:
        """Have a process run the cells before `end`.

        Raises:
            Gone: If it ended, or spoke out of turn; the cell that ran then is left out from now on.
        """
        at, began = self._at, time.monotonic()
        cells_end = began + self._cells_left
        took: dict[int, float] = {}
        try:
            session.send(write_line({"go": end}), self._left(1.0))
            while True:
                seconds = min(self._sandbox.limits.cell_seconds, cells_end - time.monotonic())
                told = read_line(session.receive(self._left(seconds)))
                took[at] = time.monotonic() - began
                if told == {"at": end} and session.silent():
                    self._at, self._cells_left = end, cells_end - time.monotonic()
                    return
                number = told.get("cell")
                if type(number) is not int or not at <= number < end:
                    raise Gone("tampered", UNASKED)
                if number > at:
                    at, began = number, time.monotonic()
                if "error" in told:
                    self._errors[number] = str(told["error"])[:300]
        except OutOfTime:
            raise
        except (Gone, Unreadable) as error:
            gone = error if isinstance(error, Gone) else Gone("tampered", UNASKED)
            gone = Gone(gone.status, f"cell {at + 1} of the learner's: {gone.reason}")
            self._leave_out(at, gone)
            if gone.status == "timeout":  # slow cells took the others' time
                for number, seconds in took.items():
                    if seconds > 1 and self._attempt.cells[number].kind == "added":
                        self._leave_out(number, gone)
            raise gone from None

    def _leave_out(self, number: int, gone: Gone) -> None:
        """Leave a cell out of what fresh processes run; of one that only takes too much, its work.

        Definitions that stand above or below a long training in one cell stay. A cell whose
        definitions alone still end the process is left out whole.
        """
        too_much = gone.status in ("timeout", "memory") and number not in self._gone
        self._texts[number] = definitions(self._texts[number]) if too_much else ""
        self._gone[number] = gone

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
    """Return the modules that a prelude imports, by name; the text itself is not run.

    Beside them what the judge itself runs there, and what torch loads at a process's first
    optimizer: seconds, which would count as the answer's own.
    """
    found = ["torch", "numpy"]
    for node in ast.walk(ast.parse(prelude)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.append(node.module)
    found += [f"coursekit.classroom.sandbox.{name}" for name in ("wire", "worker_answers")]
    found += [f"coursekit.exercises.engine.{name}" for name in ("adapters", "guard")]
    found.append("torch._dynamo")
    return tuple(dict.fromkeys(found))
