"""The numeric tasks of the bank, by name."""

import random

from coursekit.interview.declare import Question
from coursekit.interview.numeric import NumericTask, filled
from coursekit.interview.tasks import limits, noise, parts, plan

TASKS: dict[str, NumericTask] = noise.TASKS | parts.TASKS | plan.TASKS | limits.TASKS


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
