"""Formulas as MathML, which browsers draw by themselves: no script, no fonts, nothing to fetch."""

import re
from typing import Any

from docutils import nodes

BAR = re.compile(r"<mo\b([^>]*)>(?=(?:\||&#x0007C;|&#x02016;)</mo>)")
UPRIGHT = re.compile(r"<mi>((?:&#x0039[1-9A-F];|&#x003A[0-9];|[\u0391-\u03a9]))</mi>")


def to_mathml(tex: str, *, display: bool) -> str:
    """Return a formula's MathML, its TeX beside it for those who copy.

    Raises:
        ValueError: If the converter does not know a command of the formula.
    """
    from latex2mathml.converter import convert

    markup = convert(tex.strip(), display="block" if display else "inline")
    markup = BAR.sub(r'<mo lspace="0" rspace="0"\1>', markup)  # |x|: no sign between two things
    markup = UPRIGHT.sub(r'<mi mathvariant="normal">\1</mi>', markup)
    unknown = [word for word in ("<mtext>\\", "<mi>\\", "<mo>\\") if word in markup]
    if unknown:
        raise ValueError(f"no MathML for a command in ${tex.strip()}$: write it another way")
    return markup


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(to_mathml(node.astext(), display=False))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Write a formula of its own, in a box that scrolls on a narrow screen."""
    translator.body.append(f'<div class="formula">{to_mathml(node.astext(), display=True)}</div>')
    raise nodes.SkipNode
