"""nbgrader's gradebook: the one place where marks, comments and penalties live.

Only the main process of `grade` writes here. What a person entered (manual scores, extra credit,
manual comments) is never touched.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import SaveCells
from sqlalchemy import create_engine, inspect, text
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.marking.grade_one import verdict_text
from coursekit.classroom.marking.lateness import penalty
from coursekit.classroom.marking.manifest import Record
from coursekit.storage import private_folder

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Course:
    """A folder with a course's release and its marks, and nbgrader's settings for it."""

    root: Path
    config: Config

    @property
    def grading(self) -> Path:
        """Where submissions, marks and feedback live."""
        return self.root / "grading"

    @property
    def db_url(self) -> str:
        """The gradebook's address."""
        return str(self.config.CourseDirectory.db_url)

    def release_path(self, unit: str) -> Path:
        """Return the path of a unit's released notebook."""
        return self.root / "notebooks" / unit / f"{unit}.ipynb"

    def autograded_path(self, unit: str, student: str) -> Path:
        """Return where formgrader looks for a student's graded notebook."""
        return self.grading / "autograded" / student / unit / f"{unit}.ipynb"


def open_course(near: Path) -> Course:
    """Return the course whose folder holds `near`: the nearest one with nbgrader's settings.

    Raises:
        ValueError: If there is none.
    """
    near = near.resolve()
    for folder in (near, *near.parents):
        if (folder / CONFIG).is_file():
            config = PyFileConfigLoader(CONFIG, path=str(folder)).load_config()
            return Course(folder, config)
    raise ValueError(
        f"{near} lies in no course: there is no {CONFIG} in it or above it.\n"
        "Name the course's folder with --course DIR."
    )


@contextmanager
def opened(course: Course) -> Iterator[Gradebook]:
    """Open the gradebook; make it if there is none."""
    private_folder(course.grading)
    book = course.grading / "gradebook.db"
    new = not book.exists()
    if new:
        _name_the_layout(course.db_url)
    with Gradebook(course.db_url, course.config.CourseDirectory.course_id) as gradebook:
        if new and book.exists():
            book.chmod(0o600)
        yield gradebook


def _name_the_layout(db_url: str) -> None:
    """Write into an empty database which of nbgrader's layouts it will have.

    nbgrader asks a process of its own for that name, `alembic heads`, which takes seconds.
    """
    from alembic.script import ScriptDirectory

    engine = create_engine(db_url)
    if not inspect(engine).get_table_names():
        head = ScriptDirectory(ALEMBIC_DIR).get_current_head()
        with engine.begin() as connection:
            connection.execute(
                text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
            )
            connection.execute(
                text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": head}
            )
    engine.dispose()


@contextmanager
def one_commit(gradebook: Gradebook) -> Iterator[None]:
    """Make all that is entered inside one transaction; nbgrader commits each of its steps."""
    session = gradebook.db()
    session.commit = session.flush
    try:
        yield
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.commit
    session.commit()


def enter_unit(course: Course, unit: str, due: DueDates) -> DueDates:
    """Enter a unit's cells and due date, as `nbgrader generate_assignment` does.

    Returns:
        The due dates. Where none is given for everyone, the one that Formgrader set holds.

    Raises:
        ValueError: If its marked cells changed after submissions were graded.
    """
    everyone = due.everyone(unit)
    with opened(course) as gradebook:
        known = {} if everyone is None else {"duedate": _naive(everyone)}
        assignment = gradebook.update_or_create_assignment(unit, **known)
        if everyone is None and assignment.duedate is not None:
            set_there = assignment.duedate.replace(tzinfo=UTC)
            due = replace(due, dates={**due.dates, (unit, ""): set_there})
    resources = {"nbgrader": {"notebook": unit, "assignment": unit, "db_url": course.db_url}}
    notebook = nbformat.read(course.release_path(unit), as_version=4)
    try:
        SaveCells(config=course.config).preprocess(notebook, resources)
    except RuntimeError as error:
        raise ValueError(
            f"{error}.\nRestore the release that was handed out; or, if it was changed on purpose, "
            "add --cells-changed: marks by hand and comments stay"
        ) from None
    return due


def enter_class(course: Course, students: Iterable[Student]) -> None:
    """Enter the students of the roster; an empty field leaves what is there."""
    with opened(course) as gradebook:
        for student in students:
            names = ("first_name", "last_name", "email")
            known = {name: getattr(student, name) for name in names if getattr(student, name)}
            gradebook.update_or_create_student(student.id, **known)


def students_with_marks(course: Course, unit: str) -> set[str]:
    """Return the students who have a submission of a unit in the gradebook."""
    with opened(course) as gradebook:
        return {submission.student_id for submission in gradebook.assignment_submissions(unit)}


def write_marks(
    gradebook: Gradebook, record: Record, due: DueDates, *, same_text: bool = False
) -> None:
    """Write one submission's marks, comments and status.

    Where nothing was handed in there is no entry: that is how nbgrader shows that there is none.

    Args:
        gradebook: An open one.
        record: What the judge found.
        due: When it was due.
        same_text: The text is what was marked before: essays that a person marked stay marked.
    """
    if not record.handed_in:
        return
    submission = write_time(gradebook, record, due)
    (notebook,) = [one for one in submission.notebooks if one.name == record.unit]
    questions = {question.exercise_id: question for question in record.questions}
    for grade in notebook.grades:
        question = questions.get(grade.cell.name.removesuffix("_check"))
        if question is not None and question.status == "ungraded":  # no mark: a person has to look
            grade.auto_score, grade.needs_manual_grade = None, grade.manual_score is None
            continue
        before, overruled = grade.auto_score, grade.manual_score is not None
        if question is not None and grade.cell.name.endswith("_check"):
            grade.auto_score = float(question.points)
            # a person's own mark stands; they look again where the judge's changed
            changed = before != grade.auto_score
            again = overruled and (changed or bool(grade.needs_manual_grade))
            unseen = not overruled and question.exercise_id in record.suspect
            grade.needs_manual_grade = again or unseen
        elif not record.answered.get(grade.cell.name, True):
            grade.auto_score, grade.needs_manual_grade = 0.0, False
        elif not (same_text and overruled):
            grade.auto_score, grade.needs_manual_grade = None, True
    for comment in notebook.comments:
        question = questions.get(comment.cell.name)
        if question is not None:
            comment.auto_comment = verdict_text(question)
        else:
            answered = record.answered.get(comment.cell.name, True)
            comment.auto_comment = None if answered else "No response."
    if record.suspect:
        notebook.flagged = True
    gradebook.db.commit()


def write_time(gradebook: Gradebook, record: Record, due: DueDates) -> SubmittedAssignment:
    """Write when something was handed in and what extension there is; return its entry."""
    unit, student = record.unit, record.student
    try:
        gradebook.find_student(student)
    except MissingEntry:
        gradebook.add_student(student)
    known: dict = {"extension": None, "timestamp": None}
    if record.submitted_at:
        known["timestamp"] = _naive(datetime.fromisoformat(record.submitted_at))
    own, everyone = due.of(unit, student), due.everyone(unit)
    if own is not None and everyone is not None and own != everyone:
        known["extension"] = own - everyone
    with gradebook.db.no_autoflush:  # nbgrader builds the entry before it is in the session
        return gradebook.update_or_create_submission(unit, student, **known)


def waiting_cells(gradebook: Gradebook, unit: str) -> dict[str, frozenset[str]]:
    """Return student -> the exercises and essays that wait to be marked by a person."""
    found = {}
    for submission in gradebook.assignment_submissions(unit):
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        names = {one.cell.name.removesuffix("_check") for one in grades if one.needs_manual_grade}
        if names:
            found[submission.student_id] = frozenset(names)
    return found


def write_penalties(
    gradebook: Gradebook, course: Course, unit: str, records: Mapping[str, Record]
) -> dict[str, float | None]:
    """Write what being late costs, by the course's settings as they are now.

    Marks that people gave count as they stand, so this is done whenever marks are read.

    Returns:
        Student -> points taken off, of those who are late; None where nobody can say how late it is
        and it matters. Then nothing is taken off in the gradebook, and the mark waits for a person.
    """
    costs: dict[str, float | None] = {}
    for submission in gradebook.assignment_submissions(unit):
        record = records.get(submission.student_id)
        notebook = submission.notebooks[0] if submission.notebooks else None
        if record is None or notebook is None:
            continue
        if not (record.late_by != 0.0 or record.doubt or notebook.late_submission_penalty):
            continue
        cost = penalty(course.config, record, float(notebook.score))
        costs[record.student] = cost
        wanted = cost or None
        if notebook.late_submission_penalty != wanted:
            notebook.late_submission_penalty = wanted
    gradebook.db.commit()
    return costs


def _naive(moment: datetime) -> datetime:
    """Return UTC without its zone, as nbgrader stores it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
