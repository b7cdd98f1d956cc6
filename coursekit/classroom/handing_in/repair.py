"""Put a submission in order from the release that it came from.

The prelude and the checks always come from the release. Solution cells are taken by grade id, or
else by the cell's own id, or else by the function that they define. What the learner added stays.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from coursekit.classroom.handing_in.cell_parts import (
    needed_names,
    new_statements,
    statements,
    used_names,
    without_statements,
)
from coursekit.classroom.handing_in.cell_text import (
    as_python,
    bare_text,
    defined_names,
    same_text,
)
from coursekit.classroom.handing_in.raw_notebook import RawCell
from coursekit.classroom.judge.marks import Attempt, AttemptCell

MOST_NOTES = 12


@dataclass(frozen=True)
class ReleaseCell:
    """A cell of the released notebook."""

    id: str
    kind: str
    source: str
    role: str  # "prelude", "solution", "check", "essay" or "" for a cell without a mark
    points: float
    mark: dict[str, object] | None  # nbgrader's metadata


@dataclass(frozen=True)
class Release:
    """A released unit, as far as grading needs it."""

    unit: str
    cells: tuple[ReleaseCell, ...]

    @property
    def prelude(self) -> str:
        """The unit's imports."""
        return "\n\n".join(cell.source for cell in self.cells if cell.role == "prelude")

    @property
    def points(self) -> dict[str, float]:
        """Points of each exercise with marks, in order."""
        return {
            exercise_of(cell): cell.points
            for cell in self.cells
            if cell.role == "check" and cell.points
        }

    @property
    def essays(self) -> tuple[ReleaseCell, ...]:
        """The cells that people mark."""
        return tuple(cell for cell in self.cells if cell.role == "essay")


@dataclass(frozen=True)
class Placed:
    """A cell in the order in which it is shown, and the released cell that it stands for."""

    cell: RawCell
    released: ReleaseCell | None
    executed: tuple[AttemptCell, ...] = ()


@dataclass(frozen=True)
class Repaired:
    """A submission in order.

    Attributes:
        attempt: What the judge executes.
        placed: Every marked cell of the release once, with the learner's cells around them.
        notes: What had to be mended, a line each.
    """

    attempt: Attempt
    placed: tuple[Placed, ...]
    notes: tuple[str, ...]


def exercise_of(cell: ReleaseCell) -> str:
    """Return the exercise id of a solution or check cell."""
    return cell.id.removesuffix("_check") if cell.role == "check" else cell.id


def read_release(path: Path) -> Release:
    """Read a released notebook.

    Raises:
        ValueError: If it is not there or is no release.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: run `python3 -m coursekit build`") from None
    return Release(path.stem, tuple(_release_cell(cell) for cell in notebook.cells))


def _release_cell(cell: NotebookNode) -> ReleaseCell:
    mark = cell.metadata.get("nbgrader")
    role = ""
    if mark is not None:
        grade_id = mark["grade_id"]
        if grade_id.endswith("_check"):
            role = "check"
        elif mark["solution"]:
            role = "essay" if mark["grade"] else "solution"
        else:
            role = "prelude"
    points = float(mark.get("points", 0)) if mark is not None else 0.0
    name = mark["grade_id"] if mark is not None else cell.id
    return ReleaseCell(name, cell.cell_type, cell.source, role, points, mark)


def repair(release: Release, cells: list[RawCell]) -> Repaired:
    """Put the cells of a submission in order; see the module.

    Of several copies of a cell the last counts that is not the unsolved stub, and the others stay
    as the learner's own cells. Of a released cell the definitions are executed, and what the
    learner wrote into it; its experiments are not. Where a check stands, its question is asked,
    also where a copy of it stands. A marked cell that is missing is put back from the release.
    """
    notes: list[str] = []
    meant = _recognize(release, cells)
    counted = _last_answers(meant, cells)
    needed = _needed(meant, cells)
    placed: list[Placed] = []
    asked: list[tuple[int, ReleaseCell]] = []  # copies of checks, by the cells before them
    for i, cell in enumerate(cells):
        released = meant[i]
        if released is None:
            kept = () if cell.kind != "code" else (_added(cell.source),)
            placed.append(Placed(cell, None, kept))
        elif released.role in ("solution", "essay"):
            if counted[released.id] == i:
                placed.append(_answer(cell, released, notes))
            elif not same_text(cell.source, released.source):
                notes.append(f"{released.id} was copied: the last copy counts")
                kept = (_added(cell.source),) if cell.kind == "code" else ()
                placed.append(Placed(cell, None, kept))
        elif released.role and counted[released.id] != i:
            notes.append(f"{released.id} was copied: the copy was dropped")
            asked.append((len(placed), released))
        else:
            placed.append(_restored(cell, released, notes, needed))
    for position, released in reversed(asked):
        if released.role == "check" and position:
            before = placed[position - 1]
            also = AttemptCell("check", exercise_of(released), "")
            placed[position - 1] = replace(before, executed=(*before.executed, also))
    _put_back(release, placed, notes)
    executed = tuple(one for place in placed for one in place.executed)
    attempt = Attempt(release.unit, release.prelude, executed)
    return Repaired(attempt, tuple(placed), _shortened(notes))


def _recognize(release: Release, cells: list[RawCell]) -> list[ReleaseCell | None]:
    """Return for each cell the released cell that it comes from, or None for the learner's own."""
    marked = {cell.id: cell for cell in release.cells if cell.role}
    by_id = {cell.id: cell for cell in release.cells}
    by_text = {
        bare_text(cell.source): cell
        for cell in release.cells
        if cell.role != "solution" and cell.source
    }
    meant = []
    for cell in cells:
        found = marked.get(cell.grade_id)
        if found is None and not cell.grade_id:
            found = by_id.get(cell.cell_id)
        if found is None:
            found = by_text.get(bare_text(cell.source))
        if found is not None and not found.role and found.kind != cell.kind:
            found = None
        meant.append(found)
    claimed = {found.id for found in meant if found is not None}
    functions = {
        name: cell
        for cell in release.cells
        if cell.role == "solution" and cell.id not in claimed
        for name in defined_names(cell.source)
    }
    for i, cell in enumerate(cells):  # cells that lost their marks
        if meant[i] is None and cell.kind == "code" and functions:
            names = [name for name in defined_names(cell.source) if name in functions]
            if len(names) == 1:
                meant[i] = functions[names[0]]
    return meant


def _last_answers(meant: list[ReleaseCell | None], cells: list[RawCell]) -> dict[str, int]:
    """Return the position of the copy that counts, by id: the last one that is not the stub."""
    counted: dict[str, int] = {}
    for i, (found, cell) in enumerate(zip(meant, cells, strict=True)):
        if found is None:
            continue
        untouched = same_text(cell.source, found.source)
        if found.id not in counted or not untouched or found.role not in ("solution", "essay"):
            counted[found.id] = i
    return counted


def _answer(cell: RawCell, released: ReleaseCell, notes: list[str]) -> Placed:
    if cell.kind != released.kind:
        notes.append(f"{released.id} was a {cell.kind} cell: read as {released.kind}")
        cell = replace(cell, kind=released.kind, outputs=())
    if not cell.grade_id:
        notes.append(f"{released.id} had lost its mark: found by its id or its function")
    executed: tuple[AttemptCell, ...] = ()
    if released.role == "solution":
        executed = (AttemptCell("solution", released.id, as_python(cell.source)),)
    return Placed(cell, released, executed)


def _needed(meant: list[ReleaseCell | None], cells: list[RawCell]) -> set[str]:
    """Return the names that answers read, and those that these are made from."""
    texts = [as_python(cell.source) for cell in cells if cell.kind == "code"]
    wanted: set[str] = set()
    for found, cell in zip(meant, cells, strict=True):
        if found is not None and found.role == "solution":
            for node in statements(cell.source):
                wanted |= used_names(node)
    return needed_names(wanted, texts)


def _restored(cell: RawCell, released: ReleaseCell, notes: list[str], needed: set[str]) -> Placed:
    """Return a prelude, a check or an unmarked cell; its text comes from the release if marked."""
    same = same_text(cell.source, released.source)
    text = ""
    if cell.kind == "code" and not released.role:
        text = new_statements(cell.source, released.source, needed)
    elif cell.kind == "code" and not same:
        text = without_statements(cell.source, released.source)
    kept: tuple[AttemptCell, ...] = (AttemptCell("released", None, text),) if text else ()
    if released.role == "check":
        kept += (AttemptCell("check", exercise_of(released), ""),)
    if released.role and not (same and cell.kind == released.kind):
        notes.append(f"{released.id} was edited: put back from the release")
        cell = RawCell(released.kind, released.source, released.id)
    return Placed(cell, released, kept)


def _put_back(release: Release, placed: list[Placed], notes: list[str]) -> None:
    """Insert each marked cell that is missing below the marked cell that comes before it."""
    where = {place.released.id for place in placed if place.released is not None}
    position = 0
    for released in release.cells:
        if not released.role:
            continue
        if released.id not in where:
            notes.append(f"{released.id} was missing: put back")
            cell = RawCell(released.kind, released.source, released.id)
            asked = (AttemptCell("check", exercise_of(released), ""),)
            kept = asked if released.role == "check" else ()
            placed.insert(position, Placed(cell, released, kept))
            position += 1
            continue
        found = next(
            i
            for i, place in enumerate(placed)
            if place.released is not None and place.released.id == released.id
        )
        position = max(position, found + 1)


def _added(source: str) -> AttemptCell:
    return AttemptCell("added", None, as_python(source))


def _shortened(notes: list[str]) -> tuple[str, ...]:
    notes = list(dict.fromkeys(notes))
    more = [f"and {len(notes) - MOST_NOTES} more"] if len(notes) > MOST_NOTES else []
    return tuple(notes[:MOST_NOTES] + more)
