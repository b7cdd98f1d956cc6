"""The sandboxed process that has imported torch and forks for each submission, seen from outside.

It runs no student's code, and nothing that a student's process does reaches it: it begins a session
of its own, and so does each of its forks. If it falls silent all the same, it is ended.
"""

import array
import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Callable
from typing import IO

from coursekit.classroom.sandbox.session import parent_of
from coursekit.classroom.sandbox.walls import SandboxError

START_SECONDS = 60.0  # for it to import torch
FORK_SECONDS = 20.0  # for one fork
END_SECONDS = 5.0

Spawn = Callable[[int, IO[bytes]], "subprocess.Popen[bytes]"]  # fd of its channel, its stderr


class Parent:
    """One such process.

    Attributes:
        pid: Of the program that was started: bubblewrap.
        inside: Of the process itself.
    """

    def __init__(self, spawn: Spawn) -> None:
        """Start it, and wait until it is ready.

        Raises:
            SandboxError: If it does not get ready.
        """
        self._control, theirs = socket.socketpair()
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._control.settimeout(START_SECONDS)
        self._first, self.inside = -1, 0  # a descriptor of process 1 of its namespace
        with tempfile.TemporaryFile() as errors:
            try:
                self._process = spawn(theirs.fileno(), errors)
            except BaseException:
                self._control.close()
                raise
            finally:
                theirs.close()
            self.pid = self._process.pid
            try:
                self._greet()
            except (OSError, ValueError):
                self.end()
                raise SandboxError(f"the sandbox does not start: {last_line(errors)}") from None

    def _greet(self) -> None:
        space = socket.CMSG_SPACE(struct.calcsize("3i"))
        ready, ancillary, _, _ = self._control.recvmsg(16, space)
        if ready != b"ready\n" or not ancillary:
            raise ValueError("no greeting")
        self.inside = struct.unpack("3i", ancillary[0][2][:12])[0]
        self._first = os.pidfd_open(parent_of(self.inside))
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)

    def fork(self) -> tuple[socket.socket, IO[bytes]]:
        """Have it fork; return the channel to the fork, and the pipe that tells of its end."""
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        status, status_end = os.pipe()
        fds = array.array("i", [theirs.fileno(), status_end])
        try:
            self._control.settimeout(FORK_SECONDS)
            self._control.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        except OSError:
            ours.close()
            os.close(status)
            raise
        finally:
            theirs.close()
            os.close(status_end)
        return ours, os.fdopen(status, "rb", buffering=0)

    def signals(self) -> int:
        """Return how many signals of a harmless kind (SIGCONT) have reached it.

        Raises:
            OSError: If it does not answer.
        """
        self._control.settimeout(FORK_SECONDS)
        self._control.sendall(b"?")
        return int(self._control.recv(16))

    def poll(self) -> int | None:
        """Return the exit code of the program that was started, or None while it runs."""
        return self._process.poll()

    def end(self) -> None:
        """End it and all in its namespaces, stopped ones too, and wait until they are gone."""
        self._control.close()
        if self._first >= 0:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
            select.select([self._first], [], [], END_SECONDS)
            os.close(self._first)
            self._first = -1
        try:
            self._process.wait(0 if self.inside == 0 else END_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()


def said(pipe: IO[bytes], seconds: float = 1.0) -> str:
    """Return what a fork's carer says of its end, if it says anything soon."""
    if pipe.closed or not select.select([pipe], [], [], seconds)[0]:
        return "it says nothing"
    return pipe.read(300).decode(errors="replace")


def code_from(pipe: IO[bytes], seconds: float) -> int | None:
    """Return the exit code that a carer writes when its submission's processes have ended."""
    if pipe.closed or not select.select([pipe], [], [], seconds)[0]:
        return None
    text = pipe.read(300)
    pipe.close()
    return int(text) if text.isdigit() else None


def last_line(errors: IO[bytes]) -> str:
    """Return the last line of what a process wrote to its standard error."""
    if errors.closed:
        return ""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1][-300:] if lines else "it said nothing"
