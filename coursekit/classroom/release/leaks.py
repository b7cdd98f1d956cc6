"""Find lines of a solution in a notebook that learners read."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from coursekit.classroom.release.regions import MARK, solution_regions
from coursekit.classroom.release.source import Unit

TELLING = 12  # characters without blanks: shorter lines (`return mean`, `else:`) give nothing away


def leaked_lines(unit: Unit, student: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield (cell id, line) for each solution line or marker that a student notebook shows.

    Lines are compared without blanks and comments, in code and in prose alike.
    """
    secrets = {_bare(line): line for line in solution_lines(unit)}
    for cell in student.cells:
        for line in cell.source.split("\n"):
            if any(mark in line for mark in MARK.values()):
                yield cell.id, line.strip()
            for secret, original in secrets.items():
                if secret in _bare(line):
                    yield cell.id, original


def solution_lines(unit: Unit) -> list[str]:
    """Return the lines inside solution markers that would give something away, in order."""
    return [
        line.strip()
        for cell in unit.cells
        for region in solution_regions(cell.text)
        for line in region
        if len(_bare(line)) >= TELLING
    ]


def _bare(line: str) -> str:
    return re.sub(r"\s|#.*", "", line)
