"""``coursekit lab``: JupyterLab at the learner's own copy of a unit."""

import os
import sys
from pathlib import Path

from coursekit.bootstrap.start import hand_over
from coursekit.classroom.learner.copies import (
    exercises_in,
    find_unit,
    notebook_in,
    own_copy,
    release_folder,
    released_units,
    work_folder,
)
from coursekit.explorers.predictions import LOCK
from coursekit.progress import record_visit
from coursekit.storage import ROOT, workspace


def run(unit: str, *, fresh: bool, check: bool, no_browser: bool, extra: list[str]) -> int:
    """Open a unit, or with ``check`` run the first unit in a real server and report.

    Args:
        unit: Which unit; empty for the last one begun, or the first.
        fresh: Rename the learner's copy and begin anew.
        check: Run the first unit instead of opening one.
        no_browser: Start the server only.
        extra: More arguments for JupyterLab.
    """
    units = {path.name: path for path in released_units()}
    if not units:
        raise ValueError(
            f"no unit is released in {release_folder()}.\nMake them: python3 -m coursekit build"
        )
    if check:
        from coursekit.commands.lab_check import check_unit

        chosen = find_unit(unit, list(units)) if unit else next(iter(units))
        return check_unit(units[chosen])
    name = find_unit(unit, list(units)) if unit else last_begun(list(units))
    copy, told = own_copy(units[name], work_folder(), fresh=fresh)
    if told:
        print(told, file=sys.stderr)
    try:
        exercises_in(notebook_in(copy))
    except ValueError as error:
        raise ValueError(
            f"{error}.\nTake a new copy, keeping this one under another name: "
            f"python3 -m coursekit lab {name} --fresh"
        ) from error
    try:
        record_visit(name)
    except (OSError, ValueError) as error:
        print(f"Your progress is not recorded: {error}", file=sys.stderr)
    return open_lab(notebook_in(copy), no_browser=no_browser, extra=extra)


def last_begun(names: list[str]) -> str:
    """Return the unit whose copy was changed last, or the first unit if none was begun."""
    begun = [name for name in names if notebook_in(work_folder() / name).is_file()]
    return max(
        begun, key=lambda name: notebook_in(work_folder() / name).stat().st_mtime, default=names[0]
    )


def open_lab(notebook: Path, *, no_browser: bool, extra: list[str]) -> int:
    """Become a JupyterLab server that shows ``notebook``; returns only where that can't be done.

    The server starts in the folder of ``nbgrader_config.py`` and with this environment's programs
    first on PATH, both of which nbgrader's formgrader needs.
    """
    base = workspace()
    argv = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={base}",
        f"--LabApp.default_url=/lab/tree/{notebook.relative_to(base).as_posix()}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if no_browser:
        argv.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        argv.append("--allow-root")
    os.environ[LOCK] = "1"  # kernels inherit it: a person is here, so questions wait for answers
    print("Starting JupyterLab; Ctrl-C twice in this window ends it.", file=sys.stderr)
    return hand_over([*argv, *extra], cwd=ROOT)
