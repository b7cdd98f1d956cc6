"""Marks as tables that a learning management system takes, with nothing in them that runs.

A spreadsheet takes text that begins with = + - @ for a formula; such text gets a quote in front.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from coursekit.classroom.returning.results import Result

Row = Sequence[Any]


def table(results: Sequence[Result], unit: str, to: str) -> str:
    """Return a table as CSV text.

    Args:
        results: Of a whole class.
        unit: Names the column.
        to: A name of FORMATS.

    Raises:
        ValueError: For another format, or for Canvas and Moodle without their own ids.
    """
    if to not in FORMATS:
        raise ValueError(f"no format {to!r}: choose one of {', '.join(FORMATS)}")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in FORMATS[to](results, unit):
        writer.writerow([harmless(value) for value in row])
    return out.getvalue()


def harmless(value: Any) -> Any:
    """Return numbers as they are and text so that no spreadsheet takes it for a formula."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = "".join(c if c.isprintable() else " " for c in value)
    return "'" + text if re.match(r"\s*[=+\-@|%]", text) else text


def nbgrader(results: Sequence[Result], unit: str) -> list[Row]:
    """Return the columns of `nbgrader export`, with status and reason beside the score."""
    head = ["assignment", "timestamp", "student_id", "last_name", "first_name", "email"]
    head += ["raw_score", "late_submission_penalty", "score", "max_score"]
    rows: list[Row] = [[*head, "status", "reason", "needs_manual_grade"]]
    for one in results:
        who = one.student
        names = [who.id, who.last_name, who.first_name, who.email]
        points = [round(one.score + one.penalty, 4), one.penalty, one.score, one.max_score]
        rest = [one.status, one.reason, "yes" if one.needs_person else ""]
        rows.append([unit, one.submitted_at, *names, *points, *rest])
    return rows


def canvas(results: Sequence[Result], unit: str) -> list[Row]:
    """Return what Canvas's gradebook imports; a mark that waits for a person is left empty."""
    _need_ids(results, "Canvas", "its user id (the column ID of its exported gradebook)")
    first = results[0].max_score if results else 0.0
    rows: list[Row] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", unit],
        ["    Points Possible", "", "", "", "", first],
    ]
    for one in results:
        who = one.student
        name = f"{who.last_name}, {who.first_name}".strip(", ") or who.id
        rows.append([name, who.lms_id, "", who.id, who.section, _mark(one)])
    return rows


def moodle(results: Sequence[Result], unit: str) -> list[Row]:
    """Return the columns of Moodle's offline grading worksheet."""
    _need_ids(results, "Moodle", 'its number (in "Participant 123" of its worksheet)')
    head = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"]
    rows: list[Row] = [[*head, "Feedback comments"]]
    for one in results:
        who = one.student
        identifier = f"Participant {who.lms_id.split()[-1]}"
        said = f"{one.status}: {one.reason}" if one.status else ""
        rows.append([identifier, who.name, who.email, one.status, _mark(one), one.max_score, said])
    return rows


def gradescope(results: Sequence[Result], unit: str) -> list[Row]:
    """Return the columns of Gradescope's own table, a column for each question."""
    graded = next((one.record for one in results if one.record), None)
    names = [question.exercise_id for question in graded.questions] if graded else []
    head = ["First Name", "Last Name", "SID", "Email", "Total Score", "Max Points", "Status"]
    rows: list[Row] = [[*head, "Submission Time", *names]]
    for one in results:
        who = one.student
        points = [_points(one, name) for name in names]
        names_of_student = [who.first_name, who.last_name, who.id, who.email]
        total = [_mark(one), one.max_score, one.status, one.submitted_at]
        rows.append([*names_of_student, *total, *points])
    return rows


def gradescope_result(one: Result) -> str:
    """Return a student's results.json, as Gradescope's autograders write it."""
    questions = one.record.questions if one.record else ()
    tests = [
        {
            "name": question.exercise_id,
            "score": _points(one, question.exercise_id),
            "max_score": question.max_points,
            "output": f"{question.status}: {question.reason} {question.hint}".strip(),
            "output_format": "text",
        }
        for question in questions
    ]
    whole = {"score": one.score, "output": f"{one.status}: {one.reason}", "tests": tests}
    return json.dumps({**whole, "output_format": "text"}, indent=1) + "\n"


def _mark(one: Result) -> float | str:
    return "" if one.needs_person else round(one.score, 4)


def _points(one: Result, exercise_id: str) -> float | str:
    score = one.manual.get(f"{exercise_id}_check", (0.0, 0.0, ""))[0]
    return "" if score is None else score


def _need_ids(results: Sequence[Result], system: str, what: str) -> None:
    lacking = [one.student.id for one in results if not one.student.lms_id]
    if lacking:
        raise ValueError(
            f"{system} knows its students by {what}, and {len(lacking)} have none here "
            f"({', '.join(lacking[:5])}).\nAdd a column lms_id to the roster."
        )


FORMATS: dict[str, Callable[[Sequence[Result], str], list[Row]]] = {
    "nbgrader": nbgrader,
    "canvas": canvas,
    "moodle": moodle,
    "gradescope": gradescope,
}
