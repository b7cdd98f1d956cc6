"""Find what was handed in, in nbgrader's layout: SUBMITTED/STUDENT/UNIT/UNIT.ipynb."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from coursekit.classroom.handing_in.roster import moment

LARGEST = 40_000_000  # bytes of a notebook; a larger one is not read
ABOUT = "handed_in.json"  # what an LMS said of a submission, beside the notebook


@dataclass(frozen=True)
class Handed:
    """One student's submission of one unit, as it lies there; nothing of it has been read.

    Attributes:
        path: The notebook, or None if there is none to grade.
        fault: Why there is none: "missing" or "unreadable"; "" if there is one.
        reason: One line about the fault, or about a notebook taken under another name.
        submitted_at: When, if it is known.
        marked_late: The LMS marked it as late, without saying by how much.
    """

    student: str
    unit: str
    path: Path | None
    fault: str = ""
    reason: str = ""
    submitted_at: datetime | None = None
    marked_late: bool = False


def units_in(submitted: Path) -> list[str]:
    """Return the names of the units of which a folder holds submissions."""
    found = {
        unit.name for student in _folders(submitted) for unit in _folders(submitted / student.name)
    }
    return sorted(found)


def find_submissions(submitted: Path, unit: str, students: list[str]) -> list[Handed]:
    """Return one entry for each student of the class and for each who handed in, by id.

    Args:
        submitted: The folder with one folder a student.
        unit: Which unit.
        students: Ids of the roster; those who handed nothing in come back as missing.
    """
    there = [folder.name for folder in _folders(submitted) if (folder / unit).is_dir()]
    return [_handed(submitted, unit, student) for student in sorted({*there, *students})]


def _folders(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return sorted(p for p in place.iterdir() if p.is_dir() and not p.name.startswith("."))


def _handed(submitted: Path, unit: str, student: str) -> Handed:
    folder = submitted / student / unit
    if any(place.is_symlink() for place in (submitted / student, folder)):
        return Handed(student, unit, None, "unreadable", "its folder is a link to somewhere else")
    if not folder.is_dir():
        return Handed(student, unit, None, "missing", "nothing was handed in")
    submitted_at, marked_late = _when(folder)
    path, fault, reason = _notebook(folder, unit)
    return Handed(student, unit, path, fault, reason, submitted_at, marked_late)


def _notebook(folder: Path, unit: str) -> tuple[Path | None, str, str]:
    """Return the notebook to grade, or why there is none: (path, fault, reason)."""
    path, reason = folder / f"{unit}.ipynb", ""
    if not path.exists() and not path.is_symlink():
        others = sorted(p for p in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
        if not others:
            names = ", ".join(sorted(p.name for p in folder.iterdir())[:5])
            return None, "missing", f"no notebook was handed in, only: {names or 'nothing'}"
        if len(others) > 1:
            names = ", ".join(str(p.relative_to(folder)) for p in others[:5])
            return None, "unreadable", f"none of several notebooks is named {unit}.ipynb: {names}"
        path, reason = others[0], f"the notebook was named {others[0].name}"
    if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
        return None, "unreadable", "the notebook is a link to somewhere else"
    if not path.is_file():
        return None, "unreadable", "the notebook is no file"
    if path.stat().st_size > LARGEST:
        return None, "unreadable", f"the notebook has {path.stat().st_size / 1e6:.0f} MB"
    return path, "", reason


def _when(folder: Path) -> tuple[datetime | None, bool]:
    """Return when it was handed in (timestamp.txt, as nbgrader writes it) and the LMS's mark."""
    submitted_at, marked_late = None, False
    stamp, about = folder / "timestamp.txt", folder / ABOUT
    try:
        if stamp.is_file() and not stamp.is_symlink() and stamp.stat().st_size < 200:
            submitted_at = moment(stamp.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        pass  # as if there were none; whoever hands in may write anything there
    try:
        if about.is_file() and not about.is_symlink():
            marked_late = json.loads(about.read_text(encoding="utf-8")).get("late") is True
    except (ValueError, OSError, AttributeError):
        pass
    return submitted_at, marked_late
