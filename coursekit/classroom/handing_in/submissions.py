"""Find what was handed in, in nbgrader's layout: SUBMITTED/STUDENT/UNIT/UNIT.ipynb."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from coursekit.classroom.handing_in.file_kinds import NOTEBOOK, is_disguised, is_packed, look
from coursekit.classroom.handing_in.file_names import is_checkpoint, is_junk
from coursekit.classroom.handing_in.moments import moment
from coursekit.classroom.handing_in.table_file import one_form, same_look

LARGEST = 200_000_000  # bytes of a notebook, outputs and all; a larger one is not read
LARGEST_NOTE = 100_000  # bytes of a file about a submission
MOST_FILES = 10_000  # in one student's folder
ABOUT = "handed_in.json"  # what an LMS said of a submission, beside the notebook
ANONYMOUS = "anon-"  # before the code of somebody whom Canvas does not name
STAMP = "timestamp.txt"  # when it was handed in, as nbgrader writes it


@dataclass(frozen=True)
class Handed:
    """One student's submission of one unit, as it lies there; nothing of it has been judged.

    Attributes:
        path: The notebook, or None if there is none to grade.
        fault: Why there is none: "missing" or "unreadable"; "" if there is one.
        reason: One line about the fault, or about a notebook taken under another name.
        submitted_at: When, if it is known.
        marked_late: The LMS marked it as late, without saying by how much.
        time_fault: Why its time cannot be read; "" if there is none, or it can.
        not_after: It was handed in at this moment at the latest: an LMS's zip was made then.
        marks_late: The LMS that it came from marks what is late.
        doubt: Why it may be that something else was handed in after all.
    """

    student: str
    unit: str
    path: Path | None
    fault: str = ""
    reason: str = ""
    submitted_at: datetime | None = None
    marked_late: bool = False
    time_fault: str = ""
    not_after: datetime | None = None
    marks_late: bool = False
    doubt: str = ""


def units_in(submitted: Path) -> list[str]:
    """Return the names of the units of which a folder holds submissions."""
    found = {
        unit.name for student in _folders(submitted) for unit in _folders(submitted / student.name)
    }
    return sorted(found)


def find_submissions(
    submitted: Path, unit: str, students: Sequence[str], zone: str = ""
) -> list[Handed]:
    """Return one entry for each student of the class and for each who handed in, by id.

    A folder belongs to the student whose id it has; spelled in another Unicode form or in other
    capitals it belongs to the one student who fits.

    Args:
        submitted: The folder with one folder a student.
        unit: Which unit.
        students: Ids of the roster; those who handed nothing in come back as missing.
        zone: The class's, for times with a zone's abbreviation.
    """
    listed = {same_look(student): student for student in students}
    taken: dict[str, list[str]] = {}
    for folder in _folders(submitted):
        name = folder.name
        student = name if name in students else listed.get(same_look(name), one_form(name))
        if _unit_folder(folder, unit) is not None or _loose(folder, unit):
            taken.setdefault(printable(student), []).append(name)
    strangers = sorted(student for student in taken if students and student not in students)
    nameless = sum(student.startswith(ANONYMOUS) for student in strangers)
    doubt = f"{nameless} anonymous submissions belong to nobody yet" if nameless else ""
    found = []
    for student in sorted({*taken, *students}):
        folders = taken.get(student, [])
        if student in folders:
            folders = [student]
        if not folders:
            reason = "nothing was handed in"
            if strangers:
                listing = ", ".join(strangers[:3]) + (", ..." if len(strangers) > 3 else "")
                reason += f" under this name; not on the roster: {listing}"
            found.append(Handed(student, unit, None, "missing", reason, doubt=doubt))
        elif len(folders) > 1:
            reason = f"{len(folders)} folders have names that look like {student}: keep one"
            found.append(Handed(student, unit, None, "unreadable", reason))
        else:
            found.append(_of_student(submitted / folders[0], unit, student, zone))
    return found


def _of_student(place: Path, unit: str, student: str, zone: str) -> Handed:
    folder = _unit_folder(place, unit)
    if folder is not None:
        return _handed(folder, unit, student, zone)
    listing = ", ".join(printable(path.name) for path in _loose(place, unit)[:5])
    reason = f"{listing} lies in no folder {unit}: make one for it in {student}'s folder"
    return Handed(student, unit, None, "unreadable", reason)


def _unit_folder(place: Path, unit: str) -> Path | None:
    """Return a student's folder of a unit, also if it is spelled in other capitals."""
    if (place / unit).is_dir():
        return place / unit
    fits = [path for path in _folders(place) if same_look(path.name) == same_look(unit)]
    return fits[0] if len(fits) == 1 else None


def _loose(place: Path, unit: str) -> list[Path]:
    """Return the notebooks that lie in a student's folder, in no unit's, and may be this one's."""
    other = re.compile(rf"(?!{re.escape(unit[:3])})\d\d_")
    found = (path for path in place.glob("*.ipynb") if not is_junk(path.name))
    return sorted(path for path in found if not other.match(path.name))


def printable(name: str) -> str:
    """Return a file's name with %E9 for each byte that is no UTF-8."""
    return "".join(f"%{ord(c) - 0xDC00:02X}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in name)


def described(about: Path) -> dict[str, object]:
    """Return what a small JSON file says, or nothing where it cannot be read."""
    try:
        if about.is_symlink() or about.stat().st_size > LARGEST_NOTE:
            return {}
        value = json.loads(about.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError, MemoryError):
        return {}
    return value if isinstance(value, dict) else {}


def _folders(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return sorted(p for p in place.iterdir() if p.is_dir() and not p.name.startswith("."))


def _handed(folder: Path, unit: str, student: str, zone: str) -> Handed:
    if any(place.is_symlink() for place in (folder.parent, folder)):
        return Handed(student, unit, None, "unreadable", "its folder is a link to somewhere else")
    about = described(folder / ABOUT)
    path, fault, reason = _notebook(folder, unit, about)
    submitted_at, time_fault = _when(folder / STAMP, zone)
    return Handed(
        student,
        unit,
        path,
        fault,
        reason,
        submitted_at,
        marked_late=about.get("late") is True,
        time_fault=time_fault,
        not_after=_bound(about.get("not_after")),
        marks_late=about.get("system") == "canvas" or about.get("late") is True,
        doubt=reason if fault and about.get("doubt") is True else "",
    )


def _notebook(folder: Path, unit: str, about: dict[str, object]) -> tuple[Path | None, str, str]:
    """Return the notebook to grade, or why there is none: (path, fault, reason)."""
    path = folder / f"{unit}.ipynb"
    reason = _line(about.get("note"))
    if not path.exists() and not path.is_symlink():
        others = sorted(
            (p for p in islice(folder.rglob("*"), MOST_FILES) if p.is_file() or p.is_symlink()),
            key=str,
        )
        names = {p: printable(p.relative_to(folder).as_posix()) for p in others}
        handed = [p for p in others if names[p] not in (ABOUT, STAMP) and not is_junk(names[p])]
        best = _best(handed, names, unit)
        if not best:
            return None, *_nothing([names[p] for p in handed], about)
        if len(best) > 1:
            listing = ", ".join(names[p] for p in best[:5])
            return None, "unreadable", f"none of several notebooks is named {unit}.ipynb: {listing}"
        path, reason = best[0], f"the notebook was named {names[best[0]]}"
    if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
        return None, "unreadable", "the notebook is a link to somewhere else"
    if not path.is_file():
        return None, "unreadable", "the notebook is no file"
    if path.stat().st_size > LARGEST:
        return None, "unreadable", f"the notebook has {path.stat().st_size / 1e6:.0f} MB"
    return path, "", reason


def _best(handed: list[Path], names: dict[Path, str], unit: str) -> list[Path]:
    """Return the notebooks that have most for them: kind first, then the unit's name."""
    ordinary = [p for p in handed if names[p].lower().endswith(NOTEBOOK)]
    own = [p for p in ordinary if not is_checkpoint(names[p])]
    kinds = (own, [p for p in handed if p not in own and _is_notebook(p, names[p])], ordinary)
    for found in kinds:
        named = [p for p in found if unit.lower() in names[p].lower()]
        if found:
            return named if len(named) == 1 else found
    return []


def _is_notebook(path: Path, name: str) -> bool:
    """Say whether a file under another name holds a notebook."""
    try:
        if not is_disguised(name) or path.is_symlink():
            return False
        if path.stat().st_size > LARGEST:
            return False
        return any(one.data is not None for one in look(name, path.read_bytes(), LARGEST))
    except OSError:
        return False


def _nothing(names: list[str], about: dict[str, object]) -> tuple[str, str]:
    """Return fault and reason where a folder holds no notebook."""
    left_out = about.get("left_out")
    reasons = [_line(one) for one in left_out] if isinstance(left_out, list) else []
    if reasons:
        return "unreadable", "; ".join(filter(None, reasons))[:300]
    if not names:
        return "missing", "nothing was handed in: the folder is empty"
    listing = ", ".join(names[:5])
    more = ": unpack it there" if any(map(is_packed, names)) else ""
    return "unreadable", f"no notebook was handed in, only {listing}{more}"


def _when(stamp: Path, zone: str) -> tuple[datetime | None, str]:
    """Return when it was handed in (timestamp.txt, as nbgrader writes it), and why not."""
    try:
        if not stamp.exists() and not stamp.is_symlink():
            return None, ""
        if stamp.is_symlink() or not stamp.is_file() or stamp.stat().st_size > 200:
            return None, f"{STAMP} is no file with a time in it"
        data = stamp.read_bytes()
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        return moment(data.decode("utf-16" if wide else "utf-8-sig"), abbreviations=zone), ""
    except UnicodeDecodeError:
        return None, f"{STAMP} is no text"
    except (ValueError, OSError, OverflowError) as error:
        return None, f"{STAMP}: {error}"


def _bound(value: object) -> datetime | None:
    try:
        return moment(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _line(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return "".join(c if c.isprintable() else " " for c in printable(text))[:300]
