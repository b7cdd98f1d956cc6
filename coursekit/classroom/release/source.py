"""Read a unit's one hand-edited source, solutions/NN_name.py (jupytext py:percent).

The cell markers, beside plain `# %%` and `# %% [markdown]`:

    # %% prelude                                  imports; locked in the notebook
    # %% solution="u01_tr_cov"                    the learner's definition
    # %% check="u01_tr_cov"                       its check, which earns the points
    # %% [markdown] essay="u01_why" points=2      answered in words, marked by a person

What a unit's source may not contain is refused here, with the file, the line and the remedy, so
that nothing downstream (nbgrader, a kernel, a learner) meets it.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext

from coursekit.classroom.release.regions import MARK, UnpairedMarkers, has_region, without_regions

PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}
ROLES = ("prelude", "solution", "check", "essay")
KNOWN_KEYS = {"solution", "check", "essay", "points", "tags"}
UNIT_NAME = re.compile(r"\d\d_[a-z][a-z0-9_]*")
MARKER_LINE = re.compile(r"#\s*%%(?!%)")


class SourceError(ValueError):
    """A unit's source that cannot be built: the message names the file, the line and the remedy."""


@dataclass(frozen=True)
class SourceCell:
    """One cell of a unit's source."""

    kind: str  # "code" or "markdown"
    text: str
    role: str  # one of ROLES, or "" for a cell without a mark
    name: str  # exercise or essay id; "" where the role has none
    points: float | None  # of an essay; an exercise's points stand in its declaration
    tags: tuple[str, ...]
    place: str  # "solutions/01_gradient_noise.py:120", for messages


@dataclass(frozen=True)
class Unit:
    """A unit's source: its name (`01_gradient_noise`) and its cells in order."""

    name: str
    cells: tuple[SourceCell, ...]

    @property
    def prefix(self) -> str:
        """What every id of this unit starts with, such as `u01`."""
        return "u" + self.name[:2]

    @property
    def exercises(self) -> tuple[str, ...]:
        """Ids of the exercises that the unit checks, in order."""
        return tuple(cell.name for cell in self.cells if cell.role == "check")


def read_units(folder: Path) -> list[Unit]:
    """Read every unit of a folder, sorted by name.

    Raises:
        SourceError: If there is none, or if one of them is refused by `read_unit`.
    """
    paths = sorted(folder.glob("*.py"))
    if not paths:
        raise SourceError(f"no unit in {folder}: expected files such as 01_gradient_noise.py")
    return [read_unit(path) for path in paths]


def read_unit(path: Path) -> Unit:
    """Read and check one unit's source.

    Args:
        path: File `NN_name.py`.

    Returns:
        The unit with its cells, placeholders (`{{N1.slope}}`) still unfilled.

    Raises:
        SourceError: Naming the file, the line and the remedy: an unknown or mistyped mark, an id
            of another unit, an exercise without its check or the reverse, unpaired solution
            markers, a solution cell that holds more than definitions, a check cell that does not
            end in the check's own score, code that does not parse.
    """
    shown = f"{path.parent.name}/{path.name}"
    if not UNIT_NAME.fullmatch(path.stem):
        raise SourceError(f"{shown}: a unit's file is named NN_name.py, in lower case")
    text = path.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt=PERCENT)
    lines = [i for i, line in enumerate(text.splitlines(), 1) if MARKER_LINE.match(line)]
    if len(lines) != len(notebook.cells) or not lines:
        raise SourceError(
            f"{shown}: {len(lines)} cell markers but {len(notebook.cells)} cells: everything but a "
            "jupytext header belongs below a line that starts with '# %%'"
        )
    unit = Unit(
        name=path.stem,
        cells=tuple(
            _cell(raw, place=f"{shown}:{line}")
            for raw, line in zip(notebook.cells, lines, strict=True)
        ),
    )
    for cell in unit.cells:
        _check_cell(cell, unit)
    _check_pairs(unit)
    return unit


def _cell(raw, *, place: str) -> SourceCell:
    metadata = {key: raw.metadata[key] for key in raw.metadata if key != "lines_to_next_cell"}
    title = metadata.pop("title", "")
    unknown = sorted(set(metadata) - KNOWN_KEYS)
    if unknown or title not in ("", "prelude"):
        raise SourceError(
            f"{place}: cell mark {', '.join(unknown) or title!r} is not known: use prelude, "
            'solution="ID", check="ID", essay="ID" points=N, tags=[...]'
        )
    if raw.cell_type not in ("code", "markdown"):
        raise SourceError(f"{place}: a {raw.cell_type} cell: a unit has code and markdown only")
    roles = [role for role in ROLES if role in metadata or role == title]
    if len(roles) > 1:
        raise SourceError(f"{place}: {' and '.join(roles)} at once: a cell has one role")
    role = roles[0] if roles else ""
    points = metadata.get("points")
    if (points is not None) != (role == "essay"):
        raise SourceError(
            f"{place}: points= belongs to an essay cell and nowhere else: an exercise's points "
            "stand in its declaration"
        )
    return SourceCell(
        kind=raw.cell_type,
        text=raw.source.strip("\n"),
        role=role,
        name=metadata.get(role, "") if role != "prelude" else "",
        points=points,
        tags=tuple(metadata.get("tags", ())),
        place=place,
    )


def _check_cell(cell: SourceCell, unit: Unit) -> None:
    if not cell.text:
        raise SourceError(f"{cell.place}: an empty cell: remove it")
    if cell.role in ("prelude", "solution", "check") and cell.kind != "code":
        raise SourceError(f"{cell.place}: a {cell.role} cell holds code, not {cell.kind}")
    if cell.role not in ("", "prelude"):
        _check_id(cell, unit)
    if cell.role == "essay" and not (isinstance(cell.points, (int, float)) and cell.points > 0):
        raise SourceError(f"{cell.place}: points={cell.points!r}: give a number above 0")
    try:
        marked = has_region(cell.text)
        student_text = without_regions(cell.text)
    except UnpairedMarkers as error:
        raise SourceError(f"{cell.place}: {error}") from None
    if marked and cell.role not in ("solution", "essay"):
        raise SourceError(f"{cell.place}: solution markers outside a solution or essay cell")
    if not marked and (cell.role == "solution" or (cell.role, cell.kind) == ("essay", "code")):
        raise SourceError(
            f"{cell.place}: no '### {MARK['begin']}' line: without it nbgrader removes the whole "
            "cell, signature included"
        )
    if cell.kind != "code":
        return
    try:
        ast.parse(cell.text)
        statements = ast.parse(student_text).body
    except SyntaxError as error:
        raise SourceError(f"{cell.place}: line {error.lineno} of the cell: {error.msg}") from None
    if cell.role in ("solution", "essay"):
        _check_only_definitions(cell, statements)
    if cell.role == "check":
        _check_ends_in_score(cell, statements)


def _check_id(cell: SourceCell, unit: Unit) -> None:
    if not re.fullmatch(r"u\d\d_[a-z0-9_]+", cell.name) or cell.name.endswith("_check"):
        raise SourceError(
            f"{cell.place}: id {cell.name!r}: write {unit.prefix}_ and lower-case letters, "
            "digits and underscores, not ending in _check"
        )
    if not cell.name.startswith(unit.prefix + "_"):
        raise SourceError(f"{cell.place}: id {cell.name!r} does not start with {unit.prefix}_")


def _check_only_definitions(cell: SourceCell, statements: list[ast.stmt]) -> None:
    """Keep Run All alive: a stub that raises when called is harmless, one at the top is not."""
    for statement in statements:
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            raise SourceError(
                f"{cell.place}: `{ast.unparse(statement).splitlines()[0]}` stands outside a "
                f"function: a {cell.role} cell holds definitions only, so that its unsolved form "
                "runs without an error"
            )


def _check_ends_in_score(cell: SourceCell, statements: list[ast.stmt]) -> None:
    """Refuse what nbgrader would give full marks: a check cell whose last line shows no score."""
    last = statements[-1] if statements else None
    call = last.value if isinstance(last, ast.Expr) else None
    ends_well = (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "check"
        and bool(call.args)
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value == cell.name
        and not cell.text.rstrip().endswith(";")
    )
    if not ends_well:
        raise SourceError(
            f'{cell.place}: the last line has to be check("{cell.name}", ...), bare and without a '
            "semicolon: nbgrader reads the score from the value it shows, and gives full marks "
            "where it sees none"
        )


def _check_pairs(unit: Unit) -> None:
    seen: set[tuple[str, str]] = set()
    for cell in unit.cells:
        if cell.role in ("", "prelude"):
            continue
        for role in ("solution", "essay") if cell.role != "check" else ("check",):
            if (role, cell.name) in seen:
                raise SourceError(f"{cell.place}: a second {role} cell for {cell.name}")
        if cell.role == "check" and ("solution", cell.name) not in seen:
            raise SourceError(
                f"{cell.place}: no solution cell for {cell.name} above its check: add "
                f'# %% solution="{cell.name}"'
            )
        seen.add((cell.role, cell.name))
    for cell in unit.cells:
        if cell.role == "solution" and ("check", cell.name) not in seen:
            raise SourceError(
                f'{cell.place}: {cell.name} has no check: add # %% check="{cell.name}" below it'
            )
