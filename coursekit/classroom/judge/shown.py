"""What a wrong answer is shown of itself: the misconception, and the smallest input that shows it.

By-hand inputs are public: the learner's own check shows them, and after three tries what is right
for them. So they are shown in full. Of an input that was drawn for this class only the input and
what came are shown. Its right result stays with the teacher: a handful of them gives away by what a
private release differs from the public one, and the page goes from hand to hand.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from coursekit.classroom.judge.attempt_run import AttemptRun
from coursekit.classroom.judge.marks import QuestionMark, Seen
from coursekit.classroom.sandbox.session import Gone
from coursekit.classroom.sandbox.walls import SandboxError
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.describe import describe
from coursekit.exercises.engine.hints import find_mistake
from coursekit.exercises.engine.judge import expected_value
from coursekit.exercises.engine.messages import advice, input_lines, is_refusal, what_came
from coursekit.exercises.engine.plain import as_array
from coursekit.exercises.engine.verdict import CaseResult, Outcome, Verdict

DIGITS = 3  # to which wrong results are compared between students: far above float32's rounding
MOST_INPUT = 1500  # characters
MOST_SAID = 600


def with_explanation(
    mark: QuestionMark, exercise: Exercise, results: Sequence[CaseResult]
) -> QuestionMark:
    """Return a wrong answer's mark with its misconception, what to think about, and an input.

    Args:
        mark: Of the answer.
        exercise: What was asked.
        results: All drawn cases that were asked; at least one failed.
    """
    failure = next(result for result in results if not result.passed)
    try:
        mistake = find_mistake(exercise, results)
    except Exception:  # a result that a comparison was not made for
        mistake = None
    verdict = Verdict(
        exercise.id, "failed", mark.points, exercise.max_score, tuple(results), mistake, ""
    )
    try:
        hint = advice(exercise, verdict, failure) or ""
    except Exception:  # the same, in words
        hint = ""
    return replace(
        mark,
        hint=hint.removeprefix("Think: "),
        mistake="" if mistake is None else mistake.name,
        output=signature(results),
        seen=seen(exercise, failure, public=False),
    )


def by_hand_example(mark: QuestionMark, exercise: Exercise, run: AttemptRun) -> QuestionMark:
    """Return a wrong answer's mark with the first by-hand input that it fails, if there is one."""
    if mark.status != "wrong":
        return mark
    for case in exercise.by_hand:
        try:
            outcome = run.ask(exercise, case)
        except (Gone, SandboxError):
            return mark
        result = case_result(exercise, case, outcome)
        if not result.passed:
            return replace(mark, seen=seen(exercise, result, public=True) or mark.seen)
    return mark


def case_result(exercise: Exercise, case: Case, outcome: Outcome) -> CaseResult:
    """Compare what came with what is right."""
    expected = expected_value(exercise, case)
    passed = outcome.kind == "value" and is_same(exercise, outcome.value, expected)
    return CaseResult(case, outcome, expected, passed)


def is_same(exercise: Exercise, got: Any, expected: Any) -> bool:
    """Compare; data that a comparison was not made for is not the same."""
    try:
        with np.errstate(all="ignore"):
            return bool(exercise.same(got, expected))
    except Exception:
        return False


def seen(exercise: Exercise, result: CaseResult, *, public: bool) -> Seen | None:
    """Return one failing case in words; None where something in it cannot be put into words."""
    try:
        lines = [line[6:].rstrip() for line in input_lines(exercise, result)]  # six blanks
        given = "\n".join(line for line in lines if "failing_input(" not in line)
        came = what_came(exercise, result)
        right = ""
        if public:
            refused = exercise.run == "refusing" and is_refusal(result.expected)
            right = "a ValueError" if refused else describe(result.expected)
    except Exception:  # a result that no words were made for
        return None
    return Seen(printable(given, MOST_INPUT), printable(came, MOST_SAID), right, public)


def printable(text: str, most: int) -> str:
    """Return text that every file and page can hold, its lines kept."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    kept = "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
    return kept if len(kept) <= most else kept[:most] + " ..."


def signature(results: Sequence[CaseResult]) -> str:
    """Return a digest of all results, equal for answers that differ by rounding alone.

    Nothing where no result came: errors have their own words.
    """
    whole, some = hashlib.sha256(), False
    for result in results:
        outcome = result.outcome
        some = some or outcome.kind == "value"
        said = rounded(outcome.value) if outcome.kind == "value" else outcome.detail.split(":")[0]
        whole.update(f"{outcome.kind} {said}\n".encode("utf-8", "replace"))
    return whole.hexdigest()[:12] if some else ""


def rounded(value: Any) -> str:
    """Return plain data as text, numbers to a few significant digits."""
    try:
        array = as_array(value)
        if array is None:
            return describe(value)
        numbers = [f"{float(number) + 0.0:.{DIGITS - 1}e}" for number in np.ravel(array)[:200]]
        return f"{array.shape} {' '.join(numbers)}"
    except Exception:  # not what it looked like
        return type(value).__name__
