"""``coursekit variant``: a private release whose exercises ask for something else."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from coursekit.claims import quote
from coursekit.classroom.learner.copies import find_unit
from coursekit.classroom.marking.grading import VARIANT
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.changed_unit import Difference, differences, variant_unit
from coursekit.classroom.release.place import put_in_place
from coursekit.classroom.release.proofs import differences_page, show_differences
from coursekit.classroom.release.source import Unit, read_units
from coursekit.classroom.release.variant import (
    Variant,
    choose_variant,
    fresh_seed,
    read_variant,
    write_variant,
)
from coursekit.commands.build import points_of
from coursekit.commands.own_course import write_settings
from coursekit.exercises import EXERCISES
from coursekit.storage import ROOT, is_clone, write_atomically

PROOFS = "changes"  # NN_name.html in it: old and new side by side


def run(
    *,
    seed: int | None,
    out: Path | None,
    unit: str = "",
    without: Sequence[str] = (),
    show: bool = False,
) -> int:
    """Add units to a private release: notebooks, instructor's notebooks, settings for nbgrader.

    Args:
        seed: Chooses the changes; None draws one, which variant.json keeps.
        out: The release's folder: a new one, or one that holds other units already. None only
            shows.
        unit: One unit; "" for all.
        without: Changes to leave out.
        show: Print old and new side by side.

    Returns:
        0.

    Raises:
        ValueError: If the folder holds something else or these units already, or the sources are
            not here.
    """
    if not is_clone():
        raise ValueError(
            "the sources of the units do not come with the installed package.\n"
            "Clone the repository and run `python3 -m coursekit variant` there."
        )
    if out is None and not show:
        raise ValueError("name a folder for the release, `--out ../spring`, or only `--show` it")
    units = read_units(ROOT / "solutions")
    if unit:
        only = find_unit(unit, [one.name for one in units])
        units = [one for one in units if one.name == only]
    before = Variant() if out is None else _before(out, units)
    seed = fresh_seed() if seed is None else seed
    variant = choose_variant(units, EXERCISES, seed, without)
    found = {one.name: differences(one, variant, EXERCISES) for one in units}
    if out is not None:
        _write(out, units, variant, before, found)
        (out / ".build").chmod(0o700)  # the private solutions, on a machine that others use
    if show:
        console = Console()  # as wide as the terminal, or as COLUMNS says; else 80
        for listed in found.values():
            show_differences(listed, console)
    for exercise_id, name in variant.changes.items():
        print(f"{exercise_id:24} {name}")
    graded = [e for one in units for e in one.exercises if EXERCISES[e].graded]
    print(f"changed: {len(variant.changes)} of {len(graded)} exercises with marks, seed {seed}")
    if out is not None:
        print(f"Read {out}/{PROOFS}/ first: old and new side by side. Then give out")
        print(f"{out}/notebooks, put submissions in {out}/grading/submitted, and keep the rest.")
    else:
        print(f"Nothing is written. To make it: --seed {seed} --out FOLDER")
    return 0


def _before(out: Path, units: Sequence[Unit]) -> Variant:
    """Return what a release's folder holds already.

    Raises:
        ValueError: If it is no release, or holds one of these units.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return Variant()
    if not (out / VARIANT).is_file():
        raise ValueError(
            f"{out} is not empty and holds no private release ({VARIANT} is missing): name a new "
            "folder, outside what students see"
        )
    before = read_variant(out / VARIANT)
    there = [unit.name for unit in units if unit.name in before.seeds]
    if there:
        raise ValueError(
            f"{out} holds {', '.join(there)} already, and students may have it.\n"
            "Name other units with --unit, or a new folder with --out."
        )
    return before


def _write(
    out: Path,
    units: Sequence[Unit],
    variant: Variant,
    before: Variant,
    found: dict[str, list[Difference]],
) -> None:
    changed = [variant_unit(one, variant, EXERCISES) for one in units]
    files = release_files(changed, points_of=points_of, quote=quote)
    out.mkdir(parents=True, exist_ok=True)
    for name, listed in found.items():
        page = differences_page(listed, f"{name}: what this release changes")
        write_atomically(out / PROOFS / f"{name}.html", page)
    put_in_place(out.resolve(), files, remove_others=False)
    write_settings(out)
    write_atomically(out / VARIANT, write_variant(before.with_units_of(variant)))
