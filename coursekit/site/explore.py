"""Explorers on pages: a place for each, its script, and the gallery.

`coursekit.explorers.live` makes one ES module of each explorer. A page loads it as a plain script,
which also works where pages are opened from a folder, without a server.
"""

import html
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coursekit.explorers.live import WEB, as_script, explorer_names, module_text, sentence

if TYPE_CHECKING:
    from coursekit.site.unit_page import UnitPage

OPENING = "opening_plane"
SCRIPTS = "explorers"  # folder under _static/
EXPORTS = re.compile(r"^export (?:default \{[^}]*\}|\{[^}]*\});?$", re.MULTILINE)
START = """
for (const el of document.querySelectorAll('[data-explorer="NAME"]')) {
  const given = el.querySelector('script[type="application/json"]');
  const { state = {}, data = null } = given ? JSON.parse(given.textContent) : {};
  render({ model: plainModel({ state, data }), el });
}
"""


def shown() -> list[str]:
    """Return the explorers that have a still picture; other modules are parts of a notebook."""
    return [name for name in explorer_names() if (WEB / f"{name}.svg").is_file()]


def place(
    name: str,
    up: str,
    *,
    state: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> str:
    """Return where an explorer lives on a page, with a still picture until its script has run.

    Args:
        name: One of `coursekit.explorers.live.explorer_names`.
        up: From the page to the site's root: "" or "../".
        state: Where its controls begin, if not at its own first state.
        data: What it shows in place of its stored data.
    """
    given = ""
    if state or data is not None:
        text = as_script({"state": dict(state or {}), "data": data})
        given = f'<script type="application/json">{text}</script>\n'
    still = (
        f'<img src="{up}_static/{SCRIPTS}/{name}.svg" alt="{html.escape(sentence(name))}" '
        'loading="lazy">'
    )
    return (
        f'<div class="explorer" data-explorer="{html.escape(name)}">\n{given}{still}\n'
        f'</div>\n<script defer src="{up}_static/{SCRIPTS}/{name}.js"></script>'
    )


def write_scripts(folder: Path) -> None:
    """Write each explorer as a script that brings its places on a page to life.

    Raises:
        ValueError: If a module imports another: it could not run here.
    """
    (folder / SCRIPTS).mkdir(parents=True)
    for name in shown():
        code = EXPORTS.sub("", module_text(name))
        if re.search(r"^(import|export)\b", code, re.MULTILINE):
            raise ValueError(f"the explorer {name} imports or exports more than a page can take")
        script = f"(() => {{\n{code}\n{START.replace('NAME', name)}}})();\n"
        (folder / SCRIPTS / f"{name}.js").write_text(script, encoding="utf-8")
        shutil.copy(str(WEB / f"{name}.svg"), folder / SCRIPTS)


def gallery(pages: "Sequence[UnitPage]") -> str:
    """Return the page with every explorer, under the unit that has it."""
    parts = [
        "# Explorers",
        "Move something, and say beforehand what will happen. They compute here, in your browser; "
        "arrow keys move a slider, and the grey trace is where you came from.",
    ]
    left = shown()
    for page in pages:
        here = [name for name in page.explorers if name in left]
        left = [name for name in left if name not in here]
        if here:
            parts += [f"## {page.title}", f"[Read this unit](units/{page.name}.md)"]
            parts += [place(name, "") for name in here]
    if left:
        parts += ["## More", *(place(name, "") for name in left)]
    return "\n\n".join(parts) + "\n"
