"""Sandboxes for what students wrote: opened, proved, and started anew for each submission."""

import array
import contextlib
import dataclasses
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import IO, Any

from coursekit.classroom.sandbox.lean import make_lean_package, remove_stale
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

START_SECONDS = 60.0  # for the parent process to import torch
FORK_SECONDS = 20.0  # for one fork of it
NOBODYS_IDS = range(1_500_000_000, 2_000_000_000)  # no system hands out user ids up here
ACCEPT = "pass risk_accepted=True (on the command line: --accept-risk)"
RISK = (
    "without a sandbox a submission can read the bank, the solutions and other submissions, change "
    "the gradebook, use the network and leave processes behind, with your rights"
)


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one submission may take.

    Attributes:
        memory_mb: Beyond the libraries: each process, and all together.
        cpu_seconds: Processor time of each process.
        request_seconds: Wall time of one call of an answer; the course's answers take 0.02.
        cell_seconds: Wall time of one cell.
        submission_seconds: Wall time of the whole submission.
        processes: Processes and threads at once.
        file_mb: Size of a file. scratch_mb: size of the scratch folder, which lies in memory.
    """

    memory_mb: int = 1024
    cpu_seconds: int = 60
    request_seconds: float = 5.0
    cell_seconds: float = 20.0
    submission_seconds: float = 120.0
    processes: int = 64
    file_mb: int = 16
    scratch_mb: int = 64

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could be judged."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not 0 < value < float("inf"):
                raise ValueError(f"{field.name}: a limit above 0, got {value!r}")
        if self.cpu_seconds < 5:
            raise ValueError(f"cpu_seconds: at least 5, got {self.cpu_seconds}")


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
        self._parent: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

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
            if self.way == "fork" and self._parent is not None and self._parent.poll() is not None:
                self._end_parent()  # it died: once more with a new one
                self._start_parent()
                with contextlib.suppress(Gone, OSError):
                    return self._fork()
            raise SandboxError(f"the sandbox starts no process: {error}") from error

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
        if self.way == "fork":
            self._start_parent()

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
            # a parent ends when its channel closes; a fresh process may not listen to it
            ends = ["--die-with-parent"] if mode == "serve" else []
            argv = [*walls[:1], *ends, *walls[1:], *argv]
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

    def _start_parent(self) -> None:
        """Start the process that forks for each submission, and wait until it is ready."""
        control, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as errors:
            self._parent = self._spawn("fork", theirs.fileno(), errors)
            theirs.close()
            control.settimeout(START_SECONDS)
            try:
                ready = control.recv(16)
            except OSError:
                ready = b""
            if ready != b"ready\n":
                control.close()
                self._end_parent()
                raise SandboxError(f"the sandbox does not start: {_last_line(errors)}")
        self._control = control

    def _end_parent(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._parent is not None:
            try:
                self._parent.wait(2)
            except subprocess.TimeoutExpired:
                os.killpg(self._parent.pid, signal.SIGKILL)
                self._parent.wait()
            self._parent = None

    def _fork(self) -> Session:
        assert self._control is not None
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        status, status_end = os.pipe()
        fds = array.array("i", [theirs.fileno(), status_end])
        try:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
            self._control.settimeout(FORK_SECONDS)
            self._control.sendmsg([b"+"], rights)
        finally:
            theirs.close()
            os.close(status_end)
        pipe = os.fdopen(status, "rb", buffering=0)
        session = self._session(ours, lambda seconds: _code_from(pipe, seconds))
        return self._greeted(session, FORK_SECONDS, lambda: _said(pipe))

    def _start(self) -> Session:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed when the process has ended)
        process = self._spawn("serve", theirs.fileno(), errors)
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
            return _last_line(errors)

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
            said = why()
            session.close()
            raise Gone(error.status, f"{error.reason}; {said}") from None
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


def _said(pipe: IO[bytes]) -> str:
    return pipe.read(300).decode(errors="replace")


def _code_from(pipe: IO[bytes], seconds: float) -> int | None:
    """Return the exit code that a carer writes when its submission's processes have ended."""
    import select

    if pipe.closed or not select.select([pipe], [], [], seconds)[0]:
        return None
    text = pipe.read(300)
    pipe.close()
    return int(text) if text.isdigit() else None


def _last_line(errors: IO[bytes]) -> str:
    if errors.closed:
        return ""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1][-300:] if lines else "it said nothing"
