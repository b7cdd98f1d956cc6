"""Explorers that live in a page: one JavaScript module each, with or without a kernel.

web/NAME.js holds an explorer's mathematics and its picture. `module_text` puts what all share and
the stored data in front of it, which makes one ES module in anywidget's form:
`export default {render({model, el})}`, where the model knows "state" and "data".

A notebook shows it as HTML that carries the module: so it moves on after the kernel has ended. (A
widget's view would be an error message then: docs/decisions/020-explorers.md.) Where scripts are
not run, a still picture takes its place.
"""

import base64
import html
import json
import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from coursekit.explorers.mode import interactive, show_html

WEB = files("coursekit.explorers") / "web"
SHARED = ("_numbers", "_style", "_drawing", "_frame")  # each uses those before it


@lru_cache(maxsize=1)
def explorer_names() -> tuple[str, ...]:
    """Return the names of all explorers, sorted: the modules of web/ that export their maths."""
    modules = (entry for entry in WEB.iterdir() if entry.name.endswith(".js"))
    return tuple(
        sorted(m.name[:-3] for m in modules if "export { maths };" in m.read_text("utf-8"))
    )


@lru_cache(maxsize=32)
def module_text(name: str) -> str:
    """Return an explorer as the text of one ES module without imports.

    Raises:
        ValueError: If there is no such explorer.
    """
    if name not in explorer_names():
        raise ValueError(f"no explorer {name!r}; there are {', '.join(explorer_names())}")
    stored = WEB / f"{name}.json"
    data = as_script(json.loads(stored.read_text())) if stored.is_file() else "null"
    texts = [(WEB / f"{part}.js").read_text(encoding="utf-8") for part in (*SHARED, name)]
    return "\n".join([f"const STORED = {data};", *texts])


def as_script(value: Any) -> str:
    """Write plain data so that it can stand in a script of an HTML page."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")


def still_picture(name: str) -> str:
    """Return the SVG of an explorer's first state, as docs/make_explorer_pictures.py drew it."""
    module_text(name)  # names what is missing
    return (WEB / f"{name}.svg").read_text(encoding="utf-8")


def sentence(name: str) -> str:
    """Return what the still picture of an explorer shows, in words."""
    found = re.search(r'aria-label="([^"]*)"', still_picture(name))
    return html.unescape(found.group(1)) if found else name


def still_html(name: str) -> str:
    """Return the still picture as an image: no part of it is a script."""
    picture = base64.b64encode(still_picture(name).encode()).decode()
    return (
        f'<img alt="{html.escape(sentence(name))}" style="max-width:100%;background:#fff" '
        f'src="data:image/svg+xml;base64,{picture}">'
    )


def live_html(
    name: str, *, state: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None
) -> str:
    """Return HTML in which an explorer lives in any page; a still picture without scripts.

    Args:
        name: One of `explorer_names`.
        state: Values of its controls where they differ from its first state.
        data: What it shows in place of its stored data.
    """
    place = uuid.uuid4().hex[:12]
    start = f'mount("{place}", {as_script(dict(state or {}))}, {as_script(data)});'
    return (
        f'<div data-ckx-host="{place}">{still_html(name)}<br><small>A still picture: run the cell '
        "(or trust the notebook) to move it.</small></div>\n"
        f'<script type="module">\n{module_text(name)}\n{start}\n</script>'
    )


def show_explorer(
    name: str, *, state: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None
) -> None:
    """Show an explorer: alive in a notebook, still at the tiny size, in words in a script."""
    if interactive():
        show_html(live_html(name, state=state, data=data), "")
    else:
        show_html(still_html(name), f"[explorer] {sentence(name)}")


def explorer_widget(
    name: str, *, state: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None
) -> Any:
    """Return the same explorer as an anywidget, whose ``state`` Python can read and set.

    Its view is gone with the kernel; `show_explorer` stays.
    """
    import anywidget
    import traitlets

    members = {
        "_esm": module_text(name),
        "state": traitlets.Dict().tag(sync=True),
        "data": traitlets.Any(None, allow_none=True).tag(sync=True),
    }
    return type("Explorer", (anywidget.AnyWidget,), members)(state=dict(state or {}), data=data)
