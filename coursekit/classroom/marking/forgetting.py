"""Delete one student from a course, and say what a person has to delete.

What the course made is deleted: the gradebook's entry, records, graded copies, feedback, tables and
pages that name the student. What a person wrote (rosters, dates, settings) is named line by line.
"""

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from nbgrader.api import MissingEntry

from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.handing_in.table_file import read_table, written
from coursekit.classroom.marking.gradebook import Course, opened
from coursekit.classroom.marking.sheets import read_split
from coursekit.storage import locked, write_atomically

OWN_FOLDERS = ("submitted", "autograded", "feedback")
RECORDED = ".recorded.json"
BY_HAND = ("roster.csv", "due.csv", "adapt.toml")
READ = 20_000_000  # bytes of a file that are looked through


@dataclass(frozen=True)
class Traces:
    """Where a course holds something of one student."""

    student: str
    deleted: tuple[Path, ...]  # files and folders
    cleared: tuple[Path, ...]  # files of the course's own from which their entries go
    in_gradebook: bool
    by_hand: tuple[str, ...]  # "roster.csv, line 3": what a person wrote

    def __bool__(self) -> bool:
        """Say whether there is anything."""
        return bool(self.deleted or self.cleared or self.in_gradebook or self.by_hand)


def traces_of(course: Course, student: Student) -> Traces:
    """Return all that a course's `grading/` holds of a student.

    A file counts as theirs where their id or address stands in it as a whole word. Archives are
    not looked into: every archive that `feedback` made is named, since any may hold their page.
    """
    grading = course.grading
    own = [grading / name / student.id for name in OWN_FOLDERS]
    own += sorted(grading.glob(f"manifest/*/{student.id}.json"))
    words = {student.id, student.email, student.lms_id} - {""}
    words |= _codes(grading, student.id)
    named = re.compile("|".join(rf"(?<![\w.-]){re.escape(w)}(?![\w-])" for w in sorted(words)))
    by_hand, made, cleared = [], [], []
    for path in sorted(grading.rglob("*")):
        inside = path.relative_to(grading)
        if not path.is_file() or inside.parts[0] in (*OWN_FOLDERS, "exchange", "exchange_cache"):
            continue
        if inside.parts[0] == "manifest" and inside.name != RECORDED:
            continue  # a record of somebody else, whatever words are in it
        if path.name.startswith("gradebook.db") or path in own:
            continue
        if path.suffix == ".zip":
            made.append(path)
            continue
        with path.open("rb") as file:
            lines = file.read(READ).decode("utf-8", errors="replace").splitlines()
        hits = [i for i, line in enumerate(lines, 1) if named.search(line)]
        if hits and inside.name in BY_HAND:
            by_hand += [f"{inside}, line {i}" for i in hits]
        elif hits and inside.parts[0] in ("manifest", "marking"):
            cleared.append(path)
        elif hits:
            made.append(path)
    found = (*(path for path in own if path.exists()), *made)
    known = _in_gradebook(course, student.id)
    return Traces(student.id, found, tuple(cleared), known, tuple(by_hand))


def _codes(grading: Path, student: str) -> set[str]:
    """Return the codes under which blind sheets name a student."""
    splits = [read_split(path) for path in sorted((grading / "marking").glob("*.json"))]
    return {split.codes[student] for split in splits if student in split.codes}


def _clear(path: Path, student: str, codes: set[str]) -> None:
    """Take a student's entries out of a file of the course's own."""
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        for table in (content, *(v for v in content.values() if isinstance(v, dict))):
            for key in [k for k in table if k == student or k.startswith(f"{student} ")]:
                del table[key]
        write_atomically(path, json.dumps(content, indent=1) + "\n")
        return
    table = read_table(path)  # as a spreadsheet saved it
    theirs = {student, *codes}
    rows = tuple(row for row in table.rows if row[1][0].strip() not in theirs)
    write_atomically(path, written(replace(table, rows=rows)))


def forget(course: Course, traces: Traces) -> None:
    """Delete what `traces_of` found, marks and comments with it; nothing brings them back."""
    codes = _codes(course.grading, traces.student)
    with locked(course.grading / ".grade-lock"):
        for path in traces.cleared:
            _clear(path, traces.student, codes)
        if traces.in_gradebook:
            with opened(course) as gradebook:
                gradebook.remove_student(traces.student)
        for path in traces.deleted:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _in_gradebook(course: Course, student: str) -> bool:
    if not (course.grading / "gradebook.db").is_file():
        return False
    with opened(course) as gradebook:
        try:
            gradebook.find_student(student)
        except MissingEntry:
            return False
    return True
