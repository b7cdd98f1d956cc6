"""What is it that somebody handed in? A notebook, under whatever name, or something else.

Browsers save a notebook as x.ipynb.json or x.ipynb.txt; people zip it, or hand in Jupyter's own
copy. A file counts as a notebook by what it holds, never by guessing what was meant.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from coursekit.classroom.handing_in.file_names import is_checkpoint, is_junk, spelled
from coursekit.classroom.handing_in.raw_notebook import Unreadable, notebook_in

NOTEBOOK = ".ipynb"
DISGUISED = (".json", ".txt")
PACKED = (".zip",)
DEEPEST = 3  # zips in zips
MOST_INSIDE = 2_000  # entries of one inner zip


@dataclass(frozen=True)
class Found:
    """A notebook, or what stands in its place.

    Attributes:
        name: Its name, with those of the zips it lay in.
        data: Its bytes; None if it is no notebook.
        why: What is wrong with it, or odd about it; "" for an ordinary notebook.
        rank: 2 for an ordinary notebook, 1 for one under another name or in a zip, 0 for Jupyter's
            own copy; of several the highest counts. -1 for a zip that nobody can look into.
    """

    name: str
    data: bytes | None
    why: str = ""
    rank: int = 2


def is_packed(name: str) -> bool:
    """Say whether a file is a zip by its name."""
    return name.lower().endswith(PACKED)


def may_hold_notebook(name: str) -> bool:
    """Say whether it is worth looking into a file of this name."""
    return name.lower().endswith(NOTEBOOK) or is_packed(name) or is_disguised(name)


def is_disguised(name: str) -> bool:
    """Say whether a browser or a person may have given a notebook this name.

    Such are x.ipynb.json, x.ipynb.txt, x.ipynb.download, x.ipynb (1), x.json, x.txt, and x alone,
    where a system hides endings.
    """
    lower = name.lower().rpartition("/")[2]
    return lower.endswith(DISGUISED) or NOTEBOOK in lower or "." not in lower


def look(name: str, data: bytes, most: int, depth: int = 0) -> list[Found]:
    """Return the notebooks that a file holds, or one entry that says what it is instead.

    Args:
        name: What it was called.
        data: What it holds.
        most: How many bytes may be unpacked from it in all.
        depth: How many zips it lay in.
    """
    lower = name.lower()
    if is_packed(name):
        return _in_zip(name, data, most, depth)
    inside = 1 if depth else 2
    if is_checkpoint(lower) and NOTEBOOK in lower:
        return [Found(name, data, f"{name} is Jupyter's own copy", 0)]
    if lower.endswith(NOTEBOOK):
        return [Found(name, data, f"it lay in {name}" if depth else "", inside)]
    if is_disguised(name):
        if _is_notebook(data):
            return [Found(name, data, f"the notebook was handed in as {name}", 1)]
        return [Found(name, None, f"handed in as {name}, which holds no notebook")]
    return [Found(name, None, f"handed in as {name}, which is no notebook")]


def _is_notebook(data: bytes) -> bool:
    try:
        notebook = notebook_in(data)
    except Unreadable:
        return False
    cells = notebook.get("cells", notebook.get("worksheets"))
    return isinstance(cells, list) and isinstance(notebook.get("nbformat"), int)


def _in_zip(name: str, data: bytes, most: int, depth: int) -> list[Found]:
    if depth >= DEEPEST:
        return [Found(name, None, f"{name}: zips in zips, more than {DEEPEST} deep", -1)]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            entries = [info for info in zipped.infolist() if not info.is_dir()]
            if len(entries) > MOST_INSIDE:
                return [Found(name, None, f"{name} holds {len(entries)} files", -1)]
            found = list(_entries(zipped, entries, name, most, depth))
    except Exception as error:  # zipfile's, zlib's and lzma's own, on bytes from anybody
        why = f"{name} cannot be unpacked: {type(error).__name__}: {error}"
        return [Found(name, None, why, -1)]
    notebooks = [one for one in found if one.data is not None]
    if notebooks:
        return notebooks
    inside = ", ".join(one.name for one in found[:3]) or "nothing"
    trouble = next((one for one in found if one.rank < 0), None)
    no_notebook = Found(name, None, f"handed in as {name}, which holds no notebook but {inside}")
    return [trouble or no_notebook]


def _entries(
    zipped: zipfile.ZipFile, entries: list[zipfile.ZipInfo], name: str, most: int, depth: int
) -> Iterator[Found]:
    left = most
    for info in entries:
        inner = spelled(info)
        if is_junk(inner):
            continue
        whole = f"{name}/{inner}"
        if not may_hold_notebook(inner):
            yield Found(whole, None, "no notebook")
            continue
        with zipped.open(info) as file:
            data = file.read(left + 1)
        if len(data) > left:
            why = f"{whole} unpacks to more than {most / 1e6:.0f} MB: not kept"
            yield Found(whole, None, why, -1)
            return
        left -= len(data)
        yield from look(whole, data, left, depth + 1)
