"""Rosters, due dates, folders and an LMS's zip: what is read, refused, and never trusted."""

import json
import os
import struct
import unicodedata
import zipfile
from datetime import UTC, datetime

import pytest

from coursekit.classroom.handing_in import archive
from coursekit.classroom.handing_in.archive import unpack
from coursekit.classroom.handing_in.due_dates import read_due_dates
from coursekit.classroom.handing_in.moments import moment
from coursekit.classroom.handing_in.roster import Student, plain_name, read_roster, safe_id
from coursekit.classroom.handing_in.submissions import find_submissions, units_in

UNIT = "07_small"
NOTEBOOK = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
pytestmark = pytest.mark.quick


def written(folder, text, name="file.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --- rosters and dates -----------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_roster_from_any_spreadsheet(tmp_path, separator):
    rows = [
        "\ufeffStudent ID,First name,Surname,E-mail",
        "ada,Ada,Lovelace,",
        ",,,",
        "bo,Bo,,b@x.y",
    ]
    rows[0] = rows[0].replace("E-mail", "Email address")
    students = read_roster(written(tmp_path, "\r\n".join(rows).replace(",", separator)))
    assert students["ada"] == Student("ada", "Ada", "Lovelace")
    assert students["bo"].email == "b@x.y"
    assert students["bo"].name == "Bo"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nada", "no column student"),
        ("student\nada\nada", "3: ada is there twice"),
        ("student\n../ada", "cannot name a folder"),
        ("student\n", "no student"),
        ("student,email\n,x@y", "nothing under student"),
    ],
)
def test_what_a_roster_may_not_hold(tmp_path, text, words):
    with pytest.raises(ValueError, match=words):
        read_roster(written(tmp_path, text))


def test_due_dates_and_extensions(tmp_path):
    text = "unit,due,student\n07,2026-03-01 18:00+01:00,\n07_small,2026-03-05,ada\n"
    due = read_due_dates(written(tmp_path, text), [UNIT])
    assert due.of(UNIT, "bo") == due.everyone(UNIT) == datetime(2026, 3, 1, 17, tzinfo=UTC)
    assert due.of(UNIT, "ada") == due.closing(UNIT) == datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC)
    assert due.of("08_other", "ada") is None
    for bad, words in (("09,2026-01-01,", "no unit '09'"), ("07,soon,", "'soon' is no time")):
        with pytest.raises(ValueError, match=words):
            read_due_dates(written(tmp_path, f"unit,due,student\n{bad}\n"), [UNIT])
    twice = "unit,due\n07,2026-01-01\n07_small,2026-01-02\n"
    with pytest.raises(ValueError, match="3: a second due date"):
        read_due_dates(written(tmp_path, twice), [UNIT])


def test_a_time_without_a_zone_is_utc_as_nbgrader_has_it():
    assert (
        moment("2015-02-02 15:58:23.948203 UTC").isoformat() == "2015-02-02T15:58:23.948203+00:00"
    )
    assert moment("2026-03-01T18:00Z") == datetime(2026, 3, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2027-03-03 20:00:00.000000 CET", "2027-03-03 19:00"),
        ("2027-07-03 20:00 CEST", "2027-07-03 18:00"),
        ("2027-03-03 20:00 EST", "2027-03-04 01:00"),
        ("2027-03-03 20:00 Europe/Berlin", "2027-03-03 19:00"),
        ("2027-03-03 20:00:00 +0100", "2027-03-03 19:00"),
        ("\ufeff2027-03-03T20:00-08:00\n", "2027-03-04 04:00"),
        ("2027-03-03 20:00 GMT", "2027-03-03 20:00"),
        ("2027-03-03\xa020:00", "2027-03-03 20:00"),
    ],
)
def test_times_with_a_zone_are_read(text, utc):
    assert f"{moment(text):%Y-%m-%d %H:%M}" == utc


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2027-03-03 20:00 CST", "says no zone for sure"),
        ("2027-03-03 20:00 PST", "2 meanings"),
        ("2027-03-03 20:00 XYZ", "no zone has it"),
        ("2027-03-03 06:00 PM", "no zone has it"),
        ("2027-03-03 20:00 Mars/Olympus", "no zone 'Mars/Olympus'"),
        ("03/03/2027 20:00", "is no time"),
        ("1772557200", "is no time"),
        ("", "is no time"),
        ("0001-01-01 00:00+05:00", "the year is 1"),
        ("9999-12-31 23:59-05:00", "the year is 9999"),
        ("2027-13-03 20:00", "is no time"),
    ],
)
def test_what_is_no_time_for_sure_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        moment(text)


def test_the_classes_zone_gives_abbreviations_a_meaning_and_due_dates_their_hour(tmp_path):
    assert moment("2027-03-03 20:00 CST", abbreviations="Asia/Shanghai").hour == 12
    assert moment("2027-10-31 02:30 CEST", abbreviations="Europe/Berlin").minute == 30
    assert moment("2027-10-31 02:30 CEST", abbreviations="Europe/Berlin").hour == 0
    assert moment("2027-10-31 02:30 CET", abbreviations="Europe/Berlin").hour == 1
    assert moment("2027-03-03 20:00", abbreviations="Asia/Shanghai").hour == 20  # nbgrader's UTC
    text = (
        "unit,due,student,zone\n"
        "07,2027-03-01 18:00,,Europe/Berlin\n"
        "07,2027-07-01 18:00,ada,Europe/Berlin\n"
        "07,2027-07-01 18:00+00:00,bo,Europe/Berlin\n"
        "07,2027-03-05,cy,Europe/Berlin\n"
    )
    due = read_due_dates(written(tmp_path, text), [UNIT])
    assert due.everyone(UNIT).hour == 17
    assert due.of(UNIT, "ada").hour == 16  # summer
    assert due.of(UNIT, "bo").hour == 18  # an offset comes first
    assert due.of(UNIT, "cy") == datetime(2027, 3, 5, 22, 59, 59, tzinfo=UTC)
    assert due.zones == {UNIT: "Europe/Berlin"}
    for row, words in (
        ("07,2027-10-31 02:30,,Europe/Berlin", "does not come exactly once"),
        ("07,2027-03-28 02:30,,Europe/Berlin", "does not come exactly once"),
        ("07,2027-03-01 18:00,,Berlin", "no zone 'Berlin'"),
        ("07,2027-03-01 18:00,,CET-ish", "no zone"),
    ):
        with pytest.raises(ValueError, match=words):
            read_due_dates(written(tmp_path, f"unit,due,student,zone\n{row}\n"), [UNIT])


def test_ids_that_cannot_name_a_folder():
    assert all(map(safe_id, ["ada", "ada.l@x.y", "Ada Lovelace", "123", "émile"]))
    for bad in ("", ".", "..", ".x", "a/b", "a\\b", "a\n", " a", "-rf", "a:b", "a\x00", "x" * 101):
        assert not safe_id(bad)


def test_names_are_compared_by_letters():
    assert plain_name("Émile  O'Brien-Smith 2") == "emileobriensmith2"


# --- nbgrader's layout -----------------------------------------------------------------------


def test_units_and_submissions_of_a_folder(tmp_path):
    for place in ("ada/07_small", "bo/01_other", ".hidden/07_small"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "ada/07_small/07_small.ipynb").write_text("{}")
    (tmp_path / "ada/07_small/timestamp.txt").write_text("not a time")
    (tmp_path / "stray.txt").write_text("")
    assert units_in(tmp_path) == ["01_other", "07_small"]
    ada, bo = find_submissions(tmp_path, UNIT, ["ada", "bo"])
    assert (ada.fault, ada.submitted_at) == ("", None)
    assert "not a time" in ada.time_fault
    assert (bo.fault, bo.reason) == ("missing", "nothing was handed in")


@pytest.mark.parametrize(
    ("files", "fault", "words"),
    [
        ({"07_small.ipynb.json": NOTEBOOK}, "", "was named 07_small.ipynb.json"),
        ({"x.txt": NOTEBOOK, "notes.txt": b"hi"}, "", "was named x.txt"),
        ({"07_small (1).ipynb": NOTEBOOK, "old.ipynb": NOTEBOOK}, "", "07_small (1).ipynb"),
        ({".ipynb_checkpoints/07_small-checkpoint.ipynb": NOTEBOOK}, "", "checkpoint"),
        ({"a.ipynb": NOTEBOOK, "b.ipynb": NOTEBOOK}, "unreadable", "a.ipynb, b.ipynb"),
        ({"hw.zip": b"PK", "timestamp.txt": b"x"}, "unreadable", "only hw.zip: unpack it there"),
        ({"report.pdf": b"%PDF", "__MACOSX/._x": b""}, "unreadable", "only report.pdf"),
        ({"x.json": b"[" * 100_000}, "unreadable", "only x.json"),
        ({}, "missing", "nothing was handed in: the folder is empty"),
        ({"timestamp.txt": b"2026-03-01 12:00"}, "missing", "the folder is empty"),
        ({".DS_Store": b""}, "missing", "the folder is empty"),
    ],
)
def test_what_lies_in_a_folder_is_taken_or_named(tmp_path, files, fault, words):
    folder = tmp_path / "ada" / UNIT
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    (ada,) = find_submissions(tmp_path, UNIT, [])
    assert ada.fault == fault
    assert words in ada.reason
    assert (ada.path is None) == bool(fault)


def test_one_students_odd_files_are_one_students(tmp_path):
    """A name that is no UTF-8, a note nested 300,000 deep, a time at the calendar's edge."""
    for student in ("bad", "deep", "edge", "good"):
        (tmp_path / student / UNIT).mkdir(parents=True)
    os.close(os.open(os.fsencode(tmp_path / "bad" / UNIT) + b"/\xff.ipynb", os.O_CREAT))
    os.mkdir(os.fsencode(tmp_path) + b"/jos\xe9")
    os.mkdir(os.fsencode(tmp_path) + b"/jos\xe9/" + UNIT.encode())
    (tmp_path / "deep" / UNIT / "handed_in.json").write_bytes(b"[" * 90_000)
    for student, time in (
        ("edge", "0001-01-01 00:00:00+05:00"),
        ("good", "9999-12-31 23:59-05:00"),
    ):
        (tmp_path / student / UNIT / "timestamp.txt").write_text(time)
    for student in ("deep", "edge", "good"):
        (tmp_path / student / UNIT / f"{UNIT}.ipynb").write_bytes(NOTEBOOK)
    found = {one.student: one for one in find_submissions(tmp_path, UNIT, [])}
    assert set(found) == {"bad", "deep", "edge", "good", "jos%E9"}
    for one in found.values():
        one.reason.encode()
        one.student.encode()
    assert "%FF.ipynb" in found["bad"].reason
    assert found["edge"].time_fault
    assert found["good"].time_fault


def test_a_folder_spelled_otherwise_is_the_one_student_who_fits(tmp_path):
    for name in (unicodedata.normalize("NFD", "josé"), "ADA", "bo", "BO"):
        (tmp_path / name / UNIT).mkdir(parents=True)
        (tmp_path / name / UNIT / f"{UNIT}.ipynb").write_bytes(NOTEBOOK)
    found = {one.student: one for one in find_submissions(tmp_path, UNIT, ["josé", "ada", "bo"])}
    assert set(found) == {"josé", "ada", "bo"}
    assert not any(one.fault for one in found.values())
    assert found["bo"].path.parts[-3] == "bo"
    (tmp_path / "Ada" / UNIT).mkdir(parents=True)
    found = {one.student: one for one in find_submissions(tmp_path, UNIT, ["josé", "ada", "bo"])}
    assert "2 folders have names that look like ada" in found["ada"].reason


def test_a_notebook_beside_its_folder_is_not_missing(tmp_path):
    for student, name in (
        ("ada", f"{UNIT}.ipynb"), ("bo", "mine.ipynb"), ("cy", "01_other.ipynb"),
        ("di", f"{UNIT.upper()}/x.ipynb"),
    ):  # fmt: skip
        path = tmp_path / student / name
        path.parent.mkdir(parents=True)
        path.write_bytes(NOTEBOOK)
    found = {h.student: h for h in find_submissions(tmp_path, UNIT, ["ada", "bo", "cy", "di"])}
    assert [h.fault for h in found.values()] == ["unreadable", "unreadable", "missing", ""]
    assert f"{UNIT}.ipynb lies in no folder {UNIT}" in found["ada"].reason


def test_what_is_missing_says_who_came_instead(tmp_path):
    (tmp_path / "stranger" / UNIT).mkdir(parents=True)
    ada, _ = find_submissions(tmp_path, UNIT, ["ada"])
    assert ada.reason.endswith("not on the roster: stranger")


def test_a_huge_notebook_is_not_read(tmp_path):
    folder = tmp_path / "ada" / UNIT
    folder.mkdir(parents=True)
    with (folder / f"{UNIT}.ipynb").open("wb") as file:
        file.truncate(300_000_000)
    (ada,) = find_submissions(tmp_path, UNIT, [])
    assert (ada.fault, ada.reason) == ("unreadable", "the notebook has 300 MB")


# --- zips ------------------------------------------------------------------------------------

ROSTER = {
    "ada": Student("ada", "Ada", "Lovelace", lms_id="1001"),
    "bo": Student("bo", "Bo", "Derek-Å", lms_id="Participant 1002"),
}


def zipped(tmp_path, members):
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def in_folder(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.ipynb")
    }


def test_canvas_names_are_understood_and_the_last_resubmission_counts(tmp_path):
    members = [
        ("lovelaceada_LATE_1001_55_07_small.ipynb", "first"),
        ("lovelaceada_1001_56_07_small-2.ipynb", "third"),
        ("lovelaceada_1001_57_07_small-1.ipynb", "second"),
        ("derekabo_99_58_work.ipynb", "bo by name"),
        ("strange_77_59_x.ipynb", "unknown"),
        ("derekabo_99_60_notes.pdf", "no notebook"),
        ("readme.ipynb", "nobody's"),
    ]
    count, told = unpack(zipped(tmp_path, members), UNIT, tmp_path / "in", ROSTER)
    assert count == 3
    assert in_folder(tmp_path / "in") == {
        f"ada/{UNIT}/{UNIT}.ipynb": "third",
        f"bo/{UNIT}/{UNIT}.ipynb": "bo by name",
        f"lms-77/{UNIT}/{UNIT}.ipynb": "unknown",
    }
    assert [line.partition(": ")[0].strip("'").partition("_")[0] for line in told] == [
        *("lovelaceada", "lovelaceada", "strange", "derekabo", "readme.ipynb"),
    ]
    assert sum("replaced, by 07_small-2.ipynb" in line for line in told) == 2
    assert "not on the roster" in told[2]
    assert "no notebook" in told[3]
    assert "neither Canvas, Moodle nor Gradescope" in told[4]


def test_canvas_marks_what_is_late(tmp_path):
    members = [("lovelaceada_LATE_1001_55_07_small.ipynb", "x")]
    unpack(zipped(tmp_path, members), UNIT, tmp_path / "in", ROSTER)
    (ada,) = find_submissions(tmp_path / "in", UNIT, [])
    assert ada.marked_late


@pytest.mark.parametrize(
    "form", ["{}_assignsubmission_file_/w.ipynb", "{}_assignsubmission_file_w.ipynb"]
)
def test_moodle_names_are_understood(tmp_path, form):
    members = [(form.format("Ada Lovelace_1001"), "a"), (form.format("Bo Derek-Å_5"), "b")]
    count, told = unpack(zipped(tmp_path, members), UNIT, tmp_path / "in", ROSTER)
    assert (count, told) == (2, [])
    assert in_folder(tmp_path / "in") == {
        f"ada/{UNIT}/{UNIT}.ipynb": "a",
        f"bo/{UNIT}/{UNIT}.ipynb": "b",
    }


def test_no_name_in_a_zip_is_a_path(tmp_path):
    members = [
        ("../../evil_1001_1_x.ipynb", "up"),
        ("/etc/evil_1001_2_x.ipynb", "absolute"),
        ("..\\..\\evil_1001_3_x.ipynb", "windows"),
        ("../x/Eve_9_assignsubmission_file_/../../../y.ipynb", "moodle"),
        ("a_1_1_\x00.ipynb", "nul"),
    ]
    place = tmp_path / "deep" / "in"
    unpack(zipped(tmp_path, members), UNIT, place, ROSTER)
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and place not in p.parents]
    assert [p.name for p in outside] == ["class.zip"]
    assert {path.name for path in place.rglob("*.ipynb")} == {f"{UNIT}.ipynb"}


def test_a_bomb_is_cut_off_and_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 1_000_000)
    members = [("a_1001_1_x.ipynb", b"0" * 50_000_000), ("b_1002_2_x.ipynb", "fine")]
    path = zipped(tmp_path, members)
    count, told = unpack(path, UNIT, tmp_path / "in", ROSTER)
    assert count == 2
    assert "unpacks to more than 1 MB" in told[0]
    assert in_folder(tmp_path / "in") == {
        f"ada/{UNIT}/{UNIT}.ipynb": "",
        f"bo/{UNIT}/{UNIT}.ipynb": "fine",
    }
    monkeypatch.setattr(archive, "MOST_ENTRIES", 1)
    with pytest.raises(ValueError, match="2 entries"):
        unpack(path, UNIT, tmp_path / "in", ROSTER)


def test_a_size_that_lies_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 1_000_000)
    raw = zipped(tmp_path, [("a_1001_1_x.ipynb", b"0" * 5_000_000)]).read_bytes()
    (tmp_path / "lie.zip").write_bytes(
        raw.replace(struct.pack("<I", 5_000_000), struct.pack("<I", 9))
    )
    _, told = unpack(tmp_path / "lie.zip", UNIT, tmp_path / "in", ROSTER)
    assert len(told) == 1
    assert in_folder(tmp_path / "in") == {f"ada/{UNIT}/{UNIT}.ipynb": ""}


def test_damaged_zips_are_said(tmp_path):
    with pytest.raises(ValueError, match="no zip"):
        unpack(written(tmp_path, "hello", "x.zip"), UNIT, tmp_path / "in", ROSTER)
    members = [("a_1001_1_x.ipynb", "x" * 5000), ("b_1002_2_x.ipynb", "fine")]
    raw = bytearray(zipped(tmp_path, members).read_bytes())
    raw[40:60] = b"\xff" * 20  # into the first member's data
    (tmp_path / "bad.zip").write_bytes(raw)
    count, told = unpack(tmp_path / "bad.zip", UNIT, tmp_path / "in", ROSTER)
    assert (count, len(told)) == (2, 1)
    assert in_folder(tmp_path / "in")[f"bo/{UNIT}/{UNIT}.ipynb"] == "fine"


def test_an_earlier_submission_is_renamed_and_never_lost(tmp_path):
    for text in ("one", "two", "two"):
        members = [("a_1001_1_x.ipynb", text)]
        unpack(zipped(tmp_path, members), UNIT, tmp_path / "in", ROSTER)
    texts = in_folder(tmp_path / "in")
    assert texts[f"ada/{UNIT}/{UNIT}.ipynb"] == "two"
    assert sorted(texts.values()) == ["one", "two"]
    about = json.loads((tmp_path / "in" / "ada" / UNIT / "handed_in.json").read_text())
    assert about["source"] == "class.zip"
