"""Where the course lives on GitHub: one setting, ``Repository`` under [project.urls].

Everything that has to name the place asks here: the site's links, the README's badges, the first
cell that Colab needs. Where the setting is absent, none of them is made. The workflow that makes
the site public (.github/workflows/pages.yml) runs this module, so that no fork publishes its own.
"""

from __future__ import annotations

import re
from pathlib import Path

from coursekit.storage import ROOT

ADDRESS = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")


def repository(project: Path = ROOT / "pyproject.toml") -> str:
    """Return "owner/name" on GitHub; "" where pyproject.toml does not say.

    Raises:
        ValueError: If what it says is no address of a repository on GitHub.
    """
    if not project.is_file():  # the installed package
        return ""
    import tomllib

    urls = tomllib.loads(project.read_text(encoding="utf-8"))["project"].get("urls", {})
    said = urls.get("Repository", "")
    found = ADDRESS.fullmatch(said)
    if said and not found:
        raise ValueError(
            f"{project.name} has Repository = {said!r} under [project.urls]: write "
            "https://github.com/OWNER/NAME, or leave it out"
        )
    return found[1] if found else ""


if __name__ == "__main__":
    print(repository())
