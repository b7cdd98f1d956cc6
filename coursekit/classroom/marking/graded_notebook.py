"""The notebook that formgrader shows: the submission in order, with the judge's words in it.

It holds what the learner wrote, and of what their own run showed only text and pictures.
"""

import base64
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat import NotebookNode

from coursekit.classroom.handing_in.raw_notebook import RawCell
from coursekit.classroom.handing_in.repair import Repaired, exercise_of

MOST_TEXT = 20_000  # characters that one output keeps
MOST_PICTURE = 2_000_000  # characters of one picture
MOST_PICTURES = 8_000_000  # of all pictures together
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
PICTURES = ("image/png", "image/jpeg")


def graded_notebook(
    repaired: Repaired, *, heading: str, verdicts: Mapping[str, str]
) -> NotebookNode:
    """Return a valid notebook with nbgrader's marks on the release's cells.

    Args:
        repaired: What `repair` returned.
        heading: Markdown shown above the first cell: the status and its reason.
        verdicts: Exercise id -> what the judge says of it, shown below its check.
    """
    left = [MOST_PICTURES]
    cells = [_cell("markdown", heading, "status", {})]
    for i, place in enumerate(repaired.placed):
        released = place.released
        metadata: dict[str, Any] = {}
        name = f"cell-{i}"
        if released is not None and released.mark is not None:
            metadata, name = {"nbgrader": dict(released.mark)}, released.id
        raw = place.cell
        new = _cell(raw.kind, raw.source, name, metadata)
        if raw.kind == "code":
            new.execution_count = None
            if released is not None and released.role == "check":
                text = verdicts.get(exercise_of(released), "")
                new.outputs = [_printed(text)] if text else []
            else:
                new.outputs = _outputs(raw, left)
        elif raw.kind == "markdown" and (pictures := _attachments(raw, left)):
            new.attachments = pictures
        cells.append(new)
    notebook = nbformat.from_dict(
        {
            "cells": cells,
            "metadata": {"kernelspec": dict(KERNEL)},
            "nbformat": nbformat.v4.nbformat,
            "nbformat_minor": nbformat.v4.nbformat_minor,
        }
    )
    nbformat.validate(notebook)
    return notebook


def _cell(kind: str, source: str, name: str, metadata: dict[str, Any]) -> NotebookNode:
    """Return a cell; nbformat's own makers check each one, here the whole is checked once."""
    return NotebookNode(cell_type=kind, id=name, metadata=metadata, source=source)


def _printed(text: str) -> NotebookNode:
    return NotebookNode(output_type="stream", name="stdout", text=text)


def _outputs(raw: RawCell, left: list[int]) -> list[NotebookNode]:
    kept = []
    for output in raw.outputs[:50]:
        data = output.get("data")
        shown = data if isinstance(data, dict) else {}
        text = _text(output.get("text", shown.get("text/plain")))
        picture = {kind: shown[kind] for kind in PICTURES if _picture(shown.get(kind), left)}
        if picture:
            kept.append(NotebookNode(output_type="display_data", data=picture, metadata={}))
        elif text:
            kept.append(_printed(text))
    return kept


def _attachments(raw: RawCell, left: list[int]) -> dict[str, dict[str, str]]:
    kept = {}
    for name, data in list(raw.attachments.items())[:20]:
        shown = data if isinstance(data, dict) else {}
        pictures = {kind: shown[kind] for kind in PICTURES if _picture(shown.get(kind), left)}
        if pictures:
            kept[_text(name)] = pictures
    return kept


def _picture(value: Any, left: list[int]) -> bool:
    """Say whether this is base64 of a size that is kept."""
    if not isinstance(value, str) or not 0 < len(value) <= min(MOST_PICTURE, left[0]):
        return False
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except ValueError:
        return False
    left[0] -= len(value)
    return True


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    if not isinstance(value, str):
        return ""
    cut = value if len(value) <= MOST_TEXT else value[:MOST_TEXT] + "\n... the rest was cut ..."
    return cut.encode("utf-8", errors="replace").decode("utf-8")
