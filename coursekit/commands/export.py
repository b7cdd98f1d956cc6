"""``coursekit export``: the marks as a table for a learning management system."""

import sys
from pathlib import Path

from coursekit.classroom.handing_in.known_names import count
from coursekit.classroom.handing_in.lms_tables import system_of
from coursekit.classroom.handing_in.table_file import read_table
from coursekit.classroom.returning.export import FORMATS, gradescope_result, table
from coursekit.classroom.returning.fill_in import filled
from coursekit.commands.graded_class import graded_class
from coursekit.storage import write_atomically


def run(
    unit: str,
    *,
    to: str,
    out: Path | None = None,
    roster: Path | None = None,
    course: Path | None = None,
    into: Path | None = None,
    column: str = "",
) -> int:
    """Write the table, and for Gradescope a results.json for each student beside it.

    Canvas's gradebook and Moodle's worksheet are filled in where one is given, or is the roster.

    Raises:
        ValueError: For a format that there is not, a unit that was not graded, ids that lack.
    """
    if to not in FORMATS:
        raise ValueError(f"--to {to}: choose one of {', '.join(FORMATS)}")
    there = graded_class(unit, course, roster)
    home, name, chosen, students = there.course, there.unit, there.roster, there.students
    results = there.results
    strangers = [one.student.id for one in results if students and one.student.id not in students]
    if strangers:
        print(f"not on the roster, left out: {', '.join(strangers)}", file=sys.stderr)
        results = [one for one in results if one.student.id in students]
    basis = into or (chosen if chosen and system_of(read_table(chosen)) == to else None)
    told: list[str] = []
    if basis is not None:
        text, told = filled(read_table(basis), to, results, name, column)
    else:
        text = table(results, name, to)
        if to == "moodle":
            told.append(
                "Moodle numbers its participants anew for each assignment: if it takes nobody, "
                "fill in this assignment's own grading worksheet with --into"
            )
    target = out or home.grading / f"{name}-{to}.csv"
    write_atomically(target, text)
    if to == "gradescope":
        for one in results:
            path = target.with_suffix("") / one.student.id / "results.json"
            write_atomically(path, gradescope_result(one))
    print(f"{target}: {count(len(results), 'student')}{f', filled into {basis}' if basis else ''}")
    for line in told:
        print(line, file=sys.stderr)
    waiting = [one for one in results if one.waits]
    if waiting:
        print(
            f"still waiting for a person or a date: {len(waiting)}; for an LMS that mark stays "
            "empty:"
        )
    for one in waiting[:20]:
        print(f"  {one.student.id}: {one.waits}")
    if len(waiting) > 20:
        print(f"  and {len(waiting) - 20} more: see waits_for in `--to nbgrader`")
    return 0
