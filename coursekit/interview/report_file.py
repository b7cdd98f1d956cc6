"""The report of a sitting as a file that another program reads: CSV with a header, or JSON."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from coursekit.interview.declare import Question
from coursekit.interview.outcome import Outcome
from coursekit.interview.report import missed
from coursekit.storage import write_atomically

VERSION = 1
SUFFIXES = (".csv", ".json")
BETWEEN = " | "  # entries of a list in one cell
COLUMNS = (
    *("question_id", "level", "units", "concepts", "score", "seconds", "planned_seconds"),
    *("points_made", "points_in_all", "missed", "red_flags", "follow_up", "answer", "further"),
)


def check_name(path: Path) -> None:
    """Refuse a file name before the sitting begins.

    Raises:
        ValueError: If it ends in neither .csv nor .json, or is a folder.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path}: a report is written as {' or '.join(SUFFIXES)}; end it so")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a file in it")


def rows(outcomes: Sequence[Outcome], questions: Mapping[str, Question]) -> list[dict[str, Any]]:
    """Return one row a question with the `COLUMNS`; the score is 0 to 1."""
    found = []
    for o in outcomes:
        question = questions[o.question_id]
        made = (sum(o.ticks), len(question.points), missed(o, question))
        values = (
            *(o.question_id, question.level, list(question.units), list(question.concepts)),
            *(o.score, o.seconds, 60 * question.minutes, *made, list(o.red_flags)),
            *(o.follow_up, o.answer, o.further),
        )
        found.append(dict(zip(COLUMNS, values, strict=True)))
    return found


def write_file(
    path: Path,
    outcomes: Sequence[Outcome],
    questions: Mapping[str, Question],
    planned_minutes: float,
) -> None:
    """Write the report whole or not at all; without outcomes a header alone, or an empty list.

    In CSV the entries of a list stand in one cell with " | " between them. JSON keeps them apart
    and adds a version, the planned minutes and the mean score (null without outcomes).

    Raises:
        ValueError: As `check_name`.
    """
    check_name(path)
    table = rows(outcomes, questions)
    if path.suffix.lower() == ".json":
        mean = sum(o.score for o in outcomes) / len(outcomes) if outcomes else None
        head = {"version": VERSION, "planned_minutes": planned_minutes, "score": mean}
        told = {**head, "questions": table}
        write_atomically(path, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
        return
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in table:
        writer.writerow({k: BETWEEN.join(v) if isinstance(v, list) else v for k, v in row.items()})
    write_atomically(path, text.getvalue())
