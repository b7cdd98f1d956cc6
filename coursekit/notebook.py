"""What the cells of a unit import: checks that keep progress, predictions, figures."""

from typing import Any

from coursekit import exercises, progress
from coursekit.exercises import Verdict, failing_input, mine_or_library
from coursekit.explorers.predictions import predict, predict_number
from coursekit.explorers.reveal import compare_predictions
from coursekit.plots import show

__all__ = [
    "check",
    "compare_predictions",
    "failing_input",
    "mine_or_library",
    "predict",
    "predict_number",
    "show",
]


def keep(verdict: Verdict) -> None:
    """Record a verdict in the learner's progress file; warm-ups and untouched stubs are not.

    A progress file that can't be written is said, and costs neither the check nor the mark.
    """
    if verdict.status == "unfinished" or not exercises.EXERCISES[verdict.exercise_id].graded:
        return
    try:
        progress.record_check(verdict.exercise_id, verdict.score, verdict.points)
    except (OSError, ValueError) as error:
        print(f"  (Your progress was not kept: {error})")


def check(exercise_id: str, answer: Any) -> float:
    """Judge an answer, print what it shows, keep the progress, return the score.

    See `coursekit.exercises.check`.
    """
    return exercises.check(exercise_id, answer, record=keep)
