"""nbgrader from the command line, on a small unit: releases, odd submissions, marks, feedback."""

import copy
import sqlite3

import nbformat
import pytest
from instructor import (
    copy_settings,
    exported,
    half_right,
    marks_in,
    read_notebook,
    run_nbgrader,
    submit,
)
from nbformat.v4 import new_code_cell, new_markdown_cell
from small_unit import POINTS, SOURCE, points_of, quote
from test_grade_command import commands_of_the_guide

from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.place import put_in_place
from coursekit.classroom.release.source import read_units

pytestmark = pytest.mark.in_turn(thing="a class graded", of=3, turn=0)

UNIT = "07_small"
FULL = {**{f"{exercise}_check": points for exercise, points in POINTS.items()}}
HOSTILE = "<script>alert(1)</script>"


def position(notebook, grade_id):
    (found,) = [
        i
        for i, cell in enumerate(notebook.cells)
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    ]
    return found


def drop(notebook, *grade_ids):
    for grade_id in grade_ids:
        del notebook.cells[position(notebook, grade_id)]


def copied_cells(notebook):
    """Copy a solution and its check; the first copy is wrong, the last is right."""
    for grade_id in ("u07_mean_check", "u07_mean"):
        i = position(notebook, grade_id)
        notebook.cells.insert(i, copy.deepcopy(notebook.cells[i]))
        notebook.cells[i].id = f"copy-of-{grade_id}"
    notebook.cells[position_of_copy(notebook)].source = "def mean(numbers):\n    return 0"


def position_of_copy(notebook):
    return next(i for i, cell in enumerate(notebook.cells) if cell.id == "copy-of-u07_mean")


def without_marks(notebook):
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith("check(")]


def edited(notebook):
    """Tamper with marks, points, checks and kinds of cells."""
    cells = [notebook.cells[position(notebook, f"{name}_check")] for name in POINTS]
    cells[0].metadata.nbgrader.update(grade=False, points=100.0)
    cells[1].metadata.nbgrader["schema_version"] = 1
    cells[1].source = "2.0"
    cells[2].cell_type = "markdown"
    del cells[2]["outputs"], cells[2]["execution_count"]
    mark = {"grade": True, "solution": False, "locked": True, "points": 50, "schema_version": 3}
    extra = new_code_cell("50.0", metadata={"nbgrader": {**mark, "grade_id": "u07_bonus"}})
    notebook.cells.append(extra)
    notebook.cells.append(new_code_cell("1", metadata={"nbgrader": {}}))
    notebook.metadata["kernelspec"] = {"name": "no-such-kernel", "display_name": "?"}


def no_bare_score(notebook):
    """Redefine `check`, so that two check cells show what nbgrader gives full marks for."""
    shown = "{'u07_double': None, 'u07_mean': float('nan'), 'u07_spread': -1}"
    cell = new_code_cell(f"check = lambda name, answer: {shown}[name]")
    notebook.cells.insert(position(notebook, "u07_double"), cell)


def above_points(notebook):
    cell = new_code_cell("check = lambda name, answer: 99.0")
    notebook.cells.insert(position(notebook, "u07_spread"), cell)


def noisy(notebook):
    i = position(notebook, "u07_mean")
    notebook.cells.insert(i, new_code_cell("print('x' * 5_000_000)"))
    html = f"from IPython.display import HTML\nHTML('{HOSTILE}')"
    notebook.cells.insert(i, new_code_cell(html))
    notebook.cells.insert(i, new_markdown_cell(f"Dear grader {HOSTILE}"))
    notebook.cells[position(notebook, "u07_why")].source = f"Because {HOSTILE}"


def endless(notebook):
    cell = notebook.cells[position(notebook, "u07_mean")]
    cell.source = "def mean(numbers):\n    while True:\n        pass"


def from_colab(notebook):
    """Add what Colab writes: its own notes, and widgets without the state that nbconvert reads."""
    notebook.metadata["colab"] = {"provenance": []}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"ab": {}}}
    notebook.cells[-1].metadata["colab"] = {"base_uri": "https://localhost:8080/"}
    notebook.cells[position(notebook, "u07_mean")].metadata["outputId"] = "x"


def compiled(notebook):
    """An answer whose compiled code writes to stderr, as NNPACK, OpenMP and MKL do."""
    cell = notebook.cells[position(notebook, "u07_mean")]
    warning = "b'[W NNPACK.cpp:61] Could not initialize NNPACK!'"
    cell.source = cell.source.replace(
        "    total =", f"    import os; os.write(2, {warning})\n    total ="
    )
    assert "NNPACK" in cell.source


SOLVED_THEN = {
    "Ada Lovelace": lambda notebook: None,
    "no check": lambda notebook: drop(notebook, "u07_mean_check", "u07_prelude"),
    "no answer": lambda notebook: drop(notebook, "u07_mean", "u07_mean_check"),
    "copied": copied_cells,
    "unmarked": without_marks,
    "edited": edited,
    "no score": no_bare_score,
    "too much": above_points,
    "noisy": noisy,
    "endless": endless,
    "colab": from_colab,
    "compiled": compiled,
}
EXPECTED = {
    **dict.fromkeys(SOLVED_THEN, FULL),
    "no answer": {**FULL, "u07_mean_check": 0.0},
    "no score": dict.fromkeys(FULL, 0.0),
    "endless": {**FULL, "u07_mean_check": 0.0},
    "too much": {**FULL, "u07_spread_check": 0.0},
    "half": {**FULL, "u07_mean_check": 0.0},
    "blank": dict.fromkeys(FULL, 0.0),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a built course in which nbgrader knows the unit, as the guide says."""
    course = tmp_path_factory.mktemp("course")
    (course / "solutions").mkdir()
    (course / "solutions" / f"{UNIT}.py").write_text(SOURCE, encoding="utf-8")
    copy_settings(course)
    files = release_files(read_units(course / "solutions"), points_of=points_of, quote=quote)
    put_in_place(course, files)
    built = files[f"notebooks/{UNIT}/{UNIT}.ipynb"]
    for words in commands_of_the_guide():
        if words[0] == "nbgrader" and words[1] == "generate_assignment":
            run_nbgrader(course, words[1], UNIT, *words[3:])
    made = (course / ".build" / "release" / UNIT / f"{UNIT}.ipynb").read_text()
    assert made == built, "nbgrader releases another notebook than build"
    assert (course / f"notebooks/{UNIT}/{UNIT}.ipynb").read_text() == built
    return course


def test_the_guides_three_commands_are_those_run_here():
    ours = [words for words in commands_of_the_guide() if words[0] == "nbgrader"]
    assert [words[1] for words in ours] == ["generate_assignment", "autograde", "generate_feedback"]
    assert not any("--force" in words for words in ours)


@pytest.fixture(scope="module")
def log(course, warm):
    """Hand in every submission, grade the class in one go, and return what nbgrader wrote."""
    student = read_notebook(course / f"notebooks/{UNIT}/{UNIT}.ipynb")
    instructor = read_notebook(course / f".build/source/{UNIT}/{UNIT}.ipynb")
    for name, change in SOLVED_THEN.items():
        notebook = copy.deepcopy(student)
        for cell, solved in zip(notebook.cells, instructor.cells, strict=True):
            cell.source = solved.source
        change(notebook)
        submit(course, name, UNIT, notebook)
    submit(course, "half", UNIT, half_right(student, instructor)[0])
    submit(course, "blank", UNIT, student)
    submit(course, "broken", UNIT, '{"cells": [')
    submit(course, "misnamed", UNIT, student, name=f"{UNIT} (1)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", warm.jupyter)
        written = run_nbgrader(course, "autograde", UNIT, "--Execute.timeout=5", ok=False)
    run_nbgrader(course, "generate_feedback", UNIT)
    run_nbgrader(course, "export")
    return written


@pytest.mark.parametrize("student", EXPECTED)
def test_marks(course, log, student):
    marks = marks_in(course, student, UNIT)
    assert set(marks) == {*FULL, "u07_why"}
    essay = marks.pop("u07_why")
    assert marks == EXPECTED[student]
    untouched = student in ("half", "blank")  # then 0; else the essay waits for a person
    assert essay == (0.0 if untouched else None)


def test_who_could_not_be_graded_is_told_and_nothing_is_lost(course, log):
    failed = {line.rsplit("'", 2)[-2] for line in log.splitlines() if "for student '" in line}
    assert failed == {"broken", "misnamed"}
    assert "Skipping unknown notebook" in log
    submitted = course / "grading" / "submitted"
    assert (submitted / "broken" / UNIT / f"{UNIT}.ipynb").read_text() == '{"cells": ['
    assert (submitted / "misnamed" / UNIT / f"{UNIT} (1).ipynb").exists()


def test_copies_and_missing_cells_are_named_in_the_log(course, log):
    assert "Cell 'u07_mean' was copied" in log
    assert "Cell 'u07_prelude' was missing: put back" in log


def test_the_exported_table_has_every_graded_student(course, log):
    table = exported(course)
    totals = {student: sum(marks.values()) for student, marks in EXPECTED.items()}
    assert {student: table[student] for student in totals} == totals
    assert not (course / "grades.csv").exists()


def test_a_flood_of_output_is_cut(course, log):
    graded = course / "grading" / "autograded" / "noisy" / UNIT / f"{UNIT}.ipynb"
    assert graded.stat().st_size < 300_000
    assert "the rest was cut" in graded.read_text()


def test_what_colab_notes_in_a_notebook_stops_no_feedback(course, log):
    graded = read_notebook(course / "grading" / "autograded" / "colab" / UNIT / f"{UNIT}.ipynb")
    assert "widgets" not in graded.metadata
    assert "colab" not in graded.metadata
    cell = graded.cells[position(graded, "u07_mean")]
    assert set(cell.metadata) <= {"nbgrader", "deletable", "editable"}
    assert (course / "grading" / "feedback" / "colab" / UNIT / f"{UNIT}.html").exists()


@pytest.mark.slow
def test_in_the_wrong_order_nothing_of_the_clone_is_deleted(course, log):
    """jupyter/nbgrader#1231: an assignment without cells, graded, then generated by force."""
    notebook = course / f"notebooks/{UNIT}/{UNIT}.ipynb"
    before = notebook.read_text()
    changed = read_notebook(course / f".build/source/{UNIT}/{UNIT}.ipynb")
    drop(changed, "u07_spread_check")
    source = course / f".build/source/{UNIT}/{UNIT}.ipynb"
    kept = source.read_text()
    source.write_text(nbformat.writes(changed))
    try:
        run_nbgrader(course, "generate_assignment", UNIT, "--force", ok=False)
    finally:
        source.write_text(kept)
    assert notebook.read_text() == before


def test_feedback_shows_scripts_as_text(course, log):
    page = (course / "grading" / "feedback" / "noisy" / UNIT / f"{UNIT}.html").read_text()
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(1)") >= 3


def test_the_kernel_knows_that_it_is_grading(course, log):
    graded = read_notebook(
        course / "grading" / "autograded" / "Ada Lovelace" / UNIT / f"{UNIT}.ipynb"
    )
    check = graded.cells[position(graded, "u07_mean_check")]
    assert check.outputs[0].text == "right autograde\n"


def test_settings_make_the_grading_folder_and_touch_nothing_else(course, log):
    assert sorted(p.name for p in course.iterdir()) == [
        ".build",
        "grading",
        "nbgrader_config.py",
        "notebooks",
        "solutions",
    ]
    assert "/usr/local/share" not in log
    with sqlite3.connect(course / "grading" / "gradebook.db") as database:
        assert database.execute("select count(*) from student").fetchone() == (16,)
