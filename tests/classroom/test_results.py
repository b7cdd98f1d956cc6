"""Marks going out: feedback that runs nothing, tables in which nothing is a formula."""

import csv
import html.parser
import io
import json
from datetime import UTC, datetime

import pytest
from fake_judge import open_fake
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from small_course import UNIT, cell_of, hand_in, make_course, released, solved
from small_unit import POINTS

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.grading import grade_unit
from coursekit.classroom.returning.export import FORMATS, harmless, table
from coursekit.classroom.returning.results import results_of
from coursekit.commands import export, feedback

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FORMULA = "=cmd|' /C calc'!A0"
DUE = datetime(2026, 3, 1, 18, tzinfo=UTC)
ROSTER = {
    "ada": Student("ada", "Ada", FORMULA, "ada@x.org", "1001"),
    "bo": Student("bo", "@SUM(1+1)*cmd", "Bo", "", "1002"),
    "gone": Student("gone", "Not", "There", "", "1003"),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Grade three people: a hostile one with an essay marked by hand, a late one, a missing one."""
    folder = make_course(tmp_path_factory.mktemp("course") / "course")
    notebook = solved(folder)
    cell_of(notebook, "u07_why").source = f"Because {HOSTILE}"
    cell_of(notebook, "u07_spread").source = f"def spread(numbers):\n    return '''{HOSTILE}'''"
    notebook.cells.insert(0, new_markdown_cell(HOSTILE))
    hand_in(folder, "ada", notebook)
    hand_in(folder, "bo", released(folder), at="2026-03-01 19:00:00 UTC")
    lines = ["student,first_name,last_name,email,lms_id"]
    with (folder / "grading" / "roster.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(lines[0].split(","))
        for s in ROSTER.values():
            writer.writerow([s.id, s.first_name, s.last_name, s.email, s.lms_id])
    opened = open_course(folder)
    grade_unit(
        opened,
        opened.grading / "submitted",
        UNIT,
        roster=ROSTER,
        due=DueDates({(UNIT, ""): DUE}),
        open_judge=open_fake,
        settings={},
        seconds_each=60.0,
        workers=1,
    )
    return folder


def rows_of(course, to):
    text = table(results_of(open_course(course), UNIT, ROSTER), UNIT, to)
    return list(csv.reader(io.StringIO(text)))


def test_results_join_the_gradebook_and_the_manifest(course):
    ada, bo, gone = results_of(open_course(course), UNIT, ROSTER)
    assert (ada.score, ada.max_score, ada.status, ada.needs_person) == (3.0, 8.0, "ok", True)
    assert (bo.score, bo.status, bo.needs_person) == (0.0, "late", False)
    assert (gone.score, gone.status, gone.manual) == (0.0, "missing", {})


@pytest.mark.parametrize("to", FORMATS)
def test_no_cell_of_a_table_is_a_formula(course, to):
    rows = rows_of(course, to)
    assert len({len(row) for row in rows}) == 1
    for row in rows:
        for cell in row:
            assert cell == "-" or not cell.lstrip().startswith(("=", "+", "-", "@")), cell


def test_marks_and_statuses_stand_beside_each_other(course):
    (head, ada, bo, gone) = rows_of(course, "nbgrader")
    ada, bo, gone = (dict(zip(head, row, strict=True)) for row in (ada, bo, gone))
    assert (ada["score"], ada["max_score"], ada["status"]) == ("3.0", "8.0", "ok")
    assert ada["needs_manual_grade"] == "yes"
    assert (bo["status"], gone["status"]) == ("late", "missing")
    assert ada["last_name"] == "'" + FORMULA


def test_a_mark_that_waits_for_a_person_stays_empty_in_an_lms(course):
    canvas = rows_of(course, "canvas")
    assert canvas[0][:2] == ["Student", "ID"]
    assert canvas[1] == ["    Points Possible", *[""] * 4, *["(read only)"] * 4, "8.0"]
    assert [row[1] for row in canvas[2:]] == ["1001", "1002", "1003"]
    assert [row[-1] for row in canvas[2:]] == ["", "0.0", "0.0"]
    moodle = rows_of(course, "moodle")
    assert moodle[1][0] == "Participant 1001"
    assert moodle[3][3] == "nothing handed in"


@pytest.mark.quick
def test_text_is_made_harmless_and_numbers_stay():
    for bad in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "|x", "%x"):
        assert harmless(bad).startswith("'")
    for good in ("Ada", "x=1", "a-b", "", "1001"):
        assert harmless(good) == good
    assert harmless(-1.5) == -1.5
    assert harmless(None) == ""
    assert harmless("a\nb\x00") == "a b "


def test_ids_that_lack_are_asked_for(course):
    results = results_of(open_course(course), UNIT, {})
    for to, name in (("canvas", "Canvas"), ("moodle", "Moodle")):
        with pytest.raises(ValueError, match=f"{name} knows.*ada, bo"):
            table(results, UNIT, to)
    with pytest.raises(ValueError, match="choose one of nbgrader, canvas, moodle, gradescope"):
        table(results, UNIT, "blackboard")


def test_the_export_command_writes_a_file(course, capsys):
    assert export.run(UNIT, to="gradescope", course=course) == 0
    assert "3 students" in capsys.readouterr().out
    assert (course / "grading" / f"{UNIT}-gradescope.csv").read_text().startswith("First Name")
    result = json.loads(
        (course / "grading" / f"{UNIT}-gradescope" / "ada" / "results.json").read_text()
    )
    assert [test["score"] for test in result["tests"]] == [1.0, 2.0, 0.0]
    with pytest.raises(ValueError, match="--to x: choose one"):
        export.run(UNIT, to="x", course=course)
    with pytest.raises(ValueError, match="lies in no course"):
        export.run(UNIT, to="canvas", course=course.parent)


def test_the_gradebook_that_canvas_exported_is_filled_in_by_the_command(course, capsys):
    given = course / "grading" / "from canvas.csv"
    given.write_text(
        "Student,ID,SIS Login ID,Section,Unit 7 (9007),Quiz 7 (9008),Final Grade\n"
        "    Points Possible,,,,8,3,(read only)\n"
        '"Lovelace, Ada",1001,ada,A,,1,\n"Bo, B",1002,bo,A,5,,\n"Gone, Not",1003,gone,B,,,\n'
    )
    with pytest.raises(ValueError, match=r"2 columns are .*--column; there are Unit 7"):
        export.run(UNIT, to="canvas", course=course, into=given)
    assert export.run(UNIT, to="canvas", course=course, into=given, column="Unit 7") == 0
    said = capsys.readouterr()
    assert "3 students, filled into" in said.out
    assert "ada: some of it has to be marked by a person" in said.out
    text = (course / "grading" / f"{UNIT}-canvas.csv").read_text()
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[4:7] for row in rows[1:]] == [
        ["8", "3", "(read only)"], ["", "1", ""], ["0", "", ""], ["0", "", ""],
    ]  # fmt: skip
    assert rows[0][7:] == [f"{name} Current Points" for name in (*POINTS, "u07_why")]


def test_a_roster_that_canvas_exported_is_filled_in_by_itself(course, tmp_path):
    given = tmp_path / "gradebook.csv"
    given.write_text(
        "Student,ID,SIS Login ID,Section,Unit 7 (9007)\n    Points Possible,,,,8\n"
        '"Lovelace, Ada",1001,ada,A,\n"Bo, B",1002,bo,A,\n'
    )
    out = tmp_path / "out.csv"
    assert export.run(UNIT, to="canvas", course=course, roster=given, out=out) == 0
    assert out.read_text().splitlines()[0].startswith("Student,ID,SIS Login ID,Section,Unit 7 (90")


class Tags(html.parser.HTMLParser):
    """Collect every tag and attribute of a page."""

    def __init__(self):
        super().__init__()
        self.seen, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def page_of(course, student):
    return (course / "grading" / "feedback" / student / UNIT / f"{UNIT}.html").read_text()


def test_feedback_escapes_everything_and_hides_the_judge(course, capsys):
    assert feedback.run(UNIT, course=course) == 0
    assert "3 pages" in capsys.readouterr().out
    page = page_of(course, "ada")
    tags = Tags()
    tags.feed(page)
    assert not tags.seen & {"script", "img", "iframe", "link", "object", "form", "a", "svg"}
    assert not any(name.startswith("on") or name in ("src", "href") for name in tags.attributes)
    assert "&lt;script&gt;" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "Is &lt;that&gt; all?" in page  # the hint
    assert "? of 2" in page  # the essay waits
    assert "Nothing handed in." in page_of(course, "gone")


def test_feedback_shows_what_a_person_gave(course):
    with Gradebook(open_course(course).db_url) as gradebook:
        essay = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
        essay.manual_score, essay.needs_manual_grade = 1.5, False
        gradebook.find_comment("u07_why", UNIT, UNIT, "ada").manual_comment = f"Good {HOSTILE}"
        gradebook.db.commit()
    try:
        assert feedback.run(UNIT, student="ada", course=course) == 0
        page = page_of(course, "ada")
        assert "4.5 of 8 points" in page
        assert "1.5 of 2" in page
        assert "Good &lt;script&gt;" in page
        assert rows_of(course, "canvas")[2][-1] == "4.5"
    finally:
        with Gradebook(open_course(course).db_url) as gradebook:
            essay = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
            essay.manual_score, essay.needs_manual_grade = None, True
            gradebook.db.commit()


def test_feedback_for_nobody_says_so(course):
    with pytest.raises(ValueError, match="no student 'eve'"):
        feedback.run(UNIT, student="eve", course=course)
    with pytest.raises(ValueError, match="no unit '09'"):
        feedback.run("09", course=course)
