"""What the text of a cell says: what it defines, whether it is a known one, Jupyter's lines."""

import ast
import functools
import re
import warnings

MOST_TRANSFORMED = 20_000  # characters, and lines of Jupyter's own, that IPython is asked about:
MOST_MAGICS = 100  # it reads the whole cell anew for each such line
MAGIC = re.compile(r"^([ \t]*)([%!].*|[\w.]+\?{1,2}[ \t]*)$", re.MULTILINE)
MOST_NESTED = 5  # %%time above %%capture above ...
RUNS_ITS_BODY = re.compile(r"%%(time|capture|prun)\b(.*)")  # the body's names stay afterwards


@functools.lru_cache(maxsize=256)
def as_python(source: str) -> str:
    """Turn a cell into Python where it is not yet: `%time`, `!ls`, `files = !ls`, `%%capture`.

    IPython's own rules say which lines are meant for it: a line that begins with "%" may as well go
    on with a sum. What it makes of them, `get_ipython()....`, runs in the sandbox.
    """
    before = ""
    for _ in range(MOST_NESTED):
        if parsed(source) is not None:
            return before + source
        first, _, body = source.lstrip().partition("\n")
        runs = RUNS_ITS_BODY.match(first)
        if runs is None:
            return before + _without_magics(source)
        kept = runs[2].strip() if runs[1] == "capture" else ""
        before += f"{kept} = get_ipython()\n" if kept.isidentifier() else "\n"
        source = body
    return before + _without_magics(source)


def _without_magics(source: str) -> str:
    """Apply IPython's rules to a cell whose first line is no `%%time`."""
    if len(source) <= MOST_TRANSFORMED and len(MAGIC.findall(source)) <= MOST_MAGICS:
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                text = TransformerManager().transform_cell(source)
        except Exception:  # a cell that no rule can read
            text = ""
        if text and parsed(text) is not None:
            return text
    return MAGIC.sub(r"\1pass  # \2", source)


def parsed(source: str) -> ast.Module | None:
    """Return the syntax tree, or None for what Python cannot read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in strings are the learner's business
            tree = ast.parse(source)
        ast.dump(tree)  # deep nesting parses, and then fails wherever the tree is walked
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def defined_names(source: str) -> list[str]:
    """Return the functions and classes that a cell defines, also where Python cannot read it."""
    tree = parsed(as_python(source))
    if tree is None:  # a cell with a syntax error is still the learner's answer
        return re.findall(r"^def (\w+)", source, flags=re.M)
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]


def same_text(one: str, other: str) -> bool:
    """Say whether two texts differ at most in blanks at ends of lines and in empty lines."""
    return bare_text(one) == bare_text(other)


def bare_text(source: str) -> str:
    """Return a text as it is compared: without blanks at the ends of lines and empty lines."""
    return "\n".join(line.rstrip() for line in source.splitlines() if line.strip())
