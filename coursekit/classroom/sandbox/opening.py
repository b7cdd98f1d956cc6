"""Sandboxes for what students wrote: opened, proved, and started anew for each submission."""

import contextlib
import dataclasses
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import IO, Any

from coursekit.classroom.sandbox.lean import make_lean_package, remove_stale
from coursekit.classroom.sandbox.limits import Limits
from coursekit.classroom.sandbox.parent import (
    FORK_SECONDS,
    START_SECONDS,
    Parent,
    code_from,
    last_line,
    said,
)
from coursekit.classroom.sandbox.session import Gone, Session
from coursekit.classroom.sandbox.walls import (
    ENVIRONMENT,
    INSIDE,
    SandboxError,
    bubblewrap,
    scratch_place,
    wall_arguments,
    worker_command,
)

NOBODYS_IDS = range(1_500_000_000, 2_000_000_000)  # no system hands out user ids up here
ACCEPT = "pass risk_accepted=True (on the command line: --accept-risk)"
RISK = (
    "without a sandbox a submission can read the bank, the solutions and other submissions, change "
    "the gradebook, use the network and leave processes behind, with your rights"
)


class Sandbox:
    """Starts a fresh process for each submission. Made by `open_sandbox`; close it after use.

    One sandbox serves one thread of one process; open another for another.

    Attributes:
        kind: "bubblewrap" or "none".
        way: "fork" (a sandboxed parent has imported torch and forks into new namespaces), or
            "fresh" (a new bubblewrap each time; about two seconds of processor time more), where
            the system does not allow namespaces inside namespaces.
    """

    def __init__(self, kind: str, limits: Limits, way: str) -> None:
        self.kind, self.limits, self.way = kind, limits, way
        self._made: tuple[frozenset[str], tuple[str, ...]] | None = None
        self._lean: Path | None = None
        self._parent: Parent | None = None

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def session(
        self, *, hidden: Collection[str] = (), imports: Iterable[str] = ("torch", "numpy")
    ) -> Session:
        """Start a process for a submission.

        Args:
            hidden: Modules that it must not see.
            imports: Modules that it will import, so that they can be there already.

        Raises:
            SandboxError: If no process can be started.
        """
        self._prepare(frozenset(hidden), tuple(imports))
        try:
            return self._fork() if self.way == "fork" else self._start()
        except (Gone, OSError) as error:
            if self.way == "fork" and "no namespaces" not in str(error):
                self._end_parent()  # it died, or fell silent: once more with a new one
                with contextlib.suppress(Gone, OSError):
                    return self._fork()
            raise SandboxError(f"the sandbox starts no process: {error}") from error

    def signals_to_parent(self) -> int:
        """Return how many harmless signals reached the process that all submissions share.

        Raises:
            SandboxError: If it does not answer.
        """
        try:
            return 0 if self._parent is None else self._parent.signals()
        except (OSError, ValueError) as error:
            raise SandboxError(f"the sandbox's parent process is silent: {error}") from None

    def close(self) -> None:
        """End the processes and remove the folder."""
        self._end_parent()
        if self._lean is not None:
            shutil.rmtree(self._lean, ignore_errors=True)
        self._lean = self._made = None

    def _prepare(self, hidden: frozenset[str], imports: tuple[str, ...]) -> None:
        if self._made == (hidden, imports):
            return
        self.close()
        self._lean = make_lean_package(hidden)
        self._made = hidden, imports

    def _told(self, mode: str, fd: int) -> str:
        assert self._made is not None
        hidden, imports = self._made
        root = os.geteuid() == 0 and self.kind != "none"
        return json.dumps(
            {
                "mode": mode,
                "fd": fd,
                "uid": random.choice(NOBODYS_IDS) if root else None,
                "walls": self.kind != "none",
                "scratch": scratch_place(),
                "limits": dataclasses.asdict(self.limits),
                "imports": imports,
                "hidden": sorted(hidden),
            }
        )

    def _spawn(self, mode: str, fd: int, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        assert self._lean is not None
        package = str(self._lean) if self.kind == "none" else INSIDE
        argv = worker_command(self._told(mode, fd), package=package)
        if self.kind != "none":
            walls = wall_arguments(
                bubblewrap(),
                lean=self._lean,
                root=os.geteuid() == 0,
                scratch_mb=self.limits.scratch_mb,
            )
            argv = [*walls[:1], "--die-with-parent", *walls[1:], *argv]
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=ENVIRONMENT if self.kind == "none" else {"PATH": os.environ.get("PATH", "")},
            cwd=self._lean if self.kind == "none" else "/",
            pass_fds=[fd],
            start_new_session=True,
        )

    def _end_parent(self) -> None:
        if self._parent is not None:
            self._parent.end()
            self._parent = None

    def _fork(self) -> Session:
        if self._parent is None:
            self._parent = Parent(lambda fd, errors: self._spawn("fork", fd, errors))
        channel, pipe = self._parent.fork()
        session = self._session(channel, lambda seconds: code_from(pipe, seconds))

        def why() -> str:
            text = said(pipe)
            pipe.close()
            return text

        return self._greeted(session, FORK_SECONDS, why)

    def _start(self) -> Session:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed when the process has ended)
        try:
            process = self._spawn("serve", theirs.fileno(), errors)
        except BaseException:
            ours.close()
            errors.close()
            raise
        finally:
            theirs.close()

        def exit_code(seconds: float) -> int | None:
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                return None
            errors.close()
            return code if code >= 0 else 128 - code

        def why() -> str:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
            return last_line(errors)

        return self._greeted(self._session(ours, exit_code), START_SECONDS, why)

    def _session(self, channel: socket.socket, exit_code: Any) -> Session:
        return Session(
            channel,
            most_mb=self.limits.memory_mb,
            most_processes=self.limits.processes,
            exit_code=exit_code,
            walls=self.kind != "none",
        )

    def _greeted(self, session: Session, seconds: float, why: Any) -> Session:
        try:
            session.hello(seconds)
        except Gone as error:
            reason = f"{error.reason}; {why()}"
            session.close()
            raise Gone(error.status, reason) from None
        return session


def open_sandbox(
    kind: str = "bubblewrap",
    limits: Limits | None = None,
    risk_accepted: bool = False,
    *,
    forbidden: Collection[Path] = (),
) -> Sandbox:
    """Open a sandbox and prove it: try the network, reading what is hidden, writing outside.

    Args:
        kind: "bubblewrap", or "none" for no walls at all.
        limits: What a submission may take.
        risk_accepted: Has to be True for "none".
        forbidden: Files and folders that no submission may see: gradebook, submissions, solutions.

    Raises:
        SandboxError: If a wall is missing; the message names it and the remedy.
        ValueError: For an unknown kind, or "none" without the risk accepted.
    """
    from coursekit.classroom.sandbox.proof import prove

    limits = limits or Limits()
    if kind not in ("bubblewrap", "none"):
        raise ValueError(f"no sandbox {kind!r}: there are 'bubblewrap' and 'none'")
    if kind == "none":
        if not risk_accepted:
            raise ValueError(f"{RISK}: if you accept that, {ACCEPT}")
        return Sandbox("none", limits, "fresh")
    remove_stale()
    bubblewrap()
    problem = ""
    for way in ("fork", "fresh"):
        sandbox = Sandbox(kind, limits, way)
        try:
            prove(sandbox, forbidden)
        except SandboxError as error:
            sandbox.close()
            if way == "fork" and "no namespaces" in str(error):
                problem = str(error)
                continue
            raise
        return sandbox
    raise SandboxError(problem)
