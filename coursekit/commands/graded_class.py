"""The class of a graded unit, as feedback, report, export and split read it."""

from dataclasses import dataclass
from pathlib import Path

from coursekit.classroom.handing_in.due_dates import read_due_dates
from coursekit.classroom.handing_in.roster import Student, read_roster
from coursekit.classroom.learner.copies import find_unit, released_units
from coursekit.classroom.marking.gradebook import Course, open_course
from coursekit.classroom.returning.results import Result, results_of


@dataclass(frozen=True)
class GradedClass:
    """A course, a unit of it, and its results.

    Attributes:
        unit: The unit's full name.
        roster: The table of students, if there is one.
        students: What it says, by id.
        results: Of the roster and of the gradebook, by id.
    """

    course: Course
    unit: str
    roster: Path | None
    students: dict[str, Student]
    results: list[Result]


def graded_class(unit: str, course: Path | None = None, roster: Path | None = None) -> GradedClass:
    """Read the results of a unit, with the roster and the due dates of its course.

    Args:
        unit: Which unit, as somebody typed it.
        course: The course's folder; None for the one here.
        roster: A table of students; None for the course's own, if it has one.

    Raises:
        ValueError: If the unit is unknown or was not graded, or one of the files cannot be used.
    """
    home = open_course(course or Path.cwd())
    released = [path.name for path in released_units(home.root / "notebooks")]
    name = find_unit(unit, released)
    usual, dates = home.grading / "roster.csv", home.grading / "due.csv"
    chosen = roster or (usual if usual.is_file() else None)
    students = read_roster(chosen) if chosen else {}
    due = read_due_dates(dates, released) if dates.is_file() else None
    return GradedClass(home, name, chosen, students, results_of(home, name, students, due))
