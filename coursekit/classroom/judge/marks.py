"""What travels between a submission, the judge and the gradebook."""

from dataclasses import dataclass


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
class QuestionMark:
    """The mark of one question.

    Attributes:
        points: 0 <= points <= max_points, a plain finite float.
        status: "ok" (full marks), "wrong", "missing" (not done, or not there), "timeout",
            "memory", "crashed", "tampered", "unreadable".
        reason: One line that says what was seen.
        hint: A question about the misconception that the answer shows; "" if none is known.
    """

    exercise_id: str
    points: float
    max_points: float
    status: str
    reason: str
    hint: str = ""


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
