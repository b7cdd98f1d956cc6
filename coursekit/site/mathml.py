"""Formulas as MathML, which browsers draw by themselves: no script, no fonts, nothing to fetch."""

from typing import Any

from docutils import nodes


def to_mathml(tex: str, *, display: bool) -> str:
    """Return a formula's MathML, its TeX beside it for those who copy.

    Raises:
        ValueError: If the converter does not know a command of the formula.
    """
    from latex2mathml.converter import convert

    markup = convert(tex.strip(), display="block" if display else "inline")
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
    translator.body.append(
        f'<div class="formula">{to_mathml(node.astext(), display=True)}</div>'
    )
    raise nodes.SkipNode
