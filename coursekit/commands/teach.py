"""``coursekit teach``: slides and assistants' notes of a unit, an exam with its key."""

from collections.abc import Sequence
from pathlib import Path

from coursekit.claims import load_ledger
from coursekit.classroom.learner.copies import find_unit
from coursekit.classroom.release.source import read_units
from coursekit.classroom.teaching import (
    draw_exam,
    exam_page,
    key_page,
    notes_of_unit,
    slides_of_unit,
)
from coursekit.storage import ROOT, is_clone, write_atomically

PLACE = Path("teaching")  # git ignores it: an exam has a key
KINDS = ("slides", "notes", "exam")


def run(
    what: str,
    units: Sequence[str],
    *,
    seed: int = 0,
    minutes: int = 60,
    title: str = "Batch size and learning dynamics",
    out: Path | None = None,
) -> int:
    """Write one page; of an exam also its key, beside it.

    Args:
        what: "slides", "notes" or "exam".
        units: Of slides and notes the one unit; of an exam those to draw from, none is all.
        seed: Chooses an exam's tasks and numbers.
        minutes: An exam's length.
        title: An exam's heading.
        out: The file. Default: a name of its own in teaching/.

    Raises:
        ValueError: For another kind, a unit that does not exist, or a file that is there already.
    """
    if what not in KINDS:
        raise ValueError(f"there is no {what!r} to make; choose one of {', '.join(KINDS)}")
    if not is_clone():
        raise ValueError("the units' sources do not come with the installed package: use a clone")
    known = {unit.name: unit for unit in read_units(ROOT / "solutions")}
    names = [find_unit(unit, list(known)) for unit in units]
    if what == "exam":
        exam = draw_exam(seed, minutes=minutes, units=names)
        path = out or PLACE / f"exam_{seed}.html"
        key = path.with_name(f"{path.stem}-key{path.suffix or '.html'}")
        return _write({path: exam_page(exam, title), key: key_page(exam, title)})
    if len(names) != 1:
        raise ValueError(f"{what} are of one unit: python3 -m coursekit teach {what} 01")
    unit = known[names[0]]
    if what == "notes":
        return _write({out or PLACE / f"notes_{unit.name}.md": notes_of_unit(unit)})
    return _write(
        {out or PLACE / f"slides_{unit.name}.html": slides_of_unit(unit.name, load_ledger())}
    )


def _write(pages: dict[Path, str]) -> int:
    """Write new files, never over an old one."""
    for path in pages:
        if path.exists():
            raise ValueError(f"{path} is there already; name another file with --out")
    for path, words in pages.items():
        write_atomically(path, words)
        print(path)
    return 0
