"""The released units, and a learner's own copies of them, which nothing ever writes over."""

import json
import os
import shutil
import tempfile
from difflib import get_close_matches
from pathlib import Path

from coursekit.storage import ROOT, free_name, is_clone, time_stamp, workspace


def release_folder() -> Path:
    """Return the folder of the released units, in the clone or in the installed package."""
    return ROOT / "notebooks" if is_clone() else Path(__file__).parents[2] / "_notebooks"


def released_units(folder: Path | None = None) -> list[Path]:
    """Return the folders of the released units in their order, each with its notebook inside.

    Args:
        folder: Where they lie. None: the public units, those of the learner's class in their
            place where the learner has any.
    """
    if folder is None:
        return with_class(released_units(release_folder()))
    found = sorted(folder.glob("[0-9][0-9]_*"))
    return [unit for unit in found if notebook_in(unit).is_file()]


def with_class(units: list[Path]) -> list[Path]:
    """Return the units, those of the learner's class in place of the public ones."""
    own = {unit.name: unit for unit in released_units(class_folder())}
    return [own.get(unit.name, unit) for unit in units]


def class_folder() -> Path:
    """Return where the units lie that the learner's class has been given; it may not exist."""
    return work_folder() / ".class"


def notebook_in(unit: Path) -> Path:
    """Return the path of a unit's notebook: it bears the name of its folder."""
    return unit / f"{unit.name.split('.')[0]}.ipynb"


def find_unit(name: str, names: list[str]) -> str:
    """Return the full name of a unit from ``01``, ``1``, ``gradient_noise`` or ``gradient``.

    Raises:
        ValueError: If no unit is meant, naming those there are, or if several fit a part.
    """
    wanted = name.strip().strip("/").removesuffix(".ipynb").removesuffix(".py").lower()
    for unit in names:
        number, _, words = unit.partition("_")
        if wanted in (unit, number, words) or (wanted.isdigit() and int(wanted) == int(number)):
            return unit
    part = wanted.replace("-", "_").replace(" ", "_")
    fitting = [unit for unit in names if part.strip("_0123456789") and part in unit]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ValueError(f"{name!r} fits several units. Name one of these: {', '.join(fitting)}")
    named = {unit.partition("_")[2]: unit for unit in names} | {unit: unit for unit in names}
    near = [named[x] for x in get_close_matches(part, named, n=1)]
    meant = f"; did you mean {near[0]}?" if near else "."
    listed = ", ".join(names) or "none: run `python3 -m coursekit build`"
    raise ValueError(f"there is no unit {name!r}{meant} Name one of these: {listed}")


def exercises_in(notebook: Path) -> dict[str, float]:
    """Return the points of each exercise that a notebook checks, by its id, in order.

    A warm-up has 0 points. Essays, which people mark, are not among them.

    Raises:
        ValueError: If the file is no notebook.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        marks = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{notebook} is not a readable notebook ({error!r})") from error
    return {
        mark["grade_id"].removesuffix("_check"): float(mark.get("points", 0))
        for mark in marks
        if mark.get("grade_id", "").endswith("_check")
    }


def work_folder() -> Path:
    """Return the folder of the learner's own copies."""
    return workspace() / "work"


def own_copy(release: Path, work: Path, *, fresh: bool = False) -> tuple[Path, str]:
    """Make the learner's copy of a unit if there is none; add what a newer release has beside it.

    Files that are there are never written over. ``fresh`` renames the copy first.

    Args:
        release: The unit's folder in the release.
        work: The folder of the copies.
        fresh: Begin anew.

    Returns:
        The folder of the copy, and a sentence on what was done (empty if nothing).
    """
    copy = work / release.name
    told = ""
    work.mkdir(parents=True, exist_ok=True)
    if fresh and copy.exists():
        kept = free_name(copy, time_stamp())
        copy.rename(kept)
        told = f"Your old copy is now {kept}. "
    if not copy.exists():
        with tempfile.TemporaryDirectory(dir=work, prefix=f".{release.name}.") as place:
            whole = Path(place) / release.name
            shutil.copytree(release, whole, ignore=_generated)
            whole.rename(copy)  # appears whole or not at all
        return copy, told + f"Your own copy is {copy}."
    added = [
        str(path.relative_to(release))
        for path in sorted(release.rglob("*"))
        if path.is_file() and not _generated(str(path.parent), [path.name, path.parent.name])
        if _add(path, copy / path.relative_to(release))
    ]
    return copy, f"New in this release, added to {copy}: {', '.join(added)}." if added else ""


def _generated(_folder: str, names: list[str]) -> set[str]:
    return {"__pycache__", ".ipynb_checkpoints", ".DS_Store"} & set(names)


def _add(source: Path, target: Path) -> bool:
    """Copy a file that is not there yet; say whether it was copied."""
    if os.path.lexists(target):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    try:
        shutil.copy(source, temporary)
        if os.path.lexists(target):  # another `lab` was quicker
            return False
        os.rename(temporary, target)
        return True
    finally:
        Path(temporary).unlink(missing_ok=True)
