"""Grade one submission: read, repair, judge, and write the notebook that formgrader shows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from coursekit.classroom.handing_in.raw_notebook import Unreadable, read_cells
from coursekit.classroom.handing_in.repair import Release, Repaired, repair
from coursekit.classroom.handing_in.submissions import Handed
from coursekit.classroom.judge.marks import Attempt, QuestionMark, SubmissionMark, summary
from coursekit.classroom.marking.graded_notebook import graded_notebook
from coursekit.classroom.marking.lateness import Lateness, labelled
from coursekit.classroom.marking.manifest import Record
from coursekit.storage import write_atomically

Judge = Callable[[Attempt, list[str], int], SubmissionMark]  # attempt, exercise ids, seed


@dataclass(frozen=True)
class Job:
    """One submission to grade.

    Attributes:
        made_from: Hash of all that decides its marks.
        autograded: Where the notebook for formgrader goes.
        late: How late it is.
        content: Hash of the notebook's bytes.
        only: One exercise to judge anew, all others as in `before`; None for all of them.
        before: The record that there was.
    """

    handed: Handed
    made_from: str
    seed: int
    autograded: Path
    late: Lateness = field(default_factory=Lateness)
    content: str = ""
    only: str | None = None
    before: Record | None = None


def grade_one(job: Job, release: Release, judge: Judge) -> Record:
    """Grade one submission, whatever it holds; its notebook is written before this returns."""
    began = time.monotonic()
    handed = job.handed
    repaired, fault, reason = None, handed.fault, handed.reason
    if handed.path is not None:
        try:
            cells, told = read_cells(handed.path)
            repaired = repair(release, cells)
        except Unreadable as error:
            fault, reason = "unreadable", str(error)
    if repaired is None:
        return nothing_to_judge(job, release, fault, reason)
    asked = list(release.points) if job.only is None else [job.only]
    mark = judge(repaired.attempt, asked, job.seed)
    if job.only is not None and job.before is not None:
        mark = _with_others(mark, job.before)
    record = _timed(_judged(job, release, repaired, mark, told), began)
    _write_notebook(job, repaired, record)
    return record


def nothing_to_judge(job: Job, release: Release, status: str, reason: str) -> Record:
    """Return the record of a submission that the judge has not seen: 0 points, and why.

    For what was handed in, formgrader gets the empty release with the reason.
    """
    questions = tuple(
        QuestionMark(exercise, 0.0, points, status, reason)
        for exercise, points in release.points.items()
    )
    answered = {essay.id: status != "missing" for essay in release.essays}  # a person has to look
    record = _record(job, status, reason, questions, answered=answered)
    record = _timed(record, time.monotonic())
    if record.handed_in:
        _write_notebook(job, repair(release, []), record)
    return record


def _write_notebook(job: Job, repaired: Repaired, record: Record) -> None:
    notebook = graded_notebook(repaired, heading=heading_of(record), verdicts=verdicts_of(record))
    write_atomically(job.autograded, nbformat.v4.writes(notebook) + "\n")  # it is valid


def _with_others(mark: SubmissionMark, before: Record) -> SubmissionMark:
    """Return the record's marks with those of one question in their place."""
    new = {question.exercise_id: question for question in mark.questions}
    questions = tuple(new.get(one.exercise_id, one) for one in before.questions)
    status, reason = summary(questions, ())
    return replace(mark, questions=questions, status=status, reason=reason)


def _judged(
    job: Job, release: Release, repaired: Repaired, mark: SubmissionMark, told: list[str]
) -> Record:
    here = {place.released.id: place.cell for place in repaired.placed if place.released}
    answered = {
        essay.id: here[essay.id].source.strip() != essay.source.strip() for essay in release.essays
    }
    notes = [job.handed.reason] if job.handed.reason else []
    if job.handed.time_fault and not job.late.doubt:
        notes.append(f"its time cannot be read: {job.handed.time_fault}")
    notes += [*told, *repaired.notes]
    return _record(
        job, mark.status, mark.reason, mark.questions, answered=answered, notes=tuple(notes)
    )


def _record(
    job: Job,
    status: str,
    reason: str,
    questions: tuple[QuestionMark, ...],
    *,
    answered: dict[str, bool],
    notes: tuple[str, ...] = (),
) -> Record:
    handed = job.handed
    submitted_at = handed.submitted_at.isoformat() if handed.submitted_at else ""
    record = Record(
        unit=handed.unit,
        student=handed.student,
        made_from=job.made_from,
        status=status,
        reason="",
        questions=questions,
        seed=job.seed,
        handed_in=handed.fault != "missing",
        submitted_at=submitted_at,
        answered=answered,
        notes=notes,
        judged=status,
        said=" ".join(reason.split())[:300],
        content=job.content,
    )
    return labelled(record, job.late, datetime.now(UTC))


def _timed(record: Record, began: float) -> Record:
    seconds = round(time.monotonic() - began, 3)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Record(**{**record.__dict__, "seconds": seconds, "graded_at": now})


def heading_of(record: Record) -> str:
    """Return Markdown that says the status of a submission; text from outside stands as code."""
    lines = [
        f"**Status: {record.status}**, {record.points:g} of {record.max_points:g} points by the "
        f"judge: {as_code(record.reason)}"
    ]
    lines += [f"- {as_code(note)}" for note in record.notes]
    return "\n".join([lines[0], "", *lines[1:]]).rstrip()


def write_heading(path: Path, record: Record) -> None:
    """Say a record's status anew on top of the notebook that formgrader shows, if it is there."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError):
        return
    if notebook.cells and notebook.cells[0].source.startswith("**Status: "):
        notebook.cells[0].source = heading_of(record)
        write_atomically(path, nbformat.writes(notebook, version=4) + "\n")


def verdicts_of(record: Record) -> dict[str, str]:
    """Return exercise id -> the judge's words on it, as plain text."""
    return {question.exercise_id: verdict_text(question) for question in record.questions}


def verdict_text(question: QuestionMark) -> str:
    """Return one question's mark in words: status, points, reason, and the hint if there is one."""
    text = f"[{question.status}] {question.points:g} of {question.max_points:g} points"
    text += f": {question.reason}" if question.reason else ""
    return text + (f"\nThink: {question.hint}" if question.hint else "")


def as_code(text: str) -> str:
    """Return text as inline code, so that Markdown does nothing with it."""
    return "`" + text.replace("`", "'").replace("\n", " ") + "`"
