"""Notes for who helps a class: what goes wrong in each exercise, and what to ask then."""

from coursekit.classroom.release.source import Unit
from coursekit.exercises.bank import EXERCISES
from coursekit.exercises.engine.declare import Exercise

MOST = 8  # mistakes an exercise; more would not be read at a student's desk


def notes_of_unit(unit: Unit) -> str:
    """Return Markdown: each exercise with its mistakes, as questions that do not give it away.

    Of each exercise the first few mistakes of the bank that ask something different.

    Args:
        unit: A unit's source, which says in which order its exercises come.
    """
    number, _, words = unit.name.partition("_")
    parts = [
        f"# Unit {number}, {words.replace('_', ' ')}: what goes wrong, and what to ask",
        "For assistants. Ask; don't tell. Who has read the failing input aloud has often found it.",
    ]
    parts += [_of_exercise(EXERCISES[name]) for name in unit.exercises]
    return "\n\n".join(parts) + "\n"


def _of_exercise(exercise: Exercise) -> str:
    """Return one exercise's table."""
    points = sum(exercise.points.values())
    marks = f"{points:g} points" if exercise.graded and points else "no marks"
    different = {m.hint: m for m in reversed(exercise.mistakes)}  # the first of each hint
    kept = [m for m in exercise.mistakes if different[m.hint] is m]
    rows = [f"| {_cell(m.name)} | {_cell(m.hint)} |" for m in kept[:MOST]]
    more = len(kept) - MOST
    head = [
        f"## `{exercise.call}` ({marks})",
        "",
        "| a student who ... | ask |",
        "|---|---|",
        *rows,
        "",
        *([f"And {more} more, each with its question in the check.", ""] if more > 0 else []),
        f"When it is right, make sure of this: {exercise.lesson}",
    ]
    return "\n".join(head)


def _cell(words: str) -> str:
    """Return text for a cell of a table."""
    return " ".join(words.split()).replace("|", "\\|")
