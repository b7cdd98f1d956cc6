"""Unit 01 graded by nbgrader from the command line: right, and every other cell left blank."""

import pytest
from instructor import (
    ROOT,
    copy_settings,
    exported,
    half_right,
    marks_in,
    read_notebook,
    run_nbgrader,
    submit,
)
from nbformat.v4 import new_code_cell

from coursekit.claims import quote
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.place import put_in_place
from coursekit.classroom.release.source import read_unit
from coursekit.commands.build import points_of

pytestmark = pytest.mark.in_turn(thing="a class graded", of=3, turn=1)

UNIT = "01_gradient_noise"


@pytest.fixture(scope="module")
def graded(tmp_path_factory, warm):
    """Release the unit, hand in two submissions, grade, write feedback, export."""
    course = tmp_path_factory.mktemp("course")
    copy_settings(course)
    unit = read_unit(ROOT / "solutions" / f"{UNIT}.py")
    put_in_place(course, release_files([unit], points_of=points_of, quote=quote))
    run_nbgrader(course, "generate_assignment", UNIT)
    student = read_notebook(course / f"notebooks/{UNIT}/{UNIT}.ipynb")
    instructor = read_notebook(course / f".build/source/{UNIT}/{UNIT}.ipynb")
    half, filled = half_right(student, instructor)
    instructor.cells.append(new_code_cell("from coursekit.device import size\nprint(size())"))
    for name, notebook in {"right": instructor, "half": half}.items():
        submit(course, name, UNIT, notebook)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", warm.jupyter)
        run_nbgrader(course, "autograde", UNIT)
    run_nbgrader(course, "generate_feedback", UNIT)
    run_nbgrader(course, "export")
    points = {name: points_of(name) for name in unit.exercises if points_of(name) is not None}
    expected = {
        "right": points,
        "half": {name: points[name] if name in filled else 0.0 for name in points},
    }
    return course, expected


@pytest.mark.parametrize("student", ["right", "half"])
def test_marks(graded, student):
    course, expected = graded
    marks = marks_in(course, student, UNIT)
    checks = {name: marks[name] for name in marks if name.endswith("_check")}
    assert checks == {f"{name}_check": mark for name, mark in expected[student].items()}


def test_the_table_and_the_feedback(graded):
    course, expected = graded
    table = exported(course)
    for student, marks in expected.items():
        assert table[student] == sum(marks.values())
        page = course / "grading" / "feedback" / student / UNIT / f"{UNIT}.html"
        assert f"{UNIT} (Score: {sum(marks.values())} /" in page.read_text()
    assert 0 < table["half"] < table["right"]


def test_nbgrader_grades_at_the_tiny_size(graded):
    course, _ = graded
    notebook = read_notebook(course / "grading" / "autograded" / "right" / UNIT / f"{UNIT}.ipynb")
    assert notebook.cells[-1].outputs[0].text == "tiny\n"
