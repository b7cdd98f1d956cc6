"""The solution regions of a cell, by the same rules as nbgrader's ClearSolutions.

nbgrader does the removing (see `build`); here a cell is looked at before and after: does it have
a region, are its markers paired, which lines must never reach a learner.
"""

import re

MARK = {"begin": "BEGIN SOLUTION", "end": "END SOLUTION"}  # nbgrader's own delimiters
CODE_STUB = 'raise NotImplementedError("write your answer here")'
TEXT_STUB = "*Write your answer here.*"


class UnpairedMarkers(ValueError):
    """A begin marker without its end, or the reverse."""


def has_region(text: str) -> bool:
    """Say whether a cell has a solution region.

    Raises:
        UnpairedMarkers: If its markers are not paired.
    """
    return bool(solution_regions(text))


def solution_regions(text: str) -> list[list[str]]:
    """Return the lines of each solution region of a cell, without its markers.

    Raises:
        UnpairedMarkers: If a marker is nested, unclosed or unopened.
    """
    return [lines for inside, lines in _split(text) if inside]


def without_regions(text: str) -> str:
    """Return what ClearSolutions leaves of a code cell: each region becomes the indented stub.

    Raises:
        UnpairedMarkers: If a marker is nested, unclosed or unopened.
    """
    kept: list[str] = []
    for inside, lines in _split(text, stub=CODE_STUB):
        if not inside:
            kept += lines
    return "\n".join(kept)


def _split(text: str, stub: str | None = None) -> list[tuple[bool, list[str]]]:
    """Cut a cell into runs of (inside a region?, lines); a stub takes each begin marker's place."""
    parts: list[tuple[bool, list[str]]] = [(False, [])]
    for line in text.split("\n"):
        inside = parts[-1][0]
        if MARK["begin"] in line:
            if inside:
                raise UnpairedMarkers(f"'{MARK['begin']}' twice without '{MARK['end']}' between")
            if stub is not None:
                parts[-1][1].append(re.match(r"\s*", line).group(0) + stub)  # type: ignore[union-attr]
            parts.append((True, []))
        elif MARK["end"] in line:
            if not inside:
                raise UnpairedMarkers(f"'{MARK['end']}' without '{MARK['begin']}' above it")
            parts.append((False, []))
        elif re.search(r"(BEGIN|END) +SOLUTION", line, re.IGNORECASE):
            raise UnpairedMarkers(
                f"{line.strip()!r} looks like a marker but is none: write it in capitals with one "
                "space"
            )
        else:
            parts[-1][1].append(line)
    if parts[-1][0]:
        raise UnpairedMarkers(f"'{MARK['begin']}' without '{MARK['end']}' below it")
    return parts
