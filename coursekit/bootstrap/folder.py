"""The folder `.venv`: what is known of it, whether it can be used, room for a new one.

Standard library only, and it parses on Python 3.8.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from coursekit.bootstrap.installer import SetupError
from coursekit.bootstrap.pip_failures import GO_ON
from coursekit.storage import write_atomically

NEEDED_GB = {"cpu": 3, "gpu": 12}  # with room for pip's own copies
STATE = ".coursekit.json"
PROBE = """
import importlib.metadata as metadata, importlib.util as util, json, sys, sysconfig
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({"python": sys.version.split()[0], "site": sysconfig.get_paths()["purelib"],
                  "pip": util.find_spec("pip") is not None, "torch": version("torch"),
                  "ensurepip": util.find_spec("ensurepip") is not None}))
"""


def interpreter_in(folder: Path) -> Path:
    """Return the path of the interpreter in a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def usable_state(folder: Path) -> dict | None:
    """Return the state of an environment that can be finished, or None if it is to be made anew.

    Raises:
        SetupError: If ``.venv`` is a person's own and does not work: it is not ours to delete.
    """
    state, python = read_state(folder), interpreter_in(folder)
    if os.path.lexists(folder) and not folder.is_dir():
        raise SetupError(not_ours(folder, "is no folder"))
    if state.get("stage") == "made":
        return state if is_in_place(folder, state) and works(python) else None
    if state or not folder.exists() or not any(folder.iterdir()):
        return None
    if (folder / "pyvenv.cfg").is_file() and works(python):
        return state  # made by hand: what it lacks is added
    seen = "was not made by this program, and holds no Python 3.11 or newer with pip"
    raise SetupError(not_ours(folder, seen))


def is_in_place(folder: Path, state: dict) -> bool:
    """Say whether the environment still lies where it was made, with its Python still there."""
    python = interpreter_in(folder)
    base = os.path.realpath(python)
    there = os.path.exists(python)  # False also where this person may not look, as after sudo
    return there and state.get("place") == str(folder) and state.get("base") == base


def works(python: Path) -> bool:
    """Say whether an interpreter runs, is new enough, and has pip or can bring it."""
    try:
        facts = probe(python)
    except (OSError, ValueError, SetupError):
        return False
    version = tuple(int(part) for part in facts["python"].split(".")[:2])
    return bool(facts["pip"] or facts["ensurepip"]) and version >= (3, 11)


def probe(python: Path) -> dict:
    """Return what an environment's interpreter says of itself.

    Raises:
        SetupError: If it does not run.
    """
    argv = [str(python), "-I", "-c", PROBE]
    answer = subprocess.run(argv, capture_output=True, text=True)
    if answer.returncode != 0:
        raise SetupError(
            f"{python} does not run: {answer.stderr.strip()[-300:]}\n"
            f"Delete {python.parents[1]}, then run the same command again."
        )
    return dict(json.loads(answer.stdout))


def check_disk(folder: Path, gpu: bool) -> None:
    """Refuse a disk on which the environment would not fit, or not run.

    Raises:
        SetupError: If it is too full, or mounted so that no library can be loaded from it.
    """
    place = folder.resolve() if folder.is_dir() else folder.parent  # a link may lead to another
    free, needed = shutil.disk_usage(place).free / 1e9, NEEDED_GB["gpu" if gpu else "cpu"]
    if free < needed:
        raise SetupError(
            f"the environment needs {needed} GB on the disk of {place}, and {free:.1f} GB are free."
            f"\nFree some space, then {GO_ON}."
        )
    if hasattr(os, "statvfs") and os.statvfs(place).f_flag & getattr(os, "ST_NOEXEC", 0):
        raise SetupError(
            f"the disk of {place} is mounted with noexec, so no library can be loaded from it.\n"
            "Clone into a folder on another disk, or mount it with exec."
        )


def read_state(folder: Path) -> dict:
    """Return what the last set-up wrote down; {} where nothing of it can be read."""
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_state(folder: Path, state: dict) -> None:
    """Write down what is known, whole or not at all."""
    write_atomically(folder / STATE, json.dumps(state, indent=1) + "\n")


def empty(folder: Path) -> None:
    """Let there be an empty folder; where it is a link to one, on a larger disk, it stays a link.

    Raises:
        SetupError: If something is there that is no folder: it is not ours to delete.
    """
    if folder.is_symlink() and folder.is_dir():
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        return
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise SetupError(not_ours(folder, "is no folder")) from None


def not_ours(folder: Path, seen: str) -> str:
    """Return the message for what a person has put where the environment belongs."""
    return f"{folder} {seen}.\nRename or delete it, then run the same command again."
