"""``coursekit export``: the marks as a table for a learning management system."""

import sys
from pathlib import Path

from coursekit.classroom.handing_in.roster import read_roster
from coursekit.classroom.learner.copies import find_unit, released_units
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.returning.export import FORMATS, gradescope_result, table
from coursekit.classroom.returning.results import results_of
from coursekit.storage import write_atomically


def run(
    unit: str,
    *,
    to: str,
    out: Path | None = None,
    roster: Path | None = None,
    course: Path | None = None,
) -> int:
    """Write the table, and for Gradescope a results.json for each student beside it.

    Raises:
        ValueError: For a format that there is not, a unit that was not graded, ids that lack.
    """
    if to not in FORMATS:
        raise ValueError(f"--to {to}: choose one of {', '.join(FORMATS)}")
    home = open_course(course or Path.cwd())
    name = find_unit(unit, [path.name for path in released_units(home.root / "notebooks")])
    usual = home.grading / "roster.csv"
    chosen = roster or (usual if usual.is_file() else None)
    students = read_roster(chosen) if chosen else {}
    results = results_of(home, name, students)
    strangers = [one.student.id for one in results if students and one.student.id not in students]
    if strangers and to in ("canvas", "moodle"):
        print(f"not on the roster, left out: {', '.join(strangers)}", file=sys.stderr)
        results = [one for one in results if one.student.id in students]
    text = table(results, name, to)
    target = out or home.grading / f"{name}-{to}.csv"
    write_atomically(target, text)
    if to == "gradescope":
        for one in results:
            path = target.with_suffix("") / one.student.id / "results.json"
            write_atomically(path, gradescope_result(one))
    waiting = sum(one.needs_person for one in results)
    print(f"{target}: {len(results)} students")
    if waiting:
        print(f"{waiting} still wait for a person's marks; for an LMS their mark is left empty")
    return 0
