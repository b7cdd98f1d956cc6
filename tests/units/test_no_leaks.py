"""No solution, marker or answer of the bank reaches what learners get."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import nbformat
import pytest

from coursekit.classroom.release.leaks import leaked_lines
from coursekit.classroom.release.source import read_unit
from coursekit.exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "solutions").glob("*.py"))
TELLING = 24  # characters without blanks: a shorter statement also stands in honest text


def released():
    """Return path -> notebook of every release."""
    return {
        path: nbformat.read(path, as_version=4)
        for path in sorted((ROOT / "notebooks").rglob("*.ipynb"))
        if ".ipynb_checkpoints" not in path.parts
    }


def bare(text):
    return re.sub(r"\s|#.*", "", text)


def telling_statements(function):
    """Return the statements of a function's body, as text without blanks; the long ones only."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)).strip().rstrip(","))
    except (SyntaxError, OSError, TypeError):  # a lambda in the middle of a call, a partial
        return []
    kinds = ast.Assign | ast.AugAssign | ast.Return | ast.Lambda
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    bodies = [node.body if isinstance(node, ast.Lambda) else node for node in nodes]
    return [text for text in (bare(ast.unparse(body)) for body in bodies) if len(text) >= TELLING]


def text_of(cell):
    """Return a cell without blanks, code also as Python itself would write it."""
    if cell.cell_type != "code":
        return bare(cell.source)
    return bare(cell.source) + bare(ast.unparse(ast.parse(cell.source)))


def answers_of_the_bank():
    """Return statement -> where it stands, over references, accepted answers and mistakes."""
    found = {}
    for exercise in EXERCISES.values():
        mistakes = {f"mistake {m.name!r}": m.answer for m in exercise.mistakes}
        accepted = {f"accepted {f.__name__}": f for f in exercise.accepted}
        for what, function in {"reference": exercise.reference, **accepted, **mistakes}.items():
            for statement in telling_statements(function):
                found.setdefault(statement, f"{exercise.id}, {what}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_no_solution_line_or_marker_is_released(path):
    notebook = nbformat.read(ROOT / "notebooks" / path.stem / f"{path.stem}.ipynb", as_version=4)
    assert list(leaked_lines(read_unit(path), notebook)) == []


def test_no_answer_of_the_bank_is_released():
    answers = answers_of_the_bank()
    assert len(answers) > 2 * len(EXERCISES)  # the search has something to look for
    for path, notebook in released().items():
        for cell in notebook.cells:
            text = text_of(cell)
            for statement, where in answers.items():
                assert statement not in text, f"{path.name}, cell {cell.id}: {where}"


def test_the_search_finds_a_planted_answer():
    reference = next(iter(EXERCISES.values())).reference
    planted = bare(ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(reference)))))
    assert any(statement in planted for statement in answers_of_the_bank())


def test_nothing_but_notebooks_is_released():
    """A text source or a draft beside a notebook would reach the learners."""
    folder = ROOT / "notebooks"
    files = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }
    units = {f"{path.stem}/{path.stem}.ipynb" for path in SOURCES}
    assert files == units | {"home.ipynb"}, "the map of the course, and the units"
    assert SOURCES
