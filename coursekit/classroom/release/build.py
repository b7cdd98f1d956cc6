"""Make a unit's student and instructor notebooks from its one source.

    solutions/NN_name.py -> notebooks/NN_name/NN_name.ipynb       student release, committed
                         -> .build/source/NN_name/NN_name.ipynb   what nbgrader calls the source
    all of them          -> notebooks/home.ipynb                  the map of the course

The student notebook is made by nbgrader's own preprocessors, so it equals what
`nbgrader generate_assignment` makes of the instructor notebook, without a gradebook.
"""

import copy
import re
from collections.abc import Callable, Iterator, Sequence

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config

from coursekit.classroom.release.elsewhere import first_cell
from coursekit.classroom.release.folding import NOTE, folded, plumbing
from coursekit.classroom.release.going_on import HOME, Around, home_notebook, neighbours, way_on
from coursekit.classroom.release.language import Language
from coursekit.classroom.release.leaks import leaked_lines
from coursekit.classroom.release.regions import CODE_STUB, TEXT_STUB
from coursekit.classroom.release.source import SourceCell, SourceError, Unit

RELEASE_FOLDER = "notebooks"
SOURCE_FOLDER = ".build/source"
RELEASE_STEPS = (
    LockCells,
    ClearSolutions,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    ClearHiddenTests,
    ClearMarkScheme,
    ComputeChecksums,
    CheckCellMetadata,
)
PYTHON3: dict[
    str, object
] = {  # no version numbers: a notebook has to come out the same on every machine
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}")


def clear_solutions_config() -> Config:
    """Return the nbgrader settings that `build` and `nbgrader_config.py` have to share."""
    config = Config()
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    return config


def release_files(
    units: list[Unit],
    *,
    points_of: Callable[[str], float | None],
    quote: Callable[[str], str],
    repository: str = "",
    language: Language | None = None,
) -> dict[str, str]:
    """Return every file of a release: path from the repository's root -> text.

    Args:
        units: What `read_units` returned.
        points_of: Exercise id -> points of its check, or None for a warm-up without marks;
            KeyError where it is not declared.
        quote: Name in the claims ledger -> text to print; KeyError or ValueError where unknown.
        repository: "owner/name" on GitHub, for a cell that brings the library to Colab; "" for
            none: a private release, or a course that lives nowhere yet.
        language: Another language; None for English. Cells keep their ids.

    Raises:
        SourceError: An exercise without a declaration, an unknown name in `{{...}}`, a line of a
            solution that also stands where a learner reads it.
    """
    files = {}
    said = units if language is None else [language.unit(unit) for unit in units]
    for unit, english, around in zip(said, units, neighbours(said), strict=True):
        instructor = instructor_notebook(
            unit,
            points_of=points_of,
            quote=quote,
            around=around,
            repository=repository,
            ids=list(_cell_ids(english)),
            language=language,
        )
        student = student_notebook(instructor)
        for cell_id, line in leaked_lines(unit, student):
            raise SourceError(
                f"{unit.name}: the student notebook's cell {cell_id} shows {line!r}, a line of a "
                "solution: reword one of the two"
            )
        for folder, notebook in ((RELEASE_FOLDER, student), (SOURCE_FOLDER, instructor)):
            files[f"{folder}/{unit.name}/{unit.name}.ipynb"] = _text(notebook)
    if len(units) > 1:
        home = home_notebook(said, copy.deepcopy(PYTHON3))
        files[f"{RELEASE_FOLDER}/{HOME}.ipynb"] = _text(home)
    return files


def instructor_notebook(
    unit: Unit,
    *,
    points_of: Callable[[str], float | None],
    quote: Callable[[str], str],
    around: Around | None = None,
    repository: str = "",
    ids: Sequence[str] = (),
    language: Language | None = None,
) -> NotebookNode:
    """Return a unit with its solutions, placeholders filled and nbgrader's metadata written.

    Args:
        unit: The unit.
        points_of: As in `release_files`.
        quote: As in `release_files`.
        around: The units that its last cell links to; None: it has no such cell.
        repository: As in `release_files`.
        ids: Of its cells; by default by its headings.
        language: The one in which the unit is already; None for English.

    Raises:
        SourceError: As in `release_files`, leaks apart.
    """
    cells = []
    say = language.say if language is not None else str
    for cell, cell_id in zip(unit.cells, ids or _cell_ids(unit), strict=True):
        source = _filled(cell, quote) if cell.kind == "markdown" else cell.text
        new = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        metadata: dict[str, object] = {"tags": list(cell.tags)} if cell.tags else {}
        if does := plumbing(cell):
            source, metadata["jupyter"] = folded(source, say(does)), {"source_hidden": True}
        if cell.role:
            metadata["nbgrader"] = _nbgrader_metadata(cell, cell_id, points_of)
        cells.append(new(source, id=cell_id, metadata=metadata))
        if cell.role == "prelude" and language is not None:
            hidden = {"jupyter": {"source_hidden": True}}
            speaks = nbformat.v4.new_code_cell(
                language.speaking, id=f"{unit.prefix}-language", metadata=hidden
            )
            cells.append(speaks)
    if cells[0].cell_type == "markdown" and any("jupyter" in cell.metadata for cell in cells):
        cells[0].source += f"\n\n{say(NOTE.strip())}"
    if around is not None:
        last = nbformat.v4.new_markdown_cell(way_on(around, say), id=f"{unit.prefix}-go-on")
        cells.append(last)
    if repository:
        first = nbformat.v4.new_code_cell(first_cell(repository), id=f"{unit.prefix}-colab")
        first.metadata["jupyter"] = {"source_hidden": True}
        cells.insert(1, first)
    about = {"unit": unit.name}
    if language is not None:
        about["language"] = language.course.language
    shared = {**copy.deepcopy(PYTHON3), "coursekit": about}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=shared)
    nbformat.validate(notebook)
    return notebook


def student_notebook(instructor: NotebookNode) -> NotebookNode:
    """Return the release of an instructor notebook: solutions cleared, cells locked, checksums."""
    notebook = copy.deepcopy(instructor)
    resources: dict[str, object] = {}
    for step in RELEASE_STEPS:
        notebook, resources = step(config=clear_solutions_config())(notebook, resources)
    nbformat.validate(notebook)
    return notebook


def _text(notebook: NotebookNode) -> str:
    """Serialize as nbconvert's writer does, so that a release by nbgrader is the same file."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def _nbgrader_metadata(
    cell: SourceCell, grade_id: str, points_of: Callable[[str], float | None]
) -> dict[str, object]:
    metadata: dict[str, object] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": cell.role in ("check", "essay"),
        "solution": cell.role in ("solution", "essay"),
        "locked": cell.role in ("prelude", "check"),
        "task": False,
    }
    if cell.role == "essay":
        metadata["points"] = cell.points
    if cell.role == "check":
        try:
            points = points_of(cell.name)
        except KeyError:
            raise SourceError(
                f"{cell.place}: {cell.name} is not declared in coursekit.exercises: add its "
                "Exercise, or mend the id"
            ) from None
        if points is None:  # a warm-up: locked like a check, but nbgrader counts no points
            metadata["grade"] = False
        else:
            metadata["points"] = points
    return metadata


def _filled(cell: SourceCell, quote: Callable[[str], str]) -> str:
    """Fill the `{{name}}` placeholders of a markdown cell from the claims ledger."""

    def fill(match: re.Match[str]) -> str:
        name = match.group(1).strip()
        try:
            return quote(name)
        except (KeyError, ValueError) as error:
            raise SourceError(
                f"{cell.place}: {match.group(0)}: the claims ledger has no {name!r} ({error}); in "
                "a formula, put a space between the braces"
            ) from None

    return PLACEHOLDER.sub(fill, cell.text)


def _cell_ids(unit: Unit) -> Iterator[str]:
    """Give each cell an id that survives edits elsewhere in the unit.

    A marked cell is called after its grade id. Any other is counted from the heading or the marked
    cell above it: `u01-how-noisy--2`, `u01_tr_cov_check--1`. Neither a heading's slug nor a grade
    id holds `--`, so that no two ids are alike.
    """
    anchor, count = f"{unit.prefix}-top", 0
    seen: dict[str, int] = {}
    for cell in unit.cells:
        name = _anchor(cell, unit)
        if name:
            seen[name] = seen.get(name, 0) + 1
            anchor, count = name if seen[name] == 1 else f"{name}_{seen[name]}", 0
            yield anchor
        else:
            count += 1
            yield f"{anchor}--{count}"


def _anchor(cell: SourceCell, unit: Unit) -> str:
    """Return the id of a marked cell or of a heading; "" for any other cell."""
    if cell.role:
        return {"prelude": f"{unit.prefix}_prelude", "check": f"{cell.name}_check"}.get(
            cell.role, cell.name
        )
    heading = re.match(r"#+ +(.+)", cell.text) if cell.kind == "markdown" else None
    return f"{unit.prefix}-{_slug(heading.group(1))}" if heading else ""


def _slug(heading: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", heading.lower())
    return words[:40].strip("-") or "section"
