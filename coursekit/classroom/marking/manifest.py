"""The manifest of a graded unit: one record for each submission, kept whole through any crash.

grading/manifest/UNIT/STUDENT.json     one submission's marks, written to a temporary name and
                                       renamed: it is there whole, or not at all
grading/manifest/UNIT/.class.json      the class's seed and when it was drawn
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from coursekit.classroom.judge.marks import QuestionMark, Seen
from coursekit.storage import free_name, time_stamp, write_atomically

VERSION = 2  # 1 lacks a question's mistake, output and seen; it is read as it is
READABLE = (1, 2)
STATUSES = (
    *("ok", "late", "unsettled", "timeout", "memory", "crashed", "tampered", "missing"),
    "unreadable",
    "ungraded",  # the machinery failed, twice: no mark, and the next `grade` tries again
)


@dataclass(frozen=True)
class Record:
    """What grading one submission gave.

    Attributes:
        made_from: Hash of all that decides the marks: the notebook's bytes, the release, the
            exercises, the seed, the judge. An equal hash need not be graded again.
        status: One of STATUSES.
        reason: One line.
        seed: Of the class, so that everyone is asked the same.
        handed_in: There was a file; without one, nbgrader gets no entry.
        late_by: Seconds after the due date; 0 in time, None if it is late by nobody knows what.
        late_at_most: An upper bound where `late_by` is None; None if there is none.
        doubt: What a person has to settle before the mark counts; "" if nothing.
        due: When this student has to hand in; "" if no date is given.
        clock: What says when it was handed in: "time", "LMS", or "" for nothing.
        judged: The judge's own status, lateness apart.
        said: The judge's own reason.
        content: Hash of the notebook's bytes.
        answered: Essay id -> whether something was written there.
        notes: What had to be mended.
    """

    unit: str
    student: str
    made_from: str
    status: str
    reason: str
    questions: tuple[QuestionMark, ...]
    seed: int
    handed_in: bool = True
    late_by: float | None = 0.0
    submitted_at: str = ""
    answered: dict[str, bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    graded_at: str = ""
    late_at_most: float | None = None
    doubt: str = ""
    due: str = ""
    clock: str = ""
    judged: str = ""
    said: str = ""
    content: str = ""

    @property
    def points(self) -> float:
        """Sum of the points that the judge gave."""
        return float(sum(question.points for question in self.questions))

    @property
    def max_points(self) -> float:
        """Sum of the points that the judge could give."""
        return float(sum(question.max_points for question in self.questions))

    @property
    def suspect(self) -> frozenset[str]:
        """Questions that count only once a person has looked at the code, and given points."""
        if self.judged != "tampered":
            return frozenset()
        named = {one.exercise_id for one in self.questions if one.status == "tampered"}
        return frozenset(named or {one.exercise_id for one in self.questions if one.points})


def folder_of(grading: Path, unit: str) -> Path:
    """Return the manifest's folder of a unit."""
    return grading / "manifest" / unit


def write_record(folder: Path, record: Record) -> None:
    """Write one record whole or not at all."""
    content = asdict(record)
    whole = {"version": VERSION, **content, "check": _check(content)}
    write_atomically(_path(folder, record.student), json.dumps(whole, indent=1) + "\n")


def read_records(folder: Path) -> tuple[dict[str, Record], list[Path]]:
    """Return the records of a unit by student, and where damaged ones were put aside.

    A record that is damaged, or of a later version, is renamed and counts as not there: that
    submission is graded again.
    """
    records, set_aside = {}, []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        if path.name.startswith("."):
            continue
        try:
            record = _record(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError):
            kept = free_name(path, f"damaged-{time_stamp()}")
            path.rename(kept)
            set_aside.append(kept)
            continue
        records[record.student] = record
    return records, set_aside


def class_seed(folder: Path, *, closing: datetime | None, now: datetime) -> tuple[int, str]:
    """Return the class's seed and when it was drawn; draw and store it if there is none.

    A seed drawn before the last due date is drawn anew once that has passed, so that nobody could
    have known it while handing in. The old one is kept in the file.

    Args:
        folder: The unit's manifest.
        closing: When the last student has to hand in, if there is such a date.
        now: The present.
    """
    path = folder / ".class.json"
    history: list[dict[str, Any]] = []
    if path.exists():
        try:
            history = json.loads(path.read_text(encoding="utf-8"))["seeds"]
            latest = history[-1]
            drawn, seed = datetime.fromisoformat(latest["drawn_at"]), int(latest["seed"])
            if closing is None or drawn > closing or now <= closing:
                return seed, latest["drawn_at"]
        except (ValueError, KeyError, TypeError, IndexError):
            path.rename(free_name(path, f"damaged-{time_stamp()}"))
            history = []
    seed, drawn_at = secrets.randbits(63), now.astimezone(UTC).isoformat()
    history = [*history, {"seed": seed, "drawn_at": drawn_at}]
    write_atomically(path, json.dumps({"version": VERSION, "seeds": history}, indent=1) + "\n")
    return seed, drawn_at


def _path(folder: Path, student: str) -> Path:
    return folder / f"{quote(student, safe=' @=,')}.json"


def _check(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _record(whole: dict[str, Any]) -> Record:
    content = dict(whole)
    if content.pop("version") not in READABLE or content.pop("check") != _check(content):
        raise ValueError("damaged, or of another version")
    content["questions"] = tuple(_question(one) for one in content["questions"])
    content["notes"] = tuple(content["notes"])
    return Record(**content)


def _question(one: dict[str, Any]) -> QuestionMark:
    seen = one.get("seen")
    return QuestionMark(**{**one, "seen": None if seen is None else Seen(**seen)})
