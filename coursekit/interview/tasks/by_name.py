"""The numeric tasks of the bank, by name: every module of this package adds its TASKS."""

import pkgutil
import random
from importlib import import_module

from coursekit.interview import tasks
from coursekit.interview.declare import Question
from coursekit.interview.numeric import NumericTask, filled


def _all_tasks() -> dict[str, NumericTask]:
    found: dict[str, NumericTask] = {}
    for module in pkgutil.iter_modules(tasks.__path__):
        if module.name != "by_name":
            found |= import_module(f"{tasks.__name__}.{module.name}").TASKS
    return found


TASKS: dict[str, NumericTask] = _all_tasks()


def example_of(question: Question, seed: int = 0) -> tuple[str, float, str, str]:
    """Return (prompt, value, unit, working) of a numeric question, parameters drawn from a seed."""
    task = TASKS[question.numeric]
    params = task.draw(random.Random(seed))
    return (
        filled(question.prompt, params),
        task.value(params),
        task.unit,
        filled(task.working, params),
    )
