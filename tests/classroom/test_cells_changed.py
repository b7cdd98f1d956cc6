"""Cells added to a unit that was graded: refused by accident, and on purpose nothing is lost."""

import json

import pytest
from fake_judge import open_fake
from nbgrader.api import Gradebook
from small_course import UNIT, hand_in, make_course, released, solved
from small_unit import SOURCE, points_of, quote

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.marking.cells_changed import kept_path, put_aside, put_back
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.grading import grade_unit
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.place import put_in_place
from coursekit.classroom.release.source import read_units

ESSAY = """
# %% [markdown] essay="u07_how" points=4
# How would you measure it?
#
# ### BEGIN SOLUTION
# By the standard deviation, over many samples.
# ### END SOLUTION
"""


def grade(course):
    return grade_unit(
        course,
        course.grading / "submitted",
        UNIT,
        roster={},
        due=DueDates(),
        open_judge=open_fake,
        settings={},
        seconds_each=60.0,
        workers=1,
    )


def build(folder, source):
    (folder / "solutions" / f"{UNIT}.py").write_text(source, encoding="utf-8")
    files = release_files(read_units(folder / "solutions"), points_of=points_of, quote=quote)
    put_in_place(folder, files)


def by_hand(course):
    with Gradebook(course.db_url) as gradebook:
        grade = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
        comment = gradebook.find_comment("u07_why", UNIT, UNIT, "ada")
        overruled = gradebook.find_grade("u07_mean_check", UNIT, UNIT, "ada")
        return (
            *(grade.manual_score, grade.extra_credit, grade.needs_manual_grade),
            *(comment.manual_comment, overruled.manual_score),
        )


def test_marks_by_hand_survive_a_cell_that_was_added_and_a_kill(tmp_path):
    folder = make_course(tmp_path / "course")
    hand_in(folder, "ada", solved(folder))
    hand_in(folder, "bo", released(folder))
    course = open_course(folder)
    grade(course)
    with Gradebook(course.db_url) as gradebook:
        essay = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
        essay.manual_score, essay.extra_credit, essay.needs_manual_grade = 1.5, 0.5, False
        gradebook.find_comment("u07_why", UNIT, UNIT, "ada").manual_comment = "Well said"
        gradebook.find_grade("u07_mean_check", UNIT, UNIT, "ada").manual_score = 1.0
        gradebook.db.commit()
    before = by_hand(course)
    assert before == (1.5, 0.5, False, "Well said", 1.0)

    build(folder, SOURCE + ESSAY)
    with pytest.raises(ValueError, match="add --cells-changed"):
        grade(course)
    assert by_hand(course) == before

    assert put_aside(course, UNIT) == 3
    kept = kept_path(course, UNIT).read_text()
    assert put_aside(course, UNIT) == 3  # killed, and called again: the unit is gone already
    assert kept_path(course, UNIT).read_text() == kept
    grade(course)  # killed before they were put back, and called once more
    with Gradebook(course.db_url) as gradebook:
        gradebook.find_comment("u07_why", UNIT, UNIT, "bo").manual_comment = "Newer"
        gradebook.db.commit()
    assert put_aside(course, UNIT) == 4
    grade(course)
    assert put_back(course, UNIT) == ["4 marks and comments by hand were put back"]
    assert put_back(course, UNIT) == []
    assert by_hand(course) == before
    with Gradebook(course.db_url) as gradebook:
        assert gradebook.find_assignment(UNIT).max_score == 12.0
        assert gradebook.find_grade("u07_double_check", UNIT, UNIT, "ada").auto_score == 1.0


def test_what_finds_no_cell_is_told_and_kept(tmp_path):
    folder = make_course(tmp_path / "course")
    hand_in(folder, "ada", solved(folder))
    course = open_course(folder)
    grade(course)
    path = kept_path(course, UNIT)
    path.parent.mkdir()
    entries = [{"student": "ada", "cell": "u07_gone", "score": 1.0, "extra": None}]
    path.write_text(json.dumps({"version": 1, "unit": UNIT, "entries": entries}))
    assert "1 found no cell any more (ada u07_gone)" in put_back(course, UNIT)[1]
    assert [json.loads(p.read_text())["entries"] for p in path.parent.iterdir()] == [entries]
    path.write_text("{")
    with pytest.raises(ValueError, match="restore it from a backup"):
        put_back(course, UNIT)
    assert path.read_text() == "{"
