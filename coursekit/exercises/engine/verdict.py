"""What judging an answer gives."""

from dataclasses import dataclass
from typing import Any

from coursekit.exercises.engine.declare import Case, Mistake


@dataclass(frozen=True)
class Outcome:
    """What one call gave.

    Attributes:
        kind: "value", or why there is none: "raised", "unfinished" (the stub's line is still
            there), "timeout", "parameters" (the function takes other arguments), "not_plain"
            (the result is no data) or "not_callable" (the answer is no function).
        value: The result as plain data.
        detail: The error, the time, the type: what the learner reads about it.
        printed: The beginning of what was printed.
        changed: The argument that the call changed and should not have, in words; "" if none.
        asks: The question that goes with it.
    """

    kind: str
    value: Any = None
    detail: str = ""
    printed: str = ""
    changed: str = ""
    asks: str = ""


@dataclass(frozen=True)
class CaseResult:
    """One case with what came and what was wanted.

    `only_changed` says that the result is right, and that the case fails because an argument was
    changed on the way.
    """

    case: Case
    outcome: Outcome
    expected: Any
    passed: bool
    only_changed: bool = False


@dataclass(frozen=True)
class Verdict:
    """The judgement of one answer.

    Attributes:
        status: "passed", "failed" or "unfinished" (the stub was never filled in).
        score: 0 <= score <= points, a plain float.
        points: The most there is to earn.
        results: Case by case, by-hand cases first.
        mistake: The named mistake that the answer equals, if one matches.
        message: What the learner reads, without the expected value.
    """

    exercise_id: str
    status: str
    score: float
    points: float
    results: tuple[CaseResult, ...]
    mistake: Mistake | None
    message: str

    @property
    def first_failure(self) -> CaseResult | None:
        """The smallest failing case, or None."""
        return next((r for r in self.results if not r.passed), None)
