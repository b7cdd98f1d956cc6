"""Start a command in an interpreter that has what it needs: this one, or that of ``.venv``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib.machinery import PathFinder
from pathlib import Path

from coursekit.bootstrap.environment import ensure_environment, find_environment, unusable_path
from coursekit.bootstrap.installer import SetupError
from coursekit.bootstrap.requirements import NEEDS, modules, suits
from coursekit.storage import ROOT, NoHome

CAN_REPLACE_ITSELF = os.name != "nt"
USAGE = """usage: python3 -m coursekit COMMAND

  lab      open the course in JupyterLab
  test     run the test suite
  doctor   say what works on this machine and what does not

The first lab or test makes the environment (.venv, 1.5 GB). After that every command and option is
listed by: python3 -m coursekit --help
"""


def start(argv: list, *, cli: Callable[[list], int], doctor: Callable[[], int]) -> int:
    """Run ``coursekit ARGV`` and return its exit status.

    The interpreter that runs is used if every module the command needs is found in it; otherwise
    ``.venv`` is made or finished, and takes over. Help and ``doctor`` install nothing.

    Args:
        argv: The words after the program's name.
        cli: Runs them in this interpreter.
        doctor: Runs the one command that needs nothing installed.
    """
    # torch's threads wait for each other by spinning. Where other programs run too, that made a
    # small model train 30 times slower with two threads than with one; asleep, 3 times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = argv[: argv.index("--")] if "--" in argv else argv
    command = next((word for word in words if not word.startswith("-")), None)
    if command is not None and command not in NEEDS:
        near = get_close_matches(command, NEEDS, n=1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(NEEDS)}."
        sys.stderr.write(
            f"coursekit: there is no command {command!r}; {meant}\n"
            "See: python3 -m coursekit --help\n"
        )
        return 2
    level, gpu = NEEDS.get(command or "", "core"), "--gpu" in words
    if command == "build" and "--site" in words:
        level = "site"
    try:
        if unusable_path() and command not in (None, "doctor"):
            raise SetupError(unusable_path())
        if not suits(level, gpu=gpu):
            python = find_environment(level, gpu=gpu)
            if python is None and (command is None or {"-h", "--help"} & set(words)):
                sys.stdout.write(USAGE)
                return 0
            if python is None and command == "doctor":
                return doctor()
            if python is None:
                python = ensure_environment(level, gpu=gpu)
            leave_out_shadows(level)
            return hand_over([str(python), "-m", "coursekit", *argv])
    except (SetupError, NoHome) as error:
        sys.stderr.write(f"coursekit: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on where this one stopped.\n")
        return 130
    return cli(argv)


def leave_out_shadows(level: str) -> None:
    """Take out of PYTHONPATH each folder with a module of its own that the environment brings.

    Such a folder (of a robot's or a cluster's system, say) comes first in every search, and its
    numpy, for another Python, would be met in place of the environment's.
    """
    folders = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    kept = []
    for folder in folders:
        specs = [(name, PathFinder.find_spec(name, [folder])) for name in modules(level)]
        held = [name for name, spec in specs if spec and spec.origin]  # a bare folder is none
        if held:
            sys.stderr.write(f"Left out of PYTHONPATH: {folder} (it has its own {held[0]})\n")
        else:
            kept.append(folder)
    if kept != folders:
        os.environ["PYTHONPATH"] = os.pathsep.join(kept)


def child_environment(python: str) -> dict:
    """Return os.environ with the interpreter's own programs and this copy of coursekit first.

    nbgrader's formgrader starts ``alembic`` by name, and kernels import coursekit wherever they
    run, so neither may depend on how this program was started.
    """
    programs = [str(Path(python).parent), os.environ.get("PATH", "")]
    modules = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PATH": os.pathsep.join(place for place in programs if place),
        "PYTHONPATH": os.pathsep.join(place for place in modules if place),
    }


def hand_over(argv: Sequence[str], *, cwd: Path | None = None) -> int:
    """Become another Python program; returns its exit status only where that can't be done.

    On POSIX this process is replaced, so that Ctrl-C reaches the program alone.
    """
    environment = child_environment(argv[0])
    if cwd is not None:
        os.chdir(cwd)
    sys.stdout.flush()
    sys.stderr.flush()
    if CAN_REPLACE_ITSELF:
        os.execve(argv[0], list(argv), environment)
    process = subprocess.Popen(list(argv), env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the program got it too, and decides
