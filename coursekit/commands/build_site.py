"""``coursekit build --site``: what a stranger can read and move before installing anything."""

from pathlib import Path

from coursekit.bootstrap.repository import repository
from coursekit.claims import quote
from coursekit.classroom.release.build import RELEASE_FOLDER, release_files
from coursekit.classroom.release.source import read_units
from coursekit.commands.build import points_of
from coursekit.site.build import build_site
from coursekit.storage import ROOT, is_clone

SIZES = ("tiny", "cpu")
PLACE = ".build/site/html"


def run(size: str = "cpu", out: Path | None = None) -> int:
    """Build the site and say how large it is.

    Args:
        size: At which the units are run: "cpu", or "tiny" for a quick look.
        out: The site's folder; None: `.build/site/html`.

    Returns:
        0.

    Raises:
        ValueError: If the size is another word, the folder holds other files, or this is no clone.
        RuntimeError: If a unit does not run, or the pages have dead links or outside requests.
    """
    if size not in SIZES:
        raise ValueError(f"--size is {size!r}: give one of {', '.join(SIZES)}")
    if not is_clone():
        raise ValueError(
            "the sources of the site do not come with the installed package.\n"
            "Clone the repository and run `python3 -m coursekit build --site` there."
        )
    site = build_site(
        released_texts(), (out or ROOT / PLACE).resolve(), size=size, repository=repository()
    )
    print(
        f"{site.pages} pages, {site.megabytes:.1f} MB; the largest, {site.largest}, has "
        f"{site.largest_kilobytes:.0f} kB\nopen {site.folder / 'index.html'}"
    )
    return 0


def released_texts() -> dict[str, str]:
    """Return the text of each unit's release, made from its source: unit name -> notebook."""
    files = release_files(read_units(ROOT / "solutions"), points_of=points_of, quote=quote)
    return {
        Path(name).stem: text
        for name, text in files.items()
        if name.startswith(f"{RELEASE_FOLDER}/") and Path(name).parent.name == Path(name).stem
    }
