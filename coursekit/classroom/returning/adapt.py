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

The gradebook keeps what was marked: take a line out of the file, and all is as before. Marks that
go out are in hundredths: each question's is rounded, and the sum is that of the rounded ones.
"""

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
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
    lines: Mapping[str, int] = field(default_factory=dict)  # a name in the file -> where it stands

    @property
    def names(self) -> set[str]:
        """The questions that count otherwise than the release says."""
        return set(self.points) | set(self.full)

    @property
    def dropped(self) -> frozenset[str]:
        """The questions that count for nobody, or in full for everybody."""
        return self.full | {name for name, most in self.points.items() if most == 0}

    def place(self, name: str) -> str:
        """Return the file and the line in which a name stands."""
        return f"{self.source}:{self.lines[name]}" if name in self.lines else self.source


def read_adapted(grading: Path) -> Adapted:
    """Read a course's grading/adapt.toml; nothing is changed where there is none.

    Raises:
        ValueError: Naming the file and what in it cannot be used.
    """
    path = grading / FILE
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError:
        return Adapted()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = re.search(r" \(at (?:line (\d+)|end of document).*\)$", str(error))
        stands = f"{path}:{line[1]}" if line and line[1] else str(path)
        raise ValueError(f"{stands}: {error}.\nMend that line, or remove the file.") from None

    def where(name: str, section: str = "") -> str:
        return f"{path}:{line_in(text, name, section)}"

    if unknown := set(content) - SECTIONS:
        name = min(unknown)
        raise ValueError(f"{where(name)}: nothing is called {name!r}: use {_listed(SECTIONS)}")
    exclude = content.get("exclude", [])
    if not isinstance(exclude, list) or not all(isinstance(one, str) for one in exclude):
        raise ValueError(f'{where("exclude")}: exclude = ["an_id", "another"], not {exclude!r:.80}')
    for name in ("points", "drop", "feedback"):
        if not isinstance(content.get(name, {}), dict):
            raise ValueError(
                f"{where(name)}: {name} is a section: write [{name}] on a line of its own"
            )
    points = {
        name: _points(where(name, "points"), name, most)
        for name, most in content.get("points", {}).items()
    }
    full = set()
    for name, how in content.get("drop", {}).items():
        here = where(name, "drop")
        if how not in DROPS:
            raise ValueError(f'{here}: {name} = {how!r:.40} under [drop]: write "full" or "out"')
        if name in points:
            raise ValueError(f"{here}: {name} stands under [points] and [drop]: remove one of them")
        if how == "full":
            full.add(name)
        else:
            points[name] = 0.0
    told = dict(content.get("feedback", {}))
    mean = told.pop("class_mean", False)
    if told or not isinstance(mean, bool):
        here = where(min(told, default="class_mean"), "feedback")
        raise ValueError(f"{here}: [feedback] knows class_mean = true or false, and nothing else")
    lines = {name: line_in(text, name) for name in {*exclude, *points, *full}}
    return Adapted(frozenset(exclude), points, frozenset(full), mean, str(path), lines)


def line_in(text: str, name: str, section: str = "") -> int:
    """Return the number of the line in which a name stands: below its section, if one is given."""
    said = re.compile(rf"""(?<![\w.-]){re.escape(name)}(?![\w.-])""")
    inside, found = not section, 1
    for number, line in enumerate(text.split("\n"), 1):
        if head := re.match(r"\s*\[\s*(\w+)\s*\]", line):
            inside = inside if not section else head[1] == section
        if said.search(line.partition("#")[0]):
            found = number
            if inside:
                return number
    return found


def _points(where: str, name: str, most: Any) -> float:
    if isinstance(most, bool) or not isinstance(most, int | float):
        raise ValueError(f"{where}: {name} = {most!r:.40}: points are a number")
    if not 0 <= most < math.inf:
        raise ValueError(f"{where}: {name} = {most}: points are 0 or more")
    if hundredths(most) != most:
        raise ValueError(f"{where}: {name} = {most}: points have two decimals at most")
    return float(most)


def hundredths(points: float) -> float:
    """Return points rounded to two decimals, half a hundredth upwards: marks go out like that."""
    return float(Decimal(repr(points)).quantize(Decimal("0.01"), ROUND_HALF_UP))


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
            raise ValueError(
                f"{adapted.place(name)}: {unit} has no {name!r}: it has {_listed(here)}"
            )


def adapted_marks(marks: Marks, adapted: Adapted, status: str) -> Marks:
    """Return a submission's marks as they count, in hundredths.

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
        now[cell] = (None if score is None else hundredths(score), hundredths(most), comment)
    return now


def adapted_most(most: Mapping[str, float], adapted: Adapted) -> float:
    """Return the points that there are in all: of the gradebook's cells, each as it counts."""
    return sum(
        adapted.points.get(cell.removesuffix("_check"), value) for cell, value in most.items()
    )


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
