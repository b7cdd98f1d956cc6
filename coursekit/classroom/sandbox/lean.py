"""The coursekit that a sandbox sees: no bank, no claims, no module that answers an exercise."""

import contextlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
PREFIX = "coursekit-sandbox-"

# Teaching and people know the answers, or draw, or write files. A submission needs none of them.
LEFT_OUT = frozenset(
    (
        *(
            "exercises",
            "claims",
            "plots",
            "experiments",
            "cli.py",
            "cli_teaching.py",
            "commands",
            "classroom",
        ),
        *("interview", "explorers", "progress.py", "notebook.py"),
        *("__main__.py", "__pycache__", "_notebooks"),
    )
)
# What carries an answer there and back. The packages around them stay empty.
CARRIERS = (
    "exercises/engine/adapters.py",
    "exercises/engine/kernels.py",
    "exercises/engine/losses.py",
    "exercises/engine/recorded_steps.py",
    "exercises/engine/guard.py",
    "exercises/engine/plain.py",
    "exercises/engine/tabled.py",
    "classroom/sandbox/wire.py",
    "classroom/sandbox/worker.py",
    "classroom/sandbox/worker_answers.py",
    "classroom/sandbox/worker_cells.py",
    "classroom/sandbox/worker_probe.py",
    "classroom/sandbox/worker_standins.py",
    "classroom/sandbox/worker_walls.py",
)


def make_lean_package(hidden: Collection[str]) -> Path:
    """Copy what a sandbox may see into a new folder, and return the folder.

    Args:
        hidden: Modules that give answers away, "coursekit.noise.scale".

    Returns:
        A folder that holds `coursekit/`; the caller removes it. It carries the caller's process
        id in its name, so that `remove_stale` finds what a killed grader left behind.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    away = {name.removeprefix("coursekit.").replace(".", "/") for name in hidden}

    def unwanted(directory: str, names: list[str]) -> set[str]:
        inside = Path(directory).relative_to(PACKAGE)
        top = LEFT_OUT if inside == Path() else {"__pycache__"}
        return {
            name
            for name in names
            if name in top or (inside / name).with_suffix("").as_posix() in away
        }

    shutil.copytree(PACKAGE, folder / "coursekit", ignore=unwanted, symlinks=True)
    for name in CARRIERS:
        target = folder / "coursekit" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        for package in (target.parent, target.parent.parent):
            (package / "__init__.py").touch()
        if name.removesuffix(".py") not in away:
            shutil.copy(PACKAGE / name, target)
    for path in (folder, *folder.rglob("*")):  # whoever runs inside may read, and no more
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def remove_stale() -> None:
    """Remove folders of graders that were killed; of one's own, and of dead processes only."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(folder.name.removeprefix(PREFIX).split("-")[0])
            if folder.stat().st_uid == os.geteuid() and not _alive(pid):
                shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def library_folders() -> list[Path]:
    """Return the folders from which this Python imports torch and numpy, without importing them."""
    found = []
    for name in ("torch", "numpy", "scipy", "typing_extensions"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            path = Path(spec.origin)
            found.append(path.parents[1] if path.name == "__init__.py" else path.parent)
    return list(dict.fromkeys(found))
