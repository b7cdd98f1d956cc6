"""A course of one small unit in a folder of its own, and a class that hands it in."""

import shutil

import nbformat
from instructor import ROOT
from small_unit import SOURCE, points_of, quote

from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.place import put_in_place
from coursekit.classroom.release.source import read_units

UNIT = "07_small"


def make_course(folder):
    """Build the small unit in a folder."""
    (folder / "solutions").mkdir(parents=True)
    (folder / "solutions" / f"{UNIT}.py").write_text(SOURCE, encoding="utf-8")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    files = release_files(read_units(folder / "solutions"), points_of=points_of, quote=quote)
    put_in_place(folder, files)
    return folder


def released(course):
    return nbformat.read(course / f"notebooks/{UNIT}/{UNIT}.ipynb", as_version=4)


def solved(course):
    """Return the release with every answer filled in."""
    notebook = released(course)
    instructor = nbformat.read(course / f".build/source/{UNIT}/{UNIT}.ipynb", as_version=4)
    for cell, full in zip(notebook.cells, instructor.cells, strict=True):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = full.source
    return notebook


def cell_of(notebook, grade_id):
    (found,) = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    ]
    return found


def with_answer(course, grade_id, source):
    """Return the solved notebook with another text in one marked cell."""
    notebook = solved(course)
    cell_of(notebook, grade_id).source = source
    return notebook


def hand_in(course, student, notebook, *, at=None, name=None):
    """Put a notebook (or text, or bytes) where nbgrader expects it."""
    folder = course / "grading" / "submitted" / student / UNIT
    folder.mkdir(parents=True, exist_ok=True)
    data = nbformat.writes(notebook) if hasattr(notebook, "cells") else notebook
    data = data if isinstance(data, bytes) else data.encode()
    (folder / f"{name or UNIT}.ipynb").write_bytes(data)
    if at is not None:
        (folder / "timestamp.txt").write_text(at)
