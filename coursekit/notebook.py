"""What the cells of a unit import: checks that keep progress, predictions, figures."""

from collections.abc import Callable, Mapping
from typing import Any

from coursekit import exercises, progress
from coursekit.classroom.learner.home import course_map
from coursekit.exercises import Verdict, failing_input, mine_or_library
from coursekit.exercises.shown import watch_runs
from coursekit.explorers.predictions import predict, predict_number
from coursekit.explorers.reveal import compare_predictions
from coursekit.languages import speak
from coursekit.plots import show

__all__ = [
    "check",
    "checks_of_release",
    "compare_predictions",
    "course_map",
    "failing_input",
    "mine_or_library",
    "predict",
    "predict_number",
    "show",
    "speak",
]

watch_runs()  # a unit imports this first: from here on a check knows which cells failed


def keep(verdict: Verdict, record_as: str = "") -> None:
    """Record a verdict in the learner's progress file; warm-ups and untouched stubs are not.

    A progress file that can't be written is said, and costs neither the check nor the mark.
    """
    if verdict.status == "unfinished" or not exercises.EXERCISES[verdict.exercise_id].graded:
        return
    try:
        progress.record_check(record_as or verdict.exercise_id, verdict.score, verdict.points)
    except (OSError, ValueError) as error:
        print(f"  (Your progress was not kept: {error})")


def check(exercise_id: str, answer: Any) -> float:
    """Judge an answer, show what comes of it, keep the progress, return the score.

    See `coursekit.exercises.check`.
    """
    return exercises.check(exercise_id, answer, record=keep)


def checks_of_release(
    codes: Mapping[str, str],
) -> tuple[Callable[[str, Any], float], Callable[[str, Any], Callable[..., Any]]]:
    """Return `check` and `mine_or_library` for a private release.

    Progress in a changed exercise is kept apart from that in the public one, under the exercise's
    id and its code.

    Args:
        codes: Exercise id -> the code of the task that it has in this release.
    """
    from coursekit.exercises.changes import checks

    def check_here(exercise_id: str, answer: Any) -> float:
        """Judge an answer, print what it shows, keep the progress, return the score."""
        if exercise_id not in codes:
            return check(exercise_id, answer)

        def keep_apart(verdict: Verdict) -> None:
            named = progress.of_release(exercise_id, codes[exercise_id])
            keep(verdict, record_as=named)

        return checks.check_with_code(exercise_id, codes[exercise_id], answer, record=keep_apart)

    def mine_or_library_here(exercise_id: str, answer: Any) -> Callable[..., Any]:
        """Return the function that the text after an exercise goes on with."""
        if exercise_id not in codes:
            return mine_or_library(exercise_id, answer)
        return checks.mine_or_library_with_code(exercise_id, codes[exercise_id], answer)

    return check_here, mine_or_library_here
