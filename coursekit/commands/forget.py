"""``coursekit forget``: delete one student's data from a course."""

import sys
from pathlib import Path

from coursekit.classroom.handing_in.roster import Student, read_roster
from coursekit.classroom.marking.forgetting import forget, traces_of
from coursekit.classroom.marking.gradebook import open_course


def run(student: str, *, course: Path | None = None, yes: bool = False) -> int:
    """List what a course holds of a student; with `yes` delete it.

    Raises:
        ValueError: If the course holds nothing of that name.
    """
    home = open_course(course or Path.cwd())
    usual = home.grading / "roster.csv"
    roster = read_roster(usual) if usual.is_file() else {}
    known = roster.get(student, Student(student))
    traces = traces_of(home, known)
    places = [path for path in traces.deleted if path.name.removesuffix(".json") == student]
    if not (places or traces.in_gradebook or student in roster or traces.cleared):
        raise ValueError(
            f"{home.root} holds nothing of a student {student!r}; an id is the name of a folder "
            f"in {home.grading / 'submitted'}"
        )
    word = "deleted" if yes else "would be deleted"
    if traces.in_gradebook:
        print(f"{word}: the gradebook's entry, with marks and comments")
    for path in traces.deleted:
        print(f"{word}: {path}")
    for path in traces.cleared:
        print(f"their entries {word}: {path}")
    for place in traces.by_hand:
        print(f"for you to delete: {place}")
    if yes:
        forget(home, traces)
        print("Copies elsewhere (your LMS, mail, backups) are not touched.", file=sys.stderr)
    else:
        print(f"To delete it: python3 -m coursekit forget {student} --yes", file=sys.stderr)
    return 0
