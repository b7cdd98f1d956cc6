"""One student is deleted from a course, the others are not; who may read a course's data."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from instructor import copy_settings
from nbgrader.api import Gradebook, get_alembic_version
from sqlalchemy import text
from test_results import course  # noqa: F401  (a graded class of three)

from coursekit.classroom.marking.gradebook import open_course, opened
from coursekit.classroom.marking.sheets import read_split, split_path
from coursekit.commands import feedback, forget, split
from coursekit.storage import open_to_others, private_folder

UNIT = "07_small"


@pytest.fixture
def own(course, tmp_path):  # noqa: F811
    """Return a copy of the graded course, with what an instructor and `feedback` add."""
    copy = tmp_path / "spring"
    shutil.copytree(course, copy)
    grading = copy / "grading"
    (grading / "roster.csv").write_text("student,email\nada,ada@x.org\nbo,bo@x.org\n")
    (grading / "due.csv").write_text(
        f"unit,due,student\n{UNIT},2099-01-01,\n{UNIT},2099-02-01,ada\n"
    )
    (grading / "marks.csv").write_text("who,mark\nada@x.org,3\nbo,2\n")
    (grading / "other.csv").write_text("who,mark\nadalbert,3\nbo-ada,2\n")
    assert feedback.run(UNIT, course=copy) == 0
    (grading / "marking").mkdir()
    kept = grading / "marking" / f"{UNIT}-ann.csv.before"  # as Excel saves it in some countries
    kept.write_bytes("student;points;comment\nada;1;für\nbo;2;gut für\n".encode("cp1252"))
    assert split.run(UNIT, between="ann", blind=True, whole=True, course=copy) == 0
    return copy


def everything(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_without_yes_it_is_a_list_and_nothing_changes(own, capsys):
    before = everything(own)
    assert forget.run("ada", course=own) == 0
    out, err = capsys.readouterr()
    assert "would be deleted: the gradebook's entry" in out
    assert f"would be deleted: {own / 'grading/submitted/ada'}" in out
    assert f"would be deleted: {own / 'grading/marks.csv'}" in out
    assert "for you to delete: roster.csv, line 2" in out
    assert "for you to delete: due.csv, line 3" in out
    assert "other.csv" not in out
    assert "--yes" in err.splitlines()[-1]
    after = everything(own)
    assert {n for n in before if not n.endswith("gradebook.db")} <= set(after)
    assert all(before[n] == after[n] for n in before if not n.endswith("gradebook.db"))


def test_with_yes_the_student_is_gone_and_the_others_are_as_they_were(own, capsys):
    path = own / "grading" / "manifest" / UNIT / "bo.json"
    path.write_text(path.read_text().replace('"unit"', '"unit"  ', 1) + "\n\n")  # bytes that stay
    before = everything(own / "grading")
    assert forget.run("ada", course=own, yes=True) == 0
    assert "deleted: the gradebook's entry" in capsys.readouterr().out
    left = everything(own / "grading")
    assert not any("ada" in name.split("/") or "ada.json" in name for name in left)
    assert "marks.csv" not in left
    code = read_split(split_path(own / "grading", UNIT)).codes
    assert "ada" not in code
    assert "bo" in code
    sheet = left[f"marking/{UNIT}-ann.csv"].decode()
    assert code["bo"] in sheet
    assert sheet.count("\r\ns") == sum(sheet.count(c) for c in code.values())
    saved = left[f"marking/{UNIT}-ann.csv.before"].decode()
    assert saved == "student;points;comment\r\nbo;2;gut für\r\n"
    record = f"manifest/{UNIT}/bo.json"
    assert left[record] == before[record]
    assert b'"ada"' not in left[f"manifest/{UNIT}/.recorded.json"]
    assert b'"bo"' in left[f"manifest/{UNIT}/.recorded.json"]
    assert {n: before[n] for n in left if "/bo" in n} == {n: left[n] for n in left if "/bo" in n}
    assert any("/bo" in name for name in left)
    with Gradebook(open_course(own).db_url) as gradebook:
        assert "ada" not in {student.id for student in gradebook.students}
        assert "bo" in {student.id for student in gradebook.students}
    for name in ("roster.csv", "due.csv"):  # a person's own files: they were named
        lines = [x for x in (own / "grading" / name).read_text().splitlines() if "ada" not in x]
        (own / "grading" / name).write_text("\n".join(lines))
    for nobody in ("ada", "nobody"):
        with pytest.raises(ValueError, match=f"holds nothing of a student '{nobody}'"):
            forget.run(nobody, course=own)


def test_a_new_gradebook_is_for_its_owner_alone(own):
    shutil.rmtree(own / "grading")
    home = open_course(own)
    with opened(home):
        pass
    assert not open_to_others(home.grading)
    assert not open_to_others(home.grading / "gradebook.db")
    home.grading.chmod(0o755)
    private_folder(home.grading)  # what is there keeps the permissions that somebody chose
    assert open_to_others(home.grading)


def test_a_new_gradebook_has_the_layout_that_nbgrader_would_name(tmp_path, monkeypatch):
    copy_settings(tmp_path)
    home = open_course(tmp_path)
    with opened(home) as gradebook:
        (row,) = gradebook.db.execute(text("SELECT version_num FROM alembic_version"))
        assert gradebook.students == []
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    assert row.version_num == get_alembic_version()  # starts the program `alembic`
