"""The marks of a class as they stand: the gradebook's sums beside the manifest's statuses."""

from collections.abc import Mapping
from dataclasses import dataclass

from nbgrader.api import MissingEntry

from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.marking import manifest
from coursekit.classroom.marking.gradebook import Course, opened
from coursekit.classroom.marking.manifest import Record


@dataclass(frozen=True)
class Result:
    """One student's result of one unit.

    Attributes:
        score: What counts: judge's and manual marks with extra credit, less the late penalty.
        needs_person: Something in it still waits to be marked by a person.
        manual: Cell id -> (score that counts, most, manual comment) of every marked cell.
        record: What the judge found; None if it was never graded by `grade`.
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


def results_of(course: Course, unit: str, roster: Mapping[str, Student]) -> list[Result]:
    """Return a result for each student of the roster and of the gradebook, by id.

    Raises:
        ValueError: If the unit was never graded.
    """
    records, _ = manifest.read_records(manifest.folder_of(course.grading, unit))
    with opened(course) as gradebook:
        try:
            max_score = float(gradebook.find_assignment(unit).max_score)
        except MissingEntry:
            raise ValueError(
                f"{unit} was not graded in {course.root}.\n"
                "First: python3 -m coursekit grade grading/submitted"
            ) from None
        there = {one.student_id: one for one in gradebook.assignment_submissions(unit)}
        found = []
        for student_id in sorted({*there, *records, *roster}):
            known = gradebook.update_or_create_student(student_id)
            student = roster.get(student_id) or Student(
                student_id, known.first_name or "", known.last_name or "", known.email or ""
            )
            record = records.get(student_id)
            status = record.status if record else ("" if student_id in there else "missing")
            submission = there.get(student_id)
            notebook = submission.notebooks[0] if submission else None
            manual = {}
            if notebook is not None:
                comments = {c.cell.name: c.manual_comment or "" for c in notebook.comments}
                for grade in notebook.grades:
                    name = grade.cell.name
                    comment = comments.get(name.removesuffix("_check"), "")
                    score = None if grade.needs_manual_grade else grade.score
                    manual[name] = (score, float(grade.max_score), comment)
            penalty = float(notebook.late_submission_penalty or 0.0) if notebook else 0.0
            found.append(
                Result(
                    student=student,
                    status=status,
                    reason=record.reason if record else "",
                    score=max(0.0, float(submission.score) - penalty) if submission else 0.0,
                    max_score=max_score,
                    penalty=penalty,
                    needs_person=bool(submission and submission.needs_manual_grade),
                    submitted_at=record.submitted_at if record else "",
                    manual=manual,
                    record=record,
                )
            )
    return found
