"""A page of feedback for one student: what is right, what is not and why, what to read again.

Everything is escaped, nothing runs, nothing is loaded. Of inputs that were drawn for the class the
right result is not in it (see `judge.shown`), nor is a status that is meant for whoever teaches.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat

from coursekit.classroom.judge.marks import QuestionMark
from coursekit.classroom.marking.lateness import in_words
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.returning.feedback_template import PAGE
from coursekit.classroom.returning.page_style import rendered
from coursekit.classroom.returning.results import Result
from coursekit.classroom.returning.unit_text import Task, UnitText
from coursekit.classroom.returning.words import (
    question_reason,
    question_status,
    waits_in_words,
    whole_words,
)

MOST_SHOWN = 20_000  # characters of one cell
KINDS = {
    **{"right": "right", "partly right": "part", "not done": "none", "not right yet": "wrong"},
    **{"marked by a person": "none", "to be looked at": "none"},
}
NOTHING = (
    "If you did hand something in, it did not get to where it is marked: write to your teacher, "
    "and send the file along."
)
NO_FILE = (
    "What you handed in could not be opened as a notebook. In JupyterLab take File, Download, and "
    "hand in the .ipynb file as it is; ask your teacher whether that still counts."
)


def feedback_page(
    result: Result, text: UnitText, autograded: Path, *, mean: float | None = None
) -> str:
    """Return a student's page as HTML.

    Args:
        result: Marks as they count, manual ones included.
        text: Titles and tasks of the unit, as it was released.
        autograded: The notebook that `grade` wrote, for the learner's own answers.
        mean: Of the class, where its students are to read it.
    """
    record = result.record
    nothing = ""
    if not result.manual or result.status == "missing":
        nothing = NOTHING if record is None or not record.handed_in else ""
    elif result.status == "unreadable":
        nothing = NO_FILE
    silent = result.status == "unreadable" or not result.manual
    return rendered(
        PAGE,
        text=text,
        name=result.student.name,
        result=result,
        summary=_sentence(whole_words(result)),
        mean=mean,
        notes=softened(record.notes if record else (), text),
        when=_when(record) if record else "",
        waits=waits_in_words(result),
        nothing=nothing,
        rows=[] if silent else _rows(result, text, answers_in(autograded)),
    )


def _rows(result: Result, text: UnitText, answers: dict[str, str]) -> list[dict[str, Any]]:
    questions = {q.exercise_id: q for q in result.record.questions} if result.record else {}
    order = {name: i for i, name in enumerate([*text.tasks, *questions])}
    rows = []
    for cell, (score, most, comment) in result.manual.items():
        name = cell.removesuffix("_check")
        question, task = questions.get(name), text.task(name)
        row = {
            "name": name,
            "task": task,
            "points": f"{'?' if score is None else f'{score:g}'} of {most:g}" if most else "",
            "comment": comment,
            "adapted": result.adapted.get(name, ""),
            "code": answers[name].rstrip().split("\n") if answers.get(name) else [],
        }
        judged = _judged(question, score, most, task)
        if name in result.dropped:
            judged |= {"status": "dropped", "kind": "none"}
        rows.append(row | judged)
    for row in rows:
        if row["status"] == "not done" and "stub" in str(row.get("reason")):
            row["code"] = []
    return sorted(rows, key=lambda row: order.get(str(row["name"]), len(order)))


def _judged(
    question: QuestionMark | None, score: float | None, most: float, task: Task
) -> dict[str, Any]:
    """Return what the judge has to say of a question."""
    if question is None:
        return {"status": "waits for your teacher" if score is None else "marked", "kind": "none"}
    won = None if score is None or not most else score * question.max_points / most
    status = question_status(question, won)
    full = won is not None and won >= question.max_points and question.status != "ok"
    if full:  # by a person
        status = "full points"
    return {
        "status": status,
        "kind": "right" if full else KINDS.get(status, "wrong"),
        "reason": question_reason(question, won)
        if question.seen or question.status != "wrong"
        else _sentence(question.reason),
        "seen": question.seen,
        "hint": question.hint,
        "reread": task.section if question.status != "ok" else "",
    }


def _when(record: Record) -> str:
    """Return what is known of when it was handed in and when it was due."""
    at, due = (
        in_words(datetime.fromisoformat(text)) if text else ""
        for text in (record.submitted_at, record.due)
    )
    after = " (after the due date)" if record.status == "late" else ""
    said = [f"handed in {at}{after}" if at else "", f"due {due}" if due else ""]
    return ", ".join(filter(None, said))


def answers_in(path: Path) -> dict[str, str]:
    """Return grade id -> text of each cell that the learner was to fill in."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        return {}
    marked = [(cell.metadata.get("nbgrader", {}), cell.source) for cell in notebook.cells]
    return {
        mark["grade_id"]: source[:MOST_SHOWN] for mark, source in marked if mark.get("solution")
    }


def softened(notes: Sequence[str], text: UnitText) -> list[str]:
    """Return what was put in order before marking, as a friend would say it."""
    ours, twice, found, rest = [], [], [], []
    for note in notes:
        cell = note.split(" ")[0]
        if re.search(r" was (edited|missing): put back", note):
            ours.append(_called(cell, text))
        elif " was copied: the last copy counts" in note:
            twice.append(_called(cell, text))
        elif " had lost its mark: found by" in note or "cell: read as" in note:
            found.append(_called(cell, text))
        elif " was copied: the copy was dropped" not in note:
            rest.append(_sentence(note))
    said = []
    if twice:
        said.append(f"There was more than one answer, and the last one counted: {_list(twice)}.")
    if found:
        said.append(f"Found again though the notebook had lost its label: {_list(found)}.")
    said += rest
    if ours:
        said.append(
            "Some cells that belong to the notebook itself looked different from those given out, "
            f"and the original ones were used: {_list(ours)}. That costs nothing. It often only "
            "means that something was printed there, or an older version of the notebook."
        )
    return said


def _called(cell: str, text: UnitText) -> str:
    name = cell.removesuffix("_check")
    if name.endswith("_prelude"):
        return "the imports"
    title = text.task(name).title.partition(":")[0]
    return f"the check of {title}" if cell.endswith("_check") else title


def _list(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) or not text else f"{text}."
