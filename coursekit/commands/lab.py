"""``coursekit lab``: JupyterLab at the course's home page, or at the learner's copy of a unit."""

import os
import sys
import webbrowser
from pathlib import Path

from coursekit.classroom.learner.class_release import take_in
from coursekit.classroom.learner.copies import (
    exercises_in,
    find_unit,
    notebook_in,
    own_copy,
    release_folder,
    released_units,
    work_folder,
)
from coursekit.classroom.learner.home import home_page
from coursekit.classroom.learner.own_server import arguments, link, running_server, serve
from coursekit.explorers.predictions import LOCK
from coursekit.progress import record_visit
from coursekit.storage import ROOT, workspace


def run(
    unit: str,
    *,
    fresh: bool,
    check: bool,
    no_browser: bool,
    extra: list[str],
    release: Path | None = None,
) -> int:
    """Open a unit or the home page, or with ``check`` run a unit in a real server and report.

    Every unit is copied to ``work/`` if it is not there, so that links from one to the next work.

    Args:
        unit: Which unit; empty for the home page, which says where to go on.
        fresh: Rename the learner's copy and begin anew.
        check: Run the first unit instead of opening one.
        no_browser: Start the server only.
        extra: More arguments for JupyterLab.
        release: Units that the learner's class was given: taken in first, in place of the public
            ones.
    """
    for sentence in take_in(release) if release is not None else []:
        print(sentence, file=sys.stderr)
    units = {path.name: path for path in released_units()}
    if not units:
        raise ValueError(
            f"no unit is released in {release_folder()}.\nMake them: python3 -m coursekit build"
        )
    if check:
        from coursekit.commands.lab_check import check_unit

        chosen = find_unit(unit, list(units)) if unit else next(iter(units))
        return check_unit(units[chosen])
    name = find_unit(unit, list(units)) if unit else ""
    for other in units:
        if other != name:
            own_copy(units[other], work_folder())
    try:
        page = home_page(release_folder(), work_folder())
    except (OSError, ValueError) as error:
        print(f"There is no home page now: {error}", file=sys.stderr)
        page, name = None, name or next(iter(units))
    if page is not None and not name:
        return open_lab(page, no_browser=no_browser, extra=extra)
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


def open_lab(notebook: Path, *, no_browser: bool, extra: list[str]) -> int:
    """Show ``notebook`` in the JupyterLab that runs for this folder, or start one and wait for it.

    The server starts in the folder of ``nbgrader_config.py`` and with this environment's programs
    first on PATH, both of which nbgrader's formgrader needs.

    Args:
        notebook: What to show.
        no_browser: Print the link and open nothing.
        extra: More arguments for JupyterLab; with any, a server of its own starts.
    """
    base = workspace()
    path = notebook.relative_to(base).as_posix()
    server = None if extra else running_server(base)
    if server is not None:
        address = link(server, path)
        print(f"JupyterLab runs already. The course is open at {address}", file=sys.stderr)
        if not no_browser:
            webbrowser.open(address)
        return 0
    os.environ[LOCK] = "1"  # kernels inherit it: a person is here, so questions wait for answers
    quiet = ["--no-browser"] if no_browser else []
    return serve([*arguments(base, path), *quiet, *extra], path, cwd=ROOT)
