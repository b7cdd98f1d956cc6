"""One executed cell as a piece of a page: what is shown, what is folded, what is left out."""

import ast
import html
import re
from pathlib import Path

from nbformat import NotebookNode

from coursekit.site.figures import keep_pictures

FOLD_ABOVE = 12  # lines of code that stand open; longer cells are folded
PLUMBING = "# plumbing, skip"
BORROWED = re.compile(r"^Using the library's .*, until yours passes its check\.\n?", re.MULTILINE)
PLOTTING = re.compile(r"\b(show|compare_predictions|interview_corner|\w+_plot)\(")


def call_in(code: str, names: tuple[str, ...]) -> ast.Call | None:
    """Return the first call, at the top of a cell, of one of these functions."""
    for statement in ast.parse(code).body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            function = statement.value.func
            if isinstance(function, ast.Name) and function.id in names:
                return statement.value
    return None


def code_block(code: str, title: str = "") -> str:
    """Return code as Markdown; with a title it is folded under it."""
    fence = f"```python\n{code.strip()}\n```"
    if not title:
        return fence
    summary = f"<summary>{html.escape(title)}</summary>"
    return f'<details class="code">{summary}\n\n{fence}\n\n</details>'


def shown_code(cell: NotebookNode) -> str:
    """Return a plain cell's code: open if short, folded if long or if it only draws."""
    lines = cell.source.strip().splitlines()
    if lines[0].startswith(PLUMBING):
        return code_block("\n".join(lines[1:]), lines[0].removeprefix("# ").capitalize())
    if (
        cell.metadata.get("jupyter", {}).get("source_hidden")
        or len(lines) > FOLD_ABOVE
        or _only_draws(cell.source)
    ):
        return code_block(cell.source, f"Code ({len(lines)} line{'s' * (len(lines) > 1)})")
    return code_block(cell.source)


def _only_draws(code: str) -> bool:
    body = ast.parse(code).body
    last = body[-1] if body else None
    return isinstance(last, ast.Expr) and bool(PLOTTING.match(ast.unparse(last)))


def outputs(cell: NotebookNode, pictures: Path, stem: str) -> str:
    """Return what a cell showed as HTML blocks; pictures go to files of their own.

    Args:
        cell: An executed code cell.
        pictures: Folder of the page's pictures.
        stem: Begins their names.
    """
    parts, text = [], ""
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            text += output.text
            continue
        data = output.get("data", {})
        if "text/html" in data:
            parts += [_said(text), block(keep_pictures(data["text/html"], pictures, stem))]
            text = ""
        elif "text/plain" in data:
            text += data["text/plain"] + "\n"
    parts.append(_said(text))
    return "\n\n".join(part for part in parts if part)


def _said(text: str) -> str:
    """Return printed text as a block of its own."""
    text = BORROWED.sub("", text).strip("\n")
    if not text:
        return ""
    return block(f'<pre class="said">{html.escape(text)}</pre>')


def block(markup: str) -> str:
    """Return HTML that Markdown leaves alone: one block without an empty line in it."""
    return re.sub(r"\n\s*\n", "\n&#8203;\n", markup) if "<pre" in markup else _joined(markup)


def _joined(markup: str) -> str:
    lines = [line for line in markup.splitlines() if line.strip()]
    return '<div class="shown">\n' + "\n".join(lines) + "\n</div>"
