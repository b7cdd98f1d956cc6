"""Grade a unit for a class: what changed is graded, each mark is kept at once, then recorded."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coursekit.classroom.handing_in.repair import read_release
from coursekit.classroom.handing_in.roster import DueDates, Student
from coursekit.classroom.handing_in.submissions import Handed, find_submissions
from coursekit.classroom.marking import gradebook, manifest
from coursekit.classroom.marking.class_run import OpenJudge, Usage, grade_all, workers_for
from coursekit.classroom.marking.grade_one import Job
from coursekit.classroom.marking.gradebook import Course
from coursekit.classroom.marking.manifest import Record
from coursekit.storage import locked, write_atomically

PACKAGE = Path(__file__).resolve().parents[2]
DECIDES = (  # modules that have a say in a mark, whatever the unit
    *("exercises/*.py", "exercises/engine/*.py", "exercises/changes/*.py"),
    *("classroom/judge/*.py", "classroom/sandbox/worker*.py"),
    *("classroom/sandbox/wire.py", "classroom/sandbox/lean.py"),
    *(
        f"classroom/handing_in/{name}.py"
        for name in ("repair", "cell_text", "cell_parts", "raw_notebook")
    ),
)
VARIANT = "variant.json"  # in a private release: what it changes


@dataclass(frozen=True)
class Graded:
    """What grading a unit gave."""

    unit: str
    records: tuple[Record, ...]  # of the whole class, by student
    graded: int  # how many of them just now
    seed_drawn_at: str
    provisional: bool  # the last due date has not passed
    set_aside: tuple[Path, ...]  # damaged records


def grade_unit(
    course: Course,
    submitted: Path,
    unit: str,
    *,
    roster: dict[str, Student],
    due: DueDates,
    open_judge: OpenJudge,
    settings: Any,
    seconds_each: float,
    workers: int | None = None,
    again: tuple[str, ...] = (),
    judged_by: str = "",
    on_wait: Callable[[], None] = lambda: None,
    on_start: Callable[[int, int, int], None] = lambda *_: None,
    on_record: Callable[[Record], None] = lambda _: None,
    usage: Usage | None = None,
    now: datetime | None = None,
) -> Graded:
    """Grade every submission of a unit that changed since it was last graded.

    Killed at any moment, it goes on where it stopped when called again: a record is written whole
    as soon as a submission is graded, the seeds are stored, and the gradebook is written from the
    records.

    Args:
        course: Where release, marks and gradebook are.
        submitted: Folder of submissions, STUDENT/UNIT/UNIT.ipynb.
        unit: Which unit.
        roster: Students by id; may be empty.
        due: When it is due; may be empty.
        open_judge: Makes the judge in each process; see `class_run`.
        settings: Its argument.
        seconds_each: Wall time for one submission, the judge's own limits apart.
        workers: How many processes; None for as many as cores and memory allow.
        again: Statuses of submissions to grade again though nothing changed.
        judged_by: Kind of sandbox; marks of one kind are not taken for those of another.
        on_wait: Called once if another `grade` is at work in this course, before waiting for it.
        on_start: Called with (submissions to grade, unchanged ones, processes).
        on_record: Called with each new record.
        usage: Filled with the memory used.
        now: The present, for tests.

    Raises:
        ValueError: If the unit is not released or its release does not fit the gradebook.
        RuntimeError: If the judge cannot be opened.
    """
    now = now or datetime.now(UTC)
    release = read_release(course.release_path(unit))
    folder = manifest.folder_of(course.grading, unit)
    with locked(course.grading / ".grade-lock", on_wait=on_wait):
        gradebook.enter_class(course, roster.values())
        gradebook.enter_unit(course, unit, due)
        closing = due.closing(unit)
        class_seed, drawn_at = manifest.class_seed(folder, closing=closing, now=now)
        records, set_aside = manifest.read_records(folder)
        basis = f"{fingerprint(course, unit)} {judged_by}"
        handed = find_submissions(submitted, unit, list(roster))
        jobs = [_job(course, one, class_seed, basis, due) for one in handed]
        records = {
            job.handed.student: records[job.handed.student]
            for job in jobs
            if job.handed.student in records
        }
        changed = [job for job in jobs if _is_new(records.get(job.handed.student), job, again)]
        count = workers_for(len(changed), workers)
        on_start(len(changed), len(jobs) - len(changed), count)
        ledger = _Recorded(course, unit, due, folder)
        try:
            ledger.catch_up(records)
            for record in grade_all(
                changed,
                release,
                open_judge=open_judge,
                settings=settings,
                workers=count,
                seconds_each=seconds_each,
                usage=usage,
            ):
                manifest.write_record(folder, record)
                records[record.student] = record
                ledger.write(record)
                on_record(record)
        finally:
            ledger.close()
    return Graded(
        unit=unit,
        records=tuple(records[student] for student in sorted(records)),
        graded=len(changed),
        seed_drawn_at=drawn_at,
        provisional=closing is not None and now <= closing,
        set_aside=tuple(set_aside),
    )


def fingerprint(course: Course, unit: str) -> str:
    """Return a hash of what decides a unit's marks beside the submission: release, bank, judge."""
    files = [path for pattern in DECIDES for path in PACKAGE.glob(pattern)]
    bank = f"exercises/banks/unit_{unit[:2]}_*"
    files += [*PACKAGE.glob(f"{bank}.py"), *PACKAGE.glob(f"{bank}/*.py")]
    files += [course.release_path(unit)]
    files += [course.root / VARIANT] if (course.root / VARIANT).exists() else []
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def lateness(handed: Handed, due: DueDates) -> float | None:
    """Return by how many seconds a submission is late: 0 in time, None where nobody knows."""
    own = due.of(handed.unit, handed.student)
    if own is not None and handed.submitted_at is not None:
        return max(0.0, (handed.submitted_at - own).total_seconds())
    return None if handed.marked_late else 0.0


def _job(course: Course, handed: Handed, class_seed: int, basis: str, due: DueDates) -> Job:
    late_by = lateness(handed, due)
    content = "" if handed.path is None else _hash_of(handed.path)
    when = str(handed.submitted_at)
    parts = [basis, content, handed.fault, handed.reason, str(class_seed), str(late_by), when]
    made_from = hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()
    autograded = course.autograded_path(handed.unit, handed.student)
    return Job(handed, made_from, class_seed, late_by, autograded)


def _hash_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:  # the same is said when it is graded
        return f"unreadable: {error.errno}"


def _is_new(record: Record | None, job: Job, again: tuple[str, ...]) -> bool:
    if record is None or record.made_from != job.made_from or record.status in again:
        return True
    return record.handed_in and not job.autograded.exists()


class _Recorded:
    """Which records the gradebook has; killed between the two, a record is written once more."""

    def __init__(self, course: Course, unit: str, due: DueDates, folder: Path):
        self.course, self.unit, self.due = course, unit, due
        self.path = folder / ".recorded.json"
        try:
            self.known = dict(json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            self.known = {}
        self.context = gradebook.opened(course)
        self.gradebook = self.context.__enter__()

    def catch_up(self, records: dict[str, Record]) -> None:
        """Write the records that the gradebook lacks."""
        there = gradebook.students_with_marks(self.course, self.unit)
        for record in records.values():
            lost = record.handed_in and record.student not in there
            if lost or self.known.get(record.student) != self._mark(record):
                self.write(record)

    def write(self, record: Record) -> None:
        """Write one record into the gradebook."""
        gradebook.write_marks(self.gradebook, self.course, record, self.due)
        self.known[record.student] = self._mark(record)

    def close(self) -> None:
        """Note what has been written, and close the gradebook."""
        write_atomically(self.path, json.dumps(self.known, indent=1) + "\n")
        self.context.__exit__(None, None, None)

    def _mark(self, record: Record) -> str:
        own = self.due.of(self.unit, record.student)
        return f"{record.made_from} {record.graded_at} {own}"
