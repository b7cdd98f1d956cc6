"""What a notebook cell calls: `check`, and `mine_or_library` for the text after it."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from coursekit.device import pick_device
from coursekit.exercises.bank import EXERCISES
from coursekit.exercises.engine.card import card
from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.for_cells import for_cells
from coursekit.exercises.engine.handing import handed_arguments
from coursekit.exercises.engine.judge import judge
from coursekit.exercises.engine.messages import paragraph, reveal
from coursekit.exercises.engine.verdict import Verdict
from coursekit.exercises.shown import somebody_looks, stale, watch_runs, with_card
from coursekit.exercises.spoken import in_spoken_words
from coursekit.gradients.batches import batch_tensors, map_tensors
from coursekit.languages import say

TRIES_BEFORE_REVEAL = 3
CHECK_SEED = 0  # the cases of a check stay the same: wrong code never passes on a second try
CHECK_DRAWS = 3  # of the random cases, in a check
_failed_tries: Counter[str] = Counter()  # in this session, by exercise id
_failed_with: dict[str, tuple[str, tuple[Any, ...]]] = {}  # the adapter and its plain arguments


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
    return in_spoken_words(EXERCISES[exercise_id])


def evaluate(
    exercise_id: str, answer: Any, *, seed: int = CHECK_SEED, draws: int = CHECK_DRAWS
) -> Verdict:
    """Judge an answer and return the verdict; nothing is printed or remembered.

    Args:
        exercise_id: Grade id, such as "u01_tr_cov".
        answer: The learner's function.
        seed: Draws the random cases.
        draws: How often all of them are drawn.

    Raises:
        ValueError: For an unknown exercise.
    """
    return judge(find(exercise_id), answer, seed=seed, draws=draws)


def tell(exercise: Exercise, answer: Any, verdict: Verdict) -> float:
    """Show a verdict, from the third failed try on with the expected value; keep what failed.

    An exercise that is declared as not `revealed` never tells the expected value.

    Returns:
        The score; in a notebook one that shows itself as a card, elsewhere the text is printed.
    """
    note, revealed = stale(exercise.call.split("(")[0]), ""
    failure = verdict.first_failure
    if verdict.status == "passed":
        _failed_tries.pop(exercise.id, None)
        _failed_with.pop(exercise.id, None)
    elif verdict.status == "failed" and failure is not None and callable(answer):
        _failed_with[exercise.id] = (exercise.run, failure.case.args)
        _failed_tries[exercise.id] += not note  # an older version was tried before
        if exercise.revealed and _failed_tries[exercise.id] >= TRIES_BEFORE_REVEAL:
            revealed = reveal(exercise, failure)
    if somebody_looks():
        return with_card(verdict.score, card(exercise, verdict, note=note, revealed=revealed))
    print("\n".join(filter(None, [note and paragraph(note), verdict.message, revealed])))
    return verdict.score


def check(
    exercise_id: str, answer: Any, *, record: Callable[[Verdict], None] | None = None
) -> float:
    """Judge an answer in a notebook: show what comes of it, return the score as a float.

    The message, a card in a notebook and text elsewhere, shows an input that fails and, where the
    answer equals a known mistake, asks about the misconception. The expected value follows from the
    third failed try on. The inputs are the same at every try, and an answer that changes its
    arguments is told so and does not pass.
    Nothing that Python code writes goes to stderr, since nbgrader takes that for a failure. The
    time limit, three seconds a case and six in all, is best effort: compiled code ends first, and
    in a thread or on Windows there is none.

    Args:
        exercise_id: Grade id.
        answer: The learner's function itself.
        record: Called with the verdict, to keep progress.

    Returns:
        0 <= score <= points of the exercise.

    Raises:
        ValueError: For an unknown exercise.
    """
    watch_runs()
    verdict = evaluate(exercise_id, answer)
    if record is not None:
        record(verdict)
    return tell(find(exercise_id), answer, verdict)


def failing_input(exercise_id: str) -> Any:
    """Return the input that the last check of an exercise failed for, made afresh.

    All arguments in the order of the call, models and functions included; a single argument
    comes by itself, so that `x = failing_input("...")` reads as the message prints it.

    Raises:
        ValueError: If the exercise is unknown, or has not failed a check in this session.
    """
    find(exercise_id)
    if exercise_id not in _failed_with:
        raise ValueError(f"no check of {exercise_id} has failed here: run check(...) first")
    handed = handed_arguments(*_failed_with[exercise_id])
    return handed if len(handed) > 1 else handed[0]


def mine_or_library(exercise_id: str, answer: Any) -> Callable[..., Any]:
    """Return the learner's function if it earns full marks, else the library's; say which.

    So the text after an exercise always goes on, and the learner knows whose numbers they see.
    What their function returns comes in the kind that the text uses (an array as a tensor, a list
    of one number as that number): see `for_cells`. On a GPU it still gets its tensors on the CPU,
    where it was judged; see `judged_on_cpu`.

    Raises:
        ValueError: For an unknown exercise.
    """
    exercise = find(exercise_id)
    if evaluate(exercise_id, answer).status == "passed":
        print(say("Using your own {call}.", call=exercise.call))
        return judged_on_cpu(for_cells(exercise, answer))
    print(say("Using the library's {call}, until yours passes its check.", call=exercise.call))
    return judged_on_cpu(exercise.reference)


def judged_on_cpu(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, given plain data on the CPU wherever they lie, its answer moved back.

    A right answer may make tensors of its own, and `torch.tensor([2.0])` lies on the CPU. Models
    and functions among the arguments can't be moved: such a call goes through as it is.
    """
    if pick_device().type == "cpu":
        return function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = [args, kwargs]
        devices = {t.device for t in batch_tensors(given)} - {torch.device("cpu")}
        if len(devices) != 1 or not _is_plain(given):
            return function(*args, **kwargs)
        there = devices.pop()
        args, kwargs = map_tensors(lambda t: t.cpu(), given)
        return map_tensors(lambda t: t.to(there), function(*args, **kwargs))

    return call


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | Tensor | torch.dtype)
