"""What our pages need beyond Sphinx and MyST: formulas as MathML, claims that search can find."""

from typing import Any

from docutils import nodes

from coursekit.claims.register import CLAIMS
from coursekit.site.mathml import visit_block, visit_inline


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("doctree-read", name_claims, priority=100)  # before titles are collected
    app.add_js_file("site.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def name_claims(app: Any, doctree: nodes.document) -> None:
    """Put a claim's statement behind its id in the heading, so that a search shows it."""
    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title)
        claim = CLAIMS.get(title.astext()) if title is not None else None
        if claim is not None:
            title += nodes.Text(f" · {claim.statement}")
