"""Take the class out of a table: one of ours, or one that Canvas, Moodle or Gradescope wrote.

Columns as their own code has them: Canvas lib/gradebook_exporter.rb (head, the "Manual Posting" and
"Points Possible" rows) and lib/gradebook_importer.rb (which rows are no students); Moodle
mod/assign/gradingtable.php (grading worksheet) and user/classes/table/participants.php;
Gradescope's roster, help.gradescope.com "Adding Students and Staff".
"""

import re
from collections.abc import Callable, Iterator

from coursekit.classroom.handing_in.table_file import Table, one_form

Fields = dict[str, str]
ALIASES = {  # a column's name without blanks, "_" and case -> what we call it
    **dict.fromkeys(("student", "studentid", "sid"), "student"),
    **dict.fromkeys(("firstname", "givenname", "forename"), "first_name"),
    **dict.fromkeys(("lastname", "surname", "familyname"), "last_name"),
    **dict.fromkeys(("name", "fullname", "studentname"), "name"),
    **dict.fromkeys(("email", "emailaddress", "mail", "e-mail"), "email"),
    **dict.fromkeys(("lmsid", "canvasid", "moodleid", "identifier", "userid"), "lms_id"),
    **dict.fromkeys(("section", "sections"), "section"),
    **dict.fromkeys(("group", "groups", "groupname", "team"), "group"),
    **dict.fromkeys(("username", "login", "sisloginid"), "username"),
    **dict.fromkeys(("id", "idnumber"), "id"),
    **dict.fromkeys(("role", "roles"), "role"),
}
OURS = ("student", "studentid")  # columns that name the id and nothing else
IDS = ("student", "username", "id", "email")  # the first of these that a table has is the id
STAFF = ("instructor", "teacher", "ta", "teaching assistant", "reader", "non-editing teacher")
NO_FOLDER = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|+]|^[.-]')


def system_of(table: Table) -> str:
    """Return whose table it is: "canvas", "moodle" (its grading worksheet), or "" for any other."""
    head = [_plain(name) for name in table.head]
    named = "student" in head or {"lastname", "firstname"} <= set(head)
    if named and "id" in head and {"sisloginid", "sisuserid", "section"} & set(head):
        return "canvas"
    if "identifier" in head and {"grade", "fullname"} & set(head):
        return "moodle"
    return ""


def fields_of(table: Table, told: list[str]) -> Iterator[tuple[int, Fields]]:
    """Yield (line, fields of a `Student`) for each student of a table.

    Args:
        table: Any table of a class.
        told: Gets a line on every row that is left out.

    Raises:
        ValueError: Naming the file and the line or column that cannot be used.
    """
    system = system_of(table)
    read: Callable[[Table, list[str]], Iterator[tuple[int, Fields]]]
    read = _canvas if system == "canvas" else _any
    for line, fields in read(table, told):
        number = fields.get("lms_id", "")
        if re.fullmatch(r"\d+\.0+", number):  # a spreadsheet's number
            number = number.partition(".")[0]
        if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", number):
            raise ValueError(
                f"{table.path}:{line}: {number!r} is what a spreadsheet makes of a long number: "
                "give the column as text"
            )
        yield line, {**fields, "lms_id": number}


def canvas_row(cells: tuple[str, ...]) -> bool:
    """Say whether a row of Canvas's gradebook is a student.

    Not one is the row "Points Possible", a row with nothing but "Manual Posting" or "Muted"
    (`check_for_non_student_row` of lib/gradebook_importer.rb) and Canvas's own Test Student.
    """
    if "Points Possible" in (cells[0] if cells else ""):
        return False
    mute = r"\s*(muted|manual posting.*|\(read only\))?\s*"
    return not all(re.fullmatch(mute, cell, re.IGNORECASE) for cell in cells)


def is_test_student(fields: Fields) -> bool:
    """Say whether it is the student that Canvas makes for a teacher's own view of the course."""
    return (fields["last_name"], fields["first_name"], fields["sis_id"]) == ("Student", "Test", "")


def _canvas(table: Table, told: list[str]) -> Iterator[tuple[int, Fields]]:
    head = [_plain(name) for name in table.head]
    for line, cells in table.rows:
        if not canvas_row(cells):
            continue
        row = dict(zip(head, (one_form(cell) for cell in cells), strict=False))
        first, last = row.get("firstname", ""), row.get("lastname", "")
        if "student" in row:
            first, last = _names(row["student"])
        found = {"first_name": first, "last_name": last, "sis_id": row.get("sisuserid", "")}
        if is_test_student(found):
            told.append(f"{table.path}:{line}: Canvas's own Test Student is left out")
            continue
        number = row.get("id", "")
        candidates = (row.get("sisloginid", ""), row.get("sisuserid", ""))
        usable = [one for one in candidates if one and not NO_FOLDER.search(one)]
        student = (usable or [_by_number(number)])[0]
        if not student:
            raise ValueError(f"{table.path}:{line}: nothing under ID, SIS Login ID or SIS User ID")
        yield (
            line,
            {
                **{"id": student, "first_name": first, "last_name": last, "lms_id": number},
                "section": row.get("section", ""),
            },
        )


def _any(table: Table, told: list[str]) -> Iterator[tuple[int, Fields]]:
    columns = [ALIASES.get(_plain(name), "") for name in table.head]
    for name in set(columns) - {""}:
        if columns.count(name) > 1:
            twice = [table.head[i] for i, column in enumerate(columns) if column == name]
            raise ValueError(
                f"{table.path}: the columns {' and '.join(twice)} mean the same: rename or remove "
                "all but one"
            )
    ids = [name for name in IDS if name in columns]
    if not ids:
        raise ValueError(
            f"{table.path}: no column student, nor username or e-mail to take for it: the first "
            f"line has to name the columns. It names: {', '.join(table.head)[:200]}"
        )
    named = table.head[columns.index(ids[0])]
    if ids[0] != "student":
        told.append(f"{table.path}: the column {named!r} says who is who")
    for line, cells in table.rows:
        row = {
            name: one_form(cell)
            for name, cell in zip(columns, cells, strict=False)
            if name and cell.strip()
        }
        role = row.pop("role", "").lower()
        if role and any(word in [one.strip() for one in role.split(",")] for word in STAFF):
            told.append(f"{table.path}:{line}: {row.get('name', '') or role}: {role}, left out")
            continue
        student = row.get(ids[0], "")
        if _plain(named) not in OURS and (not student or NO_FOLDER.search(student)):
            others = [row.get(name, "") for name in ids[1:]] + [_by_number(row.get("lms_id", ""))]
            usable = [one for one in others if one and not NO_FOLDER.search(one)]
            student = usable[0] if usable else student
        if not student:
            raise ValueError(f"{table.path}:{line}: nothing under {named}")
        first, last = row.get("first_name", ""), row.get("last_name", "")
        if not first and not last and row.get("name"):
            first, last = _names(row["name"])
        names = ("email", "lms_id", "section", "group")
        rest = {name: row[name] for name in names if name in row}
        yield line, {"id": student, "first_name": first, "last_name": last, **rest}


def _by_number(lms_id: str) -> str:
    """Return the id of somebody of whom nothing but the LMS's number is known."""
    return f"lms-{lms_id.split()[-1]}" if lms_id else ""


def _names(whole: str) -> tuple[str, str]:
    """Return first and last name of "Example, Ana Maria" or of "Ana Maria Example"."""
    if whole.startswith('="'):  # Canvas keeps a spreadsheet from running a name as a formula
        whole = whole[2:].removesuffix('"')
    last, comma, first = whole.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = whole.rpartition(" ")
    return first.strip(), last.strip()


def _plain(name: str) -> str:
    return re.sub(r"[\s_]", "", name).lower()
