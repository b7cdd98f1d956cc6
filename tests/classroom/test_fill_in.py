"""Exports against the column rules of the systems' own importers, read in their sources.

`canvas_reads` follows Canvas's lib/gradebook_importer.rb (process_header, update_column_count,
strip_non_assignment_columns, check_for_non_student_row), `moodle_reads` Moodle's
mod/assign/feedback/offline/importgradeslib.php (init, next) and locallib.php (what is skipped).
"""

import csv
import io
import json
import re
from dataclasses import replace

import pytest

from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.handing_in.table_file import read_table
from coursekit.classroom.judge.marks import QuestionMark
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.returning.export import FORMATS, gradescope_result, table
from coursekit.classroom.returning.fill_in import filled
from coursekit.classroom.returning.results import Result

pytestmark = pytest.mark.quick
UNIT = "01_gradient_noise"
QUESTIONS = ("u01_tr_cov", "u01_epoch_noise")


def result(
    student, number, first, last, points, *, waits="", person=False, penalty=0.0, essay=None
):
    questions = tuple(
        QuestionMark(name, got, 9.0, "ok", "right")
        for name, got in zip(QUESTIONS, points, strict=True)
    )
    record = Record(UNIT, student, "", "ok", "2 ok", questions, 1)
    manual = {f"{q.exercise_id}_check": (q.points, 9.0, "") for q in questions}
    if person:
        manual["u01_tr_cov_check"] = (None, 9.0, "")
        waits = waits or "some of it has to be marked by a person"
    who = Student(student, first, last, f"{student}@example.org", number, "Sec 01")
    score = max(0.0, sum(points) - penalty)
    return Result(who, "ok", "2 ok", score, 18.0, penalty, person, "", manual, record, waits)


RESULTS = [
    result("ana1", "1001", "Ana", "Example", (9.0, 8.5)),
    result("zoe2", "1002", "Zoe", "O'Brien", (9.0, 9.0), penalty=4.5),
    result("bo", "1003", "Bo", "Waiting", (9.0, 8.0), person=True),
    result("cy", "1004", "Cy", "Extended", (0.0, 0.0), waits="it is due 2099-03-05 18:00 UTC"),
]


def rows_in(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


# --- the importers' rules --------------------------------------------------------------------

RESERVED = "Current Score|Current Points|Current Grade|Final Score|Final Points|Final Grade|"
RESERVED += "Override Score|Override Grade|Override Status"


def canvas_reads(text, assignments):
    """Return {assignment: (points possible, {id: mark})}; fail where Canvas refuses the header."""
    rows = rows_in(text)
    head = rows[0]
    assert len(head) > 3
    assert "Student" in head[0]
    assert "ID" in head[1]
    columns = 3
    if re.search(r"SIS\s+Login\s+ID", head[2]):
        columns += 1
    elif re.search(r"SIS\s+User\s+ID", head[2]) and re.search(r"SIS\s+Login\s+ID", head[3]):
        columns += 2 + bool(re.search(r"Integration\s+ID", head[4]))
        columns += bool(re.search(r"Root\s+Account", head[columns - 1]))
    assert "Section" in head[columns - 1], "Invalid header row"
    names = [name for name in head[columns:] if not re.search(RESERVED, name)]
    found = {}
    for name in names:
        title = re.fullmatch(r"(.*) \((\d+)\)", name)
        known = title[2] if title else name
        assert known in assignments, f"Canvas would make a new assignment {name!r}"
        found[name] = (None, {})
    assert len({len(row) for row in rows}) == 1
    for row in rows[1:]:
        cells = dict(zip(head, row, strict=True))
        if "Points Possible" in row[0]:
            found = {name: (cells[name], marks) for name, (_, marks) in found.items()}
        elif not all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", c, re.I) for c in row):
            for name, (_, marks) in found.items():
                marks[row[1]] = cells[name].strip()
    return found


def moodle_reads(text, most, separator=","):
    """Return {participant's number: (grade, feedback)} of the rows that Moodle would import."""
    rows = list(
        csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=separator)
    )
    head = rows[0]
    place = {name: head.index(name) for name in ("Identifier", "Grade", "Last modified (grade)")}
    feedback = head.index("Feedback comments") if "Feedback comments" in head else None
    found = {}
    for row in rows[1:]:
        number = row[place["Identifier"]].removeprefix("Participant ")
        assert number.isdigit()
        grade = row[place["Grade"]].replace(",", ".")
        if grade != "" and not 0 <= float(grade) <= most:
            continue  # out of range: skipped without a word
        found[number] = (grade, row[feedback] if feedback is not None else "")
    return found


def test_the_importers_rules_reject_what_failed_before():
    old = "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Feedback comments\r\n"
    with pytest.raises(ValueError, match="Last modified"):
        moodle_reads(old, 18)
    head = "Student,ID,SIS User ID,SIS Login ID,Section,Unit 1,u01_tr_cov\r\n"
    with pytest.raises(AssertionError, match="a new assignment 'u01_tr_cov'"):
        canvas_reads(head, {"Unit 1"})
    with pytest.raises(AssertionError, match="Invalid header"):
        canvas_reads("Student,ID,SIS Login ID,Unit 1\r\n", {"Unit 1"})


def test_tables_of_our_own_are_what_the_importers_want():
    found = canvas_reads(table(RESULTS, UNIT, "canvas"), {UNIT})
    assert found == {UNIT: ("18.0", {"1001": "17.5", "1002": "13.5", "1003": "", "1004": ""})}
    found = moodle_reads(table(RESULTS, UNIT, "moodle"), 18)
    assert {number: grade for number, (grade, _) in found.items()} == {
        "1001": "17.5", "1002": "13.5", "1003": "", "1004": "",
    }  # fmt: skip
    assert found["1002"][1] == "13.5 of 18 points; 4.5 points less, being late"
    assert found["1003"][1] == ""


def test_moodles_number_is_not_given_to_canvas():
    who = RESULTS[0].student
    for number, fine in (("Participant 1001", False), ("Ab3xQ", False), ("1001", True)):
        one = replace(RESULTS[0], student=replace(who, lms_id=number))
        assert rows_in(table([one], UNIT, "moodle"))[1][0] == f"Participant {number.split()[-1]}"
        if fine:
            assert rows_in(table([one], UNIT, "canvas"))[2][1] == "1001"
            continue
        with pytest.raises(ValueError, match="Canvas knows its students by its user id"):
            table([one], UNIT, "canvas")


@pytest.mark.parametrize("to", FORMATS)
def test_every_table_has_a_column_for_each_question(to):
    head, *rows = rows_in(table(RESULTS, UNIT, to))
    for name, points in zip(QUESTIONS, ("9.0", "8.5"), strict=True):
        (column,) = [i for i, title in enumerate(head) if title.startswith(name)]
        ana = next(row for row in rows if any("xample" in cell for cell in row))
        assert ana[column] == points
        bo = next(row for row in rows if any("Waiting" in cell for cell in row))
        assert bo[column] == ("" if name == "u01_tr_cov" else "8.0")


# --- filled in -------------------------------------------------------------------------------

CANVAS = '''\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Notes,Unit 1 (9001),Unit 10 (9010),Homework Current Score,Final Grade
,,,,,,Manual Posting,,,
    Points Possible,,,,,,{most},10.0,(read only),(read only)
"Example, Ana",1001,S100,ana1,"Sec 01",late once,,7,88.2,B
"O'Brien, Zoe",1002,S101,zoe2,"Sec 01 and Sec 02",,3,8,,
"Waiting, Bo",1003,,bo,"Sec 01",,11,,,
"Extended, Cy",,,cy,"Sec 01",,,,,
"=""Nobody, Here""",1009,,nob,"Sec 01",,,9,,
"Student, Test",1099,,f00dcafe,"Sec 01",,,,,
'''  # noqa: E501
MOODLE = """Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 2001","Ana Example",ana1@example.org,"Submitted for grading - ",,{most},Yes,"Sunday, 28 February 2027, 9:00 PM",-,
"Participant 2002","Zoe O'Brien",,"Submitted - ",,{most},Yes,-,-,"Well done"
"Participant 2003","Bo Waiting",bo@example.org,"Submitted - ",4.00,{most},Yes,-,-,
"Participant 1001","Some Body",some@example.org,"No submission - ",,{most},Yes,-,-,
"""  # noqa: E501


def fill(tmp_path, text, to, **how):
    path = tmp_path / "given.csv"
    path.write_bytes(text.encode())
    return filled(read_table(path), to, RESULTS, UNIT, **how)


@pytest.mark.parametrize("most", ["18.0", "18.00", '"18,00"', "18"])
def test_canvas_own_gradebook_is_filled_in_and_nothing_else_changes(tmp_path, most):
    text, told = fill(tmp_path, CANVAS.format(most=most), "canvas")
    before, after = rows_in(CANVAS.format(most=most)), rows_in(text)
    assert text.startswith("\ufeff")
    width, place = len(before[0]), before[0].index("Unit 1 (9001)")
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        changed = [i for i in range(width) if old[i] != new[i]]
        assert changed in ([], [place])
    found = canvas_reads(text, {"9001", "9010", "Notes"})
    assert found["Unit 1 (9001)"][1] == {
        "1001": "17.5", "1002": "13.5", "1003": "11", "": "", "1009": "", "1099": "",
    }  # fmt: skip
    assert found["Unit 10 (9010)"][1]["1001"] == "7"
    assert told == []
    with_marks = {row[3]: row[-2:] for row in after}
    assert with_marks["ana1"] == ["9.0", "8.5"]
    assert with_marks["f00dcafe"] == ["", ""]


def test_who_is_excused_or_another_person_stays_as_they_are(tmp_path):
    given = CANVAS.format(most="18").replace('"Sec 01",late once,,7', '"Sec 01",late once,EX,7')
    given = given.replace('"O\'Brien, Zoe",1002,S101,zoe2', '"Else, Some",1002,S101,some')
    given = given.replace(
        '"Waiting, Bo",1003,,bo,"Sec 01",,11', '"Waiting, Bo",1001,,bo,"Sec 01",,11'
    )
    text, told = fill(tmp_path, given, "canvas")
    found = canvas_reads(text, {"9001", "9010", "Notes"})["Unit 1 (9001)"][1]
    assert (found["1001"], found["1002"]) == ("11", "3")
    assert told == [
        "ana1: EX there stays",
        "given.csv:5: its ID and its name are of two people",
        "given.csv:6: its ID and its name are of two people",
        "not in given.csv, left out: zoe2, bo",
    ]


def test_moodles_own_worksheet_is_filled_in_by_people_and_not_by_numbers(tmp_path):
    """Participant 1001 of this assignment is somebody else than number 1001 of the roster."""
    text, told = fill(tmp_path, MOODLE.format(most="18.00"), "moodle")
    found = moodle_reads(text, 18)
    assert found == {
        "2001": ("17.5", "17.5 of 18 points"),
        "2002": ("13.5", "Well done"),
        "2003": ("4.00", ""),
        "1001": ("", ""),
    }
    assert told == ["not in given.csv, left out: cy"]
    old, new = rows_in(MOODLE.format(most="18.00")), rows_in(text)
    assert [row[:4] for row in new] == [row[:4] for row in old]
    assert [row[5:9] for row in new] == [row[5:9] for row in old]
    assert new[0][10:] == list(QUESTIONS)
    german = MOODLE.replace("28 February 2027, 9", "28").replace("Sunday, ", "").replace(",", ";")
    text, _ = fill(tmp_path, german.format(most="18,00"), "moodle")
    assert '"17,5"' not in text
    assert ";17,5;18,00;" in text
    assert moodle_reads(text, 18, ";")["2001"][0] == "17.5"


def test_an_anonymous_worksheet_has_nothing_but_numbers(tmp_path):
    text = 'Identifier,Status,Grade,"Maximum Grade","Last modified (grade)"\n'
    text += '"Participant 1001",x,,18,-\n"Participant 7",x,,18,-\n'
    text, told = fill(tmp_path, text, "moodle")
    assert {n: grade for n, (grade, _) in moodle_reads(text, 18).items()} == {
        "1001": "17.5",
        "7": "",
    }
    assert told == ["not in given.csv, left out: zoe2, bo, cy"]


@pytest.mark.parametrize(
    ("text", "to", "how", "words"),
    [
        (CANVAS.format(most="100.0"), "canvas", {}, "unit 18: set it to 18"),
        (MOODLE.format(most="100.00"), "moodle", {}, "counts 100 points and the unit 18"),
        (CANVAS.format(most="(read only)"), "canvas", {}, "no number of points"),
        (CANVAS.format(most="18").replace("Unit 1 ", "Lab 7 "), "canvas", {}, "name one"),
        (CANVAS.format(most="18").replace("Unit 10 ", "Quiz 1 "), "canvas", {}, "2 columns are"),
        (CANVAS.format(most="18"), "canvas", {"column": "Final Grade"}, "no column is"),
        (CANVAS.format(most="18"), "moodle", {}, "is not Moodle's grading worksheet"),
        (MOODLE.format(most="18"), "canvas", {}, "is not Canvas's exported gradebook"),
        (MOODLE.format(most="18").replace("(grade)", "(mark)"), "moodle", {}, "imports nothing"),
        (CANVAS, "gradescope", {}, "--into is for canvas and moodle"),
    ],
)  # fmt: skip
def test_a_file_that_would_be_refused_or_misread_is_refused_here(tmp_path, text, to, how, words):
    with pytest.raises(ValueError, match=words):
        fill(tmp_path, text, to, **how)


def test_a_column_can_be_named(tmp_path):
    given = CANVAS.format(most="18").replace("Unit 1 (9001)", "Gradient noise (9001)")
    for column in ("Gradient noise", "Gradient noise (9001)"):
        text, _ = fill(tmp_path, given, "canvas", column=column)
        assert (
            canvas_reads(text, {"9001", "9010", "Notes"})["Gradient noise (9001)"][1]["1001"]
            == "17.5"
        )


# --- Gradescope ------------------------------------------------------------------------------


def test_a_score_in_results_json_is_a_number_or_is_not_there():
    """https://gradescope-autograders.readthedocs.io/en/latest/specs/ (Output format)"""
    for one in RESULTS:
        whole = json.loads(gradescope_result(one))
        assert isinstance(whole["score"], float)
        for test in whole["tests"]:
            assert isinstance(test.get("score", 0.0), float)
            assert isinstance(test["max_score"], float)
        assert ("Not final" in whole["output"]) == bool(one.waits)
        assert whole.get("visibility", "") == ("after_published" if one.waits else "")
    (waiting,) = [json.loads(gradescope_result(one)) for one in RESULTS if one.needs_person]
    assert [set(test) >= {"score"} for test in waiting["tests"]] == [False, True]
