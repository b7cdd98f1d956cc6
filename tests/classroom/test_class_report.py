"""A class of unit 01 through marking, feedback, report, an appeal, and marking once more."""

import json
import re
import shutil
from datetime import UTC, datetime

import pytest
from instructor import ROOT, copy_settings

from coursekit.classroom.handing_in.practice_class import make_class
from coursekit.commands import feedback, grade, report
from coursekit.exercises.bank import EXERCISES

pytestmark = pytest.mark.in_turn(thing="a class led", of=3, turn=1)

UNIT = "01_gradient_noise"
KINDS = ("right", "mixed", "mixed", "blank", "nothing", "twin")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Mark six people."""
    folder = tmp_path_factory.mktemp("class")
    copy_settings(folder)
    shutil.copytree(ROOT / "notebooks" / UNIT, folder / "notebooks" / UNIT)
    from coursekit.claims.ledger import quote
    from coursekit.classroom.release.build import release_files
    from coursekit.classroom.release.place import put_in_place
    from coursekit.classroom.release.source import read_unit
    from coursekit.commands.build import points_of

    unit = read_unit(ROOT / "solutions" / f"{UNIT}.py")
    put_in_place(folder, release_files([unit], points_of=points_of, quote=quote))
    make_class(
        folder / "notebooks" / UNIT / f"{UNIT}.ipynb",
        folder / ".build" / "source" / UNIT / f"{UNIT}.ipynb",
        folder / "grading",
        size=len(KINDS),
        kinds=KINDS,
        due=datetime(2026, 3, 1, 18, tzinfo=UTC),
        exercises=[one for one in EXERCISES.values() if one.id.startswith("u01_")],
        seed=5,
    )
    assert grade.run(folder / "grading" / "submitted", workers=1) == 0
    return folder


def record_of(course, student):
    return json.loads((course / "grading" / "manifest" / UNIT / f"{student}.json").read_text())


@pytest.mark.sandbox
def test_every_wrong_answer_has_a_hint_and_an_input(course, capsys):
    feedback.run(UNIT, course=course)
    wrong = 0
    for student in ("turing001", "liskov002"):
        page = (course / "grading" / "feedback" / student / UNIT / f"{UNIT}.html").read_text()
        questions = record_of(course, student)["questions"]
        asked = [one for one in questions if one["status"] == "wrong"]
        wrong += len(asked)
        assert page.count("<b>Think:</b>") == page.count("For this input") == len(asked)
        assert all(one["mistake"] and one["seen"]["public"] for one in asked)
    assert wrong >= 3


@pytest.mark.sandbox
def test_the_report_counts_the_twin_with_its_misconceptions_and_names_nobody(course, capsys):
    report.run(UNIT, course=course, similar=True)
    page = (course / "grading" / "report" / f"{UNIT}.html").read_text()
    table = (course / "grading" / "report" / f"{UNIT}.csv").read_text()
    mistakes = [one["mistake"] for one in record_of(course, "liskov002")["questions"]]
    assert any(name and f"<b>{name}</b>" in page for name in mistakes)  # two have each of them
    assert "4 of 6 handed in" in page
    assert not re.search(r"lovelace|turing|liskov|hopper", page + table)
    assert "by pair" not in page
    report.run(UNIT, course=course, names=True)
    assert "liskov002" in (course / "grading" / "report" / f"{UNIT}.html").read_text()


@pytest.mark.sandbox
def test_an_appeal_is_explained_and_marked_again(course, capsys):
    submitted = course / "grading" / "submitted"
    old = record_of(course, "turing001")
    asked = next(one for one in old["questions"] if one["status"] == "wrong")
    name = asked["exercise_id"]
    capsys.readouterr()
    assert grade.run(submitted, explained=("turing001", name)) == 0
    said = capsys.readouterr().out
    assert f"misconception: {asked['mistake']}" in said
    assert f"hint: {asked['hint']}" in said
    assert re.search(r"cases that count: \d of \d right", said)
    assert "WRONG" in said
    assert record_of(course, "turing001") == old  # nothing was written
    path = submitted / "turing001" / UNIT / f"{UNIT}.ipynb"
    solved = (course / ".build" / "source" / UNIT / f"{UNIT}.ipynb").read_text()
    cells = {cell["id"]: cell for cell in json.loads(solved)["cells"]}
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == name:
            cell["source"] = cells[cell["id"]]["source"]
    path.write_text(json.dumps(notebook))
    assert grade.run(submitted, student="turing001", exercise=name, workers=1) == 0
    assert "before" in capsys.readouterr().out
    new = {one["exercise_id"]: one for one in record_of(course, "turing001")["questions"]}
    assert (new[name]["status"], new[name]["points"]) == ("ok", new[name]["max_points"])


@pytest.mark.sandbox
def test_who_and_what_cannot_be_explained_is_named(course):
    submitted = course / "grading" / "submitted"
    for who, what, said in (
        ("nobody", "u01_tr_cov", r"'nobody' has a mark of .*: there are \w+(, \w+){5}$"),
        ("turing01", "u01_tr_cov", r"did you mean turing001\? \(6 in all\)"),
        ("turing001", "u01_tr", "no exercise 'u01_tr'"),
        ("dijkstra004", "u01_tr_cov", "missing: nothing was handed in. There is nothing"),
    ):
        with pytest.raises(ValueError, match=said):
            grade.run(submitted, explained=(who, what))
