"""Read the cells out of what somebody handed in, valid notebook or not."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coursekit.classroom.handing_in.large_outputs import TooMany, without_large_outputs

MOST_CELLS = 2_000
MOST_CODE = 1_000_000  # characters of code cells together
MOST_VALUES = 2_000_000  # objects and lists of a file: each takes 100 bytes of memory to read
KINDS = ("code", "markdown", "raw")


class Unreadable(ValueError):
    """A file with no cells to be had; the message is one line for the instructor."""


@dataclass(frozen=True)
class RawCell:
    """A cell as it was handed in; every text is printable by UTF-8."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    grade_id: str = ""  # from nbgrader's metadata
    cell_id: str = ""
    outputs: tuple[Any, ...] = ()
    attachments: dict[str, Any] = field(default_factory=dict)


def read_cells(path: Path) -> tuple[list[RawCell], list[str]]:
    """Return a notebook's cells, and a line on everything that was left out.

    Raises:
        Unreadable: If the file cannot be read, is no JSON, or holds no list of cells.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from None
    return cells_in(data)


def cells_in(data: bytes) -> tuple[list[RawCell], list[str]]:
    """Return the cells of a notebook's bytes; see `read_cells`."""
    notebook = notebook_in(data)
    raw = notebook.get("cells")
    if raw is None and isinstance(notebook.get("worksheets"), list):  # nbformat 3
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        raw = [cell for sheet in sheets for cell in _list(sheet.get("cells"))]
    if not isinstance(raw, list):
        raise Unreadable("the file is JSON, but no notebook: it has no list of cells")
    told = []
    cells = [_cell(one) for one in raw[:MOST_CELLS] if isinstance(one, dict)]
    if len(cells) < len(raw):
        told.append(f"{len(raw) - len(cells)} cells were left out: no cells, or too many")
    kept, used = [], 0
    for cell in cells:
        used += len(cell.source) if cell.kind == "code" else 0
        if cell.kind == "code" and used > MOST_CODE:
            told.append(f"a code cell of {len(cell.source)} characters was left out")
            used -= len(cell.source)
            continue
        kept.append(cell)
    return kept, told


def notebook_in(data: bytes) -> dict[str, Any]:
    """Return the object that a file holds as JSON.

    Raises:
        Unreadable: If it is no JSON, no object, or would take too much memory to read.
    """
    notebook = _json(data)
    if not isinstance(notebook, dict):
        raise Unreadable(f"the file holds a {type(notebook).__name__}, not a notebook")
    return notebook


def _json(data: bytes) -> Any:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", errors="replace").encode()
    try:
        data = without_large_outputs(data)
    except TooMany as error:
        raise Unreadable(str(error)) from None
    if not data.strip():
        raise Unreadable("the file is empty")
    values = data.count(b"{") + data.count(b"[")
    if values > MOST_VALUES:
        raise Unreadable(f"the file holds {values} brackets, far more than a notebook has")
    try:
        return json.loads(data.decode("utf-8-sig", errors="replace"))
    except RecursionError:
        raise Unreadable("the file is nested too deeply for a notebook") from None
    except ValueError as error:
        place = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"the file is not JSON: it breaks off or is damaged{place}") from None
    except MemoryError:
        raise Unreadable("the file takes too much memory to read") from None


def _cell(raw: dict[str, Any]) -> RawCell:
    kind = raw.get("cell_type")
    if kind == "heading":  # nbformat 3
        kind = "markdown"
    metadata = raw.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    attachments = raw.get("attachments")
    return RawCell(
        kind=kind if isinstance(kind, str) and kind in KINDS else "raw",
        source=_text(raw.get("source", raw.get("input", ""))),
        grade_id=_text(mark.get("grade_id")) if isinstance(mark, dict) else "",
        cell_id=_text(raw.get("id")),
        outputs=tuple(out for out in _list(raw.get("outputs")) if isinstance(out, dict)),
        attachments=attachments if isinstance(attachments, dict) else {},
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Return text, or a list of lines, as text without lone surrogates; "" for anything else."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", errors="replace").decode("utf-8").replace("\r\n", "\n")
