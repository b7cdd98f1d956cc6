"""What a notebook cell calls: `check`, and `mine_or_library` for the text after it."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from coursekit.device import pick_device
from coursekit.exercises.bank import EXERCISES
from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.judge import judge
from coursekit.exercises.engine.messages import reveal
from coursekit.exercises.engine.verdict import Verdict
from coursekit.gradients.batches import batch_tensors, map_tensors

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

    So the text after an exercise always goes on, and the learner knows whose numbers they see. On
    a GPU it still gets its tensors on the CPU, where it was judged; see `judged_on_cpu`.

    Raises:
        ValueError: For an unknown exercise.
    """
    exercise = find(exercise_id)
    if judge(exercise, answer, seed=0).status == "passed":
        print(f"Using your own {exercise.call}.")
        return judged_on_cpu(answer)
    print(f"Using the library's {exercise.call}, until yours passes its check.")
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
