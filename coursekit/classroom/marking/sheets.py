"""Marking split between assistants: who has whom, a sheet for each, and what comes back on it.

    grading/marking/UNIT.json       whose each student is, their code, and who marked what
    grading/marking/UNIT-ANN.csv    Ann's sheet: an answer a row, to fill in points and comment

A sheet names students by their ids, or blind, by a code. Whoever is on a list stays on it when the
class grows.
"""

import json
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from coursekit.classroom.handing_in.table_file import read_table
from coursekit.storage import write_atomically

VERSION = 1
HEAD = ("student", "question", "title", "judge", "points", "most", "comment", "answer")


@dataclass
class Split:
    """Who marks whom, of one unit.

    Attributes:
        of: Student -> assistant.
        codes: Student -> code, for sheets without names.
        marked: "STUDENT QUESTION" -> who marked it, when, and how many points it got.
    """

    of: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    marked: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One line of a sheet that was filled in."""

    student: str
    question: str
    points: float | None
    comment: str


def split_path(grading: Path, unit: str) -> Path:
    """Return where a unit's split is kept."""
    return grading / "marking" / f"{unit}.json"


def read_split(path: Path) -> Split:
    """Read a split; an empty one if there is none.

    Raises:
        ValueError: If it is damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("version") != VERSION:
            raise ValueError("another version")
        return Split(**{name: dict(value) for name, value in content.items()})
    except FileNotFoundError:
        return Split()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} cannot be used ({error}): restore it, or rename it") from None


def write_split(path: Path, split: Split) -> None:
    """Write a split whole or not at all."""
    content = {"version": VERSION, "of": split.of, "codes": split.codes, "marked": split.marked}
    write_atomically(path, json.dumps(content, indent=1) + "\n")


def check_names(names: Sequence[str]) -> None:
    """Refuse names of assistants that cannot name a file, or are there twice.

    Raises:
        ValueError: Naming the first.
    """
    for i, name in enumerate(names):
        if not re.fullmatch(r"[\w-]{1,40}", name):
            raise ValueError(f"--between: {name!r}: a name of letters, digits, - and _")
        if name in names[:i]:
            raise ValueError(f"--between: {name} is there twice")


def assign(split: Split, students: Sequence[str], assistants: Sequence[str]) -> None:
    """Give every student an assistant and a code, and leave whoever has one.

    The lists differ by one at most; who comes where is drawn, not by the alphabet. Students of an
    assistant who is no longer there are given to the others.
    """
    codes = set(split.codes.values())
    for student in students:
        while student not in split.codes:
            code = f"s{secrets.randbelow(10**6):06d}"
            if code not in codes:
                split.codes[student] = code
                codes.add(code)
    loads = dict.fromkeys(assistants, 0)
    for student in students:
        if split.of.get(student) in loads:
            loads[split.of[student]] += 1
    most = math.ceil(len(students) / len(assistants))
    for student in sorted(students, key=lambda one: split.codes[one]):
        theirs = split.of.get(student)
        if theirs not in loads or loads[theirs] > most:
            if theirs in loads:
                loads[theirs] -= 1
            split.of[student] = min(assistants, key=lambda one: loads[one])
            loads[split.of[student]] += 1


def read_sheet(
    path: Path, split: Split, assistant: str, most: Mapping[tuple[str, str], float]
) -> list[Entry]:
    """Return what an assistant wrote on a sheet; rows left empty are left out.

    Args:
        path: The sheet, as any spreadsheet saves it.
        split: Whose each student is.
        assistant: Who filled it in.
        most: (student, question) -> points there are.

    Raises:
        ValueError: Naming the line: a column that lacks, somebody else's student, a question that
            there is not, points that are none. Then nothing of it counts.
    """
    table = read_table(path)
    if lacking := [n for n in ("student", "question", "points", "comment") if n not in table.head]:
        raise ValueError(f"{path}: no column {lacking[0]!r}: keep the sheet's first row as it was")
    student_of = {code: student for student, code in split.codes.items()}
    found = []
    for line, cells in table.rows:
        row = dict(zip(table.head, cells, strict=False))
        points, comment = row.get("points", "").strip(), row.get("comment", "").strip()
        if not points and not comment:
            continue
        named, question = row.get("student", "").strip(), row.get("question", "").strip()
        student = student_of.get(named, named)
        if split.of.get(student) != assistant:
            raise ValueError(f"{path}:{line}: {named!r} is not on {assistant}'s list")
        if most.get((student, question)) == 0:
            raise ValueError(
                f"{path}:{line}: {question} of {named} counts no points (dropped in adapt.toml): "
                "clear its row"
            )
        if (student, question) not in most:
            raise ValueError(f"{path}:{line}: {named} has no question {question!r} to be marked")
        found.append(Entry(student, question, _points(path, line, points), _typed(comment)))
        if found[-1].points is not None and found[-1].points > most[student, question]:
            raise ValueError(
                f"{path}:{line}: {points} of {most[student, question]:g} points for {question} "
                f"of {named}"
            )
    return found


def _points(path: Path, line: int, text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise ValueError(f"{path}:{line}: {text!r}: points are a number, 0 or more")
    return value


def _typed(text: str) -> str:
    return text[1:] if re.match(r"'\s*[=+\-@|%]", text) else text


def filled_in(path: Path) -> bool:
    """Say whether points stand on a sheet; True where it can't be read."""
    if not path.is_file():
        return False
    try:
        table = read_table(path)
    except (OSError, ValueError):
        return True
    if "points" not in table.head:
        return True
    column = table.head.index("points")
    return any(cells[column].strip() for _, cells in table.rows if column < len(cells))


def record_entries(
    gradebook: Gradebook,
    unit: str,
    split: Split,
    entries: Sequence[Entry],
    assistant: str,
    most: Mapping[tuple[str, str], float],
) -> list[str]:
    """Write what an assistant marked into the gradebook; return a line on each mark that changed.

    Args:
        gradebook: An open one, of which nobody else writes.
        unit: Which unit.
        split: Gets a note of who marked what.
        entries: Of a sheet.
        assistant: Whose it is.
        most: (student, question) -> the points on the sheet. The gradebook keeps the release's own,
            and what `adapt.toml` makes of them is worked out when marks are given back.
    """
    told = []
    for entry in entries:
        key = f"{entry.student} {entry.question}"
        if entry.points is not None:
            grade = _grade(gradebook, unit, entry)
            scale = most[entry.student, entry.question] / grade.max_score
            before = None if grade.manual_score is None else grade.manual_score * scale
            if before is not None and not math.isclose(before, entry.points, abs_tol=1e-9):
                by = split.marked.get(key, {}).get("by", "somebody in Formgrader")
                told.append(f"{key}: {entry.points:g} by {assistant}, {before:g} before, by {by}")
            grade.manual_score, grade.needs_manual_grade = entry.points / scale, False
        if entry.comment:
            comment = gradebook.find_comment(entry.question, unit, unit, entry.student)
            comment.manual_comment = entry.comment
        now = datetime.now(UTC).isoformat(timespec="seconds")
        split.marked[key] = {"by": assistant, "at": now, "points": entry.points}
    gradebook.db.commit()
    return told


def _grade(gradebook: Gradebook, unit: str, entry: Entry) -> Any:
    notebook = gradebook.find_submission_notebook(unit, unit, entry.student)
    names = (entry.question, f"{entry.question}_check")
    return next(grade for grade in notebook.grades if grade.cell.name in names)
