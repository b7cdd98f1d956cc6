"""Make a virtual environment, run pip in it with progress on stderr, mend what a kill left behind.

Standard library only, and it parses on Python 3.8. ``coursekit.bootstrap`` decides what is needed.
"""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from coursekit.bootstrap.pip_failures import GO_ON, explain_failure
from coursekit.bootstrap.pip_settings import clean_environment


class SetupError(Exception):
    """The environment could not be made; the last line of the message says what to do."""


def run_step(
    argv: Sequence[str],
    title: str,
    *,
    log: Path,
    keep_open: Sequence[int] = (),
    environment: dict | None = None,
) -> None:
    """Run one step of the set-up, with a line of progress on stderr and its whole output in a log.

    Args:
        argv: The command.
        title: What the step does, for the person who waits, as in ``2/3 course libraries``.
        log: File that the output is added to.
        keep_open: Descriptors that the command inherits (the lock of the set-up).
        environment: Its variables; None: those of `clean_environment`.

    Raises:
        SetupError: If the command cannot start or exits with another status than 0.
    """
    output: list = []
    environment = clean_environment() if environment is None else environment
    show = _Line(title, time.monotonic())
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"\n$ {' '.join(argv)}\n")
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=() if os.name == "nt" else tuple(keep_open),
        )
        try:
            for line in _lines(process, show):
                output.append(line)
                file.write(line + "\n")
                show.heard(line)
            status = process.wait()
        except BaseException:
            process.terminate()  # Ctrl-C: nothing goes on behind the person's back
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            raise
    if status != 0:
        raise SetupError(explain_failure(argv, title, status, output, log, environment))
    show.done()


def make_venv(make: Callable[[], None]) -> None:
    """Make a virtual environment by calling ``make``, if this Python can make one at all.

    Raises:
        SetupError: If it lacks ``venv`` or ``ensurepip``, as Debian's Python does at first.
    """
    lacking = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if lacking:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise SetupError(
            f"{sys.executable} has no module {' and no '.join(lacking)}, "
            "so it cannot make a virtual environment.\n"
            f"Install the package {package} (Debian, Ubuntu: sudo apt install {package}), "
            f"then {GO_ON}."
        )
    make()


def drop_half_installed(site_packages: Path) -> list:
    """Remove the records of packages that a killed pip left incomplete, so that pip installs anew.

    pip writes a package's RECORD last. So a package is whole if RECORD exists and each file in it
    is there with the size it names. Scripts outside ``site_packages`` are checked as well.

    Returns:
        The names of the folders removed.
    """
    removed = []
    for path in sorted(site_packages.glob("~*")):  # pip's stash of what it was replacing
        shutil.rmtree(path, ignore_errors=True)
        removed.append(path.name)
    for info in sorted(site_packages.glob("*.dist-info")):
        if not _is_whole(info):
            shutil.rmtree(info)
            removed.append(info.name)
    return removed


def _is_whole(info: Path) -> bool:
    try:
        with (info / "RECORD").open(newline="", encoding="utf-8") as file:
            for name, _, size in csv.reader(file):
                if name.endswith(".pyc"):
                    continue  # may be made again at any time
                if os.stat(info.parent / name).st_size != int(size or -1) and size:
                    return False
    except (OSError, ValueError):
        return False
    return True


def _lines(process: subprocess.Popen, show: _Line):
    """Yield the process's lines as they come, redrawing the progress line between them."""
    assert process.stdout is not None
    lines: queue.Queue = queue.Queue()

    def read(stream):
        with stream:
            for raw in stream:
                lines.put(raw.decode("utf-8", "replace").rstrip())
        lines.put(None)

    threading.Thread(target=read, args=(process.stdout,), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=0.5)
        except queue.Empty:
            show.redraw()
            continue
        if line is None:
            return
        yield line


class _Line:
    """One line of progress: redrawn on a terminal, and sparse plain lines elsewhere."""

    def __init__(self, title: str, began: float):
        self.title, self.began, self.detail = title, began, ""
        self.terminal = sys.stderr.isatty()
        if not self.terminal:
            self._write(f"set-up {title} ...\n")
        self.redraw()

    def heard(self, line: str) -> None:
        """Take what the person may want to know out of a line of pip's output."""
        collecting = re.match(r"\s*(Collecting|Downloading) ([^\s;]+)(?: \((.*?)\))?", line)
        if collecting:
            word, name, size = collecting.groups()
            self.detail = f"{word.lower()} {name.rsplit('/', 1)[-1]}"
            if word == "Downloading" and size:
                self.detail += f" ({size})"
                if not self.terminal and re.search(r"\d\d\.\d MB|GB", size):
                    self._write(f"  {self.detail}\n")
        elif line.startswith("Installing collected packages"):
            self.detail = f"installing {line.count(',') + 1} packages"
            if not self.terminal:
                self._write(f"  {self.detail}\n")
        self.redraw()

    def redraw(self) -> None:
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            text = f"set-up {self.title}  {self.detail}  {self._seconds():.0f} s"
            self._write("\r\x1b[K" + text[:width])

    def done(self) -> None:
        start = "\r\x1b[K" if self.terminal else ""
        self._write(f"{start}set-up {self.title}: done in {self._seconds():.0f} s\n")

    def _seconds(self) -> float:
        return time.monotonic() - self.began

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
