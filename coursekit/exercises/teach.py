"""What a notebook cell calls: `check`, and `mine_or_library` for the text after it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from coursekit.exercises.bank import EXERCISES
from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.judge import judge
from coursekit.exercises.engine.messages import reveal
from coursekit.exercises.engine.verdict import Verdict

TRIES_BEFORE_REVEAL = 3
_failed_tries: Counter[str] = Counter()  # in this session, by exercise id


def find(exercise_id: str) -> Exercise:
    """Return the exercise with this id.

    Raises:
        ValueError: If there is none; the message lists those of the same unit.
    """
    if not isinstance(exercise_id, str):
        raise ValueError(f"the exercise's id comes first, as text; got {exercise_id!r:.80}")
    if exercise_id not in EXERCISES:
        near = [i for i in EXERCISES if i.startswith(exercise_id[:3])] or list(EXERCISES)
        raise ValueError(f"no exercise named {exercise_id!r:.80}: there are {', '.join(near)}")
    return EXERCISES[exercise_id]


def evaluate(exercise_id: str, answer: Any, *, seed: int) -> Verdict:
    """Judge an answer and return the verdict; nothing is printed or remembered.

    Args:
        exercise_id: Grade id, such as "u01_tr_cov".
        answer: The learner's function.
        seed: Draws the random cases.

    Raises:
        ValueError: For an unknown exercise.
    """
    return judge(find(exercise_id), answer, seed=seed)


def check(
    exercise_id: str, answer: Any, *, record: Callable[[Verdict], None] | None = None
) -> float:
    """Judge an answer in a notebook: print what it shows, return the score as a plain float.

    The message shows an input that fails and, where the answer equals a known mistake, asks about
    the misconception. The expected value follows from the third failed try on. Nothing that
    Python code writes goes to stderr, since nbgrader takes that for a failure. The time limit,
    three seconds a case and six in all, is best effort: compiled code ends first, and in a thread
    or on Windows there is none.

    Args:
        exercise_id: Grade id.
        answer: The learner's function itself.
        record: Called with the verdict, to keep progress.

    Returns:
        0 <= score <= points of the exercise.

    Raises:
        ValueError: For an unknown exercise.
    """
    verdict = evaluate(exercise_id, answer, seed=_failed_tries[exercise_id])
    print(verdict.message)
    failure = verdict.first_failure
    if verdict.status == "passed":
        del _failed_tries[exercise_id]
    elif verdict.status == "failed" and failure is not None and callable(answer):
        _failed_tries[exercise_id] += 1
        if _failed_tries[exercise_id] >= TRIES_BEFORE_REVEAL:
            print(reveal(failure))
    if record is not None:
        record(verdict)
    return verdict.score


def mine_or_library(exercise_id: str, answer: Any) -> Callable[..., Any]:
    """Return the learner's function if it earns full marks, else the library's; say which.

    So the text after an exercise always goes on, and the learner knows whose numbers they see.

    Raises:
        ValueError: For an unknown exercise.
    """
    exercise = find(exercise_id)
    if judge(exercise, answer, seed=0).status == "passed":
        print(f"Using your own {exercise.call}.")
        return answer
    print(f"Using the library's {exercise.call}, until yours passes its check.")
    return exercise.reference
