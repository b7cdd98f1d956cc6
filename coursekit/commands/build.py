"""``coursekit build``: solutions/*.py -> notebooks/ and .build/source/; the README's badges."""

import sys

from coursekit.bootstrap.repository import repository
from coursekit.claims import quote
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.elsewhere import with_badges
from coursekit.classroom.release.place import drift, put_in_place
from coursekit.classroom.release.source import read_units
from coursekit.exercises import EXERCISES
from coursekit.storage import ROOT, is_clone


def run(check: bool = False) -> int:
    """Build every unit, or compare what is there with its sources.

    Args:
        check: Write nothing; name each file that differs.

    Returns:
        0, or 1 where, with `check`, something differs.

    Raises:
        ValueError: If a source or the setting of the repository is refused, or there are none.
        OSError: If something can't be written; the earlier release is then as it was.
    """
    if not is_clone():
        raise ValueError(
            "the sources of the units do not come with the installed package.\n"
            "Clone the repository and run `python3 -m coursekit build` there."
        )
    units = read_units(ROOT / "solutions")
    place = repository()
    files = release_files(units, points_of=points_of, quote=quote, repository=place)
    if (ROOT / "README.md").is_file():  # a teacher's copy of the sources may have none
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        files["README.md"] = with_badges(readme, place, units[0].name)
    if check:
        differing = drift(ROOT, files)
        for line in differing:
            print(line)
        if differing:
            print("Run `python3 -m coursekit build` and commit what changed.", file=sys.stderr)
            return 1
        print(f"units: {len(units)}; notebooks/ is what solutions/ makes")
        return 0
    changed, left_alone = put_in_place(ROOT, files)
    for name in changed:
        print(("wrote " if name in files else "removed ") + name)
    for name in left_alone:
        print(f"left alone: {name}: no unit makes it", file=sys.stderr)
    print(f"units: {len(units)}, files changed: {len(changed)}")
    return 0


def points_of(exercise_id: str) -> float | None:
    """Return the points of an exercise's check; None for a warm-up without marks."""
    exercise = EXERCISES[exercise_id]
    return exercise.max_score if exercise.graded else None
