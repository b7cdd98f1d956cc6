"""Marks as tables that a learning management system takes, with nothing in them that runs.

A spreadsheet takes text that begins with = + - @ for a formula; such text gets a quote in front.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.judge.marks import QuestionMark
from coursekit.classroom.returning.adapt import hundredths
from coursekit.classroom.returning.results import Result
from coursekit.classroom.returning.words import (
    question_words,
    status_in_words,
    waits_in_words,
    whole_words,
)

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
    if text.strip() == "-":  # Moodle's own word for "nothing yet", and no formula
        return text
    return "'" + text if re.match(r"\s*[=+\-@|%]", text) else text


def nbgrader(results: Sequence[Result], unit: str) -> list[Row]:
    """Return the columns of `nbgrader export`, with status, reason and each question's points."""
    names = questions_of(results)
    head = ["assignment", "timestamp", "student_id", "last_name", "first_name", "email"]
    head += ["raw_score", "late_submission_penalty", "score", "max_score"]
    rows: list[Row] = [[*head, "status", "reason", "needs_manual_grade", "waits_for", *names]]
    for one in results:
        who = one.student
        about = [who.id, who.last_name, who.first_name, who.email]
        points = [hundredths(one.score + one.penalty), one.penalty, one.score, one.max_score]
        rest = [one.status, one.reason, "yes" if one.needs_person else "", one.waits]
        each = [points_of(one, name) for name in names]
        rows.append([unit, one.submitted_at, *about, *points, *rest, *each])
    return rows


def canvas(results: Sequence[Result], unit: str) -> list[Row]:
    """Return what Canvas's gradebook imports; a mark that waits for a person is left empty.

    Every other column would become an assignment there (`parse_assignments`), but for those whose
    name holds "Current Points": Canvas leaves them out (`strip_non_assignment_columns`, both of
    lib/gradebook_importer.rb). So the questions' points go into columns of such names.
    """
    _need_ids(results, "Canvas", "its user id (the column ID of its exported gradebook)")
    names = questions_of(results)
    first = results[0].max_score if results else 0.0
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    rows: list[Row] = [
        [*head, *map(canvas_question, names), unit],
        ["    Points Possible", "", "", "", "", *["(read only)"] * len(names), first],
    ]
    for one in results:
        who = one.student
        name = f"{who.last_name}, {who.first_name}".strip(", ") or who.id
        points = [points_of(one, question) for question in names]
        rows.append([name, who.number, "", who.id, who.section, *points, mark_of(one)])
    return rows


def canvas_question(name: str) -> str:
    """Return a column's name that Canvas does not take for an assignment."""
    return f"{name} Current Points"


def moodle(results: Sequence[Result], unit: str) -> list[Row]:
    """Return the columns of Moodle's offline grading worksheet, then one for each question.

    Its importer wants Identifier, Grade and "Last modified (grade)", reads feedback by its column's
    name and no other column: `init` of mod/assign/feedback/offline/importgradeslib.php. "-" is what
    Moodle writes where nothing was marked yet. An empty mark is passed over.
    """
    _need_ids(results, "Moodle", 'its number (in "Participant 123" of its worksheet)')
    names = questions_of(results)
    head = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"]
    head += ["Grade can be changed", "Last modified (submission)", "Last modified (grade)"]
    rows: list[Row] = [[*head, "Feedback comments", *names]]
    for one in results:
        who = one.student
        about = [f"Participant {who.number}", who.name, who.email, status_in_words(one)]
        marks = [mark_of(one), one.max_score, "Yes", one.submitted_at or "-", "-", said_of(one)]
        rows.append([*about, *marks, *[points_of(one, name) for name in names]])
    return rows


def gradescope(results: Sequence[Result], unit: str) -> list[Row]:
    """Return the columns of Gradescope's own table, a column for each question."""
    names = questions_of(results)
    head = ["First Name", "Last Name", "SID", "Email", "Total Score", "Max Points", "Status"]
    rows: list[Row] = [[*head, "Submission Time", *names]]
    for one in results:
        who = one.student
        points = [points_of(one, name) for name in names]
        names_of_student = [who.first_name, who.last_name, who.id, who.email]
        total = [mark_of(one), one.max_score, one.status, one.submitted_at]
        rows.append([*names_of_student, *total, *points])
    return rows


def gradescope_result(one: Result) -> str:
    """Return a student's results.json, as Gradescope's autograders write it.

    A test's score is a number or is not there, and while a person has to mark something the whole
    is shown to students only once it is published (`visibility`):
    https://gradescope-autograders.readthedocs.io/en/latest/specs/
    """
    questions = one.record.questions if one.record else ()
    tests = []
    for question in questions:
        points = points_of(one, question.exercise_id)
        test = {
            "name": question.exercise_id,
            "max_score": most_of(one, question),
            "output": question_words(question),
            "output_format": "text",
        }
        tests.append(test if points == "" else {**test, "score": points})
    said = whole_words(one)
    whole: dict[str, Any] = {"score": one.score, "output": said, "tests": tests}
    if one.waits:
        whole |= {
            "output": f"Not final, {waits_in_words(one)}. {said}",
            "visibility": "after_published",
        }
    return json.dumps({**whole, "output_format": "text"}, indent=1, allow_nan=False) + "\n"


def questions_of(results: Sequence[Result]) -> list[str]:
    """Return the names of everything that has points: exercises in their order, then essays."""
    graded = next((one.record for one in results if one.record), None)
    names = [question.exercise_id for question in graded.questions] if graded else []
    cells = {name.removesuffix("_check") for one in results for name in one.manual}
    return [*names, *sorted(cells - set(names))]


def most_of(one: Result, question: QuestionMark) -> float:
    """Return what a question counts at most."""
    cells = (one.manual.get(f"{question.exercise_id}_check"), one.manual.get(question.exercise_id))
    return next((cell[1] for cell in cells if cell is not None), question.max_points)


def mark_of(one: Result) -> float | str:
    """Return what goes out as the mark; nothing while it waits."""
    return "" if one.waits or one.needs_person else one.score


def said_of(one: Result) -> str:
    """Return what a student may read beside the mark, in a few words."""
    if mark_of(one) == "":
        return ""
    late = f"; {one.penalty:g} points less, being late" if one.penalty else ""
    return f"{one.score:g} of {one.max_score:g} points{late}"


def points_of(one: Result, name: str) -> float | str:
    """Return the points of one question; nothing while a person has to mark it."""
    cells = (one.manual.get(f"{name}_check"), one.manual.get(name))
    score = next((cell[0] for cell in cells if cell is not None), 0.0)
    return "" if score is None or (one.waits and not one.manual) else score


def _need_ids(results: Sequence[Result], system: str, what: str) -> None:
    def usable(student: Student) -> bool:  # Moodle's "Participant 5" is not Canvas's number 5
        return bool(student.number) and (system != "Canvas" or student.lms_id.strip().isdigit())

    lacking = [one.student.id for one in results if not usable(one.student)]
    if lacking:
        raise ValueError(
            f"{system} knows its students by {what}, and {len(lacking)} have none here "
            f"({', '.join(lacking[:5])}).\n"
            f"Name the file that {system} exported with --into FILE, or add a column lms_id to the "
            "roster."
        )


FORMATS: dict[str, Callable[[Sequence[Result], str], list[Row]]] = {
    "nbgrader": nbgrader,
    "canvas": canvas,
    "moodle": moodle,
    "gradescope": gradescope,
}
