"""Grade a unit for a class: what changed is graded, each mark is kept at once, then recorded."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.known_names import nearest_names
from coursekit.classroom.handing_in.repair import Release, read_release
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.handing_in.submissions import Handed, find_submissions
from coursekit.classroom.marking import gradebook, manifest
from coursekit.classroom.marking.class_run import OpenJudge, Usage, grade_all, workers_for
from coursekit.classroom.marking.grade_one import Job, nothing_to_judge, write_heading
from coursekit.classroom.marking.gradebook import Course
from coursekit.classroom.marking.lateness import Lateness, labelled, lateness
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.marking.recorded import Ledger
from coursekit.storage import locked

PACKAGE = Path(__file__).resolve().parents[2]
DECIDES = (  # modules that have a say in a mark, whatever the unit
    *("exercises/*.py", "exercises/engine/*.py", "exercises/changes/*.py"),
    *("classroom/judge/*.py", "classroom/sandbox/worker*.py"),
    *("classroom/sandbox/wire.py", "classroom/sandbox/lean.py"),
    *(
        f"classroom/handing_in/{name}.py"
        for name in ("repair", "cell_text", "cell_parts", "raw_notebook", "large_outputs")
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
    due: datetime | None = None  # for everyone
    due_from: str = ""  # where that date stands
    penalties: Mapping[str, float | None] = field(default_factory=dict)  # None: nobody can say
    changed: frozenset[str] = frozenset()  # who was graded just now
    before: Mapping[str, Record] = field(default_factory=dict)  # their records before that
    waiting: Mapping[str, frozenset[str]] = field(default_factory=dict)  # what a person has to mark


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
    student: str = "",
    exercise: str = "",
    judged_by: str = "",
    on_wait: Callable[[], None] = lambda: None,
    on_start: Callable[[int, int, int], None] = lambda *_: None,
    on_record: Callable[[Record], None] = lambda _: None,
    usage: Usage | None = None,
    executor: Executor | None = None,
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
        student: Grade this one again, and nobody else; "" for everyone who changed.
        exercise: Judge this one again, of `student` or of everyone, and leave the others.
        judged_by: Kind of sandbox; marks of one kind are not taken for those of another.
        on_wait: Called once if another `grade` is at work in this course, before waiting for it.
        on_start: Called with (submissions to grade, unchanged ones, processes).
        on_record: Called with each new record.
        usage: Filled with the memory used.
        executor: Somebody else's processes to grade in; see `on_executor`.
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
        due_from = "due.csv" if due.everyone(unit) is not None else "Formgrader"
        due = gradebook.enter_unit(course, unit, due)
        closing = due.closing(unit)
        class_seed, drawn_at = manifest.class_seed(folder, closing=closing, now=now)
        records, set_aside = manifest.read_records(folder)
        basis = f"{fingerprint(course, unit)} {judged_by}"
        handed = find_submissions(submitted, unit, list(roster), due.zones.get(unit, ""))
        jobs = [_job(course, one, class_seed, basis, lateness(one, due, now)) for one in handed]
        records = {
            job.handed.student: records[job.handed.student]
            for job in jobs
            if job.handed.student in records
        }
        if student or exercise:
            changed = _asked_for(jobs, records, release, student, exercise)
        else:
            changed = [job for job in jobs if _is_new(records.get(job.handed.student), job, again)]
        to_judge = [job for job in changed if job.handed.path is not None]
        count = workers_for(len(to_judge), workers)
        on_start(len(changed), len(jobs) - len(changed), count)
        before = {one: records[one] for job in changed if (one := job.handed.student) in records}
        ledger = Ledger(course, unit, due, folder)
        try:
            for record in _relabelled(jobs, changed, records, now):
                manifest.write_record(folder, record)
                records[record.student] = record
            ledger.catch_up(records)
            for record in _graded(
                changed,
                release,
                open_judge=open_judge,
                settings=settings,
                workers=count,
                seconds_each=seconds_each,
                usage=usage,
                executor=executor,
            ):
                manifest.write_record(folder, record)
                old = records.get(record.student)
                records[record.student] = record
                same = old is not None and bool(old.content) and old.content == record.content
                ledger.write(record, same_text=same)
                on_record(record)
            ledger.flush()
            penalties = gradebook.write_penalties(ledger.gradebook, course, unit, records)
            waiting = gradebook.waiting_cells(ledger.gradebook, unit)
        finally:
            ledger.close()
    return Graded(
        unit=unit,
        records=tuple(records[name] for name in sorted(records)),
        graded=len(changed),
        seed_drawn_at=drawn_at,
        provisional=closing is not None and now <= closing,
        set_aside=tuple(set_aside),
        due=due.everyone(unit),
        due_from=due_from if due.everyone(unit) is not None else "",
        penalties=penalties,
        changed=frozenset(job.handed.student for job in changed),
        before=before,
        waiting=waiting,
    )


def _graded(jobs: Sequence[Job], release: Release, **how: Any) -> Iterator[Record]:
    """Yield the record of each job; where there is no notebook, no judge is needed."""
    for job in jobs:
        if job.handed.path is None:
            yield nothing_to_judge(job, release, job.handed.fault, job.handed.reason)
    to_judge = [job for job in jobs if job.handed.path is not None]
    yield from grade_all(to_judge, release, **how)


def _asked_for(
    jobs: Sequence[Job],
    records: Mapping[str, Record],
    release: Release,
    student: str,
    exercise: str,
) -> list[Job]:
    """Return the jobs of one student, or of one exercise, to do again."""
    names = [job.handed.student for job in jobs]
    if student and student not in names:
        hint = nearest_names(student, names)
        raise ValueError(f"no student {student!r} on the roster or among the submissions: {hint}")
    if exercise and exercise not in release.points:
        hint = nearest_names(exercise, release.points)
        raise ValueError(f"no exercise {exercise!r} in {release.unit}: {hint}")
    chosen = [job for job in jobs if student in ("", job.handed.student)]
    if not exercise:
        return chosen
    again = []
    for job in chosen:
        old = records.get(job.handed.student)
        if job.handed.path is None:
            continue
        # made from what the other questions were made from: those may still have to be judged
        if old is not None and old.content == job.content and _complete(old, release):
            job = replace(job, only=exercise, before=old, made_from=old.made_from)
        again.append(job)
    return again


def _complete(record: Record, release: Release) -> bool:
    return {question.exercise_id for question in record.questions} == set(release.points)


def _relabelled(
    jobs: Sequence[Job], changed: Sequence[Job], records: Mapping[str, Record], now: datetime
) -> Iterator[Record]:
    """Yield the records in which nothing but the lateness changed."""
    graded_now = {job.handed.student for job in changed}
    for job in jobs:
        old = records.get(job.handed.student)
        if old is None or job.handed.student in graded_now:
            continue
        at = job.handed.submitted_at
        new = replace(old, submitted_at=at.isoformat() if at else "")
        new = labelled(new, job.late, now)
        if new != old:
            write_heading(job.autograded, new)
            yield new


def fingerprint(course: Course, unit: str) -> str:
    """Return a hash of what decides a unit's marks beside the submission: release, bank, judge."""
    files = [path for pattern in DECIDES for path in PACKAGE.glob(pattern)]
    bank = f"exercises/banks/unit_{unit[:2]}_*"
    files += [*PACKAGE.glob(f"{bank}.py"), *PACKAGE.glob(f"{bank}/*.py")]
    files += [course.release_path(unit)]
    variant = course.root / VARIANT
    files += (
        PACKAGE.glob(f"exercises/changes/tasks/unit_{unit[:2]}.toml") if variant.exists() else []
    )
    whole = hashlib.sha256(_changes_of(variant, unit) if variant.exists() else b"")
    for path in sorted(files):
        whole.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _changes_of(variant: Path, unit: str) -> bytes:
    """Return what a private release says of one unit; all it says if it cannot be read."""
    content = variant.read_bytes()
    try:
        changes = sorted(json.loads(content)["changes"].items())
        return repr([one for one in changes if one[0].startswith(f"u{unit[:2]}_")]).encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        return content


def _job(course: Course, handed: Handed, class_seed: int, basis: str, late: Lateness) -> Job:
    content = "" if handed.path is None else _hash_of(handed.path)
    parts = [basis, content, handed.fault, handed.reason, str(class_seed)]
    made_from = hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()
    autograded = course.autograded_path(handed.unit, handed.student)
    return Job(handed, made_from, class_seed, autograded, late, content)


def _hash_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:  # the same is said when it is graded
        return f"unreadable: {error.errno}"


def _is_new(record: Record | None, job: Job, again: tuple[str, ...]) -> bool:
    if record is None or record.made_from != job.made_from or not record.judged:
        return True
    if record.judged == "ungraded" or record.status in again or record.judged in again:
        return True
    return record.handed_in and not job.autograded.exists()
