"""Tables of Canvas, Moodle, Gradescope and Excel as rosters: read as they are, or refused by line.

The tables are ours, with made-up names, in the shape of the systems' own (see `lms_tables`).
"""

import csv
import io

import pytest

from coursekit.classroom.handing_in.roster import Student, names_of, read_roster
from coursekit.classroom.handing_in.table_file import read_table, written

pytestmark = pytest.mark.quick
CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Unit 1 (9001),Final Grade
,,,,,Manual Posting,
    Points Possible,,,,,18.0,(read only)
"Example, Ana",1001,S100,ana1,"Sec 01",,
"O'Brien, Zoe",1002,S101,zoe2,"Sec 01 and Sec 02",,
"Student, Test",1099,,f00dcafe,"Sec 01",,
"""
MOODLE = """Identifier,"Full name","Email address",Status,Grade,Maximum Grade,Last modified (grade)
"Participant 2001","Ana Example",ana@example.org,"Submitted for grading - ",,18.00,-
"Participant 2002","Bo Test",bo+x@example.org,"No submission - ",,18.00,-
"""


def read(tmp_path, text, told=None, encoding="utf-8"):
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_roster(path, told)


def test_canvas_exported_gradebook(tmp_path):
    told = []
    students = read(tmp_path, CANVAS, told)
    assert students == {
        "ana1": Student("ana1", "Ana", "Example", lms_id="1001", section="Sec 01"),
        "zoe2": Student("zoe2", "Zoe", "O'Brien", lms_id="1002", section="Sec 01 and Sec 02"),
    }
    assert "Test Student is left out" in told[0]
    rows = CANVAS.splitlines(keepends=True)
    assert read(tmp_path, "".join([rows[0], *rows[3:]])) == students  # the two rows deleted
    renamed = CANVAS.replace("Student,ID", "LastName,FirstName,ID", 1)
    renamed = renamed.replace(",,,,,Manual", ",,,,,,Manual").replace("Possible,", "Possible,,")
    renamed = renamed.replace('"Example, Ana"', "Example,Ana").replace(
        '"O\'Brien, Zoe"', "O'Brien,Zoe"
    )
    renamed = renamed.replace('"Student, Test"', "Student,Test")
    assert read(tmp_path, renamed) == students


def test_canvas_without_logins_knows_people_by_number(tmp_path):
    head = "Student,ID,SIS User ID,SIS Login ID,Section\n"
    students = read(tmp_path, head + '"A, B",7,,,x\n"C, D",8,S\\9,d+c@x.org,x\n"E, F",9,S9,,x\n')
    assert list(students) == ["lms-7", "lms-8", "S9"]
    with pytest.raises(ValueError, match="3: nothing under ID"):
        read(tmp_path, head + '"A, B",7,,,x\n"C, D",,,,x\n')


def test_moodles_worksheet_and_list_of_participants(tmp_path):
    told = []
    students = read(tmp_path, MOODLE, told)
    ana, bo = students.values()
    assert (ana.id, ana.first_name, ana.number) == ("ana@example.org", "Ana", "2001")
    assert bo.id == "lms-2002"  # "+" cannot stand in an id of nbgrader's
    assert "'Email address' says who is who" in told[0]
    participants = "First name,Last name,Email address,Groups\nAna,Example,ana@example.org,A\n"
    (ana,) = read(tmp_path, participants).values()
    assert (ana.id, ana.last_name, ana.group) == ("ana@example.org", "Example", "A")
    participants = "Username,First name,Last name,Email address\nana1,Ana,Example,a@x.org\n"
    assert list(read(tmp_path, participants)) == ["ana1"]


def test_gradescopes_roster_without_its_staff(tmp_path):
    told = []
    text = (
        "First Name,Last Name,Email,SID,Role,Sections\nAna,Example,a@x.org,s1,Student,1\n"
        "Tim,Ta,t@x.org,,TA,\nBo,Test,b@x.org,,Student,1\n"
    )
    assert list(read(tmp_path, text, told)) == ["s1", "b@x.org"]
    assert any("left out" in line for line in told)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("hint", [True, False])
def test_excels_encodings_and_separators(tmp_path, encoding, separator, hint):
    odd = 'Bo, "the 2nd";\nof\tit'
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([["student", "first_name", "last_name"], ["jose", "José", "Núñez"]])
    writer.writerow(["bo", odd, "Å"])
    told = []
    text = (f"sep={separator}\r\n" if hint else "") + out.getvalue()
    jose, bo = read(tmp_path, text, told, encoding).values()
    assert (jose.first_name, jose.last_name) == ("José", "Núñez")
    assert (bo.first_name, bo.last_name) == (odd, "Å")
    assert bool(told) == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("student,last_name\nlu,Łukasz\n".encode("cp1250"), r"csv:2: .*neither UTF-8 nor Windows"),
        ("student,last_name\nlu,Żak\n".encode("cp1250"), r"csv:2: .*neither UTF-8 nor Windows"),
        ("student\njosé\n".encode("cp1252"), r"csv:2: the id 'josé' is no plain text: save it"),
        (b"student\na\x81b\n", r'csv:2: neither UTF-8 .* "CSV UTF-8"'),
        (b"PK\x03\x04student", "is a workbook"),
        (b"student\na\0\n", "zero bytes"),
        (b"student\nAda\nada\n", r"csv:3: 'ada' and 'Ada' \(line 2\) differ only"),
        ("student\njosé\njose\u0301\n".encode(), r"csv:3: josé is there twice"),
        (b"student,lms_id\na,7\nb,Participant 7\n", r"csv:3: the number 7 is there twice"),
        (b"student,lms_id\na,1.0E+05\n", "makes of a long number"),
        (b"student,Student ID\na,b\n", "columns student and Student ID mean the same"),
        (b"who,what\na,b\n", "no column student.*It names: who, what"),
        (b"", "no column student"),
    ],
)
def test_what_cannot_be_read_names_file_line_and_remedy(tmp_path, data, words):
    with pytest.raises(ValueError, match=words):
        read(tmp_path, data)


def test_excels_lines_for_old_macs(tmp_path):
    assert list(read(tmp_path, b"sep=;\rstudent;email\ra;x\rb;y\r")) == ["a", "b"]
    assert list(read(tmp_path, b"student;email\ra;x,y,z\r")) == ["a"]


def test_a_spreadsheets_number_is_a_number(tmp_path):
    assert read(tmp_path, "student,lms_id\na,1001.0\n")["a"].number == "1001"


def test_a_table_is_written_as_it_was_read(tmp_path):
    path = tmp_path / "x.csv"
    for text in (CANVAS, MOODLE.replace(",", ";")):
        path.write_text(text, encoding="utf-8")
        again = tmp_path / "y.csv"
        again.write_text(written(read_table(path)), encoding="utf-8", newline="")
        first, second = read_table(path), read_table(again)
        assert (first.head, first.rows, first.mark) == (second.head, second.rows, second.mark)


def test_names_in_either_order():
    assert "exampleana" in names_of(Student("a", "Ana", "Example"))
    assert "anaexample" in names_of(Student("a", "Ana", "Example"))
    assert names_of(Student("a")) == {"a"}
