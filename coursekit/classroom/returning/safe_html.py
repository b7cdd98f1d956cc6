"""Show a submission's text as HTML without running what it holds.

nbgrader's feedback and formgrader pages pass a learner's `<script>` through to whoever opens them.
"""

import re
from collections.abc import Mapping
from typing import Any

import bleach
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAGS = frozenset(bleach.ALLOWED_TAGS) | {
    *("p", "br", "hr", "div", "span", "pre", "img", "details", "summary", "sub", "sup", "del"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
PROTOCOLS = frozenset(bleach.ALLOWED_PROTOCOLS) | {"data"}  # data: pictures pasted into a cell


@pass_context
def safe_markdown(context: Mapping[str, Any], source: str) -> str:
    """Render Markdown with formulas and pasted pictures; show all but harmless tags as text.

    Args:
        context: The template's variables: `cell` holds the pictures.
        source: Text of a Markdown cell.

    Returns:
        HTML without scripts, styles, event handlers, forms and frames. Only links to web pages,
        mail addresses and places on the same page keep their target.
    """
    pictures = context.get("cell", {}).get("attachments", {})
    renderer = IPythonRenderer(escape=False, attachments=pictures)
    rendered = MarkdownWithMath(renderer=renderer).render(source)
    return bleach.clean(rendered, tags=TAGS, attributes=_allowed, protocols=PROTOCOLS)


def _allowed(tag: str, name: str, value: str) -> bool:
    if (tag, name) == ("a", "href"):
        return bool(re.match(r"https?://|mailto:|#", value))
    return name in ("class", "id", "title") or (tag == "img" and name in ("src", "alt", "width"))
