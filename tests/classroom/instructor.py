"""A course in a folder of its own, worked on by `nbgrader` as an instructor would."""

import copy
import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
NBGRADER = """
import runpy
from coursekit.bootstrap.unasked import leave_out_unasked
leave_out_unasked()
runpy.run_module("nbgrader", run_name="__main__", alter_sys=True)
"""


def run_nbgrader(course, *words, ok=True):
    """Run one nbgrader command in a course and return what it wrote."""
    venv = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(venv), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "COURSEKIT_HOME": str(course / "home"),
    }
    environment.pop("COURSEKIT_SIZE", None)  # nbgrader alone has to make it tiny
    done = subprocess.run(
        [sys.executable, "-c", NBGRADER, *words],
        cwd=course,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        check=False,
    )
    assert (done.returncode == 0) == ok, done.stdout
    return done.stdout


def copy_settings(course):
    """Give a course the repository's own nbgrader_config.py."""
    shutil.copy(ROOT / "nbgrader_config.py", course)


def read_notebook(path):
    return nbformat.read(path, as_version=4)


def submit(course, student, unit, notebook, name=None):
    """Hand in a notebook, or a text in its place."""
    folder = course / "grading" / "submitted" / student / unit
    folder.mkdir(parents=True)
    text = notebook if isinstance(notebook, str) else nbformat.writes(notebook)
    (folder / f"{name or unit}.ipynb").write_text(text, encoding="utf-8")


def half_right(student, instructor):
    """Return the release with every other solution cell filled in, and the exercises filled."""
    notebook, filled = copy.deepcopy(student), []
    solutions = [i for i, cell in enumerate(student.cells) if is_solution(cell)]
    for i in solutions[::2]:
        notebook.cells[i].source = instructor.cells[i].source
        filled.append(student.cells[i].metadata.nbgrader.grade_id)
    return notebook, filled


def is_solution(cell):
    mark = cell.metadata.get("nbgrader", {})
    return mark.get("solution", False) and not mark.get("grade", False)


def marks_in(course, student, unit):
    """Return grade id -> automatic score (None: waits for a person) from the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'grading' / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_submission_notebook(unit, unit, student)
        return {grade.name: grade.auto_score for grade in notebook.grades}


def exported(course):
    """Return student -> score of the exported table."""
    with (course / "grading" / "grades.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
