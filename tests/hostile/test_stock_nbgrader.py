"""A few of the attacks under stock `nbgrader autograde`, from the command line: full marks."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from attacks import ATTACKS
from test_hostile import ROOT, UNIT, judged, text_of

from coursekit.claims import quote
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.place import put_in_place
from coursekit.classroom.sandbox.opening import open_sandbox
from coursekit.commands.build import points_of

STOCK = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.source_directory = ".build/source"
c.CourseDirectory.release_directory = "notebooks"
"""
RAISING = (
    "check replaced",
    "comparison replaced",
    "adapter replaced",
    "reference found in a frame above",
    "the solutions read",
    "the library's answer",
    "lines of later cells rewritten",
)


def nbgrader(course, *words):
    venv = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(venv), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "COURSEKIT_HOME": str(course / "home"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def marks(tmp_path_factory):
    """Grade a class of cheats; return name -> points of question 2."""
    from nbgrader.api import Gradebook

    course = tmp_path_factory.mktemp("course")
    (course / "nbgrader_config.py").write_text(STOCK.format(root=str(course)))
    put_in_place(course, release_files([UNIT], points_of=points_of, quote=quote))
    nbgrader(course, "generate_assignment", UNIT.name, "--force")
    path = f"{UNIT.name}/{UNIT.name}.ipynb"
    solved = nbformat.read(course / ".build" / "source" / path, as_version=4)
    attacks = [attack for attack in ATTACKS if attack.name in RAISING]
    for number, attack in enumerate(attacks):
        notebook = copy.deepcopy(solved)
        for i, cell in enumerate(notebook.cells):
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "u01_tr_cov":
                cell.source = text_of(attack).replace("ROOT", str(ROOT))
                notebook.cells = notebook.cells[: i + 2]  # the rest takes time and is restored
                break
        place = course / "submitted" / f"s{number}" / path
        place.parent.mkdir(parents=True)
        nbformat.write(notebook, place)
    nbgrader(course, "autograde", UNIT.name)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        found = {}
        for number, attack in enumerate(attacks):
            submitted = gradebook.find_submission_notebook(UNIT.name, UNIT.name, f"s{number}")
            grades = {grade.name: grade.auto_score for grade in submitted.grades}
            found[attack.name] = grades["u01_tr_cov_check"]
        return found


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in RAISING if "rewritten" not in n])
def test_stock_nbgrader_gives_full_marks_for_a_wrong_answer(marks, name):
    assert marks[name] == 2.0


@pytest.mark.slow
def test_lines_rewritten_need_a_check_made_of_asserts(marks):
    """The course's own check is no assert, so that this attack gains nothing from it."""
    assert marks["lines of later cells rewritten"] == 0.0


@pytest.mark.slow
def test_the_judge_gives_none_of_them_a_point():
    with open_sandbox() as sandbox:
        for attack in ATTACKS:
            if attack.name in RAISING:
                text = text_of(attack).replace("ROOT", str(ROOT))
                assert judged(sandbox, text).questions[1].points == 0.0, attack.name
