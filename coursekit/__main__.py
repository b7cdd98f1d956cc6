"""``python3 -m coursekit``: check the version of Python, find or make the environment, hand over.

This file imports only the standard library and parses on Python 3.8, so that an old Python gets a
sentence and not a syntax error.
"""

import os
import subprocess
import sys
from typing import List, Optional

OLDEST = (3, 11)


def too_old() -> Optional[str]:
    """Return what to tell a person whose Python is too old, as one line, or None."""
    if sys.version_info[:2] >= OLDEST:
        return None
    newer = [name for name in (f"python3.{minor}" for minor in range(14, 10, -1)) if runs(name)]
    remedy = (
        f"run it with the one you have: {newer[0]} -m coursekit lab"
        if newer
        else "install a newer one (https://www.python.org/downloads)"
    )
    seen = ".".join(str(part) for part in sys.version_info[:3])
    needed = ".".join(str(part) for part in OLDEST)
    return (
        f"coursekit: this is Python {seen} ({sys.executable}), "
        f"and the course needs {needed} or newer: {remedy}"
    )


def runs(name: str) -> bool:
    """Say whether a Python of this name starts; being on the PATH is not enough (pyenv's shims)."""
    try:
        return subprocess.call([name, "-c", ""], stderr=subprocess.DEVNULL, timeout=10) == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main(argv: Optional[List[str]] = None) -> int:
    """Run one command of the course; ``argv`` leaves out the program's name."""
    message = too_old()
    if message is not None:
        sys.stderr.write(message + "\n")
        return 2
    from coursekit.bootstrap.console import spell_out_what_cannot_be_shown
    from coursekit.bootstrap.start import start

    spell_out_what_cannot_be_shown()
    try:
        status = start(sys.argv[1:] if argv is None else argv, cli=run_cli, doctor=run_doctor)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of our output has gone, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def run_cli(argv: List[str]) -> int:
    """Run one command in this interpreter, which has what it needs."""
    from coursekit.bootstrap.unasked import leave_out_unasked

    leave_out_unasked()
    from coursekit.cli import main as cli

    return cli(argv)


def run_doctor() -> int:
    """Run ``doctor`` where nothing may be installed yet."""
    from coursekit.commands.doctor import run

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
