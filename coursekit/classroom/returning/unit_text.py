"""What a release says of its exercises: title, task in a line, where it is explained."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from coursekit.classroom.handing_in.cell_text import parsed
from coursekit.classroom.handing_in.repair import Release, ReleaseCell

HEADING = re.compile(r"^(#{1,4})\s+(.*?)\s*$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
BRACKETS = re.compile(r"\s*\((\d+ [^\W\d_]+(?:, [^()]*)?)\)")  # (2 points, 8 minutes), (3 Minuten)
COUNTED = re.compile(r"(\d+) ([^\W\d_]+)")
CHANGED = re.compile(r"^> \*\*In this release:\*\*\s*(.*)", re.MULTILINE)
MOST_TASK = 240  # characters


@dataclass(frozen=True)
class Task:
    """One exercise, as its release words it.

    Attributes:
        title: "Exercise 2: tr(Σ) from a sample", or the id where there is no heading.
        asks: The task in a line.
        section: Heading of the section that explains it; "" if there is none.
        minutes: How long it is meant to take; None if the release does not say.
    """

    id: str
    title: str
    asks: str = ""
    section: str = ""
    minutes: int | None = None


@dataclass(frozen=True)
class UnitText:
    """A unit's title, and its tasks by exercise id (an essay's by its cell)."""

    title: str
    tasks: Mapping[str, Task] = field(default_factory=dict)

    def task(self, name: str) -> Task:
        """Return a task; of an unknown one, what its id says."""
        return self.tasks.get(name, Task(name, name))


def unit_text(release: Release) -> UnitText:
    """Return the titles and tasks of a released unit.

    A heading of the first level is the unit's title; the last one of the second above an exercise
    is its section, the last one of the third its title.
    """
    title, section, heading, changed = release.unit, "", "", ""
    tasks: dict[str, Task] = {}
    for cell in release.cells:
        if cell.kind == "markdown":
            for level, text in HEADING.findall(FENCED.sub("", cell.source)):
                if len(level) == 1:
                    title = plain(text)
                elif len(level) == 2:
                    section, heading = plain(text), ""
                else:
                    heading = plain(text)
            note = CHANGED.search(cell.source)
            changed = note[1] if note else changed
        if cell.role in ("solution", "essay") and cell.id not in tasks:
            tasks[cell.id] = _task(cell, section, heading, changed)
            changed = ""
    return UnitText(title, tasks)


def _task(cell: ReleaseCell, section: str, heading: str, changed: str) -> Task:
    heading = heading or section
    section = BRACKETS.sub("", section).strip()
    said = BRACKETS.search(heading)
    counted = COUNTED.findall(said[1]) if said else []
    timed = len(counted) > 1 or (counted and counted[0][1].lower().startswith("min"))
    title = BRACKETS.sub("", heading).strip() or cell.id
    asks = plain(first_sentence(docstring(cell.source)))
    asks = f"{asks} In this release: {plain(changed)}" if changed else asks
    return Task(
        cell.id,
        title,
        asks if len(asks) <= MOST_TASK else asks[:MOST_TASK].rsplit(" ", 1)[0] + " ...",
        section if section != title else "",
        int(counted[-1][0]) if timed else None,
    )


def docstring(source: str) -> str:
    """Return the docstring of the first function or class of a cell that has one."""
    tree = parsed(source)
    for node in tree.body if tree is not None else []:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            return ast.get_docstring(node) or ""
    return ""


def first_sentence(text: str) -> str:
    """Return the first paragraph of a docstring, in one line, up to its first full stop."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    end = re.search(r"\.(?=\s+[A-Z]|$)", paragraph)
    return paragraph[: end.end()] if end else paragraph


def plain(text: str) -> str:
    """Return Markdown's emphasis, code and formula marks taken off."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\*\*|__|`|\$", "", text)
    return " ".join(text.replace("\\", "").split())
