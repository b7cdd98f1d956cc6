"""Exercises: declared once, and the one engine that checks, marks and explains them."""

from coursekit.exercises.bank import EXERCISES
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.verdict import Verdict
from coursekit.exercises.teach import check, evaluate, failing_input, mine_or_library

__all__ = [
    "EXERCISES",
    "Case",
    "Exercise",
    "Mistake",
    "Verdict",
    "check",
    "evaluate",
    "failing_input",
    "mine_or_library",
]
