"""What an instructor changes after the release, in one small file: grading/adapt.toml.

    exclude = ["turing015"]        # in no export, no feedback, no report

    [points]
    u01_variance_at = 5            # counts 5 instead of 3; marks by hand are scaled with it
    u01_tr_cov = 0                 # counts no more, for anybody

    [drop]
    u01_epoch_noise = "full"       # whoever handed in a notebook has full points for it
    u01_accumulated = "out"        # counts no more, as with 0 points

    [feedback]
    class_mean = true              # each student reads the mean of the class

The gradebook keeps what was marked: take a line out of the file, and all is as before.
"""

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "adapt.toml"
SECTIONS = {"exclude", "points", "drop", "feedback"}
DROPS = ("full", "out")
NO_WORK = ("missing", "unreadable", "ungraded")  # of a record: there is nothing to give points for

Marks = dict[str, tuple[float | None, float, str]]  # cell -> (score, most, comment)


@dataclass(frozen=True)
class Adapted:
    """What grading/adapt.toml says; see the module."""

    exclude: frozenset[str] = frozenset()
    points: Mapping[str, float] = field(default_factory=dict)
    full: frozenset[str] = frozenset()
    class_mean: bool = False
    source: str = FILE

    @property
    def names(self) -> set[str]:
        """The questions that count otherwise than the release says."""
        return set(self.points) | set(self.full)


def read_adapted(grading: Path) -> Adapted:
    """Read a course's grading/adapt.toml; nothing is changed where there is none.

    Raises:
        ValueError: Naming the file and what in it cannot be used.
    """
    path = grading / FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Adapted()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}.\nMend that line, or remove the file.") from None
    if unknown := set(content) - SECTIONS:
        raise ValueError(f"{path}: nothing is called {min(unknown)!r}: use {_listed(SECTIONS)}")
    exclude = content.get("exclude", [])
    if not isinstance(exclude, list) or not all(isinstance(one, str) for one in exclude):
        raise ValueError(f'{path}: exclude = ["an_id", "another"], not {exclude!r:.80}')
    points = {name: _points(path, name, most) for name, most in _table(path, content, "points")}
    full = set()
    for name, how in _table(path, content, "drop"):
        if how not in DROPS:
            raise ValueError(f'{path}: {name} = {how!r:.40} under [drop]: write "full" or "out"')
        if name in points:
            raise ValueError(f"{path}: {name} stands under [points] and [drop]: remove one of them")
        if how == "full":
            full.add(name)
        else:
            points[name] = 0.0
    told = dict(_table(path, content, "feedback"))
    mean = told.pop("class_mean", False)
    if told or not isinstance(mean, bool):
        raise ValueError(f"{path}: [feedback] knows class_mean = true or false, and nothing else")
    return Adapted(frozenset(exclude), points, frozenset(full), mean, str(path))


def _table(path: Path, content: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{path}: {name} is a section: write [{name}] on a line of its own")
    return list(table.items())


def _points(path: Path, name: str, most: Any) -> float:
    if isinstance(most, bool) or not isinstance(most, int | float):
        raise ValueError(f"{path}: {name} = {most!r:.40}: points are a number")
    if not 0 <= most < math.inf:
        raise ValueError(f"{path}: {name} = {most}: points are 0 or more")
    return float(most)


def check_adapted(adapted: Adapted, unit: str, cells: Collection[str]) -> None:
    """Refuse a question that this unit does not have, and a wish that nobody would notice.

    Args:
        adapted: What the file says, of all units.
        unit: The one at hand.
        cells: Its marked cells.

    Raises:
        ValueError: Naming it, and what there is.
    """
    here = {cell.removesuffix("_check") for cell in cells}
    for name in sorted(adapted.names - here):
        of = re.match(r"u(\d\d)_", name)
        if of is None or of[1] == unit[:2]:
            raise ValueError(f"{adapted.source}: {unit} has no {name!r}: it has {_listed(here)}")


def adapted_marks(marks: Marks, adapted: Adapted, status: str) -> Marks:
    """Return a submission's marks as they count.

    Args:
        marks: As the gradebook has them: the judge's, or a person's where one was given.
        adapted: What was changed.
        status: The judge's status of the submission.
    """
    now: Marks = {}
    for cell, (score, most, comment) in marks.items():
        name = cell.removesuffix("_check")
        if name in adapted.full and status not in NO_WORK:
            score = most
        if name in adapted.points:
            share = adapted.points[name] / most if most else 0.0
            score = 0.0 if adapted.points[name] == 0 else None if score is None else score * share
            most = adapted.points[name]
        now[cell] = (score, most, comment)
    return now


def adapted_most(most: Mapping[str, float], adapted: Adapted) -> float:
    """Return the points that there are in all: of the gradebook's cells, each as it counts."""
    return sum(
        adapted.points.get(cell.removesuffix("_check"), value) for cell, value in most.items()
    )


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
