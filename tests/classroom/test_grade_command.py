"""`grade` as an instructor calls it, and every command of the instructor's guide."""

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime

import pytest
from instructor import ROOT
from nbgrader.api import Gradebook
from small_course import make_course

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.manifest import STATUSES, Record
from coursekit.commands import grade

GUIDE = (ROOT / "docs" / "instructor.md").read_text()
REAL = "01_gradient_noise"


@pytest.mark.quick
def test_without_walls_only_with_a_second_flag(tmp_path):
    with pytest.raises(
        ValueError, match=r"(?s)read and change.the gradebook.*--i-trust-every-student"
    ):
        grade.run(tmp_path, sandbox="none")


@pytest.mark.quick
def test_a_callers_mistakes_are_named(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        grade.run(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="--again soon: the statuses are ok, late"):
        grade.run(tmp_path, again="soon")
    with pytest.raises(ValueError, match="lies in no course"):
        grade.the_course(tmp_path, tmp_path)
    course = make_course(tmp_path / "course")
    with pytest.raises(ValueError, match=r"holds no submission.*07_small"):
        grade.run(course / "solutions")
    with pytest.raises(ValueError, match="no unit '09'"):
        grade.run(course / "solutions", unit="09")
    archive = course / "class.zip"
    archive.write_bytes(b"PK")
    with pytest.raises(ValueError, match="Add --unit 01"):
        grade.run(archive)
    with pytest.raises(ValueError, match="no zip that can be read"):
        grade.run(archive, unit="07")
    (course / "grading").mkdir(exist_ok=True)
    (course / "grading" / "roster.csv").write_text("who\nada\n")
    with pytest.raises(ValueError, match="no column student"):
        grade.run(course / "solutions", unit="07")


@pytest.mark.quick
def test_a_download_that_a_browser_unpacked_and_what_lies_in_no_folder(tmp_path, capsys):
    course = open_course(make_course(tmp_path / "course"))
    roster = {"ana": Student("ana", "Ana", "Example", lms_id="1001")}

    def found(folder, unit="07"):
        return grade._submissions(folder, course, unit, ["07_small"], roster)

    download = tmp_path / "download" / "Ana Example_5_assignsubmission_file"
    download.mkdir(parents=True)
    (download / "x.ipynb").write_text('{"cells": []}')
    with pytest.raises(ValueError, match="Add --unit 01"):
        found(tmp_path / "download", "")
    submitted, units = found(tmp_path / "download")
    assert (submitted, units) == (course.grading / "submitted", ["07_small"])
    assert (submitted / "ana" / "07_small" / "07_small.ipynb").exists()
    (submitted / "bo.ipynb").write_text("{}")
    assert found(submitted)[1] == ["07_small"]
    assert "'bo.ipynb' lies in no student's folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no submission of 07_small as STUDENT/07_small"):
        found(tmp_path / "empty")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "Ana Example_5_assignsubmission_file_x.html").write_text("")
    assert found(tmp_path / "odd")[1] == ["07_small"]


@pytest.mark.quick
def test_an_extension_for_nobody_is_refused(tmp_path):
    roster = {"ana": Student("ana", "Ana", "Example", "ana@example.org", "1001")}
    when = datetime(2026, 3, 1, tzinfo=UTC)
    grade.check_extensions(DueDates({("07_small", ""): when, ("07_small", "ana"): when}), roster)
    for written in ("Ana", "ana@example.org", "1001", "Ana Example"):
        with pytest.raises(ValueError, match=f"'{written}', not on the roster: write ana"):
            grade.check_extensions(DueDates({("07_small", written): when}), roster)


@pytest.mark.quick
def test_an_exercise_says_its_unit():
    assert grade._unit_of("u01_tr_cov", [REAL, "02_lr"]) == REAL
    with pytest.raises(ValueError, match="name its unit with --unit"):
        grade._unit_of("tr_cov", [REAL])


@pytest.mark.quick
def test_the_line_of_progress_says_rate_and_time_left():
    progress = grade.Progress()
    progress.total = 40
    for status in ("ok", "ok", "late"):
        progress.done += 1
        progress.statuses[status] += 1
    assert progress.line(6.0) == "3/40, 30 a minute, 74 s left: 2 ok, 1 late"
    assert isinstance(Record("u", "s", "", "ok", "", (), 0).points, float)


def call(words, course, *, ok=True):
    """Run a command of the guide in a course."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(course),
        "COURSEKIT_HOME": str(course / "home"),
    }
    argv = [sys.executable, *words[1:]] if words[0] == "python3" else words
    done = subprocess.run(
        argv, cwd=course, env=environment, capture_output=True, text=True, timeout=540
    )
    assert ok is None or (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Return a copy of what a clone holds of unit 01, so that grading/ is not the developer's."""
    clone = tmp_path_factory.mktemp("clone") / "course"
    leave = shutil.ignore_patterns("__pycache__", "_notebooks")
    for name in ("coursekit", "docs"):
        shutil.copytree(ROOT / name, clone / name, ignore=leave)
    shutil.copytree(ROOT / "notebooks" / REAL, clone / "notebooks" / REAL)
    for folder in ("tests", "solutions"):
        (clone / folder).mkdir()
    for name in (REAL, "02_lr_scaling"):
        shutil.copy(ROOT / "solutions" / f"{name}.py", clone / "solutions")
    for name in ("pyproject.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, clone)
    return clone


def commands_of_the_guide():
    """Return every command in the guide, in code blocks and in running text."""
    blocks = "\n".join(re.findall(r"```\n(.*?)```", GUIDE, flags=re.DOTALL))
    text = re.sub(r"```\n.*?```", "", GUIDE, flags=re.DOTALL)
    inline = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text)]
    lines = [*blocks.splitlines(), *inline]
    return [shlex.split(line) for line in lines if line.startswith(("python3 ", "nbgrader "))]


@pytest.mark.slow
@pytest.mark.sandbox
def test_every_command_of_the_guide_runs(clone, tmp_path_factory):
    """In the guide's order; paths of the person's own are put in place first."""
    ran = set()
    zipped = tmp_path_factory.mktemp("downloads") / "submissions.zip"
    for words in commands_of_the_guide():
        if words[0] == "nbgrader":
            continue  # test_nbgrader.py runs it
        if words[-1] == "doctor":
            assert "sandbox" in call(words, clone, ok=None)
            continue
        if "~/Downloads/submissions.zip" in words:
            make_zip(clone, zipped)
            words = [str(zipped) if word.startswith("~") else word for word in words]
        if any("spring/grading" in word for word in words):
            target = clone.parent / "spring" / "grading" / "submitted"
            if not target.exists():
                shutil.copytree(clone / "grading" / "submitted", target)
                shutil.copy(clone / "grading" / "roster.csv", target.parent)
        said = call(words, clone)
        ran.add(words[3] if words[1] == "-m" else "script")
        marks = words[1:4] == ["-m", "coursekit", "grade"] and "--explain" not in words
        if marks and "spring" not in words[-1]:
            assert "30 students" in said
    first = {"build", "script", "grade", "feedback", "export", "variant"}
    assert ran == first | {"report", "split", "forget"}
    check_public_marks(clone)
    check_variant_marks(clone.parent / "spring")


def make_zip(clone, path):
    """Zip what two students handed in, as Canvas would name it."""
    with zipfile.ZipFile(path, "w") as file:
        for student, number in (("lovelace000", 1000), ("turing001", 1001)):
            notebook = clone / "grading" / "submitted" / student / REAL / f"{REAL}.ipynb"
            file.writestr(f"{student}_{number}_7_{REAL}.ipynb", notebook.read_bytes())


def check_public_marks(clone):
    statuses = {}
    for path in (clone / "grading" / "manifest" / REAL).glob("[!.]*.json"):
        record = json.loads(path.read_text())
        statuses[record["student"]] = record["status"]
    there = {"ok", "late", "timeout", "crashed", "missing", "unreadable", "tampered"}
    assert there == set(statuses.values())
    with Gradebook(open_course(clone).db_url) as gradebook:
        assert gradebook.find_submission(REAL, "lovelace000").score == 18.0
        assert gradebook.find_submission(REAL, "shannon003").score == 0.0
    with (clone / "grading" / f"{REAL}-canvas.csv").open(newline="") as file:
        rows = {row["SIS Login ID"]: row[REAL] for row in csv.DictReader(file)}
    assert rows["lovelace000"] == "18.0"
    assert (clone / "grading" / "feedback" / "lovelace000" / REAL / f"{REAL}.html").exists()


def check_variant_marks(spring):
    """Public answers, handed in to the private release, earn nothing."""
    record = json.loads((spring / "grading/manifest" / REAL / "lovelace000.json").read_text())
    assert [question["points"] for question in record["questions"]] == [0.0] * 8
    assert (spring / "grading/01_gradient_noise-canvas.csv").exists()
    assert (spring / "grading/feedback/lovelace000" / REAL / f"{REAL}.html").exists()
    assert (spring / "notebooks/02_lr_scaling/02_lr_scaling.ipynb").exists()
    assert list(json.loads((spring / "variant.json").read_text())["seeds"].values()) == [2027, 2028]


@pytest.mark.quick
def test_the_guide_names_every_status_and_command():
    assert all(f"`{status}`" in GUIDE for status in STATUSES)
    named = {words[3] for words in commands_of_the_guide() if words[1:3] == ["-m", "coursekit"]}
    assert {"build", "grade", "feedback", "report", "split", "export", "variant", "doctor"} <= named
