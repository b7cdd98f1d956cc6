"""Check an exercise as a private release has it, and what the text after it goes on with.

The student's notebook names each change by a code, which says nothing of the task. As in the
public course a learner's kernel can judge an answer at once, and so holds what is right for
whoever digs; marks come from another process, and rest on other cases.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from coursekit.exercises.bank import EXERCISES
from coursekit.exercises.changes.catalogue import change_with_code, changes_of
from coursekit.exercises.changes.change import carried_back, changed_exercise
from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.for_cells import for_cells
from coursekit.exercises.engine.judge import judge
from coursekit.exercises.engine.verdict import Verdict
from coursekit.exercises.shown import watch_runs
from coursekit.exercises.teach import CHECK_DRAWS, CHECK_SEED, judged_on_cpu, tell


def changed_bank(changes: Mapping[str, str], bank: Mapping[str, Exercise]) -> dict[str, Exercise]:
    """Return a bank in which the exercises named are changed.

    Args:
        changes: Exercise id -> the change's name.
        bank: The public exercises.

    Raises:
        ValueError: For an exercise or a change that does not exist.
    """
    changed = dict(bank)
    for exercise_id, name in changes.items():
        if exercise_id not in bank:
            raise ValueError(f"no exercise {exercise_id!r}: is this release of another version?")
        known = changes_of(exercise_id)
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ValueError(f"{exercise_id}: no change {name!r}: there are {listed}")
        changed[exercise_id] = changed_exercise(bank[exercise_id], known[name])
    return changed


@functools.cache
def exercise_with_code(exercise_id: str, code: str) -> Exercise:
    """Return an exercise as a release has it.

    Raises:
        ValueError: If this version of the package has no such change.
    """
    return changed_exercise(EXERCISES[exercise_id], change_with_code(exercise_id, code))


def check_with_code(
    exercise_id: str, code: str, answer: Any, *, record: Callable[[Verdict], None] | None = None
) -> float:
    """Judge an answer to a changed exercise, show what comes of it, return the score.

    As `coursekit.exercises.check` does for a public one.
    """
    watch_runs()
    exercise = exercise_with_code(exercise_id, code)
    verdict = judge(exercise, answer, seed=CHECK_SEED, draws=CHECK_DRAWS)
    if record is not None:
        record(verdict)
    return tell(exercise, answer, verdict)


def mine_or_library_with_code(exercise_id: str, code: str, answer: Any) -> Callable[..., Any]:
    """Return the function that the text after a changed exercise goes on with; say which.

    The text shows the public quantity. It is worked out from the learner's own function if that
    passes and determines it, else it is the library's.
    """
    public, change = EXERCISES[exercise_id], change_with_code(exercise_id, code)
    carried = carried_back(public, change, answer) if callable(answer) else None
    if carried is None:
        print(f"The text goes on with the library's {public.call}: its figures ask another thing.")
        return judged_on_cpu(public.reference)
    exercise = exercise_with_code(exercise_id, code)
    if judge(exercise, answer, seed=CHECK_SEED, draws=CHECK_DRAWS).status == "passed":
        print(f"Using your own {exercise.call}: from its result follows what the text shows.")
        return judged_on_cpu(for_cells(public, carried))
    print(f"Using the library's {public.call}, until your answer passes its check.")
    return judged_on_cpu(public.reference)
