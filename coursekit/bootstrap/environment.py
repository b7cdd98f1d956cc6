"""Make or finish the environment of the clone in ``.venv``, whatever an earlier try left there.

What is known of it stands in ``.venv/.coursekit.json``: the stage (``making``, ``made``), where it
was made and with which Python, and a stamp for each level that was installed to the end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from coursekit.bootstrap.bubblewrap import find_bubblewrap, install_arguments
from coursekit.bootstrap.installer import (
    GO_ON,
    SetupError,
    clean_environment,
    drop_half_installed,
    make_venv,
    pip_environment,
    run_step,
)
from coursekit.bootstrap.requirements import EXTRAS, ORACLES, TORCH, missing, stamp
from coursekit.storage import ROOT, is_clone, locked, workspace, write_atomically

CPU_INDEX = (  # where it cannot be reached, PyPI's build will do: don't wait long
    *("--timeout", "15", "--retries", "1"),
    *("--extra-index-url", "https://download.pytorch.org/whl/cpu"),
)
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
                  "pip": util.find_spec("pip") is not None, "torch": version("torch")}))
"""


def find_environment(level: str, *, gpu: bool = False) -> Path | None:
    """Return the interpreter of a finished environment that serves the level, or None."""
    folder = workspace() / ".venv"
    if not is_clone() or Path(sys.prefix) == folder:
        return None  # where this is that interpreter, it was just found to lack something
    python, state = interpreter_in(folder), _read_state(folder)
    if not _is_in_place(folder, state) or (gpu and str(state.get("torch")).endswith("+cpu")):
        return None
    enough = {"test": ("test",), "site": ("site", "test")}.get(level, ("course", "site", "test"))
    stamps = state.get("stamps", {})
    done = any(stamps.get(name) == stamp(name, state["python"]) for name in enough)
    return python if done else None


def unusable_path() -> str:
    """Say why a clone whose path holds ":" (";" on Windows) cannot be used."""
    return (
        f"the path {ROOT} holds {os.pathsep!r}, which separates folders in PATH and PYTHONPATH, so "
        "neither an environment nor a kernel can be started there.\n"
        "Rename the folder, or clone into another one."
    )


def interpreter_in(folder: Path) -> Path:
    """Return the path of the interpreter in a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure_environment(
    level: str, *, gpu: bool = False, maker: Sequence[str] = (sys.executable, "-m", "venv")
) -> Path:
    """Make or finish the environment for a level and return its interpreter.

    Only one set-up of a clone runs at a time; another waits, then uses what the first made.

    Args:
        level: ``course`` or ``test``; ``core`` gets the environment of ``course``.
        gpu: Install the CUDA build of torch even where no GPU is found.
        maker: The command that makes an environment in the folder named after it.

    Raises:
        SetupError: If it cannot be made; the message's last line says what to do.
    """
    level = "course" if level == "core" else level
    lacking = f"{sys.executable} has no {', '.join(missing(level))}"
    if os.pathsep in str(ROOT):
        raise SetupError(unusable_path())
    if not is_clone():
        install = f"{sys.executable} -m pip install {' '.join(missing(level))}"
        raise SetupError(f"{lacking}.\nInstall what is missing: {install}")
    if os.environ.get("COURSEKIT_NO_VENV") == "1":
        raise SetupError(
            f"{lacking}, and COURSEKIT_NO_VENV=1 forbids to make an environment.\n"
            "Unset COURSEKIT_NO_VENV, or install what is missing: "
            f"{sys.executable} -m pip install -e '{ROOT}[{','.join(EXTRAS[level])}]'"
        )
    place = workspace()
    if place != ROOT:
        _say(f"This clone is read-only, so the environment goes to {place}")
    try:
        with locked(place / ".coursekit-lock", on_wait=_say_waiting) as lock:
            python = find_environment(level, gpu=gpu)  # another set-up may just have made it
            return python or _install(place / ".venv", level, gpu or has_gpu(), maker, lock)
    except OSError as error:
        raise SetupError(
            f"cannot write the environment in {place}: {error}.\nMake room or give yourself the "
            f"right to write there (COURSEKIT_HOME moves your own data), then {GO_ON}."
        ) from error


def _install(folder: Path, level: str, gpu: bool, maker: Sequence[str], lock: int) -> Path:
    log = folder.parent / ".venv.log"
    log.write_text("")
    steps = 4 if level == "test" else 3
    own = None  # pip's variables, once there is a pip to ask

    def step(number: int, title: str, *argv: str) -> None:
        count = f"{number}/{steps} " if number else ""
        run_step(argv, count + title, log=log, keep_open=(lock,), environment=own)

    state = _usable_state(folder)
    if state is None:
        _check_disk(folder.parent, gpu)
        _say(f"Making the environment of the course in {folder} (once; minutes)")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _write_state(folder, {"stage": "making"})  # so that a kill from here on is seen next time
        make_venv(lambda: step(1, "virtual environment", *maker, str(folder)))
        state = {"stage": "made"}
    python = interpreter_in(folder)
    facts, own = _probe(python), pip_environment(str(python))
    place = {"place": str(folder), "base": os.path.realpath(python), "python": facts["python"]}
    _write_state(folder, {**state, **place, "stage": "made", "stamps": {}})
    for name in drop_half_installed(Path(facts["site"])):
        _say(f"  half-installed, to be installed again: {name}")
    torch = _probe(python)["torch"]
    pip = (str(python), "-m", "pip", "install", "--timeout", "30", "--retries", "2")
    if torch is None or (gpu and torch.endswith("+cpu")):
        again = ("--force-reinstall", "--no-deps") if torch else ()
        kind = "CUDA" if gpu else "CPU"
        index = () if gpu or sys.platform == "darwin" else CPU_INDEX
        step(2, f"torch, {kind} build", *pip, *again, *index, TORCH)
        torch = _probe(python)["torch"]
        if torch is None:
            raise SetupError(_went_elsewhere(python, ["torch"], log))
    constraint = folder / "constraints.txt"
    write_atomically(constraint, f"torch=={torch}\n")  # nothing below may replace it
    target = f"{ROOT}[{','.join(EXTRAS[level])}]"
    step(3, "libraries of the course", *pip, "-c", str(constraint), "-e", target)
    if level == "test":
        step(4, "oracles of the tests", *pip, "--no-deps", "-r", str(ROOT / ORACLES))
    lacking = _lacking(python, level)
    if lacking:
        raise SetupError(_went_elsewhere(python, lacking, log))
    _bring_bubblewrap(python, step)
    stamps = {name: stamp(name, facts["python"]) for name in ("course", level)}
    _write_state(folder, {"stage": "made", **place, "torch": torch, "stamps": stamps})
    return python


def _lacking(python: Path, level: str) -> list:
    """Return the distributions of a level that the environment's own interpreter does not find."""
    code = f"from coursekit.bootstrap.requirements import missing; print(*missing({level!r}))"
    answer = subprocess.run(
        [str(python), "-c", code], cwd=str(ROOT), env=clean_environment(), capture_output=True
    )
    said = answer.stdout.decode("utf-8", "replace")
    return said.split() if answer.returncode == 0 else [answer.stderr.decode()[-200:].strip()]


def _went_elsewhere(python: Path, lacking: Sequence[str], log: Path) -> str:
    """Say that pip reported success and the environment is without what it installed."""
    return (
        f"pip ended well, and {python} has no {', '.join(lacking)}: it may have gone elsewhere.\n"
        f"See {log} for where. If one of pip's settings sent it there, take it away (pip config "
        f"debug names the files), then {GO_ON}."
    )


def _bring_bubblewrap(python: Path, step: Callable[..., None]) -> None:
    """Install bubblewrap's program where the system has none: only `grade` needs it."""
    if not sys.platform.startswith("linux") or find_bubblewrap(of_system=True)[0]:
        return
    try:
        step(0, "bubblewrap, for grading", str(python), "-m", "pip", *install_arguments())
    except SetupError as error:
        _say(f"{error}\nThe course runs without it; `python3 -m coursekit doctor` says more.")


def _usable_state(folder: Path) -> dict | None:
    """Return the state of an environment that can be finished, or None if it is to be made anew.

    Raises:
        SetupError: If ``.venv`` is a person's own and does not work: it is not ours to delete.
    """
    state, python = _read_state(folder), interpreter_in(folder)
    if state.get("stage") == "made":
        return state if _is_in_place(folder, state) and _works(python) else None
    if state or not folder.exists() or not any(folder.iterdir()):
        return None
    if (folder / "pyvenv.cfg").is_file() and _works(python):
        return state  # made by hand: what it lacks is added
    raise SetupError(
        f"{folder} was not made by this program, and holds no Python 3.11 or newer with pip.\n"
        "Rename or delete it, then run the same command again."
    )


def _is_in_place(folder: Path, state: dict) -> bool:
    """Say whether the environment still lies where it was made, with its Python still there."""
    python = interpreter_in(folder)
    base = os.path.realpath(python)
    return python.exists() and state.get("place") == str(folder) and state.get("base") == base


def _works(python: Path) -> bool:
    try:
        facts = _probe(python)
    except (OSError, ValueError, SetupError):
        return False
    version = tuple(int(part) for part in facts["python"].split(".")[:2])
    return bool(facts["pip"]) and version >= (3, 11)


def _probe(python: Path) -> dict:
    argv = [str(python), "-I", "-c", PROBE]
    answer = subprocess.run(argv, capture_output=True, text=True)
    if answer.returncode != 0:
        raise SetupError(
            f"{python} does not run: {answer.stderr.strip()[-300:]}\n"
            f"Delete {python.parents[1]}, then run the same command again."
        )
    return dict(json.loads(answer.stdout))


def _check_disk(place: Path, gpu: bool) -> None:
    free, needed = shutil.disk_usage(place).free / 1e9, NEEDED_GB["gpu" if gpu else "cpu"]
    if free < needed:
        raise SetupError(
            f"the environment needs {needed} GB on the disk of {place}, and {free:.1f} GB are free."
            f"\nFree some space, then {GO_ON}."
        )


def _read_state(folder: Path) -> dict:
    try:
        return dict(json.loads((folder / STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write_state(folder: Path, state: dict) -> None:
    write_atomically(folder / STATE, json.dumps(state, indent=1) + "\n")


def has_gpu() -> bool:
    """Say whether NVIDIA's driver lists a GPU here."""
    try:
        answer = subprocess.run(
            ["nvidia-smi", "-L"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and b"GPU" in answer.stdout


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _say_waiting() -> None:
    _say("Another set-up of this clone is running: waiting for it to end ...")
