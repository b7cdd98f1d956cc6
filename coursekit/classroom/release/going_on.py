"""How a reader gets from unit to unit: a line at the end of each, and the course's home page."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from coursekit.classroom.release.source import Unit

HOME = "home"  # notebooks/home.ipynb, beside the units' folders
WELCOME = """# Batch Size and Learning Dynamics

{count} units. Each asks a question, lets you say what you expect, measures it in seconds, and
settles a claim that people repeat in interviews. The map shows where you are; run its cell (Shift +
Enter) to draw it anew.
"""


@dataclass(frozen=True)
class Around:
    """The units before and after one; None at either end."""

    before: Unit | None
    after: Unit | None


def title_of(unit: Unit) -> str:
    """Return what a unit's first heading says: `01 · How noisy is a gradient?`."""
    for cell in unit.cells:
        found = re.match(r"# +(.+)", cell.text) if cell.kind == "markdown" else None
        if found:
            return found.group(1).strip()
    return unit.name


def neighbours(units: Sequence[Unit]) -> list[Around | None]:
    """Return for each unit those beside it; None for a unit that is alone."""
    if len(units) == 1:
        return [None]
    return [
        Around(units[i - 1] if i else None, units[i + 1] if i + 1 < len(units) else None)
        for i in range(len(units))
    ]


def way_on(around: Around, say: Callable[[str], str] = str) -> str:
    """Return the last cell of a unit: links that open in the same server, in words of `say`."""
    links = []
    if around.after is not None:
        links.append(f"**{say('Next:')} [{title_of(around.after)}]({_path(around.after)})**")
    if around.before is not None:
        links.append(f"{say('Before:')} [{title_of(around.before)}]({_path(around.before)})")
    links.append(f"[{say('All units and your progress')}](../{HOME}.ipynb)")
    return "  \n".join(links)


def home_notebook(units: Sequence[Unit], shared: dict[str, object]) -> NotebookNode:
    """Return the course's home page: a cell that draws the map, and the units as plain links.

    Args:
        units: All units in their order.
        shared: The notebook's metadata of kernel and language.
    """
    rows = "\n".join(f"- [{title_of(unit)}]({unit.name}/{unit.name}.ipynb)" for unit in units)
    new = nbformat.v4.new_markdown_cell
    draw = nbformat.v4.new_code_cell(
        "# plumbing: draws the map\nfrom coursekit.notebook import course_map\n\ncourse_map()",
        id="home-map",
        metadata={"jupyter": {"source_hidden": True}},
    )
    listed = f"<details><summary>The units as plain links</summary>\n\n{rows}\n\n</details>"
    notebook = nbformat.v4.new_notebook(
        cells=[
            new(WELCOME.strip().format(count=len(units)), id="home-welcome"),
            draw,
            new(listed, id="home-links"),
        ],
        metadata={**shared, "coursekit": {"unit": HOME}},
    )
    nbformat.validate(notebook)
    return notebook


def _path(unit: Unit) -> str:
    return f"../{unit.name}/{unit.name}.ipynb"
