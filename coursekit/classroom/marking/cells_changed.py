"""Cells added to, or taken from, a unit that was graded already: marks by hand and comments stay.

nbgrader refuses another set of marked cells while submissions of a unit are in the gradebook, and
removing the unit removes what people entered. So that is put aside in a file first, the unit is
entered anew, and after grading it is put back. Killed in between, the next `grade` puts it back.

    grading/kept/UNIT.json          what waits to be put back
    grading/kept/UNIT.json.STAMP    what was, with all that found no place
"""

import json
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from coursekit.classroom.marking.gradebook import Course, opened
from coursekit.storage import free_name, time_stamp, write_atomically

VERSION = 1


def kept_path(course: Course, unit: str) -> Path:
    """Return where what people entered waits."""
    return course.grading / "kept" / f"{unit}.json"


def put_aside(course: Course, unit: str) -> int:
    """Write what people entered for a unit into a file, and remove the unit from the gradebook.

    Returns:
        How many marks and comments wait to be put back.
    """
    path = kept_path(course, unit)
    with opened(course) as gradebook:
        try:
            assignment = gradebook.find_assignment(unit)
        except MissingEntry:
            return len(_entries(path)) if path.exists() else 0
        due = assignment.duedate
        waiting = _entries(path) if path.exists() else []  # of one that was killed
        entries = {(one["student"], one["cell"], "comment" in one): one for one in waiting}
        for one in _by_hand(gradebook, unit):
            entries[one["student"], one["cell"], "comment" in one] = one
        content = {"version": VERSION, "unit": unit, "entries": list(entries.values())}
        write_atomically(path, json.dumps(content, indent=1) + "\n")
        gradebook.remove_assignment(unit)
        if due is not None:  # Formgrader's
            gradebook.update_or_create_assignment(unit, duedate=due.replace(tzinfo=None))
    return len(_entries(path))


def put_back(course: Course, unit: str) -> list[str]:
    """Enter anew what waits, if anything does; return a line on what came of it.

    Raises:
        ValueError: If the file is damaged: it stays as it is.
    """
    path = kept_path(course, unit)
    if not path.exists():
        return []
    entries, lost = _entries(path), []
    with opened(course) as gradebook:
        for entry in entries:
            if not _enter(gradebook, unit, entry):
                lost.append(f"{entry['student']} {entry['cell']}")
        gradebook.db.commit()
    path.rename(free_name(path, time_stamp()))
    told = [f"{len(entries) - len(lost)} marks and comments by hand were put back"]
    if lost:
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        told.append(
            f"{len(lost)} found no cell any more ({', '.join(lost[:5])}{more}); they are kept in "
            f"{path.parent}"
        )
    return told


def _by_hand(gradebook: Gradebook, unit: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for submission in gradebook.assignment_submissions(unit):
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                if grade.manual_score is not None or grade.extra_credit:
                    own = {"score": grade.manual_score, "extra": grade.extra_credit}
                    found.append({"student": submission.student_id, "cell": grade.cell.name, **own})
            for comment in notebook.comments:
                if comment.manual_comment:
                    own = {"comment": comment.manual_comment}
                    found.append(
                        {"student": submission.student_id, "cell": comment.cell.name, **own}
                    )
    return found


def _enter(gradebook: Gradebook, unit: str, entry: dict[str, Any]) -> bool:
    """Enter one mark or comment; say whether there is still a cell for it."""
    cell, student = entry["cell"], entry["student"]
    try:
        if "comment" in entry:
            gradebook.find_comment(cell, unit, unit, student).manual_comment = entry["comment"]
            return True
        grade = gradebook.find_grade(cell, unit, unit, student)
    except MissingEntry:
        return False
    grade.manual_score, grade.extra_credit = entry["score"], entry["extra"]
    if entry["score"] is not None:
        grade.needs_manual_grade = False
    return True


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise ValueError(f"version {content['version']}")
        return list(content["entries"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} cannot be used ({error}): restore it from a backup, or rename it to go on "
            "without the marks in it"
        ) from None
