"""A private release: the units with other specifications, their solutions, and what was changed."""

import ast
import dataclasses
import json
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coursekit.classroom.release.regions import MARK
from coursekit.classroom.release.source import SourceCell, SourceError, Unit
from coursekit.exercises.changes.change import Change, changed_exercise, result_kind
from coursekit.exercises.changes.checks import changed_bank
from coursekit.exercises.changes.general import changes_of, choose_change
from coursekit.exercises.engine.declare import Exercise

VERSION = 1
WIDTH = 96
NOTE = "In this release"


@dataclass(frozen=True)
class Variant:
    """What a private release changes."""

    seed: int
    changes: Mapping[str, str]  # exercise id -> the change's name


def choose_variant(
    units: Sequence[Unit],
    bank: Mapping[str, Exercise],
    seed: int,
    on_exercise: Callable[[str], None] = lambda _: None,
) -> Variant:
    """Choose a change for every exercise with marks for which there is a sound one.

    Args:
        units: The sources of the release.
        bank: The public exercises.
        seed: Chooses; the same seed and course give the same release.
        on_exercise: Called with each exercise's id, for progress.
    """
    chosen = {}
    for unit in units:
        for exercise_id in unit.exercises:
            exercise = bank[exercise_id]
            if not exercise.graded or not _is_simple(unit, exercise_id):
                continue
            on_exercise(exercise_id)
            change = choose_change(exercise, seed)
            if change is not None:
                chosen[exercise_id] = change.name
    return Variant(seed, chosen)


def variant_bank(variant: Variant, bank: Mapping[str, Exercise]) -> dict[str, Exercise]:
    """Return the bank that a private release is marked with.

    Raises:
        ValueError: If the release names an exercise or a change that does not exist here.
    """
    return changed_bank(variant.changes, bank)


def write_variant(variant: Variant) -> str:
    """Return the text of variant.json."""
    content = {"version": VERSION, "seed": variant.seed, "changes": dict(variant.changes)}
    return json.dumps(content, indent=1) + "\n"


def read_variant(path: Path) -> Variant:
    """Read variant.json.

    Raises:
        ValueError: If it is damaged or of another version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise ValueError(f"version {content['version']}")
        changes = {str(key): str(value) for key, value in content["changes"].items()}
        return Variant(int(content["seed"]), changes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} cannot be used ({error}): make the release again with "
            "`python3 -m coursekit variant --seed N --out NEW_FOLDER`"
        ) from None


def variant_unit(unit: Unit, variant: Variant, bank: Mapping[str, Exercise]) -> Unit:
    """Return a unit's source as the release has it: texts, stubs, solutions and checks.

    Raises:
        SourceError: If a wording that a change replaces is not in the unit.
    """
    changes = {
        exercise_id: changes_of(bank[exercise_id])[name]
        for exercise_id, name in variant.changes.items()
        if exercise_id in unit.exercises
    }
    cells: list[SourceCell] = []
    for cell in unit.cells:
        change = changes.get(cell.name) if cell.role == "solution" else None
        if change is not None:
            note = _cell(cell, "markdown", f"> **{NOTE}:** {change.spec}")
            cells += [note, _changed_solution(cell, bank[cell.name], change)]
        else:
            cells.append(cell)
        if cell.role == "prelude" and changes:
            cells.append(_cell(cell, "code", _checks(changes)))
            cells += [
                _cell(cell, "code", change.set_up) for change in changes.values() if change.set_up
            ]
    return Unit(unit.name, tuple(cells))


def _cell(beside: SourceCell, kind: str, text: str) -> SourceCell:
    return SourceCell(kind, text, role="", name="", points=None, tags=(), place=beside.place)


def _checks(changes: Mapping[str, Change]) -> str:
    lines = [f'    "{exercise_id}": "{change.name}",' for exercise_id, change in changes.items()]
    return "\n".join(
        [
            "from coursekit.exercises.changes.checks import checks_of_release",
            "",
            "check, mine_or_library = checks_of_release({",
            *lines,
            "})",
        ]
    )


def _is_simple(unit: Unit, exercise_id: str) -> bool:
    """Say whether a solution cell is one function with a docstring and nothing but the answer."""
    cell = next(c for c in unit.cells if c.role == "solution" and c.name == exercise_id)
    try:
        _parts(cell)
    except SourceError:
        return False
    return True


def _parts(cell: SourceCell) -> tuple[list[str], str, list[str]]:
    """Split a solution cell into the lines above its docstring, the docstring, and the answer."""
    body = ast.parse(cell.text).body
    function = body[0]
    lines = cell.text.split("\n")
    if len(body) != 1 or not isinstance(function, ast.FunctionDef):
        raise SourceError(f"{cell.place}: more than one function: no variant can be made of it")
    first = function.body[0]
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
        raise SourceError(f"{cell.place}: no docstring: a variant has nowhere to say what it asks")
    docstring = "\n".join(lines[first.lineno - 1 : first.end_lineno])
    rest = [line for line in lines[first.end_lineno :] if line.strip()]
    if MARK["begin"] not in rest[0] or MARK["end"] not in rest[-1]:
        raise SourceError(f"{cell.place}: code outside the solution: no variant can be made of it")
    answer = lines[first.end_lineno : function.end_lineno or len(lines)]
    answer = [line for line in answer if not any(mark in line for mark in MARK.values())]
    return lines[: first.lineno - 1], docstring, answer


def _changed_solution(cell: SourceCell, exercise: Exercise, change: Change) -> SourceCell:
    head, docstring, answer = _parts(cell)
    for old, new in change.rewrites:
        if docstring.count(old) != 1:
            raise SourceError(f"{cell.place}: the docstring does not hold {old!r} once")
        docstring = docstring.replace(old, new)
    note = textwrap.indent(
        textwrap.fill(f"{NOTE.upper()}: {change.spec}", WIDTH - 4), "    ", lambda line: True
    )
    opened = docstring.rstrip().removesuffix('"""').rstrip()
    if change.solution:
        return _with_answer(cell, head, f'{opened}\n\n{note}\n    """', change.solution)
    names = exercise.parameters
    back = [change.given[name].back if name in change.given else name for name in names]
    called = f"public({', '.join(back)})"
    if result_kind(exercise) in ("row", "table") and change.result != "value":
        called = f"torch.as_tensor({called})"
    text = "\n".join(
        [
            *head,
            f'{opened}\n\n{note}\n    """',
            f"    ### {MARK['begin']}",
            f"    def public({', '.join(names)}):",
            *textwrap.indent("\n".join(answer), "    ").split("\n"),
            "",
            f"    value = {called}",
            f"    return {_plain_math(change.result)}",
            f"    ### {MARK['end']}",
        ]
    )
    ast.parse(text)
    return dataclasses.replace(cell, text=text)


def _with_answer(cell: SourceCell, head: list[str], docstring: str, answer: str) -> SourceCell:
    """Return a solution cell with an answer of the release's own."""
    body = [f"    ### {MARK['begin']}", textwrap.indent(answer, "    "), f"    ### {MARK['end']}"]
    text = "\n".join([*head, docstring, *body])
    ast.parse(text)
    return dataclasses.replace(cell, text=text)


def _plain_math(expression: str) -> str:
    """Return an expression without numpy's name, which a unit may not import."""
    return re.sub(r"\bnp\.", "torch.", expression)


__all__ = [
    "Variant",
    "changed_exercise",
    "choose_variant",
    "read_variant",
    "variant_bank",
    "variant_unit",
    "write_variant",
]
