"""What the text of a cell says: what it defines, whether it is a known one, Jupyter's lines."""

import ast
import re
import warnings


def without_magics(source: str) -> str:
    """Turn IPython's own lines (`%time`, `!ls`) into comments, where Python would refuse them."""
    if _parsed(source) is not None:
        return source
    return re.sub(r"^([ \t]*)([%!?].*|[\w.]+\?{1,2}[ \t]*)$", r"\1pass  # \2", source, flags=re.M)


def new_definitions(source: str, released: str) -> str:
    """Return the functions, classes, imports and constants of a cell that the release lacks."""
    tree, known = _parsed(without_magics(source)), _parsed(released)
    if tree is None:
        return ""
    old = {ast.dump(node) for node in known.body} if known is not None else set()
    new = [node for node in tree.body if ast.dump(node) not in old and _only_defines(node)]
    return "\n".join(ast.unparse(node) for node in new)


def _only_defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        try:
            ast.literal_eval(node.value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return False
        return True
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    return isinstance(node, kinds)


def _parsed(source: str) -> ast.Module | None:
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
    tree = _parsed(without_magics(source))
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
