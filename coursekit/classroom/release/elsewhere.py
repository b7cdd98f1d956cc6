"""The course where nobody has a clone: addresses in Colab and Binder, and the cell Colab needs.

All of it follows from `coursekit.bootstrap.repository`; without a repository there is none of it.
None of it was tried on those services (docs/site.md).
"""

import re

from coursekit.classroom.release.folding import folded

NOTEBOOKS = "notebooks"
FIRST_CELL = """import sys
from importlib.util import find_spec

if "google.colab" in sys.modules and find_spec("coursekit") is None:
    import importlib
    import subprocess

    library = "coursekit @ git+https://github.com/{repository}"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", library], check=True)
    importlib.invalidate_caches()"""
BADGES = re.compile(r"(<!-- elsewhere: .*? -->\n).*?(<!-- /elsewhere -->\n)", re.DOTALL)


def in_colab(repository: str, unit: str) -> str:
    """Return the address at which Colab opens a unit."""
    path = f"{NOTEBOOKS}/{unit}/{unit}.ipynb"
    return f"https://colab.research.google.com/github/{repository}/blob/main/{path}"


def on_binder(repository: str, page: str) -> str:
    """Return the address at which Binder opens a file of the release, such as "home.ipynb"."""
    return f"https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/{NOTEBOOKS}/{page}"


def first_cell(repository: str) -> str:
    """Return the cell that brings the library to Colab; on a person's machine it does nothing."""
    return folded(
        FIRST_CELL.format(repository=repository), "brings the library where Colab lacks it"
    )


def with_badges(readme: str, repository: str, unit: str) -> str:
    """Return the README with its two badges between their marks, or with nothing there.

    Args:
        readme: Its text.
        repository: "owner/name"; "" for none.
        unit: The unit that Colab opens.

    Raises:
        ValueError: If the marks are gone.
    """
    if not BADGES.search(readme):
        raise ValueError(
            "README.md lacks the line <!-- elsewhere: ... --> and below it <!-- /elsewhere -->: "
            "put them where the badges belong"
        )
    colab = "https://colab.research.google.com/assets/colab-badge.svg"
    binder = "https://mybinder.org/badge_logo.svg"
    badges = (
        f"[![Open unit {unit[:2]} in Colab]({colab})]({in_colab(repository, unit)})\n"
        f"[![Open the course on Binder]({binder})]({on_binder(repository, 'home.ipynb')})\n"
    )
    return BADGES.sub(lambda m: m[1] + (badges if repository else "") + m[2], readme)
