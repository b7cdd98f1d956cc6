"""What the judge cannot settle: who waits for a person, where it stands, how it is settled."""

import csv
import io
import re

import pytest
from fake_judge import open_fake
from small_course import UNIT, cell_of, hand_in, make_course, released, solved

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.known_names import count, nearest_names
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.grading import grade_unit
from coursekit.classroom.returning.export import table
from coursekit.classroom.returning.results import results_of
from coursekit.commands import export, feedback, split
from coursekit.commands.grade_report import about_waiting

ROSTER = {name: Student(name, lms_id=str(i)) for i, name in enumerate(("ada", "bo", "cy"), 1)}


def grade(course, **more):
    return grade_unit(
        course,
        course.grading / "submitted",
        UNIT,
        roster=ROSTER,
        due=DueDates(),
        open_judge=open_fake,
        settings={},
        seconds_each=60.0,
        workers=1,
        **more,
    )


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grade one who forged a reply, one whose file cannot be read, one who did nothing."""
    folder = make_course(tmp_path_factory.mktemp("course") / "course")
    notebook = solved(folder)
    cell_of(notebook, "u07_double").source = "def double(x):\n    return 'forge a reply'"
    cell_of(notebook, "u07_why").source = released(folder).cells[-1].source
    hand_in(folder, "ada", notebook)
    hand_in(folder, "bo", b"{ half a file")
    hand_in(folder, "cy", released(folder))
    course = open_course(folder)
    return course, grade(course)


def result(course, who):
    return next(one for one in results_of(course, UNIT, ROSTER) if one.student.id == who)


def sheets(course):
    rows = []
    for path in sorted((course.grading / "marking").glob("*.csv")):
        rows += csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    return rows


def test_whoever_is_tampered_waits_until_a_person_gave_points(graded, capsys):
    course, marked = graded
    (line, *_) = about_waiting(marked)
    assert line.startswith("1 tampered, no mark goes out until")
    assert line.endswith(": ada")
    ada = result(course, "ada")
    assert (ada.status, ada.score, ada.needs_person) == ("tampered", 0.0, True)
    assert ada.waits == "tampered: a person has to look at the code and enter points"
    canvas = list(csv.reader(io.StringIO(table([ada], UNIT, "canvas"))))
    assert canvas[2][-1] == ""
    assert "your teacher will look at it" in table([ada], UNIT, "moodle")
    feedback.run(UNIT, student="ada", course=course.root)
    page = (course.grading / "feedback" / "ada" / UNIT / f"{UNIT}.html").read_text()
    assert "tampered" not in page
    assert "your teacher still has to settle something" in page
    export.run(UNIT, to="nbgrader", course=course.root)
    assert "waiting for a person or a date: 1" in capsys.readouterr().out
    assert split.run(UNIT, between="ann", course=course.root) == 0
    rows = sheets(course)
    (row,) = [row for row in rows if row["student"] == "ada"]
    assert (row["question"], row["judge"]) == ("u07_double", "0, tampered: a forged reply")
    path = course.grading / "marking" / f"{UNIT}-ann.csv"
    path.write_text(f"student,question,points,comment\nada,{row['question']},0,\n")
    assert split.run(UNIT, take=path, by="ann", course=course.root) == 0
    assert result(course, "ada").waits == ""
    feedback.run(UNIT, student="ada", course=course.root)
    page = (course.grading / "feedback" / "ada" / UNIT / f"{UNIT}.html").read_text()
    assert "marked by a person" in page
    assert "will look at it" not in page
    assert ",marked,0.0," in table([result(course, "ada")], UNIT, "moodle")
    again = grade(course, student="ada")  # the judge says the same, and the person's 0 stands
    assert result(course, "ada").waits == ""
    assert not any("tampered" in line for line in about_waiting(again))


def test_work_that_cannot_be_read_stands_on_a_sheet_with_the_reason(graded, capsys):
    course, _ = graded
    assert split.run(UNIT, between="ann,bob", course=course.root) == 0
    of = [row for row in sheets(course) if row["student"] == "bo"]
    assert [row["question"] for row in of] == ["u07_double", "u07_mean", "u07_spread", "u07_why"]
    judged = [row for row in of if row["question"] != "u07_why"]
    assert all(row["judge"].startswith("0, unreadable: ") for row in judged)
    assert all(row["answer"] == "" for row in of)
    assert not [row for row in sheets(course) if row["student"] == "cy"]


def test_a_sheet_that_is_not_there_is_told_with_those_that_are(graded, tmp_path):
    course, _ = graded
    split.run(UNIT, between="ann,bob", course=course.root)
    wrong = course.grading / "marking" / "anna.csv"
    with pytest.raises(ValueError, match=rf"no such file; .*marking has {UNIT}-ann\.csv"):
        split.run(UNIT, take=wrong, by="ann", course=course.root)
    with pytest.raises(ValueError, match="that is a folder"):
        split.run(UNIT, take=course.grading / "marking", by="ann", course=course.root)
    with pytest.raises(ValueError, match="sheets are written to grading/marking/"):
        split.run(UNIT, take=tmp_path / "x.csv", by="ann", course=course.root)


def test_one_student_of_many_is_found_by_the_nearest_name(graded, capsys):
    course, _ = graded
    with pytest.raises(ValueError, match=r"'nobody' .*: there are ada, bo, cy$"):
        grade(course, student="nobody")
    with pytest.raises(ValueError, match=r"did you mean ada\? \(3 in all\)"):
        feedback.run(UNIT, student="adda", course=course.root)
    feedback.run(UNIT, student="ada", course=course.root)
    assert capsys.readouterr().out.startswith("1 page in ")


def test_names_are_told_nearest_first_and_the_rest_counted():
    names = [f"student{i:02d}" for i in range(30)]
    assert nearest_names("Student7", names) == (
        "did you mean student07 or student17 or student27? (30 in all)"
    )
    said = nearest_names("zzz", names)
    assert said == "there are student00, student01, student02 and 27 more"
    assert nearest_names("x", []) == "there is nobody"
    assert re.fullmatch("1 page, 2 pages", f"{count(1, 'page')}, {count(2, 'page')}")
