"""What a private release's notebook imports in place of the public checks."""

from collections.abc import Callable, Mapping
from typing import Any

from coursekit import exercises
from coursekit.exercises.changes.change import changed_exercise
from coursekit.exercises.changes.general import changes_of
from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.judge import judge
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
        known = changes_of(bank[exercise_id])
        if name not in known:
            listed = ", ".join(known)
            raise ValueError(f"{exercise_id}: no change {name!r}: there are {listed}")
        changed[exercise_id] = changed_exercise(bank[exercise_id], known[name])
    return changed


def checks_of_release(
    changes: Mapping[str, str],
) -> tuple[Callable[[str, Any], float], Callable[[str, Any], Callable[..., Any]]]:
    """Return `check` and `mine_or_library` for a release with these changes.

    Each changed exercise is made when it is first asked for. The text after an exercise goes on
    with the library's public function, since its figures show the public quantity.
    """
    made: dict[str, Exercise] = {}

    def of_release(exercise_id: str) -> Exercise:
        if exercise_id not in made:
            named = {exercise_id: changes[exercise_id]}
            made.update({exercise_id: changed_bank(named, exercises.EXERCISES)[exercise_id]})
        return made[exercise_id]

    def check(exercise_id: str, answer: Any) -> float:
        """Judge an answer, print what it shows, return the score."""
        if exercise_id not in changes:
            return exercises.check(exercise_id, answer)
        exercise = of_release(exercise_id)
        verdict = judge(exercise, answer, seed=CHECK_SEED, draws=CHECK_DRAWS)
        tell(exercise, answer, verdict)
        return verdict.score

    def mine_or_library(exercise_id: str, answer: Any) -> Callable[..., Any]:
        """Return the function that the text after an exercise goes on with."""
        if exercise_id not in changes:
            return exercises.mine_or_library(exercise_id, answer)
        exercise = exercises.EXERCISES[exercise_id]
        print(f"The text goes on with the library's {exercise.call}, as the public course has it.")
        return judged_on_cpu(exercise.reference)

    return check, mine_or_library
