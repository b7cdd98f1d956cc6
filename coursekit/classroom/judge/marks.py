"""What travels between a submission, the judge and the gradebook."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

GRAVEST_FIRST = ("tampered", "memory", "crashed", "timeout")


class Trouble(Protocol):
    """What ended a process, or kept it from answering."""

    @property
    def status(self) -> str:
        """One of GRAVEST_FIRST, or "unreadable"."""

    @property
    def reason(self) -> str:
        """One line."""


@dataclass(frozen=True)
class AttemptCell:
    """One code cell that the judge has executed, or a place where it asks.

    Attributes:
        kind: "solution" (a solution cell of the unit), "added" (the learner's own cell),
            "released" (what runs of a cell of the unit) or "check" (here a question is asked).
        exercise_id: Which exercise a solution or check cell is for; else None.
        source: The cell's text, in Python; "" for a check.
    """

    kind: str
    exercise_id: str | None
    source: str


@dataclass(frozen=True)
class Attempt:
    """What the text of a submission gives: the unit's own prelude, and the learner's cells."""

    unit: str
    prelude: str
    cells: tuple[AttemptCell, ...]


@dataclass(frozen=True)
class Seen:
    """One input for which an answer is not right, in words for whoever wrote it.

    Attributes:
        input: Its arguments, as they would be typed.
        got: A sentence: what the answer did.
        right: What is right; "" where that stays with the teacher.
        public: The input is one of those that the learner's own check shows.
    """

    input: str
    got: str
    right: str = ""
    public: bool = False


@dataclass(frozen=True)
class QuestionMark:
    """The mark of one question.

    Attributes:
        points: 0 <= points <= max_points, a plain finite float.
        status: "ok" (full marks), "wrong", "missing" (not done, or not there), "timeout",
            "memory", "crashed", "tampered", "unreadable".
        reason: One line that says what was seen.
        hint: A question to think about: of the misconception that the answer shows, or else about
            what is odd in its result; "" if there is nothing to ask.
        mistake: The misconception's name in the exercise's declaration; "" if none is known.
        output: Equal for equal wrong results of a class, to three digits; "" if none came.
        seen: The smallest input that shows it.
    """

    exercise_id: str
    points: float
    max_points: float
    status: str
    reason: str
    hint: str = ""
    mistake: str = ""
    output: str = ""
    seen: Seen | None = None


@dataclass(frozen=True)
class SubmissionMark:
    """The marks of one submission.

    Attributes:
        questions: In the order asked for.
        status: "ok" if every question could be judged (right or wrong), else the gravest of its
            questions' statuses.
        reason: One line.
        seconds: Wall time that judging took.
    """

    questions: tuple[QuestionMark, ...]
    status: str
    reason: str
    seconds: float


def summary(questions: Sequence[QuestionMark], troubles: Sequence[Trouble]) -> tuple[str, str]:
    """Return a submission's status and reason: the gravest thing that happened."""
    for status in GRAVEST_FIRST:
        for question in questions:
            if question.status == status:
                return status, f"{question.exercise_id}: {question.reason}"
        for gone in troubles:
            if gone.status == status:
                return status, gone.reason
    kinds = Counter(question.status for question in questions)
    said = ", ".join(f"{count} {status}" for status, count in kinds.most_common())
    if questions and set(kinds) == {"missing"}:
        return "missing", "no question is answered"
    return "ok", said or "no questions"
