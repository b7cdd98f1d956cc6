"""``coursekit grade --explain``: why one answer has its mark, case by case."""

from pathlib import Path

from coursekit.classroom.handing_in.known_names import nearest_names
from coursekit.classroom.handing_in.raw_notebook import read_cells
from coursekit.classroom.handing_in.repair import read_release, repair
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.handing_in.submissions import find_submissions
from coursekit.classroom.judge.explained import ExplainedCase, explain_question
from coursekit.classroom.judge.marks import QuestionMark
from coursekit.classroom.marking import manifest
from coursekit.classroom.marking.gradebook import Course
from coursekit.classroom.marking.open_judge import JudgeSettings
from coursekit.classroom.returning.results import results_of
from coursekit.classroom.returning.unit_text import unit_text
from coursekit.classroom.sandbox.opening import Limits, open_sandbox


def explain(
    course: Course,
    submitted: Path,
    unit: str,
    student: str,
    exercise: str,
    settings: JudgeSettings,
) -> int:
    """Print every case of one answer; nothing is written.

    Args:
        course: Where the marks are.
        submitted: Folder of submissions.
        unit: Which unit.
        student: Whose answer.
        exercise: Of which question.
        settings: As for grading.

    Raises:
        ValueError: If there is no such student, question, notebook or mark.
        RuntimeError: If a wall of the sandbox is missing.
    """
    from coursekit.classroom.reporting.declared import bank_of

    release = read_release(course.release_path(unit))
    if exercise not in release.points:
        hint = nearest_names(exercise, release.points)
        raise ValueError(f"no exercise {exercise!r} in {unit}: {hint}")
    records, _ = manifest.read_records(manifest.folder_of(course.grading, unit))
    record = records.get(student)
    if record is None and student not in people_in(submitted, unit):
        hint = nearest_names(student, records) if records else "nobody was graded yet"
        raise ValueError(f"no student {student!r} has a mark of {unit}: {hint}")
    if record is None:
        raise ValueError(
            f"{student!r} has no mark of {unit} yet.\nFirst: python3 -m coursekit grade {submitted}"
        )
    handed = {one.student: one for one in find_submissions(submitted, unit, list(records))}[student]
    if handed.path is None:
        raise ValueError(
            f"{student}: {handed.fault}: {handed.reason}. There is nothing to explain."
        )
    cells, _ = read_cells(handed.path)
    attempt = repair(release, cells).attempt
    asked = bank_of(settings.variant or Path("/nowhere"))[exercise]
    sandbox = open_sandbox(
        settings.sandbox,
        Limits(**settings.limits),  # type: ignore[arg-type]
        settings.risk_accepted,
        forbidden=settings.forbidden,
    )
    with sandbox:
        mark, cases = explain_question(attempt, asked, sandbox, record.seed)
    task = unit_text(release).task(exercise)
    print(f"{student}, {task.title} ({exercise})")
    if task.asks:
        print(f"asked: {task.asks}")
    print("\n".join(lines_of(mark, cases)))
    roster = {record.student: Student(record.student)}
    counted = {one.student.id: one for one in results_of(course, unit, roster)}.get(student)
    if counted is not None and f"{exercise}_check" in counted.manual:
        score, most, _ = counted.manual[f"{exercise}_check"]
        shown = "nothing yet: it waits for a person" if score is None else f"{score:g} of {most:g}"
        if (score, most) != (mark.points, mark.max_points):
            print(f"What counts, after marks by hand and adapt.toml: {shown}")
    stored = next((one for one in record.questions if one.exercise_id == exercise), None)
    if stored is not None and (stored.points, stored.status) != (mark.points, mark.status):
        print(
            f"In the records it has {stored.points:g}, {stored.status}. To mark it again:\n"
            f"  python3 -m coursekit grade {submitted} --student {student} --exercise {exercise}"
        )
    return 0


def people_in(submitted: Path, unit: str) -> set[str]:
    """Return whose submissions of a unit there are."""
    return {one.student for one in find_submissions(submitted, unit, [])}


def lines_of(mark: QuestionMark, cases: list[ExplainedCase]) -> list[str]:
    """Return what to print of a mark and its cases; those that failed in full."""
    lines = [f"judged: {mark.points:g} of {mark.max_points:g}, {mark.status}: {mark.reason}"]
    if mark.mistake:
        lines.append(f"misconception: {mark.mistake}")
    if mark.hint:
        lines.append(f"hint: {mark.hint}")
    for kind, public in (("of the learner's own check, no points", True), ("that count", False)):
        chosen = [one for one in cases if one.public == public]
        right = sum(one.passed for one in chosen)
        lines.append(f"cases {kind}: {right} of {len(chosen)} right")
        for one in chosen:
            lines.append(f"  {'right' if one.passed else 'WRONG'}  {one.group}")
            if not one.passed:
                lines += [f"      {line}" for line in one.input.split("\n") if line]
                lines.append(f"      came:  {one.got}".replace("\n", "\n             "))
                lines.append(f"      right: {one.right}")
    return lines
