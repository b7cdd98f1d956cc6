"""Make or finish the environment of the clone in ``.venv``, whatever an earlier try left there.

What is known of it stands in ``.venv/.coursekit.json``: the stage (``making``, ``made``), where it
was made and with which Python, and a stamp for each level that was installed to the end.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from coursekit.bootstrap.bubblewrap import find_bubblewrap, install_arguments
from coursekit.bootstrap.folder import (
    check_disk,
    empty,
    interpreter_in,
    is_in_place,
    probe,
    read_state,
    usable_state,
    write_state,
)
from coursekit.bootstrap.installer import SetupError, drop_half_installed, make_venv, run_step
from coursekit.bootstrap.pip_failures import GO_ON
from coursekit.bootstrap.pip_settings import clean_environment, patience, pip_environment
from coursekit.bootstrap.requirements import EXTRAS, ORACLES, TORCH, missing, stamp
from coursekit.storage import ROOT, is_clone, locked, workspace, write_atomically

CPU_INDEX = ("--extra-index-url", "https://download.pytorch.org/whl/cpu")
BRING_PIP = ("-m", "ensurepip", "--default-pip")


def find_environment(level: str, *, gpu: bool = False) -> Path | None:
    """Return the interpreter of a finished environment that serves the level, or None."""
    folder = workspace() / ".venv"
    if not is_clone() or Path(sys.prefix) == folder:
        return None  # where this is that interpreter, it was just found to lack something
    python, state = interpreter_in(folder), read_state(folder)
    if not is_in_place(folder, state) or (gpu and str(state.get("torch")).endswith("+cpu")):
        return None
    enough = {"test": ("test",), "site": ("site", "test")}.get(level, ("course", "site", "test"))
    stamps = state.get("stamps", {})
    done = any(stamps.get(name) == stamp(name, str(state.get("python"))) for name in enough)
    return python if done else None


def unusable_path() -> str:
    """Say why no environment and no kernel can be started in this clone; "" if they can.

    ":" (";" on Windows) separates folders in PATH and PYTHONPATH. A line break, or bytes that are
    no UTF-8, cannot stand in what pip and Jupyter write down.
    """
    path, why = str(ROOT), ""
    if os.pathsep in path:
        why = f"holds {os.pathsep!r}, which separates folders in PATH and PYTHONPATH"
    elif len(path.splitlines()) > 1:
        why = "holds a line break, which no list of paths can hold"
    elif any(0xD800 <= ord(character) < 0xE000 for character in path):
        why = "is not in UTF-8, which pip and Jupyter need"
    remedy = "Rename the folder, or clone into another one."
    shown = path if os.pathsep in path else ascii(path)
    return why and (
        f"the path {shown} {why}, so neither an environment nor a kernel can be started there.\n"
        + remedy
    )


def venv_maker(folder: Path) -> tuple:
    """Return the command that makes an environment, by a Python that does not lie in that folder.

    Who works in the environment starts this program by the very one that may have to go.
    """
    inside = folder in Path(sys.executable).parents
    return (getattr(sys, "_base_executable", "") if inside else sys.executable, "-m", "venv")


def ensure_environment(
    level: str, *, gpu: bool = False, maker: Sequence[str] | None = None
) -> Path:
    """Make or finish the environment for a level and return its interpreter.

    Only one set-up of a clone runs at a time; another waits, then uses what the first made.

    Args:
        level: ``course`` or ``test``; ``core`` gets the environment of ``course``.
        gpu: Install the CUDA build of torch even where no GPU is found.
        maker: The command that makes an environment in the folder named after it; None: that of
            `venv_maker`.

    Raises:
        SetupError: If it cannot be made; the message's last line says what to do.
    """
    level = "course" if level == "core" else level
    lacking = f"{sys.executable} has no {', '.join(missing(level))}"
    if unusable_path():
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
            folder = place / ".venv"
            argv = maker or venv_maker(folder)
            return python or _install(folder, level, gpu or has_gpu(), argv, lock)
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

    state = usable_state(folder)
    if state is None:
        check_disk(folder, gpu)
        _say(f"Making the environment of the course in {folder} (once; minutes)")
        empty(folder)
        write_state(folder, {"stage": "making"})  # so that a kill from here on is seen next time
        make_venv(lambda: step(1, "virtual environment", *maker, str(folder.resolve())))
        state = {"stage": "made"}
    python = interpreter_in(folder)
    facts = probe(python)
    if not facts["pip"]:  # taken away, or never there, as in an environment that uv made
        step(0, "pip", str(python), *BRING_PIP)
    own = pip_environment(str(python))
    place = {"place": str(folder), "base": os.path.realpath(python), "python": facts["python"]}
    write_state(folder, {**state, **place, "stage": "made", "stamps": {}})
    for name in drop_half_installed(Path(facts["site"])):
        _say(f"  half-installed, to be installed again: {name}")
    torch = probe(python)["torch"]
    pip = (str(python), "-m", "pip", "install")
    waits = patience(own, "30", "2")
    if torch is None or (gpu and torch.endswith("+cpu")):
        again = ("--force-reinstall", "--no-deps") if torch else ()
        kind = "CUDA" if gpu else "CPU"
        index: tuple = waits
        if not gpu and sys.platform != "darwin":
            # where that index cannot be reached, PyPI's build will do: don't wait long
            index = (*patience(own, "15", "1"), *CPU_INDEX)
        step(2, f"torch, {kind} build", *pip, *again, *index, TORCH)
        torch = probe(python)["torch"]
        if torch is None:
            raise SetupError(_went_elsewhere(python, ["torch"], log))
    constraint = folder / "constraints.txt"
    write_atomically(constraint, f"torch=={torch}\n")  # nothing below may replace it
    target = f"{ROOT}[{','.join(EXTRAS[level])}]"
    step(3, "libraries of the course", *pip, *waits, "-c", str(constraint), "-e", target)
    if level == "test":
        step(4, "oracles of the tests", *pip, *waits, "--no-deps", "-r", str(ROOT / ORACLES))
    lacking = _lacking(python, level)
    if lacking:
        raise SetupError(_went_elsewhere(python, lacking, log))
    _bring_bubblewrap(python, step)
    stamps = {name: stamp(name, facts["python"]) for name in ("course", level)}
    write_state(folder, {"stage": "made", **place, "torch": torch, "stamps": stamps})
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


def hides_gpus() -> str:
    """Return the setting by which a person hides every GPU from CUDA's programs; "" if none."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None or (chosen.strip() and not chosen.strip().startswith("-")):
        return ""
    return f"CUDA_VISIBLE_DEVICES={chosen!r}"


PATIENCE = (3, 17)  # seconds for nvidia-smi: in silence, and once it is said


def has_gpu(*, hidden: bool = True) -> bool:
    """Say whether NVIDIA's driver lists a GPU here.

    Args:
        hidden: What CUDA_VISIBLE_DEVICES hides does not count; False: it does.
    """
    if hidden and hides_gpus():
        return False
    command = ["nvidia-smi", "-L"]
    try:
        asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    waiting = "nvidia-smi does not answer yet: waiting for it ..."
    given_up = f"nvidia-smi did not answer in {sum(PATIENCE)} s: going on as if there were no GPU"
    for seconds, said in zip(PATIENCE, (waiting, given_up), strict=True):
        try:
            answer, _ = asked.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _say(said)
        else:
            return asked.returncode == 0 and b"GPU" in answer
    asked.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):  # a driver that hangs lets nobody end it
        asked.communicate(timeout=1)
    return False


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _say_waiting() -> None:
    _say("Another set-up of this clone is running: waiting for it to end ...")
