"""What `grade` prints at the end: who to look at, the sums, and what is known of time."""

import sys
from collections import Counter

from coursekit.classroom.handing_in.known_names import count
from coursekit.classroom.marking.gradebook import Course
from coursekit.classroom.marking.grading import Graded
from coursekit.classroom.marking.lateness import in_words
from coursekit.classroom.marking.manifest import STATUSES, Record


def compare(graded: Graded, exercise: str) -> None:
    """Print the old and the new mark of each question that was judged again."""
    for new in graded.records:
        if new.student not in graded.changed:
            continue
        old = graded.before.get(new.student)
        was = {question.exercise_id: question for question in old.questions} if old else {}
        print(f"{new.student}: {_points(old)} before, {_points(new)} now ({new.status})")
        for question in new.questions:
            if exercise in ("", question.exercise_id):
                before = was.get(question.exercise_id)
                seen = f"{before.points:g} {before.status}" if before else "-"
                now = f"{question.points:g} {question.status}"
                mark = "  " if seen == now else "* "
                most = f"of {question.max_points:g}"
                print(f"{mark}{question.exercise_id:24} {seen:>14} -> {now:14} {most}")
    print_sums(graded)


def _points(record: Record | None) -> str:
    return f"{record.points:g} of {record.max_points:g}" if record else "not graded"


def about_time(graded: Graded) -> list[str]:
    """Return what there is to say of when things were handed in, and of what being late costs."""
    here = [record for record in graded.records if record.handed_in]
    timeless = [record.student for record in here if not record.clock and not record.doubt]
    told: list[str] = []
    if not here:
        return told
    if graded.due is not None:
        other = sum(bool(r.due) and r.due != graded.due.isoformat() for r in graded.records)
        extended = f", {other} with a date of their own" if other else ""
        told.append(f"Due {in_words(graded.due)}, by {graded.due_from or 'due.csv'}{extended}")
    if graded.due is None and not any(record.due for record in here):
        told.append(
            "No due date for this unit (grading/due.csv): nobody is late, but for an LMS's own mark"
        )
    elif len(timeless) == len(here):
        told.append(
            "Nobody can be late: no submission says when it was handed in. Times come from "
            "STUDENT/UNIT/timestamp.txt, as nbgrader's collect writes it, from Gradescope's zip, "
            "or as LATE from Canvas's"
        )
    elif timeless:
        listed = ", ".join(timeless[:5]) + (", ..." if len(timeless) > 5 else "")
        told.append(
            f"{len(timeless)} say nowhere when they were handed in, and count as in time: {listed}"
        )
    costs = {student: cost for student, cost in graded.penalties.items() if cost}
    if costs:
        told.append(f"{len(costs)} lose points for being late, {sum(costs.values()):g} in all")
    unknown = [student for student, cost in graded.penalties.items() if cost is None]
    if unknown:
        told.append(
            f"{len(unknown)} wait for a person to say when they were handed in, since the penalty "
            f"depends on it: {', '.join(unknown[:5])}"
        )
    return told


def report(graded: Graded, course: Course) -> None:
    """Print a line for each submission that a person should look at, and the sums."""
    for record in graded.records:
        if record.status != "ok" or record.notes:
            notes = "".join(f"; {note}" for note in record.notes[:3])
            points = f"{record.points:g}/{record.max_points:g}"
            print(f"{record.student:20} {record.status:10} {points:>7}  {record.reason}{notes}")
    print_sums(graded)
    for line in about_time(graded):
        print(line)
    for line in about_waiting(graded):
        print(line)
    if graded.provisional:
        print(
            "Provisional: the unit is still open. Grade again after the last due date: new seeds."
        )
    for path in graded.set_aside:
        print(f"A damaged record was kept as {path} and graded again.", file=sys.stderr)
    print(f"Seeds drawn at {graded.seed_drawn_at}; marks in {course.grading / 'gradebook.db'}")


def about_waiting(graded: Graded) -> list[str]:
    """Return who waits for a person, and where that person enters what."""
    where = f"in Formgrader, or on a sheet: python3 -m coursekit split {graded.unit[:2]}"
    suspect, others = [], 0
    for record in graded.records:
        waits = graded.waiting.get(record.student, frozenset())
        if waits & record.suspect:
            suspect.append(record.student)
        others += bool(waits - record.suspect)
    told = []
    if suspect:
        told.append(
            f"{len(suspect)} tampered, no mark goes out until you have looked at the code and "
            f"entered points, 0 too ({where}): {', '.join(suspect[:8])}"
            + (f" and {len(suspect) - 8} more" if len(suspect) > 8 else "")
        )
    if others:
        told.append(f"{others} wait for a person to mark what the judge cannot: {where}")
    return told


def print_sums(graded: Graded) -> None:
    """Print how many there are of each status, and the mean."""
    counted = Counter(record.status for record in graded.records)
    each = ", ".join(f"{counted[word]} {word}" for word in STATUSES if counted[word])
    there = [record.points for record in graded.records if record.status != "missing"]
    mean = f"; mean {sum(there) / len(there):.1f} points of those handed in" if there else ""
    people = count(len(graded.records), "student")
    print(f"{graded.unit}: {people}, {graded.graded} graded now: {each}{mean}")
