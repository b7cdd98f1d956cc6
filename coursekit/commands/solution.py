"""``coursekit solution``: the solved unit, as a notebook of the learner's own."""

import sys
import tempfile
from pathlib import Path

from coursekit.classroom.units import find_unit, notebook_in, own_copy, work_folder
from coursekit.commands.lab import open_lab
from coursekit.storage import ROOT, is_clone


def run(unit: str, *, fresh: bool, no_browser: bool, extra: list[str]) -> int:
    """Open a copy of the solved unit in ``work/solutions/``, beside the learner's own attempt."""
    copy, told = solved_copy(unit, fresh=fresh)
    if told:
        print(told, file=sys.stderr)
    return open_lab(notebook_in(copy), no_browser=no_browser, extra=extra)


def solved_copy(unit: str, *, fresh: bool = False) -> tuple[Path, str]:
    """Make the learner's copy of a solved unit, unless there is one.

    Raises:
        ValueError: If the unit is unknown, or the solutions are not here.
    """
    sources = {path.stem: path for path in sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py"))}
    if not is_clone():
        raise ValueError(
            "the solutions do not come with the installed package.\n"
            "Clone the repository and run `python3 -m coursekit solution UNIT` there."
        )
    import jupytext
    import nbformat

    name = find_unit(unit, list(sources))
    notebook = jupytext.read(sources[name])
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / name
        folder.mkdir()
        nbformat.write(notebook, notebook_in(folder))
        return own_copy(folder, work_folder() / "solutions", fresh=fresh)
