"""A made-up class that hands in a unit: to try grading out, and to time it.

Most know some of it and have misconceptions of the bank; others hand in what real classes hand in:
a copied cell, a deleted check, a notebook that breaks off, an endless loop, somebody else's work.
"""

import copy
import csv
import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from coursekit.classroom.handing_in.practice_mix import (
    Answers,
    answers_of,
    disguised,
    mixed,
    written,
)
from coursekit.exercises.engine.declare import Exercise
from coursekit.storage import private_folder, write_atomically

FIRST = ("Ada", "Alan", "Barbara", "Claude", "Edsger", "Emmy", "Grace", "John", "Kurt", "Sofia")
LAST = ("Lovelace", "Turing", "Liskov", "Shannon", "Dijkstra", "Noether", "Hopper")
ORDINARY = ("right", "half", "wrong", "blank", "right", "right")
ODD = (
    *("copied", "no check", "unmarked", "edited", "late", "endless", "exits", "broken", "empty"),
    *("nothing", "tampered"),
)
REAL = (*["mixed"] * 9, "late mixed")  # what most of a class hands in, if the bank is at hand
TWINS = "twin"  # the work of the "mixed" person before, in other words


def usual_class(size: int) -> list[str]:
    """Return what the members of a class hand in: the first thirty hold one of each odd kind."""
    first = {0: "right", 3: "blank"}
    first |= {5 + 2 * i: kind for i, kind in enumerate((*ODD, TWINS))}
    return [first.get(i, REAL[i % len(REAL)]) for i in range(size)]


def make_class(
    release: Path,
    solved: Path,
    folder: Path,
    *,
    size: int,
    kinds: Sequence[str],
    due: datetime,
    exercises: Sequence[Exercise] = (),
    answers: Answers | None = None,
    seed: int = 1,
) -> dict[str, str]:
    """Write the submissions of a class, its roster and its due dates.

        FOLDER/submitted/STUDENT/UNIT/UNIT.ipynb, FOLDER/roster.csv, FOLDER/due.csv

    Args:
        release: The unit's released notebook.
        solved: The same notebook with its solutions.
        folder: Where to write; what is there is written over.
        size: How many students.
        kinds: What they hand in, in turn: names of ORDINARY, ODD and REAL, or TWINS.
        due: When the unit is due.
        exercises: Of the unit, as the bank declares them; needed for REAL and TWINS.
        answers: What people write, in place of what follows from `exercises`: of a private release
            `answers_of_release`.
        seed: Draws what those of REAL know.

    Returns:
        Student -> kind.
    """
    private_folder(folder)
    unit = release.stem
    blank = nbformat.read(release, as_version=4)
    full = nbformat.read(solved, as_version=4)
    made = {f"{name.lower()}{i:03d}": kinds[i % len(kinds)] for i, name in _names(size)}
    rng, before = random.Random(seed), blank
    answers = answers_of(exercises) if answers is None else answers
    for student, kind in made.items():
        if kind in REAL:
            before = mixed(blank, full, answers, rng)
        own = disguised(before, rng) if kind == TWINS else before
        text = written(own) if kind in (*REAL, TWINS) else KINDS[kind](blank, full)
        if text is None:
            continue
        place = folder / "submitted" / student / unit
        write_atomically(place / f"{unit}.ipynb", text)
        handed_in = due + timedelta(hours=30 if kind.startswith("late") else -20)
        write_atomically(
            place / "timestamp.txt", f"{handed_in.astimezone(UTC):%Y-%m-%d %H:%M:%S}\n"
        )
    with (folder / "roster.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["student", "first_name", "last_name", "email", "lms_id"])
        for (i, last), student in zip(_names(size), made, strict=True):
            first = FIRST[(i // len(LAST)) % len(FIRST)]
            writer.writerow([student, first, last, f"{student}@example.org", 1000 + i])
    (folder / "due.csv").write_text(f"unit,due,student\n{unit},{due.isoformat()},\n", "utf-8")
    return made


def _names(size: int) -> list[tuple[int, str]]:
    return [(i, LAST[i % len(LAST)]) for i in range(size)]


def _solved(
    blank: NotebookNode, full: NotebookNode, *, keep: Callable[[int], bool]
) -> NotebookNode:
    """Return the release with the solution cells filled in whose number is kept."""
    notebook, number = copy.deepcopy(blank), 0
    for cell, solution in zip(notebook.cells, full.cells, strict=True):
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution") and keep(number):
            cell.source = solution.source
        number += bool(mark.get("solution"))
    return notebook


def _right(blank: NotebookNode, full: NotebookNode) -> NotebookNode:
    return _solved(blank, full, keep=lambda number: True)


def _solutions(notebook: NotebookNode) -> list[NotebookNode]:
    marked = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    return [cell for cell in marked if cell.cell_type == "code"]


def _wrong(blank: NotebookNode, full: NotebookNode) -> NotebookNode:
    """Every second result is twice what it should be."""
    notebook = _right(blank, full)
    for cell in _solutions(notebook)[::2]:
        name = cell.source.split("(")[0].removeprefix("def ").strip()
        cell.source += f"\n\n\nhalf_{name} = {name}\n\n\n"
        cell.source += f"def {name}(*args):\n    return 2 * half_{name}(*args)"
    return notebook


def _copied(blank: NotebookNode, full: NotebookNode) -> NotebookNode:
    notebook = _right(blank, full)
    cell = _solutions(notebook)[1]
    twin = copy.deepcopy(cell)
    twin.id, twin.source = "a-copy", twin.source.replace("    return ", "    return 1 + ")
    notebook.cells.insert(notebook.cells.index(cell), twin)
    return notebook


def _without(role: Callable[[str], bool]) -> Callable[[NotebookNode, NotebookNode], NotebookNode]:
    def drop(blank: NotebookNode, full: NotebookNode) -> NotebookNode:
        notebook = _right(blank, full)
        notebook.cells = [
            cell
            for cell in notebook.cells
            if not role(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        ]
        return notebook

    return drop


def _unmarked(blank: NotebookNode, full: NotebookNode) -> NotebookNode:
    notebook = _right(blank, full)
    for i, cell in enumerate(notebook.cells):
        cell.metadata.pop("nbgrader", None)
        cell.id = f"lost-{i}"
    return notebook


def _edited(blank: NotebookNode, full: NotebookNode) -> NotebookNode:
    """Points and checks were tampered with, and a cell of points was added."""
    notebook = _solved(blank, full, keep=lambda number: number < 2)
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("points"):
            mark["points"] = 100.0
            cell.source = "100.0"
    mark = {"grade_id": "bonus", "grade": True, "solution": False, "locked": True, "points": 50}
    notebook.cells.append(new_code_cell("50.0", metadata={"nbgrader": mark}))
    return notebook


def _with_body(lines: str) -> Callable[[NotebookNode, NotebookNode], NotebookNode]:
    def spoil(blank: NotebookNode, full: NotebookNode) -> NotebookNode:
        notebook = _right(blank, full)
        cell = _solutions(notebook)[:3][-1]
        head = cell.source.split(":\n")[0]
        cell.source = f"{head}:\n{lines}"
        return notebook

    return spoil


def _written(
    make: Callable[[NotebookNode, NotebookNode], NotebookNode],
) -> Callable[[NotebookNode, NotebookNode], str]:
    return lambda blank, full: json.dumps(make(blank, full), indent=1) + "\n"


FORGED = """    import os

    for fd in range(3, 64):
        try:
            os.write(fd, b'{"id": 0, "value": 1}\\n')
        except OSError:
            pass
    return 0"""

KINDS: dict[str, Callable[[NotebookNode, NotebookNode], str | None]] = {
    "right": _written(_right),
    "late": _written(_right),
    "half": _written(lambda blank, full: _solved(blank, full, keep=lambda number: number % 2 == 0)),
    "wrong": _written(_wrong),
    "blank": _written(lambda blank, full: blank),
    "copied": _written(_copied),
    "no check": _written(_without(lambda name: name.endswith(("_check", "_prelude")))),
    "unmarked": _written(_unmarked),
    "edited": _written(_edited),
    "endless": _written(_with_body("    while True:\n        pass")),
    "exits": _written(_with_body("    import os\n\n    os._exit(0)")),
    "tampered": _written(_with_body(FORGED)),
    "broken": lambda blank, full: json.dumps(_right(blank, full))[:9000],
    "empty": lambda blank, full: "",
    "nothing": lambda blank, full: None,
}
