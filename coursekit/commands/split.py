"""``coursekit split``: marking by several people, each with a list and a sheet of their own."""

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from coursekit.classroom.handing_in.known_names import count
from coursekit.classroom.handing_in.repair import read_release
from coursekit.classroom.judge.marks import QuestionMark
from coursekit.classroom.marking.gradebook import Course, opened
from coursekit.classroom.marking.sheets import (
    HEAD,
    Split,
    assign,
    check_names,
    filled_in,
    read_sheet,
    read_split,
    record_entries,
    split_path,
    write_split,
)
from coursekit.classroom.returning.export import harmless
from coursekit.classroom.returning.feedback import answers_in
from coursekit.classroom.returning.results import Result
from coursekit.classroom.returning.unit_text import unit_text
from coursekit.commands.graded_class import graded_class
from coursekit.storage import free_name, locked, time_stamp, write_atomically

UNREAD = ("unreadable", "tampered", "ungraded")  # of a question: the judge has no mark of its own


def run(
    unit: str,
    *,
    between: str = "",
    blind: bool = False,
    whole: bool = False,
    take: Path | None = None,
    by: str = "",
    course: Path | None = None,
) -> int:
    """Make the lists and sheets, or take a sheet back that was filled in.

    Args:
        unit: Which unit.
        between: Names of the assistants, separated by commas; "" to leave the lists as they are.
        blind: Sheets name students by a code.
        whole: Every question stands on the sheets, not only what waits for a person.
        take: A sheet that was filled in.
        by: Whose it is; needed with `take`.
        course: The course's folder.

    Raises:
        ValueError: If the unit was not graded, a name cannot be used, or a line of the sheet.
    """
    if take is not None and not take.is_file():
        raise ValueError(f"--take {take}: {no_sheet(take)}")
    there = graded_class(unit, course)
    home, name = there.course, there.unit
    results = [one for one in there.results if one.manual]
    path = split_path(home.grading, name)
    with locked(home.grading / ".grade-lock"):
        split = read_split(path)
        if take is not None:
            return _take(home, name, results, split, take, by)
        names = [one.strip() for one in between.split(",") if one.strip()]
        names = names or sorted(set(split.of.values()))
        if not names:
            raise ValueError(f"who marks? python3 -m coursekit split {name[:2]} --between ann,bob")
        check_names(names)
        before = dict(split.of)
        assign(split, [one.student.id for one in results], names)
        write_split(path, split)
    for who in sorted(set(before.values()) - set(names)):
        theirs = sum(name == who for name in before.values())
        print(
            f"{who} is not among them any more: {count(theirs, 'student')} went to the others. "
            f"What {who} wrote on a sheet can be taken under the new names",
            file=sys.stderr,
        )
    for who in names:
        own = [one for one in results if split.of[one.student.id] == who]
        rows, done = _rows(home, name, own, split, blind=blind, whole=whole)
        target = path.with_name(f"{name}-{who}.csv")
        if filled_in(target):
            kept = free_name(target, time_stamp())
            target.rename(kept)
            print(f"{target} had points on it: it is kept as {kept}", file=sys.stderr)
        write_atomically(target, _csv(rows))
        marked = f", {done} marked" if done else ""
        print(
            f"{target}: {count(len(own), 'student')}, {count(len(rows), 'answer')} to mark{marked}"
        )
    print(
        f"Filled in, it comes back with: python3 -m coursekit split {name[:2]} --take FILE --by WHO"
    )
    return 0


def _rows(
    home: Course, unit: str, results: Sequence[Result], split: Split, *, blind: bool, whole: bool
) -> tuple[list[list[object]], int]:
    """Return the rows of a sheet, and how many of its students' answers somebody has marked.

    What the judge could not read stands on it too, with the reason, until somebody has marked it:
    it has 0 points, which nobody has looked at.
    """
    text = unit_text(read_release(home.release_path(unit)))
    order = {name: i for i, name in enumerate(text.tasks)}
    rows: list[list[object]] = []
    done = 0
    for one in sorted(results, key=lambda one: split.codes[one.student.id]):
        answers = answers_in(home.autograded_path(unit, one.student.id))
        judged = {q.exercise_id: q for q in one.record.questions} if one.record else {}
        cells = {cell.removesuffix("_check"): value for cell, value in one.manual.items()}
        for name in sorted(cells, key=lambda cell: order.get(cell, len(order))):
            score, most, comment = cells[name]
            marked = f"{one.student.id} {name}" in split.marked
            done += marked
            unread = name in judged and judged[name].status in UNREAD and not marked
            if most == 0 or (score is not None and not whole and not unread):
                continue
            who = split.codes[one.student.id] if blind else one.student.id
            said = said_by_judge(judged[name]) if name in judged else ""
            title = text.task(name).title
            answer = "" if one.status == "unreadable" else answers.get(name, "")  # not the stub
            rows.append([who, name, title, said, "", most, comment, answer])
    return rows, done


def said_by_judge(question: QuestionMark) -> str:
    """Return the judge's points and status; the reason where it could not judge."""
    said = f"{question.points:g}, {question.status}"
    return said if question.status in ("ok", "wrong", "missing") else f"{said}: {question.reason}"


def _csv(rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEAD)
    for row in rows:
        *cells, answer = row
        writer.writerow([*map(harmless, cells), _lines(str(answer))])
    return out.getvalue()


def _lines(text: str) -> str:
    """Return a text of several lines that no spreadsheet takes for a formula."""
    first, *rest = text.strip("\n").split("\n")
    kept = ["".join(c if c.isprintable() else " " for c in line) for line in rest]
    return "\n".join([str(harmless(first)), *kept])


def no_sheet(path: Path) -> str:
    """Return what to say of a sheet that is not there: the sheets beside it, or where they lie."""
    if path.is_dir():
        return "that is a folder: name one sheet in it"
    beside = sorted(p.name for p in path.parent.glob("*.csv")) if path.parent.is_dir() else []
    listed = f"{path.parent} has {', '.join(beside[:8])}" if beside else "sheets are written to "
    return f"there is no such file; {listed}" + ("" if beside else "grading/marking/")


def _take(
    home: Course, unit: str, results: Sequence[Result], split: Split, sheet: Path, by: str
) -> int:
    if by not in split.of.values():
        listed = ", ".join(sorted(set(split.of.values()))) or "nobody yet: see --between"
        raise ValueError(f"--by {by!r}: whose sheet is it? There are {listed}")
    most = {
        (one.student.id, question.removesuffix("_check")): points
        for one in results
        for question, (_, points, _) in one.manual.items()
    }
    entries = read_sheet(sheet, split, by, most)
    with opened(home) as gradebook:
        told = record_entries(gradebook, unit, split, entries, by, most)
    write_split(split_path(home.grading, unit), split)
    marks = count(sum(entry.points is not None for entry in entries), "mark")
    comments = count(sum(bool(entry.comment) for entry in entries), "comment")
    print(f"{sheet}: {marks} and {comments} by {by}")
    for line in told:
        print(f"changed: {line}")
    return 0
