"""When work is due, for everyone and with an extension, as CSV that any spreadsheet writes.

Columns: unit, due, student, zone; a row without a student is for everyone, else an extension.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from coursekit.classroom.handing_in.moments import moment, named_zone
from coursekit.classroom.handing_in.table_file import Table, one_form, read_table

DUE_COLUMNS = {
    **dict.fromkeys(("unit", "assignment"), "unit"),
    **dict.fromkeys(("due", "duedate"), "due"),
    **dict.fromkeys(("student", "id", "studentid", "username", "sid"), "student"),
    **dict.fromkeys(("zone", "timezone", "tz"), "zone"),
}


@dataclass(frozen=True)
class DueDates:
    """When each unit is due, for everyone and for students with an extension."""

    dates: Mapping[tuple[str, str], datetime] = field(default_factory=dict)  # (unit, student or "")
    zones: Mapping[str, str] = field(default_factory=dict)  # unit -> zone of the class

    def everyone(self, unit: str) -> datetime | None:
        """Return when the unit is due, extensions apart; None if no date is given."""
        return self.dates.get((unit, ""))

    def of(self, unit: str, student: str) -> datetime | None:
        """Return when this student has to hand the unit in; None if no date is given."""
        return self.dates.get((unit, student), self.everyone(unit))

    def closing(self, unit: str) -> datetime | None:
        """Return when the last student has to hand in; None if no date is given."""
        return max((at for (name, _), at in self.dates.items() if name == unit), default=None)


def read_due_dates(path: Path, units: list[str]) -> DueDates:
    """Return due dates by unit and student.

    A column `zone` (Europe/Berlin) holds for times that name none, and for the submissions' own.

    Raises:
        ValueError: Naming the file and the line: a unit that does not exist, a date that cannot be
            read, the same row twice.
    """
    dates: dict[tuple[str, str], datetime] = {}
    zones: dict[str, str] = {}
    for line, row in _due_rows(read_table(path)):
        matching = [unit for unit in units if row["unit"] in (unit, unit[:2], unit[:2].lstrip("0"))]
        if not matching:
            listed = ", ".join(units)
            raise ValueError(f"{path}:{line}: no unit {row['unit']!r}; there are {listed}")
        key = (matching[0], row.get("student", ""))
        if key in dates:
            raise ValueError(f"{path}:{line}: a second due date for {' '.join(key).strip()}")
        zone = row.get("zone", "")
        try:
            dates[key] = moment(row["due"], zone)
            if zone:
                named_zone(zone)
        except ValueError as error:
            raise ValueError(f"{path}:{line}: {error}") from None
        if zone and not key[1]:
            zones[key[0]] = zone
    return DueDates(dates, zones)


def _due_rows(table: Table) -> list[tuple[int, dict[str, str]]]:
    columns = [DUE_COLUMNS.get(re.sub(r"[\s_]", "", name).lower(), "") for name in table.head]
    lacking = [name for name in ("unit", "due") if name not in columns]
    if lacking:
        raise ValueError(
            f"{table.path}: no column {' and '.join(lacking)}: the first line has to name them"
        )
    rows = []
    for line, cells in table.rows:
        pairs = zip(columns, cells, strict=False)
        row = {name: one_form(cell) for name, cell in pairs if name}
        if not row.get("unit") or not row.get("due"):
            raise ValueError(f"{table.path}:{line}: nothing under unit or due")
        rows.append((line, row))
    return rows
