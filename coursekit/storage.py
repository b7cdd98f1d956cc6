"""Where a person's files live, and how they are written so that nothing is lost.

Standard library only, and it parses on Python 3.8: the set-up uses it before anything is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # of the clone, or site-packages


class NoHome(RuntimeError):
    """Nobody knows where the person's home folder is; the message's last line says what to do."""


def is_clone() -> bool:
    """Say whether this package lies in a clone of the course, and not in site-packages."""
    return (ROOT / "pyproject.toml").is_file() and (ROOT / "tests").is_dir()


def workspace() -> Path:
    """Return where generated folders go: the clone, or the person's data if that is read-only."""
    if is_clone() and os.access(ROOT, os.W_OK):
        return ROOT
    return home() / ("clone-" + hashlib.sha256(os.fsencode(str(ROOT))).hexdigest()[:8])


def home() -> Path:
    """Return the folder of the person's own data: ``$COURSEKIT_HOME``, or the system's usual place.

    The usual place is ``$XDG_DATA_HOME/coursekit`` (``~/.local/share/coursekit``) on Linux,
    ``~/Library/Application Support/coursekit`` on macOS and ``%LOCALAPPDATA%/coursekit`` on
    Windows. The folder may not exist yet.

    Raises:
        NoHome: If the place is not chosen, and the system knows no home folder of this user, as in
            a container that runs under a number.
    """
    chosen = os.environ.get("COURSEKIT_HOME")
    try:
        return Path(chosen).expanduser().resolve() if chosen else _usual_place() / "coursekit"
    except RuntimeError:
        tried = f"COURSEKIT_HOME={chosen!r}" if chosen else "HOME is not set"
        raise NoHome(
            f"this system knows no home folder of yours ({tried}).\n"
            "Set COURSEKIT_HOME to a folder that you can write in, then run the same command again."
        ) from None


def _usual_place() -> Path:
    if sys.platform == "win32":
        named = os.environ.get("LOCALAPPDATA")
        return Path(named) if named else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    named = os.environ.get("XDG_DATA_HOME")
    return Path(named) if named else Path.home() / ".local" / "share"


def private_folder(path: Path) -> None:
    """Make a folder that its owner alone can enter; one that is there keeps its permissions."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)


def open_to_others(path: Path) -> bool:
    """Say whether other people on this machine can read a folder or file."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file whole or not at all: to a temporary name beside it, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def free_name(path: Path, word: str) -> Path:
    """Return a name beside ``path`` that nothing has yet: ``NAME.WORD`` or ``NAME.WORD-2``, ...

    Args:
        path: The file or folder that is about to be renamed.
        word: What tells the kept copy apart, for instance a time stamp.

    Returns:
        A path in the same folder. Another process may take it before you do.
    """
    candidate, number = path.with_name(path.name + "." + word), 2
    while candidate.exists():
        candidate = path.with_name(f"{path.name}.{word}-{number}")
        number += 1
    return candidate


def time_stamp() -> str:
    """Return the local time as ``YYYYMMDD-HHMMSS``, for names of kept copies."""
    return time.strftime("%Y%m%d-%H%M%S")


@contextlib.contextmanager
def locked(path: Path, *, on_wait: Callable[[], None] | None = None) -> Iterator[int]:
    """Hold the lock file at ``path`` while the block runs; wait while another process holds it.

    The operating system owns the lock, so it vanishes with its holder: a killed process leaves no
    stale lock, only an empty file. On POSIX a child that inherits the descriptor keeps the lock
    alive, which is what a set-up wants whose installer may outlive it.

    Args:
        path: The lock file; made if absent, never removed.
        on_wait: Called once, before waiting for another holder.

    Yields:
        The file descriptor, for ``subprocess``'s ``pass_fds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(str(path), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _try_lock(descriptor):
            if on_wait is not None:
                on_wait()
            while not _try_lock(descriptor):
                time.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)  # closing releases the lock


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
