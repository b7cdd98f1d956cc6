"""The solved notebook of every unit gets full marks from the judge in its sandbox."""

import ast
import shutil
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from instructor import ROOT, copy_settings, submit

from coursekit.claims import quote
from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.grading import grade_unit
from coursekit.classroom.marking.open_judge import JudgeSettings, open_judge
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.place import put_in_place
from coursekit.classroom.release.source import read_unit
from coursekit.classroom.sandbox.lean import CARRIERS, PACKAGE, make_lean_package
from coursekit.commands.build import points_of


def automatic_points(notebook):
    """Return the points of the cells that no person marks."""
    marked = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    return sum(m["points"] for m in marked if m.get("grade") and not m.get("solution"))


@pytest.mark.sandbox
@pytest.mark.in_turn(thing="a class graded", of=3, turn=2)
def test_the_solved_units_get_full_marks(tmp_path):
    copy_settings(tmp_path)
    units = [read_unit(path) for path in sorted((ROOT / "solutions").glob("*.py"))]
    put_in_place(tmp_path, release_files(units, points_of=points_of, quote=quote))
    names = [unit.name for unit in units]
    wanted, marks = {}, {}
    for name in names:
        solved = nbformat.read(tmp_path / f".build/source/{name}/{name}.ipynb", as_version=4)
        submit(tmp_path, "somebody", name, solved)
        wanted[name] = automatic_points(solved)
    course = open_course(tmp_path)
    with ThreadPoolExecutor(1) as executor:  # one judge for all of them
        for name in names:
            graded = grade_unit(
                course,
                course.grading / "submitted",
                name,
                roster={},
                due=DueDates(),
                open_judge=open_judge,
                settings=JudgeSettings(),
                seconds_each=300.0,
                executor=executor,
            )
            (record,) = graded.records
            marks[name] = record.points
            assert record.status == "ok", record
    assert marks == wanted


def test_what_carries_an_answer_imports_nothing_that_stays_outside():
    """A module that is missing in the sandbox becomes a stand-in, and answers come out wrong."""
    folder = make_lean_package(())
    try:
        for name in CARRIERS:
            for node in ast.walk(ast.parse((PACKAGE / name).read_text(encoding="utf-8"))):
                module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
                if module.startswith("coursekit."):
                    path = folder.joinpath(*module.split("."))
                    assert path.is_dir() or path.with_suffix(".py").exists(), (name, module)
    finally:
        shutil.rmtree(folder)
