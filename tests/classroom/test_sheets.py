"""Marking by several people: lists that stay, sheets without names, and who marked what."""

import csv
import io

import pytest
from nbgrader.api import Gradebook
from test_results import ROSTER, UNIT, course  # noqa: F401  (a graded class of three)

from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.sheets import (
    Split,
    assign,
    check_names,
    read_sheet,
    read_split,
    split_path,
)
from coursekit.classroom.returning.results import results_of
from coursekit.commands import split as command

STUDENTS = [f"student{i:02d}" for i in range(60)]


def lists(split):
    return {name: {s for s, who in split.of.items() if who == name} for name in split.of.values()}


def test_lists_differ_by_one_at_most_and_are_not_by_the_alphabet():
    split = Split()
    assign(split, STUDENTS[:59], ["ann", "bob", "eve"])
    assert sorted(map(len, lists(split).values())) == [19, 20, 20]
    assert lists(split)["ann"] != set(STUDENTS[:20])
    assert len(set(split.codes.values())) == 59


def test_whoever_is_on_a_list_stays_on_it():
    split = Split()
    assign(split, STUDENTS[:40], ["ann", "bob"])
    before = dict(split.of)
    assign(split, STUDENTS, ["ann", "bob"])
    assert before.items() <= split.of.items()
    assert {len(own) for own in lists(split).values()} == {30}
    assign(split, STUDENTS, ["ann", "bob", "eve"])
    assert {len(own) for own in lists(split).values()} == {20}
    assert all(split.of[s] in (who, "eve") for s, who in before.items())
    assign(split, STUDENTS, ["ann", "eve"])
    assert {len(own) for own in lists(split).values()} == {30}


def test_names_that_cannot_be_used_are_refused():
    for names, said in ((["../x"], "a name of letters"), (["ann", "ann"], "there twice")):
        with pytest.raises(ValueError, match=said):
            check_names(names)


def sheet_of(course, who):  # noqa: F811
    path = course / "grading" / "marking" / f"{UNIT}-{who}.csv"
    return path, list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def fill_in(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_blind_sheet_is_filled_in_and_comes_back(course, capsys):  # noqa: F811
    assert command.run(UNIT, between="ann,bob", blind=True, course=course) == 0
    split = read_split(split_path(course / "grading", UNIT))
    who = split.of["ada"]
    path, rows = sheet_of(course, who)
    (row,) = rows  # the essay alone waits for a person
    text = path.read_text(encoding="utf-8")
    assert (row["student"], row["question"], row["most"]) == (split.codes["ada"], "u07_why", "2.0")
    assert "<script>" in row["answer"]
    assert "ada" not in text
    fill_in(path, [{**row, "points": "1,5", "comment": "-2 is <b>no</b> variance"}])
    other = next(name for name in ("ann", "bob") if name != who)
    with pytest.raises(ValueError, match=f"is not on {other}'s list"):
        command.run(UNIT, take=path, by=other, course=course)
    assert command.run(UNIT, take=path, by=who, course=course) == 0
    assert f"1 mark and 1 comment by {who}" in capsys.readouterr().out
    with Gradebook(open_course(course).db_url) as gradebook:
        grade = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
        comment = gradebook.find_comment("u07_why", UNIT, UNIT, "ada").manual_comment
        assert (grade.manual_score, grade.needs_manual_grade) == (1.5, False)
        assert comment == "-2 is <b>no</b> variance"
    marked = read_split(split_path(course / "grading", UNIT)).marked["ada u07_why"]
    assert (marked["by"], marked["points"]) == (who, 1.5)
    fill_in(path, [{**row, "points": "2"}])
    assert command.run(UNIT, take=path, by=who, course=course) == 0
    assert f"ada u07_why: 2 by {who}, 1.5 before, by {who}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": "3"}, "3 of 2 points"),
        ({"points": "-1"}, "points are a number, 0 or more"),
        ({"points": "nan"}, "points are a number, 0 or more"),
        ({"points": "good"}, "points are a number, 0 or more"),
        ({"points": "1", "question": "u07_x"}, "has no question 'u07_x'"),
        ({"points": "1", "student": "eve"}, "'eve' is not on ann's list"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(tmp_path, change, said):
    row = {"student": "s1", "question": "q", "points": "", "comment": "", **change}
    fill_in(tmp_path / "sheet.csv", [row])
    split = Split(of={"ada": "ann"}, codes={"ada": "s1"})
    with pytest.raises(ValueError, match=said) as error:
        read_sheet(tmp_path / "sheet.csv", split, "ann", {("ada", "q"): 2.0})
    assert "sheet.csv:2: " in str(error.value)


def test_a_sheet_that_lost_a_column_and_one_of_nobody_are_refused(tmp_path, course):  # noqa: F811
    (tmp_path / "sheet.csv").write_text("student,points\ns1,2\n")
    with pytest.raises(ValueError, match="no column 'question'"):
        read_sheet(tmp_path / "sheet.csv", Split(), "ann", {})
    with pytest.raises(ValueError, match="whose sheet is it"):
        command.run(UNIT, take=tmp_path / "sheet.csv", course=course)


def test_points_on_a_sheet_are_out_of_what_counts_not_of_what_the_release_says(course, capsys):  # noqa: F811
    wish = course / "grading" / "adapt.toml"
    wish.write_text("[points]\nu07_why = 10\nu07_mean = 0\n")
    try:
        assert command.run(UNIT, between="ann,bob", whole=True, course=course) == 0
        who = read_split(split_path(course / "grading", UNIT)).of["ada"]
        path, rows = sheet_of(course, who)
        mine = [row for row in rows if row["student"] == "ada"]
        assert "u07_mean" not in {row["question"] for row in mine}  # it counts nothing
        (row,) = [row for row in mine if row["question"] == "u07_why"]
        assert row["most"] == "10.0"
        fill_in(path, [{**row, "points": "8"}])
        assert command.run(UNIT, take=path, by=who, course=course) == 0
        with Gradebook(open_course(course).db_url) as gradebook:
            grade = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
            assert (grade.manual_score, grade.max_score) == (pytest.approx(1.6), 2.0)
        (ada,) = [r for r in results_of(open_course(course), UNIT, ROSTER) if r.student.id == "ada"]
        assert ada.manual["u07_why"][:2] == (pytest.approx(8.0), 10.0)
        fill_in(path, [{**row, "question": "u07_mean", "points": "1"}])
        with pytest.raises(ValueError, match=r"u07_mean of ada counts no points \(dropped"):
            command.run(UNIT, take=path, by=who, course=course)
    finally:
        wish.unlink()


def test_a_sheet_with_points_on_it_is_never_written_over(course, capsys):  # noqa: F811
    assert command.run(UNIT, between="ann,bob", whole=True, course=course) == 0
    who = read_split(split_path(course / "grading", UNIT)).of["ada"]
    path, rows = sheet_of(course, who)
    fill_in(path, [{**rows[0], "points": "1"}, *rows[1:]])
    before = path.read_bytes()
    capsys.readouterr()
    assert command.run(UNIT, whole=True, course=course) == 0
    said = capsys.readouterr().err
    assert f"{path} had points on it: it is kept as " in said
    assert before in {kept.read_bytes() for kept in path.parent.glob(f"{UNIT}-{who}*")}
    (other,) = {"ann", "bob"} - {who}
    assert command.run(UNIT, between=other, course=course) == 0
    assert f"{who} is not among them any more" in capsys.readouterr().err
