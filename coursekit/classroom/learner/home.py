"""The course's home page: the map of the units, what is done in each, and where to go on."""

import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.classroom.learner.class_release import codes_in, is_of_a_class
from coursekit.classroom.learner.copies import (
    exercises_in,
    notebook_in,
    released_units,
    with_class,
)
from coursekit.explorers.mode import show_html
from coursekit.progress import Progress, load, of_release, unit_number
from coursekit.storage import write_atomically

NAME = "home.ipynb"
GREEN, GREY = "#009E73", "rgba(128, 128, 128, 0.28)"

TIME = 3  # row of a unit's card that says how long it takes, in any language


@dataclass(frozen=True)
class Stop:
    """One unit on the map."""

    name: str  # 01_gradient_noise
    title: str  # 01 · How noisy is a gradient?
    minutes: str  # as its card says
    earned: float
    points: float
    predictions: int
    last_seen: str  # ISO 8601; "" if never

    @property
    def done(self) -> bool:
        """All its points are earned."""
        return self.earned >= self.points > 0


def stops(units: Sequence[Path], progress: Progress) -> list[Stop]:
    """Return the map's rows.

    Args:
        units: Folders of the released units.
        progress: What is recorded.
    """
    rows = []
    for unit in units:
        number = unit_number(unit.name)
        exercises = exercises_in(notebook_in(unit))
        codes = codes_in(notebook_in(unit)) if is_of_a_class(unit) else {}
        names = {k: of_release(k, codes.get(k, "")) for k in exercises}
        known = progress.exercises
        best = {k: known[names[k]].best for k in exercises if names[k] in known}
        seen = progress.units.get(number)
        title, minutes = _heading(notebook_in(unit))
        rows.append(
            Stop(
                name=unit.name,
                title=title,
                minutes=minutes,
                earned=sum(min(got, exercises[k]) for k, got in best.items()),
                points=sum(exercises.values()),
                predictions=len(progress.predictions.get(number, {})),
                last_seen=seen.last_seen if seen else "",
            )
        )
    return rows


def _heading(notebook: Path) -> tuple[str, str]:
    """Return the title and the time that a unit's first cell tells."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "".join(cells[0]["source"]) if cells else ""
    title = re.search(r"^# +(.+)$", text, re.MULTILINE)
    card = re.findall(r"^\| *\*\*[^|*]+\*\* *\| *([^|]+?) *\|", text, re.MULTILINE)
    minutes = _short(card[TIME]) if len(card) > TIME else ""
    return (title[1] if title else notebook.stem), minutes


def _short(said: str) -> str:
    """Return "75 + 60 min" of a unit in two parts; other times as they are."""
    parts = re.findall(r"(?<![\d.])\d+(?![\d.])", said)
    return f"{' + '.join(parts)} min" if said.startswith("part") else said


def where_to_go_on(rows: Sequence[Stop]) -> Stop | None:
    """Return the unit worked on last, or the next that lacks points; None where none does."""
    seen = [row for row in rows if row.last_seen]
    start = rows.index(max(seen, key=lambda row: row.last_seen)) if seen else 0
    return next((row for row in [*rows[start:], *rows[:start]] if not row.done), None)


def map_html(rows: Sequence[Stop]) -> str:
    """Return the map: a link to go on with, and a row for each unit."""
    go_on = where_to_go_on(rows)
    if go_on is None:
        head = "All points of all units are yours."
    else:
        word = "Go on with" if any(row.last_seen for row in rows) else "Start with"
        head = f"{word} {_link(go_on)}"
    lines = "".join(map(_row, rows))
    cell = "text-align:left;padding:4px 14px 4px 0"
    heads = "".join(
        f'<th style="{cell}">{name}</th>' for name in ("unit", "points", "state", "time")
    )
    total = f"{sum(r.earned for r in rows):g} of {sum(r.points for r in rows):g} points"
    return (
        f'<p style="font-size:1.25em;margin:4px 0 10px"><b>{head}</b></p>'
        f"<p>{total}, {sum(row.done for row in rows)} of {len(rows)} units complete.</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
    )


def _link(row: Stop) -> str:
    return f'<a href="{row.name}/{row.name}.ipynb">{html.escape(row.title)}</a>'


def _row(row: Stop) -> str:
    share = 100 * row.earned / row.points if row.points else 0.0
    state = "✓ complete" if row.done else "begun" if row.last_seen or row.earned else ""
    cell = '<td style="text-align:left;padding:4px 14px 4px 0;vertical-align:top">'
    bar = (
        f'<div style="background:{GREY};width:110px;height:9px;margin-top:5px">'
        f'<div style="background:{GREEN};width:{share:.0f}%;height:9px"></div></div>'
    )
    points = f"{row.earned:g} of {row.points:g}"
    return (
        f"<tr>{cell}{_link(row)}</td>{cell}{bar}{points}</td>{cell}{state}</td>"
        f"{cell}{html.escape(row.minutes)}</td></tr>"
    )


def map_text(rows: Sequence[Stop]) -> str:
    """Return the map for a plain script."""
    width = max((len(row.title) for row in rows), default=0)
    lines = [f"{row.title:{width}}  {row.earned:g} of {row.points:g} points" for row in rows]
    go_on = where_to_go_on(rows)
    return "\n".join([*lines, f"Go on with: {go_on.title}" if go_on else "All done."])


def course_map() -> None:
    """Draw the map of the course with your progress, as it is now."""
    rows = stops(released_units(), load())
    show_html(map_html(rows), map_text(rows))


def home_page(release: Path, work: Path) -> Path:
    """Put the home page beside the learner's copies, its map drawn as things stand now.

    A page that the learner has edited stays as it is; what nobody edited is made anew, so that the
    map is true before anything runs.

    Args:
        release: The folder of the released units, which holds the page without its map.
        work: The folder of the copies.

    Returns:
        The page's path.

    Raises:
        OSError: If it can't be written, or the release has none.
    """
    page = json.loads((release / NAME).read_text(encoding="utf-8"))
    place = work / NAME
    if place.exists() and not _untouched(place):
        return place
    rows = stops(with_class(released_units(release)), load())
    for cell in page["cells"]:
        if cell["cell_type"] == "code":
            data = {"text/html": [map_html(rows)], "text/plain": [map_text(rows)]}
            shown = {"output_type": "display_data", "data": data, "metadata": {}}
            cell["outputs"] = [shown]
    page["metadata"]["coursekit"]["written"] = _digest(page)
    write_atomically(place, json.dumps(page, indent=1, ensure_ascii=False) + "\n")
    return place


def _untouched(place: Path) -> bool:
    """Say whether a home page's cells are those it was written with."""
    try:
        page = json.loads(place.read_text(encoding="utf-8"))
        return page["metadata"]["coursekit"]["written"] == _digest(page)
    except (ValueError, KeyError, TypeError):
        return False


def _digest(page: dict[str, Any]) -> str:
    texts = ["".join(cell["source"]) for cell in page["cells"]]
    return hashlib.sha256("\n\n".join(texts).encode()).hexdigest()
