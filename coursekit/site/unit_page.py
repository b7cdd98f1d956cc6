"""A unit as a page: its executed release in Markdown, to read and to predict without a kernel."""

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from coursekit.classroom.release.folding import NOTE
from coursekit.exercises import EXERCISES
from coursekit.site import explore
from coursekit.site.capture import MIME
from coursekit.site.cells import code_block, outputs, shown_code

TITLE = re.compile(r"^# +(.*)$", re.MULTILINE)
CARD_HEAD = re.compile(r"^\| \| \|\n\|---\|---\|\n((?:\|.*\|\n?)+)", re.MULTILINE)


@dataclass(frozen=True)
class UnitPage:
    """A page's text, and what other pages need of it."""

    name: str  # "01_gradient_noise"
    title: str  # "01 · How noisy is a gradient?"
    text: str  # Markdown
    explorers: tuple[str, ...]  # in order of their appearance
    card: tuple[tuple[str, str], ...]  # its first table: ("Question", "How noisy ..."), ...


def unit_page(
    name: str,
    notebook: NotebookNode,
    pictures: Path,
    *,
    size: str,
    badges: str = "",
) -> UnitPage:
    """Return the page of a unit.

    Args:
        name: Such as "01_gradient_noise".
        notebook: Its release with outputs, run after `capture.begin`.
        pictures: Folder for the figures.
        size: At which it was run; "tiny" is said on the page.
        badges: Markdown to stand below the note on how to run the unit.
    """
    parts: list[str] = []
    explorers: list[str] = []
    title, card = name, list[tuple[str, str]]()
    for cell in notebook.cells:
        if cell.id.endswith(("-go-on", "-colab")):  # a page has its own links, and its own kernel
            continue
        if cell.cell_type == "markdown":
            text = cell.source.replace(NOTE, "")  # on a page they are folded under a triangle
            found = TITLE.search(text)
            if found and title == name:
                title, card = found[1].strip(), card_of(text)
                parts += [_opened(text), about_this_page(name, size, badges)]
                continue
            parts.append(_essay(cell) or text)
            continue
        facts = told(cell)
        explorers += [fact["name"] for fact in facts if fact["kind"] == "explorer"]
        parts.append(_code_cell(cell, facts, outputs(cell, pictures, name[:2]), name))
    body = "\n\n".join(part for part in parts if part)
    return UnitPage(name, title, body + "\n", tuple(dict.fromkeys(explorers)), tuple(card))


def told(cell: NotebookNode) -> list[dict[str, Any]]:
    """Return what a cell told, see `coursekit.site.capture`."""
    return [
        dict(output["data"][MIME])
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    ]


def _code_cell(cell: NotebookNode, facts: list[dict[str, Any]], static: str, unit: str) -> str:
    role = cell.metadata.get("nbgrader", {})
    if facts and all(fact["kind"] == "predict" for fact in facts):
        return "\n\n".join(question(fact, unit) for fact in facts)
    if any(fact["kind"] == "compare" for fact in facts):
        return "\n\n".join(reveal(fact, unit) for fact in facts if fact["kind"] == "compare")
    if facts:
        live = [explore.place(f["name"], "../", state=f["state"], data=f["data"]) for f in facts]
        return "\n\n".join([*live, static])
    if cell.id.endswith("_prelude"):
        return shown_code(cell)
    if cell.id.endswith("_check"):
        return checked(cell.id.removesuffix("_check"))
    if role.get("solution"):
        return code_block(cell.source)
    if "interview_corner(" in cell.source or "mock_corner(" in cell.source:
        return static
    return f"{shown_code(cell)}\n\n{static}".strip()


def card_of(text: str) -> list[tuple[str, str]]:
    """Return the rows of a unit's card, its first table."""
    found = CARD_HEAD.search(text)
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.*?) \|$", found[1], re.MULTILINE) if found else []
    return [(key, value) for key, value in rows]


def _opened(text: str) -> str:
    """Return a unit's first cell; a card's empty head row becomes a head of words."""
    return CARD_HEAD.sub(r"| | this unit |\n|---|---|\n\1", text)


def about_this_page(name: str, size: str, badges: str) -> str:
    """Say what this page is, and how to have the notebook."""
    rough = (
        " **It was made at the size for tests: its figures are rough and its conclusions missing.**"
        if size == "tiny"
        else ""
    )
    lines = [
        ":::{admonition} You are reading a unit; it is meant to be done",
        ":class: note",
        f"In a clone of the course: `python3 -m coursekit lab {name[:2]}`. There your answers are "
        "checked on the spot, and figures are drawn with your functions. This page was run without "
        "solutions, so it used the library's functions, and “your run” below means this page's run."
        f"{rough}",
        *(["", badges] if badges else []),
        ":::",
    ]
    return "\n".join(lines)


def question(fact: dict[str, Any], unit: str) -> str:
    """Return a prediction as a form; `site.js` keeps the answer in the reader's browser."""
    group = f"{unit}-{fact['key']}"
    if fact["options"]:
        fields = "\n".join(
            f'<label><input type="radio" name="{html.escape(group)}" '
            f'value="{html.escape(option)}"> {html.escape(option)}</label>'
            for option in fact["options"]
        )
    else:
        fields = (
            f'<label><input type="text" inputmode="decimal" size="8" name="{html.escape(group)}"> '
            f"{html.escape(fact['of'])}</label>"
        )
    return (
        f'<fieldset class="predict" data-key="{html.escape(group)}">\n'
        f"<legend><b>Predict first.</b> {html.escape(fact['question'])}</legend>\n{fields}\n"
        '<p class="noted" role="status"></p>\n</fieldset>'
    )


def reveal(fact: dict[str, Any], unit: str) -> str:
    """Return the table at a unit's end; `site.js` puts the reader's predictions into it."""
    rows = "\n".join(
        f'<tr data-key="{html.escape(unit)}-{html.escape(row["key"])}" '
        f'data-said="{html.escape(row["said"])}"><th scope="row">{html.escape(row["name"])}</th>'
        f'<td class="mine">no prediction</td><td>{html.escape(row["said"])}</td>'
        f'<td class="where">{html.escape(row["where"])}</td></tr>'
        for row in fact["rows"]
    )
    head = "".join(
        f'<th scope="col">{word}</th>' for word in ("question", "you said", "it was", "where")
    )
    return (
        '<div class="table-wrapper reveal-table">\n<table class="reveal">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def checked(exercise_id: str) -> str:
    """Say that the notebook checks this exercise, and what it is worth."""
    exercise = EXERCISES[exercise_id]
    function = exercise.call.partition("(")[0]
    worth = f"{exercise.max_score:g} points" if exercise.graded else "a warm-up, no points"
    return (
        f'<p class="checked"><b>Checked in the notebook</b> ({worth}): '
        f'<code>check("{exercise_id}", {html.escape(function)})</code> says at once '
        "what is right, or asks about the misconception behind a wrong answer.</p>"
    )


def _essay(cell: NotebookNode) -> str:
    """Return an essay's place, without the text that nbgrader puts there; "" for other cells."""
    if not cell.metadata.get("nbgrader", {}).get("solution"):
        return ""
    points = cell.metadata["nbgrader"].get("points", 0)
    return (
        f'<p class="checked"><b>Answered in words in the notebook</b> ({points:g} points); '
        "a person reads it.</p>"
    )
