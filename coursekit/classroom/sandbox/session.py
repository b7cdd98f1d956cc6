"""The judge's end of one submission's process: lines out, lines in, limits, and its end."""

import contextlib
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

from coursekit.classroom.sandbox.wire import MOST_BYTES

LOOK_EVERY = 0.1  # seconds between two looks at memory and processes while nothing comes
MOST_BYTES_IN_ALL = 64 * MOST_BYTES
PAGE = os.sysconf("SC_PAGE_SIZE")
MEBI = 1 << 20


class Gone(Exception):
    """The process gave no answer; `status` and `reason` are those of a mark."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Session:
    """A process that runs one submission, as its judge sees it. Use it from one thread.

    Args:
        channel: A Unix socket to the process, whose first line has not been read.
        most_mb: Memory that all its processes together may take.
        most_processes: How many there may be.
        exit_code: Waits for the end for some seconds; returns the exit code as shells give it, or
            None if it can't tell.
        walls: The process has a process namespace of its own, which ends with its first process.
    """

    def __init__(
        self,
        channel: socket.socket,
        *,
        most_mb: int,
        most_processes: int,
        exit_code: Callable[[float], int | None],
        walls: bool,
    ) -> None:
        self._channel, self._buffer, self._received = channel, b"", 0
        self._most_mb, self._most_processes = most_mb, most_processes
        self._exit_code, self._walls = exit_code, walls
        self._looked = time.monotonic()
        self.pid, self._root, self._root_fd = 0, 0, -1

    def hello(self, seconds: float) -> None:
        """Wait until the process is there, and learn from the kernel which one it is.

        Raises:
            Gone: If it does not come.
        """
        self._channel.settimeout(seconds)
        space = socket.CMSG_SPACE(struct.calcsize("3i"))
        try:
            data, ancillary, _, _ = self._channel.recvmsg(1, space)
        except TimeoutError:
            raise Gone("crashed", f"no process after {seconds:g} s") from None
        except OSError as error:
            raise Gone("crashed", f"no process: {error}") from None
        if data != b"\n" or not ancillary:
            raise Gone("crashed", "no process in the sandbox")
        self.pid = struct.unpack("3i", ancillary[0][2][:12])[0]
        self._root = parent_of(self.pid) if self._walls else self.pid
        self._root_fd = os.pidfd_open(self._root)
        self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        self._base = sum(map(_resident, {self.pid, self._root}))

    def send(self, line: bytes, seconds: float) -> None:
        """Send one line.

        Raises:
            Gone: If the process does not take it.
        """
        try:
            self._channel.settimeout(seconds)
            self._channel.sendall(line)
        except TimeoutError:
            raise Gone("timeout", f"it read nothing for {seconds:g} s") from None
        except OSError:
            raise self._how_it_ended() from None

    def silent(self) -> bool:
        """Say whether nothing waits to be read, as it has to be before a request."""
        return not self._buffer and not select.select([self._channel], [], [], 0)[0]

    def receive(self, seconds: float) -> bytes:
        """Return the next line.

        Raises:
            Gone: With status "timeout", "memory", "crashed" or "tampered".
        """
        deadline = time.monotonic() + seconds
        self._channel.setblocking(False)
        while True:
            line, mark, rest = self._buffer.partition(b"\n")
            if mark:
                self._buffer = rest
                return line
            if len(self._buffer) > MOST_BYTES or self._received > MOST_BYTES_IN_ALL:
                raise Gone("tampered", "it wrote more than the judge reads")
            left = deadline - time.monotonic()
            if left <= 0:
                raise Gone("timeout", f"no answer within {seconds:g} s")
            self._look()
            if not select.select([self._channel], [], [], min(left, LOOK_EVERY))[0]:
                continue
            try:
                data = self._channel.recv(1 << 16)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                raise self._how_it_ended()
            self._buffer += data
            self._received += len(data)

    def close(self) -> None:
        """End the process and all that it started, and wait until they are gone."""
        if self._root_fd >= 0:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if self._walls:
                    signal.pidfd_send_signal(self._root_fd, signal.SIGKILL)
                else:
                    os.killpg(self.pid, signal.SIGKILL)
            select.select([self._root_fd], [], [], 10)
            os.close(self._root_fd)
            self._root_fd = -1
        self._channel.close()
        self._exit_code(5)

    def _look(self) -> None:
        """Raise Gone if the processes take too much."""
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        pids = self._processes()
        if len(pids) > self._most_processes:
            raise Gone("crashed", f"it started more than {self._most_processes} processes")
        most = self._most_mb * MEBI + self._base
        if sum(map(_resident, pids)) > most and sum(map(_proportional, pids)) > most:
            raise Gone("memory", f"it took more than {self._most_mb} MB")

    def _processes(self) -> list[int]:
        """Return the process ids below the first one, the first one included."""
        parents: dict[int, list[int]] = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError):
                    parents.setdefault(parent_of(int(name)), []).append(int(name))
        found = [self._root]
        for pid in found:
            found += parents.get(pid, [])
        return found

    def _how_it_ended(self) -> Gone:
        code = self._exit_code(1.0)
        if code is None:
            return Gone("tampered", "it closed the judge's channel and went on")
        if code == 128 + signal.SIGXCPU:
            return Gone("timeout", "it used up its processor time")
        if code > 128:
            with contextlib.suppress(ValueError):
                name = signal.Signals(code - 128).name
                return Gone("crashed", f"its process was ended by {name}")
        return Gone("crashed", f"its process ended with status {code}")


def parent_of(pid: int) -> int:
    """Return the process id of a process's parent."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[1])


def _resident(pid: int) -> int:
    """Return bytes of memory in use, those shared with others included."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    """Return bytes in use, each shared page divided among those who share it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return _resident(pid)
