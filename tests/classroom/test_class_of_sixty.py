"""A made-up class on a private release: planned, given out, marked by machine and assistants,
reported, returned. Twelve people of unit 00; with -m slow sixty of unit 01, with an appeal, and its
numbers (-s). An appeal in the public course is in test_class_report.
"""

import csv
import io
import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime

import nbformat
import pytest

from coursekit.classroom.handing_in.practice_class import make_class, usual_class
from coursekit.classroom.handing_in.practice_mix import answers_of_release
from coursekit.commands import export, feedback, grade, report, split
from coursekit.commands import variant as variant_command

pytestmark = pytest.mark.in_turn(thing="a class led", of=3, turn=0)

DUE = datetime(2026, 3, 1, 18, tzinfo=UTC)
TWELVE = (
    *("right", "mixed", "mixed", "mixed", "late mixed", "blank", "mixed", "tampered", "broken"),
    *("nothing", "twin", "mixed"),
)


@dataclass
class Rehearsal:
    """A course that was marked."""

    folder: object
    unit: str
    kinds: dict

    @property
    def grading(self):
        return self.folder / "grading"

    def record(self, student):
        path = self.grading / "manifest" / self.unit / f"{student}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    def records(self):
        return {student: self.record(student) for student in self.kinds}

    def of_kind(self, kind):
        return [student for student, one in self.kinds.items() if one == kind]

    def exported(self, to):
        export.run(self.unit, to=to, course=self.folder)
        text = (self.grading / f"{self.unit}-{to}.csv").read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text)))


def rehearse(folder, unit, kinds, workers):
    """Make a private release of a unit, let a class hand it in, and mark it."""
    assert variant_command.run(seed=2027, out=folder, unit=unit[:2]) == 0
    changes = json.loads((folder / "variant.json").read_text())["changes"]
    solved = folder / ".build" / "source" / unit / f"{unit}.ipynb"
    made = make_class(
        folder / "notebooks" / unit / f"{unit}.ipynb",
        solved,
        folder / "grading",
        size=len(kinds),
        kinds=kinds,
        due=DUE,
        answers=answers_of_release(nbformat.read(solved, as_version=4), changes),
        seed=3,
    )
    assert grade.run(folder / "grading" / "submitted", workers=workers) == 0
    return Rehearsal(folder, unit, made)


@pytest.fixture(scope="module")
def twelve(tmp_path_factory):
    return rehearse(tmp_path_factory.mktemp("spring") / "spring", "00_start", TWELVE, workers=1)


def marked_by_assistants(course, capsys):
    """Let two people mark what waits, and return how many marks each gave."""
    assert split.run(course.unit, between="ann,bob", blind=True, course=course.folder) == 0
    given = {}
    for who in ("ann", "bob"):
        path = course.grading / "marking" / f"{course.unit}-{who}.csv"
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else ["student"])
            writer.writeheader()
            writer.writerows({**row, "points": "0", "comment": "Come and see me."} for row in rows)
        if rows:
            capsys.readouterr()
            assert split.run(course.unit, take=path, by=who, course=course.folder) == 0
            assert f"{len(rows)} mark" in capsys.readouterr().out
        given[who] = len(rows)
    return given


def appeal(course, capsys):
    """Somebody asks why; the answer is mended and marked once more. Return the points they won."""
    submitted, public = course.grading / "submitted", course.folder / ".build" / "source"
    who, asked = next(
        (student, question)
        for student, record in course.records().items()
        if record["status"] == "ok" and course.kinds[student] == "mixed"
        for question in record["questions"]
        if question["status"] == "wrong"
    )
    name = asked["exercise_id"]
    capsys.readouterr()
    assert grade.run(submitted, explained=(who, name)) == 0
    said = capsys.readouterr().out
    assert f"hint: {asked['hint']}" in said
    path = submitted / who / course.unit / f"{course.unit}.ipynb"
    right = nbformat.read(public / course.unit / f"{course.unit}.ipynb", as_version=4)
    answer = {c.metadata.get("nbgrader", {}).get("grade_id"): c.source for c in right.cells}
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade_id") == name and mark.get("solution"):
            cell.source = answer[name]
    nbformat.write(notebook, path)
    assert grade.run(submitted, student=who, exercise=name, workers=1) == 0
    assert f"* {name}" in capsys.readouterr().out
    (new,) = [q for q in course.record(who)["questions"] if q["exercise_id"] == name]
    assert new["status"] == "ok"
    return new["points"] - asked["points"]


@pytest.mark.sandbox
def test_a_private_release_goes_through_a_whole_class(twelve, capsys):
    by_kind = {kind: twelve.record(twelve.of_kind(kind)[0])["status"] for kind in set(TWELVE)}
    assert by_kind == {
        **{"right": "ok", "mixed": "ok", "twin": "ok", "late mixed": "late", "blank": "missing"},
        **{"tampered": "tampered", "broken": "unreadable", "nothing": "missing"},
    }
    (right,) = twelve.of_kind("right")
    assert {q["status"] for q in twelve.record(right)["questions"]} == {"ok"}
    (tampered,) = twelve.of_kind("tampered")
    rows = {row["student_id"]: row for row in twelve.exported("nbgrader")}
    assert rows[tampered]["waits_for"].startswith("tampered: a person has to look")
    marks = marked_by_assistants(twelve, capsys)
    assert sum(marks.values()) == 2  # the one tampered with, and the one that cannot be read
    rows = {row["student_id"]: row for row in twelve.exported("nbgrader")}
    assert {row["waits_for"] for row in rows.values()} == {""}
    assert len(rows) == len(TWELVE)


@pytest.mark.sandbox
def test_what_comes_back_from_a_private_release_fits_it(twelve, capsys):
    assert feedback.run(twelve.unit, course=twelve.folder, zip_for="moodle") == 0
    assert "12 pages" in capsys.readouterr().out
    (change,) = json.loads((twelve.folder / "variant.json").read_text())["changes"].values()
    (right,) = twelve.of_kind("right")
    page = twelve.grading / "feedback" / right / twelve.unit / f"{twelve.unit}.html"
    assert "1 exercise: 1 right" in page.read_text()
    assert change not in page.read_text()  # its name is the instructor's
    assert report.run(twelve.unit, course=twelve.folder) == 0
    text = (twelve.grading / "report" / f"{twelve.unit}.html").read_text()
    assert "9 of 12 handed in" in text
    assert not re.search("|".join(twelve.kinds), text)
    for to in ("canvas", "moodle", "gradescope"):
        assert len(twelve.exported(to)) >= len(TWELVE)


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_class_of_sixty_goes_through(tmp_path, capsys):
    course = rehearse(tmp_path / "spring", "01_gradient_noise", usual_class(60), workers=None)
    with capsys.disabled():
        print(re.findall(r"01_gradient_noise: 60 students.*", capsys.readouterr().out))
    statuses = {record["status"] for record in course.records().values()}
    assert {"ok", "late", "timeout", "crashed", "tampered", "missing", "unreadable"} <= statuses
    (right,) = course.of_kind("right")
    assert {q["status"] for q in course.record(right)["questions"]} == {"ok"}
    wrong = [q for r in course.records().values() for q in r["questions"] if q["status"] == "wrong"]
    named = sum(bool(q["mistake"]) for q in wrong)
    marks = marked_by_assistants(course, capsys)
    assert feedback.run(course.unit, course=course.folder, zip_for="moodle") == 0
    assert report.run(course.unit, course=course.folder, similar=True) == 0
    told = capsys.readouterr().out
    won = appeal(course, capsys)
    rows = course.exported("canvas")
    marked = [row for row in rows if row["SIS Login ID"] and row[course.unit] != ""]
    size = sum(path.stat().st_size for path in course.grading.rglob("*.html"))
    with capsys.disabled():
        print(f"wrong answers {len(wrong)}, with a named misconception {named}")
        print(f"marks by assistants {marks}; marks exported {len(marked)}; appeal +{won:g}")
        print(f"pages {size / 1e6:.1f} MB;", told.replace(str(tmp_path), ""))
    assert named >= 0.8 * len(wrong)
    assert len(marked) == 60
    assert set(marks) == {"ann", "bob"}
    shutil.rmtree(tmp_path / "spring")
