"""Every case of one question, for whoever teaches: what was asked, what came, what is right."""

from dataclasses import dataclass

from coursekit.classroom.judge.attempt_run import AttemptRun
from coursekit.classroom.judge.marks import Attempt, QuestionMark
from coursekit.classroom.judge.points_earned import (
    better,
    judge_question,
    may_be_better,
    places_to_ask,
)
from coursekit.classroom.judge.shown import by_hand_example, case_result, seen
from coursekit.classroom.sandbox.opening import Sandbox
from coursekit.classroom.sandbox.session import Gone
from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.verdict import CaseResult


@dataclass(frozen=True)
class ExplainedCase:
    """One case.

    Attributes:
        group: Which points it decides.
        public: It is one of the learner's own check, and earns nothing.
        passed: It is right.
        input: Its arguments; got: what came; right: what is right.
    """

    group: str
    public: bool
    passed: bool
    input: str
    got: str
    right: str


def explain_question(
    attempt: Attempt, exercise: Exercise, sandbox: Sandbox, seed: int
) -> tuple[QuestionMark, list[ExplainedCase]]:
    """Judge one question of a submission as `judge_attempt` does, and return every case of it.

    Args:
        attempt: The texts of the submission.
        exercise: The question.
        sandbox: Used by nobody else meanwhile.
        seed: Of the class, so that the cases are those of the mark.

    Raises:
        SandboxError: If the sandbox starts no process.
    """
    run = AttemptRun(
        attempt, sandbox, frozenset(exercise.answered_by), {exercise.id: exercise.max_score}
    )
    best: QuestionMark | None = None
    asked_at, told = 0, list[CaseResult]()
    try:
        for at, _ in places_to_ask(attempt, [exercise]):
            if best is None or may_be_better(best, exercise, attempt, asked_at, at):
                kept: list[CaseResult] = []
                now = judge_question(exercise, run, seed, at, kept)
                chosen = now if best is None else better(best, now)
                told = kept if chosen is now else told
                best, asked_at = chosen, at
        assert best is not None  # there is always the end
        cases = [_explained(exercise, one, public=False) for one in told]
        by_hand = _by_hand(exercise, run)
        best = by_hand_example(best, exercise, run)
    finally:
        run.close()
    return best, [*by_hand, *cases]


def _by_hand(exercise: Exercise, run: AttemptRun) -> list[ExplainedCase]:
    found = []
    for case in exercise.by_hand:
        try:
            result = case_result(exercise, case, run.ask(exercise, case))
        except Gone as gone:
            said = f"{gone.status}: {gone.reason}"
            found.append(ExplainedCase(case.group, True, False, "", said, ""))
            continue
        found.append(_explained(exercise, result, public=True))
    return found


def _explained(exercise: Exercise, result: CaseResult, *, public: bool) -> ExplainedCase:
    words = seen(exercise, result, public=True)  # for the teacher: what is right is told
    given, got, right = (words.input, words.got, words.right) if words else ("", "", "")
    return ExplainedCase(result.case.group, public, result.passed, given, got, right)
