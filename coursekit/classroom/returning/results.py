"""The marks of a class as they stand: the gradebook's sums beside the manifest's statuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from nbgrader.api import MissingEntry, SubmittedNotebook

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.marking import manifest
from coursekit.classroom.marking.gradebook import Course, opened, write_penalties
from coursekit.classroom.marking.lateness import in_words, penalty
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.returning.adapt import (
    Adapted,
    Marks,
    adapted_marks,
    adapted_most,
    check_adapted,
    hundredths,
    read_adapted,
)


@dataclass(frozen=True)
class Result:
    """One student's result of one unit.

    Attributes:
        score: What counts: judge's and manual marks with extra credit, less the late penalty; all
            of them in hundredths, so that a table's columns add up.
        penalty: Points taken off for being late; 0 too where nobody can say, see `waits`.
        needs_person: Something in it still waits to be marked by a person.
        waits: Why the mark must not go out yet; "" if it may.
        manual: Cell id -> (score that counts, most, manual comment) of every marked cell.
        record: What the judge found; None if it was never graded by `grade`.
        adapted: Question -> what grading/adapt.toml changed about it, in words for a student.
        dropped: Questions that count for nobody, or in full for everybody.
    """

    student: Student
    status: str
    reason: str
    score: float
    max_score: float
    penalty: float
    needs_person: bool
    submitted_at: str
    manual: Mapping[str, tuple[float | None, float, str]]
    record: Record | None
    waits: str = ""
    adapted: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()


def results_of(
    course: Course,
    unit: str,
    roster: Mapping[str, Student],
    due: DueDates | None = None,
    now: datetime | None = None,
) -> list[Result]:
    """Return a result for each student of the roster and of the gradebook, by id.

    What grading/adapt.toml says holds: whom it excludes is not in it. Late penalties are worked out
    by the course's settings as they are now, and written into the gradebook.

    Args:
        course: Where the marks are.
        unit: Which unit.
        roster: Students by id; may be empty.
        due: Due dates as they are now; those of the last grading by default.
        now: The present, for tests.

    Raises:
        ValueError: If the unit was never graded, or adapt.toml cannot be used.
    """
    now = now or datetime.now(UTC)
    adapted = read_adapted(course.grading)
    records, _ = manifest.read_records(manifest.folder_of(course.grading, unit))
    with opened(course) as gradebook:
        try:
            assignment = gradebook.find_assignment(unit)
        except MissingEntry:
            raise ValueError(
                f"{unit} was not graded in {course.root}.\n"
                f"First: python3 -m coursekit grade {course.grading / 'submitted'}\n"
                "Graded in another folder, that of a private release, say? Name it: --course FOLDER"
            ) from None
        cells = {c.name: float(c.max_score) for nb in assignment.notebooks for c in nb.grade_cells}
        check_adapted(adapted, unit, cells)
        costs = write_penalties(gradebook, course, unit, records)
        there = {one.student_id: one for one in gradebook.assignment_submissions(unit)}
        found = []
        known_ids = {one.id for one in gradebook.students} | {*records, *roster}
        _check_excluded(adapted, known_ids)
        for student_id in sorted({*there, *records, *roster} - adapted.exclude):
            known = gradebook.update_or_create_student(student_id)
            student = roster.get(student_id) or Student(
                student_id, known.first_name or "", known.last_name or "", known.email or ""
            )
            record = records.get(student_id)
            submission = there.get(student_id)
            notebook = submission.notebooks[0] if submission else None
            cost = costs.get(student_id, 0.0)
            marks, score = _marked_cells(notebook) if notebook else {}, 0.0
            if submission and notebook is not None:
                given = sum(grade.score or 0.0 for grade in notebook.grades)
                extra = hundredths(float(submission.score) - given)
                marks = adapted_marks(marks, adapted, record.judged if record else "")
                score = hundredths(extra + sum(one or 0.0 for one, _, _ in marks.values()))
                if adapted.names and student_id in costs and record is not None:
                    cost = penalty(course.config, record, score)
            cost = None if cost is None else hundredths(cost)
            waiting = any(one is None for one, _, _ in marks.values())
            result = Result(
                student=student,
                status=record.status if record else ("" if submission else "missing"),
                reason=record.reason if record else "",
                score=max(0.0, hundredths(score - (cost or 0.0))),
                max_score=adapted_most(cells, adapted),
                penalty=cost or 0.0,
                needs_person=waiting,
                submitted_at=record.submitted_at if record else "",
                manual=marks,
                record=record,
                adapted=adapted_words(cells, adapted),
                dropped=adapted.dropped,
            )
            own = _due(record, unit, student_id, due)
            found.append(replace(result, waits=_waits_for(result, cost, own, now)))
    return found


def _marked_cells(notebook: SubmittedNotebook) -> Marks:
    comments = {c.cell.name: c.manual_comment or "" for c in notebook.comments}
    found = {}
    for grade in notebook.grades:
        name = grade.cell.name
        comment = comments.get(name.removesuffix("_check"), "")
        score = None if grade.needs_manual_grade else grade.score
        found[name] = (score, float(grade.max_score), comment)
    return found


def _check_excluded(adapted: Adapted, known: set[str]) -> None:
    """Refuse to exclude somebody whom nobody knows: a slip would leave the person meant in."""
    for student in sorted(adapted.exclude - known):
        raise ValueError(
            f"{adapted.place(student)}: exclude names {student!r}, who is neither on the roster "
            "nor in the gradebook: mend the id, or take it out"
        )


def adapted_words(cells: Mapping[str, float], adapted: Adapted) -> dict[str, str]:
    """Return question -> what was changed about it, in words for a student."""
    said = {}
    for cell, most in cells.items():
        name = cell.removesuffix("_check")
        if name in adapted.full:
            said[name] = "This exercise was dropped: everybody has full points for it."
        elif adapted.points.get(name) == 0:
            said[name] = "This exercise was dropped: it counts for nobody."
        elif name in adapted.points:
            said[name] = f"This exercise counts {adapted.points[name]:g} points, not {most:g}."
    return said


def _due(record: Record | None, unit: str, student: str, due: DueDates | None) -> datetime | None:
    """Return until when a student may hand in, by the due dates and by the last grading."""
    own = due.of(unit, student) if due is not None else None
    graded = datetime.fromisoformat(record.due) if record and record.due else None
    return own if own is not None else graded


def _waits_for(result: Result, cost: float | None, due: datetime | None, now: datetime) -> str:
    """Return why a mark must not go out yet."""
    doubt = result.record.doubt if result.record else ""
    if result.needs_person:
        record = result.record
        open_cells = {
            c.removesuffix("_check") for c, one in result.manual.items() if one[0] is None
        }
        if record is not None and open_cells & record.suspect:
            return "tampered: a person has to look at the code and enter points"
        return "some of it has to be marked by a person"
    if cost is None:
        return doubt or "nobody can say how late it is, and the penalty depends on it"
    if doubt and result.status in ("missing", "unreadable"):
        return doubt
    if due is not None and now <= due and result.score == 0.0:
        return f"it is due {in_words(due)}"
    return ""
