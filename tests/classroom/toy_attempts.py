"""Small exercises and submissions for tests of the sandbox and the judge."""

import dataclasses

from coursekit.classroom.judge.marks import Attempt, AttemptCell
from coursekit.classroom.sandbox.opening import Limits
from coursekit.exercises.engine.declare import Case, Exercise, Mistake

TIGHT = Limits(
    memory_mb=400,
    cpu_seconds=10,
    request_seconds=1.0,
    cell_seconds=1.5,
    submission_seconds=30.0,
    processes=24,
    scratch_mb=16,
)


def toy(name, reference, groups, **more):
    """Return an exercise whose function takes one number; ``groups``: name -> numbers drawn."""
    cases = [(group, x) for group, numbers in groups.items() for x in numbers]
    first = next(iter(groups))
    fields = {
        "id": f"toy_{name}",
        "call": f"{name}(x)",
        "points": dict.fromkeys(groups, 1.0),
        "by_hand": (Case(first, (0.0,)),),
        "draw": lambda rng: [Case(g, (x + float(rng.uniform(1, 9)),)) for g, x in cases],
        "reference": reference,
        "mistakes": (Mistake("zero", "Is it always nothing?", lambda x: 0.0),),
        "accepted": (),
        "lesson": "",
    }
    return Exercise(**{**fields, **more})


TWICE = toy("twice", lambda x: 2 * x, {"small": (1, 2), "large": (1e3, 2e3)})
HALF = toy("half", lambda x: x / 2, {"small": (1, 2, 3)})
NEXT = toy("next_one", lambda x: x + 1, {"small": (1, 2, 3)})
BANK = {exercise.id: exercise for exercise in (TWICE, HALF, NEXT)}
RIGHT = {
    "toy_twice": "def twice(x):\n    return 2 * x\n",
    "toy_half": "def half(x):\n    return x / 2\n",
    "toy_next_one": "def next_one(x):\n    return x + 1\n",
}


def attempt(*, added=(), prelude="import math", **answers):
    """Return a submission with right answers but for those given by name; ``added`` come first."""
    texts = {**RIGHT, **{f"toy_{name}": text for name, text in answers.items()}}
    cells = [AttemptCell("added", None, text) for text in added]
    cells += [AttemptCell("solution", i, text) for i, text in texts.items() if text is not None]
    return Attempt("07_toy", prelude, tuple(cells))


def with_limits(**changed):
    return dataclasses.replace(TIGHT, **changed)
