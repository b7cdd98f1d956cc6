"""The site's sources in one folder: units, docs, claims, API and the landing page, as Markdown."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from nbformat import NotebookNode

from coursekit.claims import quote
from coursekit.claims.register import CLAIMS
from coursekit.classroom.release.elsewhere import in_colab, on_binder
from coursekit.site import explore
from coursekit.site.api import api_pages
from coursekit.site.unit_page import UnitPage, unit_page
from coursekit.storage import ROOT

DOCS = {  # the menu: pages of docs/ with short names; pages that are not named here follow
    "Use the library": {
        "library": "By task",
        "estimators": "Estimators",
        "real_models": "Real models",
        "training_loops": "In a training loop",
        "trainers": "What trainers do",
        "scale": "On many machines",
    },
    "Teach and practise": {"instructor": "Instructor's guide", "interview": "Interview guide"},
    "Look closer": {"figures": "Published figures", "peers": "Beside other libraries"},
}
ELSEWHERE = ("CHANGELOG.md", "CONTRIBUTING.md")  # at the repository's root
PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}")
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def write_sources(
    folder: Path, pictures: Path, units: Mapping[str, NotebookNode], *, size: str, repository: str
) -> None:
    """Write every source of the site.

    Args:
        folder: Where the Markdown goes.
        pictures: Where the units' figures go; copied to the site's root as they are.
        units: Unit name -> its executed release.
        size: At which the units were run.
        repository: "owner/name" on GitHub for badges and links to code; "" where it is not known.
    """
    pages = [
        unit_page(
            name,
            notebook,
            pictures,
            size=size,
            badges=badges(repository, name),
        )
        for name, notebook in units.items()
    ]
    files = {
        f"units/{page.name}.md": relinked(
            page.text,
            f"notebooks/{page.name}/{page.name}.ipynb",
            f"units/{page.name}.md",
            repository,
        )
        for page in pages
    }
    files["units/index.md"] = units_index(pages)
    files["explorers.md"] = explore.gallery(pages)
    files.update(docs_pages(repository))
    files.update(api_pages())
    files["index.md"] = landing(pages, files, repository)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "images", folder / "images", dirs_exist_ok=True)


def units_index(pages: list[UnitPage]) -> str:
    """Return the page that lists the units with their questions."""
    lines = ["# The units", "", "| unit | question | your time | you need |", "|---|---|---|---|"]
    for page in pages:
        card = dict(page.card)
        cells = [card.get(key, "") for key in ("Question", "Your time", "You need")]
        lines.append(f"| [{page.title}]({page.name}.md) | {' | '.join(cells)} |")
    entries = "\n".join(page.name for page in pages)
    return "\n".join(lines) + f"\n\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"


def docs_pages(repository: str) -> dict[str, str]:
    """Return the pages of docs/, their links turned to pages of the site or to the repository."""
    found = {}
    for path in sorted((ROOT / "docs").rglob("*.md")):
        source = path.relative_to(ROOT).as_posix()
        found[page_of(source)] = (source, path.read_text(encoding="utf-8"))
    for name in ELSEWHERE:
        found[name.lower()] = (name, (ROOT / name).read_text(encoding="utf-8"))
    texts = {
        name: relinked(text, source, name, repository) for name, (source, text) in found.items()
    }
    decisions = sorted(name for name in texts if name.startswith("decisions/"))
    texts["decisions/index.md"] = "# Decisions\n\nWhy things are as they are, a page each.\n\n" + (
        "```{toctree}\n:maxdepth: 1\n\n"
        + "\n".join(Path(name).stem for name in decisions)
        + "\n```\n"
    )
    for folder in folders_with_a_readme():
        inside = sorted(Path(n).stem for n in texts if n.startswith(f"{folder}/"))
        entries = "\n".join(name for name in inside if name != "index")
        texts[f"{folder}/index.md"] += f"\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"
    claims = sorted(Path(name).stem for name in texts if name.startswith("claims/"))
    entries = "\n".join(f"{name.replace('_', ' ')} <claims/{name}>" for name in claims)
    texts["claims.md"] += f"\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"
    return texts


def folders_with_a_readme() -> list[str]:
    """Return the folders of docs/ whose README.md is the first page of several."""
    return sorted(path.parent.name for path in (ROOT / "docs").glob("*/README.md"))


def relinked(text: str, source: str, page: str, repository: str) -> str:
    """Return Markdown whose relative links lead to pages of the site, or to the code.

    Args:
        text: Markdown of a file of the repository.
        source: Its path there, such as "docs/library.md".
        page: Its path among the site's sources.
        repository: "owner/name"; where it is "", links to code become plain words.
    """

    def turn(match: re.Match[str]) -> str:
        words, target = match[1], match[2]
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        path, hash_sign, anchor = target.partition("#")
        place = (ROOT / source).parent.joinpath(path).resolve()
        inside = place.relative_to(ROOT).as_posix()
        ours = page_of(inside)
        if ours:
            up = "../" * page.count("/")
            return f"[{words}]({up}{ours}{hash_sign}{anchor})"
        if repository:
            return f"[{words}](https://github.com/{repository}/blob/main/{inside})"
        return words

    parts = re.split(r"(^```.*?^```)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(p if p.startswith("```") else LINK.sub(turn, p) for p in parts)


def page_of(path: str) -> str:
    """Return the site's page for a file of the repository; "" where there is none."""
    if path in ELSEWHERE:
        return path.lower()
    if path == "README.md":
        return "index.md"
    if path.startswith("docs/") and path.endswith(".md"):
        return path.removeprefix("docs/").replace("/README.md", "/index.md")
    if path.startswith("notebooks/") and path.endswith(".ipynb"):
        return f"units/{Path(path).stem}.md"
    return ""


def landing(pages: list[UnitPage], files: Mapping[str, str], repository: str) -> str:
    """Return the first page: the question, a live explorer, the ways in, and the whole menu."""
    text = Path(__file__).with_name("pages").joinpath("landing.md").read_text(encoding="utf-8")
    parts = {
        "count of claims": str(len(CLAIMS)),
        "explorer": explore.place(explore.OPENING, ""),
        "units": "\n".join(
            f"| [{page.title}](units/{page.name}.md) | {dict(page.card).get('Question', '')} |"
            for page in pages
        ),
        "badges": badges(repository, "00_start"),
        "menu": menu(files),
    }

    def fill(match: re.Match[str]) -> str:
        name = match[1].strip()
        return parts[name] if name in parts else quote(name)

    return PLACEHOLDER.sub(fill, text)


def menu(files: Mapping[str, str]) -> str:
    """Return the hidden tables of contents that make the menu and the order of pages."""
    groups: dict[str, list[str]] = {
        "Learn": ["Units <units/index>", "Explorers <explorers>", "Claims <claims>"],
        **{
            caption: [f"{title} <{name}>" for name, title in names.items() if f"{name}.md" in files]
            for caption, names in DOCS.items()
        },
    }
    placed = {"claims", "explorers", "changelog", "contributing"}.union(*DOCS.values())
    others = sorted(name.removesuffix(".md") for name in files if "/" not in name)
    folders = [f"{name}/index" for name in folders_with_a_readme()]
    groups["Teach and practise"] += [name for name in folders if name.startswith("teaching/")]
    groups["Look closer"] += [name for name in folders if not name.startswith("teaching/")]
    groups["Use the library"].append("Every public name <api/index>")
    groups["Look closer"] += [name for name in others if name not in placed]
    groups["Look closer"] += ["Decisions <decisions/index>", "Contribute <contributing>"]
    groups["Look closer"].append("Changelog <changelog>")
    return "\n\n".join(
        f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```"
        for caption, names in groups.items()
        if names
    )


def badges(repository: str, unit: str) -> str:
    """Return links that open a unit elsewhere; "" where the repository is not known."""
    if not repository:
        return ""
    colab, binder = in_colab(repository, unit), on_binder(repository, f"{unit}/{unit}.ipynb")
    return (
        f"Without a clone: [open it in Colab]({colab}), where the first cell brings the library, "
        f"or [on Binder]({binder}), which takes minutes to start. We have tested neither."
    )
