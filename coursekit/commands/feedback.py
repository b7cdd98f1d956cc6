"""``coursekit feedback``: a page for each student, as escaped HTML."""

from pathlib import Path

from coursekit.classroom.handing_in.due_dates import read_due_dates
from coursekit.classroom.handing_in.roster import read_roster
from coursekit.classroom.learner.copies import find_unit, released_units
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.returning.feedback import feedback_page
from coursekit.classroom.returning.results import results_of
from coursekit.storage import write_atomically


def run(unit: str, *, student: str = "", course: Path | None = None) -> int:
    """Write grading/feedback/STUDENT/UNIT/UNIT.html for the class or for one student.

    Raises:
        ValueError: If the unit was not graded, or nobody of that name handed it in.
    """
    home = open_course(course or Path.cwd())
    released = [path.name for path in released_units(home.root / "notebooks")]
    name = find_unit(unit, released)
    usual, dates = home.grading / "roster.csv", home.grading / "due.csv"
    due = read_due_dates(dates, released) if dates.is_file() else None
    results = results_of(home, name, read_roster(usual) if usual.is_file() else {}, due)
    if student:
        results = [one for one in results if one.student.id == student]
        if not results:
            raise ValueError(f"no student {student!r} in the gradebook of {home.root}")
    written = waiting = 0
    without = []
    for one in results:
        if not one.manual:  # nothing was handed in
            without.append(one.student.id)
            continue
        text = feedback_page(one, name, home.autograded_path(name, one.student.id))
        path = home.grading / "feedback" / one.student.id / name / f"{name}.html"
        write_atomically(path, text)
        written += 1
        waiting += bool(one.waits)
    print(f"{written} pages in {home.grading / 'feedback'}")
    if without:
        print(f"no page where nothing was handed in: {', '.join(without)}")
    if waiting:
        print(f"{waiting} of them still wait for a person or a date: write them again after that")
    return 0
