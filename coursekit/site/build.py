"""Build the site: run the units, write sources, let Sphinx make pages, look at all of them."""

import io
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit import __version__
from coursekit.site import explore
from coursekit.site.execute import executed_units
from coursekit.site.look import faults
from coursekit.site.sources import write_sources
from coursekit.storage import ROOT

STATIC = Path(__file__).with_name("static")
PARAMETERS = re.compile(r"<dl>\s*((?:<dd>.*?</dd>\s*)+)</dl>", re.DOTALL)
TITLE = "Batch Size and Learning Dynamics"


@dataclass(frozen=True)
class Site:
    """What was built."""

    folder: Path
    pages: int
    megabytes: float
    largest: str  # the largest page
    largest_kilobytes: float


class SiteFaulty(RuntimeError):
    """A site with warnings, dead links or requests to other places."""


def build_site(
    texts: Mapping[str, str],
    out: Path,
    *,
    size: str = "cpu",
    run: Collection[str] | None = None,
    at_once: int | None = None,
    repository: str = "",
    work: Path | None = None,
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),
) -> Site:
    """Build the site into a folder; what was there before is replaced when all is well.

    Args:
        texts: Unit name -> text of its released notebook.
        out: The site's folder.
        size: At which units are run, "tiny" or "cpu".
        run: The units to be run; None: all. The pages of others show code and no results.
        at_once: Kernels at a time; None: as many as there are cores, four at most.
        repository: "owner/name" on GitHub; "" for none.
        work: Folder for runs to be used again; None: `.build/site`.
        say: Told what is being done.

    Raises:
        ValueError: If the folder holds something that is no site; nothing is run then.
        SiteFaulty: If Sphinx warns, a link leads nowhere or a page asks another place.
        UnitFailed: If a unit does not run.
    """
    refuse_other_files(out)
    work = ROOT / ".build" / "site" if work is None else work
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    say(f"running {len(texts)} units at size {size} ...")
    units = executed_units(
        texts,
        work / "executed",
        size=size,
        at_once=at_once or min(cores or 1, 4),
        run=texts if run is None else run,
    )
    with tempfile.TemporaryDirectory(prefix="site-", dir=work) as temporary:
        folder = Path(temporary)
        source, extra, built = folder / "source", folder / "extra", folder / "built"
        source.mkdir()
        (extra / "figures").mkdir(parents=True)
        say("writing the sources ...")
        write_sources(source, extra / "figures", units, size=size, repository=repository)
        shutil.copytree(STATIC, folder / "static")
        explore.write_scripts(folder / "static")
        say("making pages ...")
        warnings = run_sphinx(source, built, folder / "trees", settings(folder))
        found = [*warnings, *faults(built)]
        if found:
            kept = work / "faulty"
            shutil.rmtree(kept, ignore_errors=True)
            built.rename(kept)
            raise SiteFaulty("\n".join(found[:40]) + f"\nThe pages are in {kept}: mend the source.")
        put_in_place(built, out)
    return measured(out)


def settings(folder: Path) -> dict[str, Any]:
    """Return Sphinx's settings."""
    return {
        "project": TITLE,
        "author": "The Batch Size and Learning Dynamics maintainers",
        "copyright": "the maintainers. Text and figures: CC BY 4.0. Code: MIT",
        "version": __version__,
        "release": __version__,
        "language": "en",
        "extensions": ["myst_parser", "coursekit.site.extension"],
        "myst_enable_extensions": ["dollarmath", "colon_fence", "attrs_inline"],
        "myst_heading_anchors": 4,
        "myst_links_external_new_tab": False,
        "suppress_warnings": ["myst.header", "config.cache"],
        "html_theme": "furo",
        "html_title": TITLE,
        "html_static_path": [str(folder / "static")],
        "html_extra_path": [str(folder / "extra")],
        "html_favicon": str(folder / "static" / "favicon.svg"),
        "html_css_files": ["site.css"],
        "html_math_renderer": "mathml",
        "html_copy_source": False,
        "html_show_sphinx": False,
        "html_use_index": True,
        "pygments_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
        "python_use_unqualified_type_names": True,
        "maximum_signature_line_length": 70,
        "toc_object_entries": False,
        "nitpicky": False,
    }


def run_sphinx(source: Path, out: Path, trees: Path, options: dict[str, Any]) -> list[str]:
    """Make the pages and return what Sphinx warned of."""
    from sphinx.application import Sphinx
    from sphinx.util.console import strip_colors
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    lines = [f"{name} = {value!r}\n" for name, value in options.items()]
    (source / "conf.py").write_text("".join(lines), encoding="utf-8")
    warned = io.StringIO()
    with patch_docutils(), docutils_namespace(), warnings.catch_warnings():
        for kind in (DeprecationWarning, PendingDeprecationWarning):  # between Sphinx and MyST
            warnings.simplefilter("ignore", kind)
        app = Sphinx(
            srcdir=source,
            confdir=source,
            outdir=out,
            doctreedir=trees,
            buildername="html",
            status=None,
            warning=warned,
            parallel=1,
        )
        app.build(force_all=True)
    for path in out.rglob("*.html"):
        path.write_text(mended(path.read_text(encoding="utf-8")), encoding="utf-8")
    for name in (".doctrees", ".buildinfo", "objects.inv"):
        path = out / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return [line for line in strip_colors(warned.getvalue()).splitlines() if line.strip()]


def mended(page: str) -> str:
    """Return a page of Sphinx and Furo without what a screen reader stumbles over.

    A caption of the menu is a heading without a level, and a long signature puts a list of
    definitions without terms into a term.
    """
    page = page.replace(
        'class="caption" role="heading"', 'class="caption" role="heading" aria-level="2"'
    )

    def as_lines(match: re.Match[str]) -> str:
        lines = match[1].replace("<dd>", '<span class="parameter">').replace("</dd>", "</span>")
        return f'<span class="parameters">{lines}</span>'

    return PARAMETERS.sub(as_lines, page)


def refuse_other_files(out: Path) -> None:
    """Refuse a place that holds something other than an earlier site.

    Raises:
        ValueError: If it does, or is a file.
    """
    if out.is_file():
        raise ValueError(f"{out} is a file: name a folder with --out")
    if out.exists() and any(out.iterdir()) and not (out / "searchindex.js").is_file():
        raise ValueError(f"{out} holds other files: name an empty folder with --out")


def put_in_place(built: Path, out: Path) -> None:
    """Move the site to its folder; an earlier site there is replaced, anything else refused.

    Raises:
        ValueError: As `refuse_other_files`.
    """
    refuse_other_files(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists():
        shutil.rmtree(out)
    shutil.move(built, out)
    (out / ".nojekyll").touch()  # GitHub Pages would leave out folders that begin with "_"


def measured(out: Path) -> Site:
    """Return the size of a site."""
    files = [path for path in out.rglob("*") if path.is_file()]
    pages = [path for path in files if path.suffix == ".html"]
    largest = max(pages, key=lambda path: path.stat().st_size)
    return Site(
        folder=out,
        pages=len(pages),
        megabytes=sum(path.stat().st_size for path in files) / 1e6,
        largest=largest.relative_to(out).as_posix(),
        largest_kilobytes=largest.stat().st_size / 1e3,
    )
