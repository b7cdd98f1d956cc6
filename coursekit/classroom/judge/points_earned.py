"""Give marks: the sandbox returns plain data, the comparison happens here.

Each question is judged on its own, where its check stands in the notebook: with the names as they
are there. Where the answer is not right there it is asked once more below the last cell, and the
better mark counts. A process that ends, hangs or talks nonsense costs what it was asked at that
moment; the rest is asked in a fresh one.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from coursekit.classroom.handing_in.cell_parts import bound_names, needed_names, statements
from coursekit.classroom.judge.attempt_run import AttemptRun
from coursekit.classroom.judge.marks import (
    GRAVEST_FIRST,
    Attempt,
    QuestionMark,
    SubmissionMark,
    summary,
)
from coursekit.classroom.judge.shown import by_hand_example, is_same, with_explanation
from coursekit.classroom.sandbox.opening import Sandbox
from coursekit.classroom.sandbox.session import Gone
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.judge import expected_value
from coursekit.exercises.engine.points import earned
from coursekit.exercises.engine.verdict import CaseResult

MOST_CHECKS = 3  # of one question that are asked, if its check was copied
NOT_THERE = ("missing", "unfinished")  # kinds of an outcome after which nobody asks again

_drawn: dict[tuple[str, int], tuple[Exercise, list[tuple[Case, Any]]]] = {}


def judge_attempt(
    attempt: Attempt,
    *,
    bank: Mapping[str, Exercise],
    exercise_ids: Sequence[str],
    sandbox: Sandbox,
    seed: int,
) -> SubmissionMark:
    """Judge a submission, question by question.

    A group of cases earns its points when every case of it is right, as in the learner's own
    check; but the public by-hand cases earn nothing here.

    Args:
        attempt: The texts of a submission.
        bank: Exercises by id.
        exercise_ids: Which ones to mark, in which order.
        sandbox: Made by `open_sandbox`, used by nobody else meanwhile.
        seed: Draws the arguments; to be drawn after submissions closed, one for a class.

    Returns:
        A mark for each exercise, whatever the submission does.

    Raises:
        SandboxError: If the sandbox starts no process: that is the grader's fault, not a mark.
        KeyError: For an exercise that is not in the bank.
    """
    started = time.monotonic()
    exercises = [bank[exercise_id] for exercise_id in exercise_ids]
    hidden = frozenset(name for exercise in exercises for name in exercise.answered_by)
    points = {exercise.id: exercise.max_score for exercise in exercises}
    run = AttemptRun(attempt, sandbox, hidden, points)
    best: dict[str, QuestionMark] = {}
    asked_at: dict[str, int] = {}
    try:
        for at, exercise in places_to_ask(attempt, exercises):
            before = best.get(exercise.id)
            if before is None or may_be_better(
                before, exercise, attempt, asked_at[exercise.id], at
            ):
                now = judge_question(exercise, run, seed, at)
                best[exercise.id] = now if before is None else better(before, now)
            asked_at[exercise.id] = at
        questions = tuple(best[exercise.id] for exercise in exercises)
        status, reason = summary(questions, run.troubles)
        # no mark depends on what comes of these
        questions = tuple(
            by_hand_example(question, bank[question.exercise_id], run) for question in questions
        )
    finally:
        run.close()
    return SubmissionMark(questions, status, reason, round(time.monotonic() - started, 3))


def places_to_ask(attempt: Attempt, exercises: Sequence[Exercise]) -> list[tuple[int, Exercise]]:
    """Return (number of the cell before which to ask, exercise), from top to bottom.

    A question is asked where its check stands, at no more than a few of its copies, and at the end.
    """
    by_id = {exercise.id: exercise for exercise in exercises}
    places: list[tuple[int, Exercise]] = []
    for at, cell in enumerate(attempt.cells):
        if cell.kind == "check" and cell.exercise_id in by_id:
            exercise = by_id[cell.exercise_id]
            if [one for _, one in places].count(exercise) < MOST_CHECKS:
                places.append((at, exercise))
    return places + [(len(attempt.cells), exercise) for exercise in exercises]


def may_be_better(
    mark: QuestionMark, exercise: Exercise, attempt: Attempt, first: int, last: int
) -> bool:
    """Say whether asking once more can help: a lost process only where the answer has changed."""
    if mark.status in ("ok", "tampered", "unreadable"):
        return False
    if mark.status in ("wrong", "missing"):
        return True
    between = [cell.source for cell in attempt.cells[first:last]]
    name = exercise.call.split("(")[0]
    needed = needed_names([name], [cell.source for cell in attempt.cells])
    return any(bound_names(node) & needed for text in between for node in statements(text))


def better(one: QuestionMark, other: QuestionMark) -> QuestionMark:
    """Return the mark with more points; of equals the one that says more."""
    if one.status == "missing" and other.points >= one.points:
        return other
    return other if other.points > one.points else one


def drawn_cases(exercise: Exercise, seed: int) -> list[tuple[Case, Any]]:
    """Return the cases of an exercise with what is right, drawn once for a class."""
    key = exercise.id, seed
    if key not in _drawn or _drawn[key][0] is not exercise:
        rng = np.random.default_rng([seed, crc32(exercise.id.encode())])
        cases = exercise.draw(rng)
        _drawn[key] = exercise, [(case, expected_value(exercise, case)) for case in cases]
    return _drawn[key][1]


def judge_question(
    exercise: Exercise,
    run: AttemptRun,
    seed: int,
    at: int,
    keep: list[CaseResult] | None = None,
) -> QuestionMark:
    """Judge one question as it stands before cell number `at` runs.

    Args:
        exercise: What is asked.
        run: Asks.
        seed: Draws the cases.
        at: Number of the cell before which to ask.
        keep: Gets every case that was answered, for whoever explains a mark.
    """
    results: list[CaseResult] = [] if keep is None else keep
    lost: dict[str, Gone] = {}  # group -> what ended the process that was asked
    for case, expected in drawn_cases(exercise, seed):
        if case.group in lost:
            continue
        try:
            outcome = run.ask(exercise, case, at)
        except Gone as gone:
            lost[case.group] = gone
            if gone.status in ("tampered", "unreadable"):
                return mark(exercise, 0.0, gone.status, gone.reason)
            continue
        if outcome.kind == "memory":  # takes long each time
            lost[case.group] = Gone("memory", outcome.detail)
            continue
        passed = outcome.kind == "value" and is_same(exercise, outcome.value, expected)
        results.append(CaseResult(case, outcome, expected, passed))
        if outcome.kind in NOT_THERE:
            return mark(exercise, 0.0, "missing", outcome.detail)
    failed = {result.case.group for result in results if not result.passed}
    right = [g for g in exercise.points if g not in failed and g not in lost]
    right = [g for g in right if any(r.case.group == g for r in results)]
    points = earned(exercise, right, results)
    if lost:
        status = next(s for s in (*GRAVEST_FIRST, "") if any(g.status == s for g in lost.values()))
        reason = next(gone.reason for gone in lost.values() if gone.status == status)
        return mark(exercise, points, status, reason + in_groups(lost, exercise))
    if not failed:
        return mark(exercise, points, "ok", "right")
    return explain_wrong(exercise, points, results, failed)


def explain_wrong(
    exercise: Exercise, points: float, results: Sequence[CaseResult], failed: set[str]
) -> QuestionMark:
    """Return the mark of an answer that came, but is not right everywhere."""
    first = next(result.outcome for result in results if not result.passed)
    reason = "another result than the right one" if first.kind == "value" else first.detail
    wrong = mark(exercise, points, "wrong", reason + in_groups(failed, exercise))
    return with_explanation(wrong, exercise, results)


def in_groups(groups: Any, exercise: Exercise) -> str:
    """Name the groups that were lost, where there are others."""
    if len(exercise.points) == 1 or len(set(groups)) == len(exercise.points):
        return ""
    return f" ({', '.join(sorted(groups))})"


def mark(exercise: Exercise, points: float, status: str, reason: str) -> QuestionMark:
    """Return a question's mark, its reason in one line that every file and terminal can hold."""
    text = " ".join(reason.encode("utf-8", "replace").decode("utf-8").split())
    line = "".join(char if char.isprintable() else "?" for char in text)[:300]
    return QuestionMark(exercise.id, points, exercise.max_score, status, line)
