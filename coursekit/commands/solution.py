"""``coursekit solution``: the solved unit, as a notebook of the learner's own."""

import sys
import tempfile
from pathlib import Path

import nbformat

from coursekit.claims import quote
from coursekit.classroom.learner.copies import (
    class_folder,
    find_unit,
    notebook_in,
    own_copy,
    work_folder,
)
from coursekit.classroom.release.build import instructor_notebook
from coursekit.classroom.release.source import read_units
from coursekit.commands.build import points_of
from coursekit.commands.lab import open_lab
from coursekit.storage import ROOT, is_clone


def run(unit: str, *, fresh: bool, no_browser: bool, extra: list[str], public: bool = False) -> int:
    """Open a copy of the solved unit in ``work/solutions/``, beside the learner's own attempt."""
    copy, told = solved_copy(unit, fresh=fresh, public=public)
    if told:
        print(told, file=sys.stderr)
    return open_lab(notebook_in(copy), no_browser=no_browser, extra=extra)


def solved_copy(unit: str, *, fresh: bool = False, public: bool = False) -> tuple[Path, str]:
    """Make the learner's copy of a solved unit, unless there is one.

    Args:
        unit: Which unit.
        fresh: Rename an earlier copy and make a new one.
        public: Take the public one, also where the learner's class has another.

    Returns:
        The folder of the copy, and a sentence on what was done (empty if nothing).

    Raises:
        ValueError: If the unit is unknown or the class's own, or the solutions are not here.
    """
    if not is_clone():
        raise ValueError(
            "the solutions do not come with the installed package.\n"
            "Clone the repository and run `python3 -m coursekit solution UNIT` there."
        )
    units = {each.name: each for each in read_units(ROOT / "solutions")}
    name = find_unit(unit, list(units))
    if not public and (class_folder() / name).is_dir():
        raise ValueError(
            f"{name} is your class's, which asks for other things than the public course: your "
            "instructor has its solutions.\n"
            f"The public unit, solved: python3 -m coursekit solution {name} --public"
        )
    solved = instructor_notebook(units[name], points_of=points_of, quote=quote)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / name
        folder.mkdir()
        nbformat.write(solved, notebook_in(folder))
        return own_copy(folder, work_folder() / "solutions", fresh=fresh)
