"""Ordinary people of a made-up class: some answers right, some with a misconception of the bank."""

import ast
import copy
import random
import textwrap
from collections.abc import Callable, Mapping, Sequence

import nbformat
from nbformat import NotebookNode

from coursekit.classroom.handing_in.made_answers import mistaken_texts, right_texts
from coursekit.exercises.changes.catalogue import changes_of
from coursekit.exercises.changes.change import slipped
from coursekit.exercises.engine.declare import Exercise

POPULAR = 0.55  # each mistake of a list is that much as frequent as the one before it
NOT_DONE = 0.15  # of what is not right
WORDS = ("work", "part", "rows", "left", "total", "step", "piece", "sums", "value", "other")

Answers = Mapping[str, tuple[Sequence[str], Sequence[str]]]  # id -> right texts, wrong ones


def answers_of(exercises: Sequence[Exercise]) -> dict[str, tuple[list[str], list[str]]]:
    """Return for each exercise what members of a class may write, the likeliest first."""
    return {e.id: (right_texts(e), list(mistaken_texts(e).values())) for e in exercises}


def answers_of_release(
    full: NotebookNode, changes: Mapping[str, str]
) -> dict[str, tuple[list[str], list[str]]]:
    """Return what members of a class may write who work on a private release.

    Args:
        full: The release's solved notebook.
        changes: Exercise id -> its change in this release, as variant.json has them.
    """
    found = {}
    for cell in full.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if not cell.metadata.get("nbgrader", {}).get("solution") or name not in changes:
            continue
        change = changes_of(name)[changes[name]]
        bodies = [change.solution, *(slipped(change, slip) for slip in change.slips)]
        right, *wrong = [textwrap.indent(body, "    ") for body in bodies]
        wrong = [cell.source.replace(right, body) for body in wrong]
        found[name] = [cell.source], wrong
    return found


def mixed(
    blank: NotebookNode, full: NotebookNode, answers: Answers, rng: random.Random
) -> NotebookNode:
    """Return what one person hands in, who knows more or less.

    Args:
        blank: The release.
        full: The same, solved.
        answers: Of `answers_of`.
        rng: Draws how much they know, and what they write.
    """
    notebook, knows = copy.deepcopy(blank), rng.gauss(0.62, 0.22)
    for i, (cell, solution) in enumerate(zip(notebook.cells, full.cells, strict=True)):
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        right, wrong = answers.get(name, ((), ()))
        is_answer = cell.metadata.get("nbgrader", {}).get("solution")
        if not is_answer or cell.cell_type != "code":
            continue
        if rng.random() < knows - 0.004 * i or not wrong:  # later exercises are harder
            cell.source = personal(rng.choice([solution.source, *right]), rng)
        elif rng.random() > NOT_DONE:
            weights = [POPULAR**place for place in range(len(wrong))]
            cell.source = personal(rng.choices(wrong, weights)[0], rng)
    return notebook


def personal(source: str, rng: random.Random) -> str:
    """Return an answer with some of its steps given names, as each person does it otherwise."""
    tree = ast.parse(source)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            body: list[ast.stmt] = []
            for statement in function.body:
                value = getattr(statement, "value", None)
                if isinstance(value, ast.BinOp) and rng.random() < 0.5:
                    name = f"part_{len(body)}"
                    body.append(_assigned(name, value.left))
                    value.left = ast.Name(name, ast.Load())
                if isinstance(statement, ast.Return) and value and rng.random() < 0.4:
                    body.append(_assigned("answer", value))
                    statement.value = ast.Name("answer", ast.Load())
                body.append(statement)
            function.body = body
    return ast.unparse(ast.fix_missing_locations(tree))


def _assigned(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value, lineno=0)


def disguised(notebook: NotebookNode, rng: random.Random) -> NotebookNode:
    """Return a copy of somebody's notebook with other names of variables, and a comment."""
    twin = copy.deepcopy(notebook)
    for cell in twin.cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = f"# my own solution\n{renamed(cell.source, rng.choice)}"
    return twin


def renamed(source: str, choose: Callable[[Sequence[str]], str]) -> str:
    """Return a cell in which the variables of each function have other names."""
    tree = ast.parse(source)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        own = [arg.arg for arg in ast.walk(function) if isinstance(arg, ast.arg)]
        names = ast.walk(function)
        own += [n.id for n in names if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        other = {name: f"{choose(WORDS)}_{i}" for i, name in enumerate(dict.fromkeys(own))}
        for part in ast.walk(function):
            if isinstance(part, ast.Name):
                part.id = other.get(part.id, part.id)
            elif isinstance(part, ast.arg):
                part.arg = other.get(part.arg, part.arg)
    return ast.unparse(tree)


def written(notebook: NotebookNode) -> str:
    """Return a notebook as the text of its file."""
    return nbformat.writes(notebook, version=4) + "\n"
