"""Who is in the class and when work is due, as CSV that any spreadsheet or LMS writes.

roster:     student, first_name, last_name, email, lms_id, section; only `student` is needed
due dates:  unit, due, student; a row without a student is for everyone, else an extension
"""

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path

ALIASES = {  # a column's name without blanks, "_" and case -> what we call it
    **dict.fromkeys(("student", "id", "studentid", "username", "sisloginid", "sid"), "student"),
    **dict.fromkeys(("firstname", "givenname"), "first_name"),
    **dict.fromkeys(("lastname", "surname", "familyname"), "last_name"),
    **dict.fromkeys(("email", "emailaddress", "mail"), "email"),
    **dict.fromkeys(("lmsid", "canvasid", "moodleid", "identifier", "userid"), "lms_id"),
    "section": "section",
    "unit": "unit",
    "assignment": "unit",
    **dict.fromkeys(("due", "duedate"), "due"),
}


@dataclass(frozen=True)
class Student:
    """One person of the class; `id` is the name of the folder that holds what they hand in."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""  # Canvas's user id, or the number in Moodle's "Participant 123"
    section: str = ""

    @property
    def name(self) -> str:
        """First and last name, or the id where there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.id


@dataclass(frozen=True)
class DueDates:
    """When each unit is due, for everyone and for students with an extension."""

    dates: Mapping[tuple[str, str], datetime] = field(default_factory=dict)  # (unit, student or "")

    def everyone(self, unit: str) -> datetime | None:
        """Return when the unit is due, extensions apart; None if no date is given."""
        return self.dates.get((unit, ""))

    def of(self, unit: str, student: str) -> datetime | None:
        """Return when this student has to hand the unit in; None if no date is given."""
        return self.dates.get((unit, student), self.everyone(unit))

    def closing(self, unit: str) -> datetime | None:
        """Return when the last student has to hand in; None if no date is given."""
        return max((at for (name, _), at in self.dates.items() if name == unit), default=None)


def safe_id(student: str) -> bool:
    """Say whether a student's id can name a folder, here and in nbgrader."""
    return (
        bool(re.fullmatch(r"[^\x00-\x1f\x7f/\\:*?\"<>|+]{1,100}", student))
        and not student.startswith((".", "-"))
        and student == student.strip()
    )


def read_roster(path: Path) -> dict[str, Student]:
    """Return the students of a class by id, in the file's order.

    Raises:
        ValueError: Naming the file and the line: no column of ids, an id twice, an id that cannot
            name a folder.
    """
    students: dict[str, Student] = {}
    for line, row in _rows(path, needed=("student",)):
        student = row.pop("student")
        if not safe_id(student):
            raise ValueError(f"{path}:{line}: {student!r} cannot name a folder: give another id")
        if student in students:
            raise ValueError(f"{path}:{line}: {student} is there twice: remove one of the lines")
        names = Student.__dataclass_fields__
        students[student] = Student(student, **{k: v for k, v in row.items() if k in names})
    if not students:
        raise ValueError(f"{path}: no student in it")
    return students


def read_due_dates(path: Path, units: list[str]) -> DueDates:
    """Return due dates by unit and student.

    Raises:
        ValueError: Naming the file and the line: a unit that does not exist, a date that cannot be
            read, the same row twice.
    """
    dates: dict[tuple[str, str], datetime] = {}
    for line, row in _rows(path, needed=("unit", "due")):
        matching = [unit for unit in units if row["unit"] in (unit, unit[:2])]
        if not matching:
            listed = ", ".join(units)
            raise ValueError(f"{path}:{line}: no unit {row['unit']!r}; there are {listed}")
        key = (matching[0], row.get("student", ""))
        if key in dates:
            raise ValueError(f"{path}:{line}: a second due date for {' '.join(key).strip()}")
        try:
            dates[key] = moment(row["due"])
        except ValueError as error:
            raise ValueError(f"{path}:{line}: {error}") from None
    return DueDates(dates)


def moment(text: str) -> datetime:
    """Return a date and time as UTC: "2027-03-01 18:00", "2027-03-01T18:00+01:00".

    Without a zone it is UTC, as nbgrader has it; a date alone means the end of that day.

    Raises:
        ValueError: If it cannot be read.
    """
    cleaned = text.strip().removesuffix("UTC").strip()
    try:
        value = datetime.fromisoformat(cleaned)
    except ValueError:
        raise ValueError(f"{text!r} is no time: write it as 2027-03-01 18:00+01:00") from None
    if re.fullmatch(r"\d{4}-?\d\d-?\d\d", cleaned):
        value = datetime.combine(value.date(), time(23, 59, 59))
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def plain_name(name: str) -> str:
    """Return letters and digits of a name in lower case, accents removed, to compare names by."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(c for c in decomposed.casefold() if c.isalnum())


def _rows(path: Path, *, needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Return (line, row) of a CSV file, separated by commas, semicolons or tabs."""
    text = path.read_text(encoding="utf-8-sig", errors="strict")
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(text.splitlines(), delimiter=separator)
    columns = [ALIASES.get(re.sub(r"[\s_]", "", name).lower(), name) for name in next(reader, [])]
    lacking = [name for name in needed if name not in columns]
    if lacking:
        raise ValueError(
            f"{path}: no column {' and '.join(lacking)}: the first line has to name the columns"
        )
    rows = []
    for values in reader:
        if any(value.strip() for value in values):
            row = dict(zip(columns, (value.strip() for value in values), strict=False))
            if any(not row.get(name) for name in needed):
                raise ValueError(f"{path}:{reader.line_num}: nothing under {' or '.join(needed)}")
            rows.append((reader.line_num, row))
    return rows
