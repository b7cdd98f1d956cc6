"""``coursekit variant``: a private release whose exercises ask for something else."""

import sys
from pathlib import Path

from coursekit.claims import quote
from coursekit.classroom.learner.copies import find_unit
from coursekit.classroom.marking.gradebook import CONFIG
from coursekit.classroom.marking.grading import VARIANT
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.place import put_in_place
from coursekit.classroom.release.source import read_units
from coursekit.classroom.release.variant import choose_variant, variant_unit, write_variant
from coursekit.commands.build import points_of
from coursekit.exercises import EXERCISES
from coursekit.storage import ROOT, is_clone, write_atomically

OWN_CODE = "sys.path.insert(0, str(ROOT))"


def run(*, seed: int, out: Path, unit: str = "") -> int:
    """Make a release in a new folder: notebooks, instructor's notebooks, settings for nbgrader.

    Args:
        seed: Chooses the changes.
        out: The folder; it must not exist or be empty.
        unit: One unit; "" for all.

    Returns:
        0.

    Raises:
        ValueError: If the folder holds something, or the sources are not here.
    """
    if not is_clone():
        raise ValueError(
            "the sources of the units do not come with the installed package.\n"
            "Clone the repository and run `python3 -m coursekit variant` there."
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is not empty: name a new folder, outside what students see")
    units = read_units(ROOT / "solutions")
    if unit:
        only = find_unit(unit, [one.name for one in units])
        units = [one for one in units if one.name == only]
    variant = choose_variant(units, EXERCISES, seed, on_exercise=_show)
    print(file=sys.stderr)
    changed = [variant_unit(unit, variant, EXERCISES) for unit in units]
    files = release_files(changed, points_of=points_of, quote=quote)
    out.mkdir(parents=True, exist_ok=True)
    put_in_place(out.resolve(), files)
    settings = (ROOT / CONFIG).read_text(encoding="utf-8")
    if OWN_CODE not in settings:
        raise ValueError(f"{CONFIG} does not say {OWN_CODE!r}: mend `variant`")
    settings = settings.replace(OWN_CODE, f"sys.path.insert(0, {str(ROOT)!r})")
    write_atomically(out / CONFIG, settings)
    write_atomically(out / VARIANT, write_variant(variant))
    for exercise_id, name in variant.changes.items():
        print(f"{exercise_id:24} {name}")
    graded = [e for unit in units for e in unit.exercises if EXERCISES[e].graded]
    print(f"changed: {len(variant.changes)} of {len(graded)} exercises with marks, seed {seed}")
    print(
        f"Give out {out}/notebooks, put submissions in {out}/grading/submitted, and keep the rest."
    )
    return 0


def _show(exercise_id: str) -> None:
    end = "" if sys.stderr.isatty() else "\n"
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{start}trying changes of {exercise_id}", end=end, file=sys.stderr, flush=True)
