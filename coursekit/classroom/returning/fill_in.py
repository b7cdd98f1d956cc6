"""Fill marks into the very file that Canvas or Moodle gave, and change nothing else in it.

Which rows are students, which columns are assignments and what an importer passes over in silence
stands in Canvas's lib/gradebook_importer.rb and Moodle's mod/assign/feedback/offline/locallib.php.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from coursekit.classroom.handing_in.lms_tables import canvas_row, system_of
from coursekit.classroom.handing_in.roster import names_of
from coursekit.classroom.handing_in.table_file import Table, one_form, plain_name, written
from coursekit.classroom.returning.export import (
    canvas_question,
    mark_of,
    points_of,
    questions_of,
    said_of,
)
from coursekit.classroom.returning.results import Result

NO_ASSIGNMENT = re.compile(  # NON_ASSIGNMENT_COLUMN_HEADERS of Canvas's importer
    "(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)"
)
UNTOUCHED = ("EX", "N/A")  # excused, or not assigned to this student
ABOUT_STUDENT = (
    *("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID"),
    *("Integration ID", "Root Account", "Section"),
)


def filled(
    table: Table, to: str, results: Sequence[Result], unit: str, column: str = ""
) -> tuple[str, list[str]]:
    """Return the text of a file with marks filled in, and a line on everybody who is not in it.

    A mark that waits for a person leaves the cell as it was.

    Args:
        table: The file that the system gave.
        to: "canvas" or "moodle".
        results: Of the class.
        unit: Which unit.
        column: Name of the column of marks; "" to find it by the unit.

    Raises:
        ValueError: If it is no such file, if no column or several are the unit's, or if the
            system counts other points for it.
    """
    if to not in ("canvas", "moodle"):
        raise ValueError(f"--into is for canvas and moodle; --to {to} writes a table of its own")
    if system_of(table) != to:
        wanted = {
            "canvas": "Canvas's exported gradebook (Student, ID, SIS Login ID, Section, ...)",
            "moodle": "Moodle's grading worksheet, downloaded in English (Identifier, Grade, ...)",
        }
        raise ValueError(f"{table.path} is not {wanted[to]}: its columns are {_listed(table.head)}")
    width = len(table.head)
    rows = [(line, (*cells, *[""] * (width - len(cells)))[:width]) for line, cells in table.rows]
    table = replace(table, rows=tuple(rows))
    fill = _canvas if to == "canvas" else _moodle
    done, told = fill(table, results, unit, column)
    return written(done), told


def _canvas(
    table: Table, results: Sequence[Result], unit: str, column: str
) -> tuple[Table, list[str]]:
    assignments = [
        name
        for name in table.head
        if name not in ABOUT_STUDENT and name and not NO_ASSIGNMENT.search(name)
    ]
    place = table.head.index(_column(table, assignments, unit, column))
    head = [name.lower() for name in table.head]
    number, login = head.index("id"), head.index("sis login id") if "sis login id" in head else -1
    names = questions_of(results)
    by_number = {one.student.number: one for one in results if one.student.number}
    by_login = {one.student.id: one for one in results}
    rows, seen, possible, told = [], set(), "", []
    for line, cells in table.rows:
        points: list[str] = [""] * len(names)
        if "Points Possible" in cells[0]:
            possible, points = cells[place], ["(read only)"] * len(names)
        one = None
        if canvas_row(cells):
            here = by_number.get(cells[number].strip())
            named = by_login.get(one_form(cells[login])) if login >= 0 else None
            one = _agreed(here, named, _row_name(cells, head))
            if one is None and (here or named):
                told.append(f"{table.path.name}:{line}: its ID and its name are of two people")
        if one is not None and cells[place].strip().upper() in UNTOUCHED:
            told.append(f"{one.student.id}: {cells[place].strip()} there stays")
            seen.add(one.student.id)
            one = None
        if one is not None:
            seen.add(one.student.id)
            mark = mark_of(one)
            new = cells[place] if mark == "" else f"{mark:g}"
            cells = (*cells[:place], new, *cells[place + 1 :])
            points = [str(points_of(one, name)) for name in names]
        rows.append((line, (*cells, *points)))
    _same_points(table, possible, results, "Points Possible")
    done = replace(table, head=(*table.head, *map(canvas_question, names)), rows=tuple(rows))
    return done, told + _left_out(table, results, seen)


def _agreed(here: Result | None, named: Result | None, name: str) -> Result | None:
    """Return whose row it is, if its ID, its login and its name do not contradict each other."""
    one = here or named
    if one is None or (here and named and here.student.id != named.student.id):
        return None
    if here is named:
        return one
    who = one.student  # by one sign alone: the name has to fit
    return one if name in names_of(who) or not (who.first_name or who.last_name) else None


def _row_name(cells: Sequence[str], head: Sequence[str]) -> str:
    if "student" in head:
        return plain_name(cells[head.index("student")])
    return plain_name(cells[head.index("lastname")] + cells[head.index("firstname")])


def _moodle(
    table: Table, results: Sequence[Result], unit: str, column: str
) -> tuple[Table, list[str]]:
    head = [name.lower() for name in table.head]
    grade = table.head.index(column) if column in table.head else -1
    grade = head.index("grade") if grade < 0 and "grade" in head else grade
    if grade < 0 or "last modified (grade)" not in head:
        raise ValueError(
            f"{table.path}: Moodle imports nothing without the columns Identifier, Grade and Last "
            f"modified (grade); there are {_listed(table.head)}.\n"
            "Download the grading worksheet again, in English."
        )
    most = head.index("maximum grade") if "maximum grade" in head else -1
    comments = head.index("feedback comments") if "feedback comments" in head else -1
    locked = head.index("grade can be changed") if "grade can be changed" in head else -1
    names = questions_of(results)
    rows, seen, told = [], set(), []
    for line, cells in table.rows:
        one = _participant(dict(zip(head, map(one_form, cells), strict=False)), results)
        points: list[str] = [""] * len(names)
        if one is not None:
            if most >= 0:
                _same_points(table, cells[most], results, table.head[most])
            seen.add(one.student.id)
            points = [str(points_of(one, name)) for name in names]
            if locked >= 0 and cells[locked].strip().lower() == "no":
                told.append(f"{one.student.id}: Moodle does not let this grade be changed")
            mark, comma = mark_of(one), most >= 0 and "," in cells[most]
            new = list(cells)
            if mark != "":
                new[grade] = f"{mark:g}".replace(".", "," if comma else ".")
                if comments >= 0 and not new[comments].strip():
                    new[comments] = said_of(one)
            cells = tuple(new)
        rows.append((line, (*cells, *points)))
    done = replace(table, head=(*table.head, *names), rows=tuple(rows))
    return done, told + _left_out(table, results, seen)


def _participant(row: dict[str, str], results: Sequence[Result]) -> Result | None:
    """Return whose row it is: by e-mail, or by number and name together, or by the name alone.

    Moodle numbers its participants anew for each assignment, so a number alone says nothing.
    """
    email, name = row.get("email address", ""), plain_name(row.get("full name", ""))
    number = row["identifier"].split()[-1] if row["identifier"].split() else ""
    by_email = [r for r in results if email and r.student.email.casefold() == email.casefold()]
    if len(by_email) == 1:
        return by_email[0]
    by_name = [r for r in results if name and name in names_of(r.student)]
    both = [r for r in by_name if r.student.number == number]
    if len(both) == 1 or len(by_name) == 1:
        return (both or by_name)[0]
    if not name and not email:  # anonymous marking: nothing but the number is there
        fits = [r for r in results if r.student.number == number]
        return fits[0] if len(fits) == 1 else None
    return None


def _column(table: Table, names: Sequence[str], unit: str, column: str) -> str:
    """Return the name of the unit's column; Canvas writes "Unit 1 (9001)"."""
    titles = {name: re.sub(r"\s*\(\d+\)$", "", name) for name in names}
    if column:
        fits = [name for name in names if column in (name, titles[name])]
    else:
        fits = [name for name in names if plain_name(titles[name]) == plain_name(unit)]
        if not fits:
            number = int(unit[:2])
            fits = [n for n in names if [int(d) for d in re.findall(r"\d+", titles[n])] == [number]]
    if len(fits) == 1:
        return fits[0]
    found = "no column is" if not fits else f"{len(fits)} columns are"
    raise ValueError(
        f"{table.path}: {found} {column or unit!r}: name one with --column; there are "
        f"{_listed(names) or 'none'}"
    )


def _same_points(table: Table, there: str, results: Sequence[Result], name: str) -> None:
    """Refuse a column that counts other points: 18 of 18 would be imported as 18 of 100."""
    ours = results[0].max_score if results else 0.0
    try:
        most = float(there.strip().replace(",", "."))
    except ValueError:
        raise ValueError(
            f"{table.path}: {there!r} under {name} of this column is no number of points: is it a "
            "column that takes marks?"
        ) from None
    if abs(most - ours) > 0.005:
        raise ValueError(
            f"{table.path}: the column counts {most:g} points and the unit {ours:g}: set it to "
            f"{ours:g} there and export the file again"
        )


def _left_out(table: Table, results: Sequence[Result], seen: set[str]) -> list[str]:
    lost = [one.student.id for one in results if one.student.id not in seen]
    return [f"not in {table.path.name}, left out: {', '.join(lost)}"] if lost else []


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)[:300]
