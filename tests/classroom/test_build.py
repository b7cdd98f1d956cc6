"""From the one source to student and instructor notebooks, and into place."""

import hashlib
import json
import os
import re

import nbformat
import pytest
from small_unit import POINTS, SOURCE, points_of, quote

from coursekit.classroom.release import place as release
from coursekit.classroom.release.build import instructor_notebook, release_files, student_notebook
from coursekit.classroom.release.leaks import leaked_lines, solution_lines
from coursekit.classroom.release.place import drift, put_in_place
from coursekit.classroom.release.source import SourceError, read_unit, read_units

pytestmark = pytest.mark.quick
STUDENT = "notebooks/07_small/07_small.ipynb"
INSTRUCTOR = ".build/source/07_small/07_small.ipynb"


@pytest.fixture
def course(tmp_path):
    """Return a course of one unit, nothing built."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "07_small.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def make(course, **given):
    functions = {"points_of": points_of, "quote": quote, **given}
    return release_files(read_units(course / "solutions"), **functions)


def unit_of(course, text=SOURCE):
    path = course / "solutions" / "07_small.py"
    path.write_text(text, encoding="utf-8")
    return read_unit(path)


def cells_of(unit):
    return instructor_notebook(unit, points_of=points_of, quote=quote).cells


def test_marks_and_points_come_from_the_declaration(course):
    marks = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader
        for cell in cells_of(unit_of(course))
        if "nbgrader" in cell.metadata
    }
    assert {name for name in marks if marks[name].grade} == {
        *(f"{exercise}_check" for exercise in POINTS),
        "u07_why",
    }
    for exercise, points in POINTS.items():
        assert marks[f"{exercise}_check"].points == points
        assert marks[f"{exercise}_check"].locked
        assert marks[exercise].solution
        assert not marks[exercise].grade
        assert not marks[exercise].locked
    assert (marks["u07_why"].points, marks["u07_why"].solution) == (2, True)
    assert marks["u07_prelude"].locked
    assert not marks["u07_prelude"].grade


def test_an_undeclared_exercise_is_named(course):
    def only_mean(exercise):
        return {"u07_mean": 1.0}[exercise]

    with pytest.raises(SourceError, match=r"07_small\.py:\d+: u07_double is not declared"):
        make(course, points_of=only_mean)


def test_a_warm_up_is_locked_and_earns_nothing(course):
    unit = unit_of(course)
    cells = instructor_notebook(unit, points_of=lambda name: None, quote=quote).cells
    (mark,) = [cell.metadata.nbgrader for cell in cells if cell.id == "u07_mean_check"]
    assert (mark.grade, mark.locked, mark.solution) == (False, True, False)
    assert "points" not in mark


def test_prose_quotes_the_ledger(course):
    first = cells_of(unit_of(course))[0].source
    assert "slope −1.00 ± 0.01 over 5 seeds." in first


def test_an_unknown_name_in_prose_is_an_error_with_unit_cell_and_name(course):
    unit = unit_of(course, SOURCE.replace("{{N1.slope}}", "{{N1.slop}}"))
    with pytest.raises(SourceError, match=r"07_small\.py:1: \{\{N1\.slop\}\}: .* no 'N1\.slop'"):
        cells_of(unit)


def test_braces_in_code_are_left_alone(course):
    unit = unit_of(course, "# %%\nprint(f'{{N1.slope}}')\n")
    assert cells_of(unit)[0].source == "print(f'{{N1.slope}}')"


def test_notebooks_are_valid_clean_and_free_of_versions(course):
    for text in make(course).values():
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        assert notebook.metadata.kernelspec.name == "python3"
        assert "version" not in notebook.metadata.language_info
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert cell.outputs == []
                assert cell.execution_count is None


def test_the_same_source_makes_the_same_bytes(course):
    assert make(course) == make(course)


def test_ids_are_unique_and_survive_edits_elsewhere(course):
    before = {cell.id: cell.source for cell in cells_of(unit_of(course))}
    edited = SOURCE.replace("# Some prose between.", "# Other prose.").replace(
        "# %% prelude", "# %% [markdown]\n# A new cell.\n\n# %% prelude"
    )
    after = {cell.id: cell.source for cell in cells_of(unit_of(course, edited))}
    assert len(after) == len(before) + 1
    assert set(after) - set(before) == {"u07-small--1"}
    assert after["u07_double_check--1"] == "Other prose."
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell_id) for cell_id in after)


def test_repeated_headings_and_long_ones_get_ids_of_their_own(course):
    heading = "# %% [markdown]\n# ## Hints & more: $\\eta$\n\n# %% [markdown]\n# text\n\n"
    long = "# %% [markdown]\n# ## " + "very " * 40 + "long\n"
    ids = [cell.id for cell in cells_of(unit_of(course, heading * 2 + long))]
    assert ids[:4] == [
        "u07-hints-more-eta",
        "u07-hints-more-eta--1",
        "u07-hints-more-eta_2",
        "u07-hints-more-eta_2--1",
    ]
    assert len(ids[4]) <= 64


def test_the_release_has_stubs_that_fail_only_when_called(course):
    student = nbformat.reads(make(course)[STUDENT], as_version=4)
    sources = {cell.id: cell.source for cell in student.cells}
    assert sources["u07_double"].splitlines()[-1] == (
        '    raise NotImplementedError("write your answer here")'
    )
    assert sources["u07_why"].endswith("*Write your answer here.*")
    space = {}
    for cell in student.cells:
        if cell.cell_type == "code":
            exec(cell.source, space)
    with pytest.raises(NotImplementedError, match="write your answer here"):
        space["mean"]([1.0])


def test_the_release_is_locked_and_carries_checksums(course):
    student = nbformat.reads(make(course)[STUDENT], as_version=4)
    cells = {cell.id: cell for cell in student.cells}
    for name in ("u07_prelude", "u07_double_check"):
        assert cells[name].metadata.editable is False
        assert cells[name].metadata.deletable is False
    assert cells["u07_double"].metadata.deletable is False
    assert "editable" not in cells["u07_double"].metadata
    check = cells["u07_double_check"]
    told = hashlib.md5(  # nbgrader's definition, written out
        (check.source + "code" + "True" + "False" + "True" + "u07_double_check" + "1.0").encode()
    )
    assert check.metadata.nbgrader.checksum == told.hexdigest()


def test_no_solution_reaches_the_release(course):
    unit = unit_of(course)
    lines = solution_lines(unit)
    assert len(lines) == 5
    assert not any(json.dumps(line)[1:-1] in make(course)[STUDENT] for line in lines)
    instructor = instructor_notebook(unit, points_of=points_of, quote=quote)
    assert {line for _, line in leaked_lines(unit, instructor)} >= set(lines)  # it can fail
    assert list(leaked_lines(unit, student_notebook(instructor))) == []


@pytest.mark.parametrize(
    "leak",
    [
        "# %% [markdown]\n# A hint: return max(numbers)-min(numbers)  # the range\n",
        "# %%\nprint(1); total = sum( numbers )\n",
    ],
)
def test_a_solution_line_elsewhere_stops_the_build(course, leak):
    (course / "solutions" / "07_small.py").write_text(SOURCE + "\n" + leak)
    with pytest.raises(SourceError, match="a line of a solution"):
        make(course)


def test_a_build_is_put_in_place_once(course):
    files = make(course)
    assert drift(course, files) == [f"{STUDENT}: missing"]
    assert put_in_place(course, files) == ([INSTRUCTOR, STUDENT], [])
    assert drift(course, files) == []
    first = (course / STUDENT).stat().st_mtime_ns
    assert put_in_place(course, files) == ([], [])
    assert (course / STUDENT).stat().st_mtime_ns == first
    assert sorted(p.name for p in (course / ".build").iterdir()) == ["source"]


def test_drift_names_each_file(course):
    files = make(course)
    put_in_place(course, files)
    (course / STUDENT).write_text((course / STUDENT).read_text() + " ")
    (course / INSTRUCTOR).unlink()
    (course / "notebooks" / "answers.txt").write_text("no")
    (course / "notebooks" / ".ipynb_checkpoints").mkdir()
    (course / "notebooks" / ".ipynb_checkpoints" / "x.ipynb").write_text("no")
    assert drift(course, files) == [
        f"{INSTRUCTOR}: missing",
        f"{STUDENT}: differs from its source",
        "notebooks/answers.txt: no source makes it",
    ]


def test_a_unit_that_is_gone_leaves_and_foreign_files_stay(course):
    put_in_place(course, make(course))
    foreign = course / "notebooks" / "07_small" / "notes.txt"
    foreign.write_text("by hand")
    own = course / ".build" / "source" / "exam" / "exam.ipynb"
    own.parent.mkdir()
    own.write_text(json.dumps({"cells": [], "metadata": {}}))
    (course / "solutions" / "07_small.py").rename(course / "solutions" / "07_tiny.py")
    changed, left_alone = put_in_place(course, make(course))
    assert changed == [
        ".build/source/07_tiny/07_tiny.ipynb",
        "notebooks/07_tiny/07_tiny.ipynb",
        STUDENT,
        INSTRUCTOR,
    ]
    assert left_alone == ["notebooks/07_small/notes.txt", ".build/source/exam/exam.ipynb"]
    assert foreign.read_text() == "by hand"
    assert own.exists()
    assert not (course / INSTRUCTOR).parent.exists()


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
def test_a_failure_half_way_leaves_the_old_release(course, monkeypatch, fails_at):
    put_in_place(course, make(course))
    before = {name: (course / name).read_bytes() for name in (STUDENT, INSTRUCTOR)}
    (course / "solutions" / "07_small.py").write_text(SOURCE.replace("Some prose", "New prose"))
    moves = []

    def replace(start, end):
        moves.append(end)
        if len(moves) == fails_at:
            raise OSError(28, "No space left on device")
        os.rename(start, end)

    monkeypatch.setattr(release.os, "replace", replace)
    with pytest.raises(OSError, match="No space left"):
        put_in_place(course, make(course))
    assert {name: (course / name).read_bytes() for name in before} == before
    assert sorted(p.name for p in (course / ".build").iterdir()) == ["source"]


def test_a_refused_source_leaves_the_old_release(course):
    put_in_place(course, make(course))
    before = (course / STUDENT).read_bytes()
    (course / "solutions" / "08_bad.py").write_text("# %% chekc\nx = 1\n")
    with pytest.raises(SourceError):
        make(course)
    assert (course / STUDENT).read_bytes() == before
