"""Who is in the class, as CSV that any spreadsheet or LMS writes.

roster:     student, first_name, last_name, email, lms_id, section, group; only `student` is needed.
            Canvas's gradebook, Moodle's grading worksheet and list of participants and Gradescope's
            roster are read as they are: see `lms_tables`
"""

import re
from dataclasses import dataclass
from pathlib import Path

from coursekit.classroom.handing_in.lms_tables import fields_of
from coursekit.classroom.handing_in.table_file import (
    REMEDY,
    plain_name,
    read_table,
    same_look,
)


@dataclass(frozen=True)
class Student:
    """One person of the class; `id` is the name of the folder that holds what they hand in."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""  # Canvas's user id, or the number in Moodle's "Participant 123"
    section: str = ""
    group: str = ""  # for work handed in by a group; several are separated by commas

    @property
    def name(self) -> str:
        """First and last name, or the id where there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.id

    @property
    def number(self) -> str:
        """The LMS's number alone, without a word such as "Participant"."""
        return self.lms_id.split()[-1] if self.lms_id.strip() else ""


def names_of(student: Student) -> set[str]:
    """Return the plain names under which an LMS may list a student: either name first."""
    first, last = plain_name(student.first_name), plain_name(student.last_name)
    whole = {last + first, first + last, plain_name(student.id) + first + last}
    return whole if first or last else {plain_name(student.id)}


def safe_id(student: str) -> bool:
    """Say whether a student's id can name a folder, here and in nbgrader."""
    return (
        bool(re.fullmatch(r"[^\x00-\x1f\x7f/\\:*?\"<>|+\ud800-\udfff]{1,100}", student))
        and not student.startswith((".", "-"))
        and student == student.strip()
    )


def read_roster(path: Path, told: list[str] | None = None) -> dict[str, Student]:
    """Return the students of a class by id, in the file's order.

    Args:
        path: A table of ours, or one that an LMS wrote.
        told: Gets a line on everything that was left out or guessed.

    Raises:
        ValueError: Naming the file and the line: no column of ids, an id or an LMS's number twice,
            an id that cannot name a folder.
    """
    table = read_table(path)
    told = [] if told is None else told
    if table.guessed:
        told.append(f"{path} is no UTF-8 and was read as Windows-1252; if names look odd, {REMEDY}")
    students: dict[str, Student] = {}
    lines: dict[str, tuple[int, str]] = {}  # id, or number of the LMS -> where it stood
    for line, row in fields_of(table, told):
        student = Student(**row)
        if not safe_id(student.id):
            raise ValueError(f"{path}:{line}: {student.id!r} cannot name a folder: give another id")
        if table.guessed and not student.id.isascii():
            raise ValueError(f"{path}:{line}: the id {student.id!r} is no plain text: {REMEDY}")
        for kind, value in (("", student.id), ("the number ", student.number)):
            if not value:
                continue
            before = lines.setdefault(kind + same_look(value), (line, value))
            if before[0] != line and before[1] == value:
                raise ValueError(
                    f"{path}:{line}: {kind}{value} is there twice: remove one of the lines "
                    f"(the other is {before[0]})"
                )
            if before[0] != line:
                raise ValueError(
                    f"{path}:{line}: {value!r} and {before[1]!r} (line {before[0]}) differ only in "
                    "a way that some file systems do not see: give one of them another id"
                )
        students[student.id] = student
    if not students:
        raise ValueError(f"{path}: no student in it")
    return students
