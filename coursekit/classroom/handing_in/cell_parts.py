"""Which statements of a cell are run while marks are given.

What a learner wrote runs. Of what the release holds only definitions run, and what an answer needs:
its experiments train for minutes, and no answer asks for them.
"""

import ast
import functools
from collections.abc import Iterable

from coursekit.classroom.handing_in.cell_text import as_python, parsed

DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
MOST_KEPT = 10_000  # characters of a cell of which the statements are kept for the next student
LIGHT_CALLS = ("mine_or_library", "by_size")  # of the course's own: they take no time


def statements(source: str) -> list[ast.stmt]:
    """Return the statements of a cell, to be read only; none of what Python cannot read."""
    return _known_statements(source) if len(source) <= MOST_KEPT else _statements(source)


def _statements(source: str) -> list[ast.stmt]:
    tree = parsed(as_python(source))
    return tree.body if tree is not None else []


_known_statements = functools.lru_cache(maxsize=500)(_statements)  # a class shares most cells


def definitions(source: str, needed: Iterable[str] = ()) -> str:
    """Return the statements of a cell that define something, or bind one of the names needed."""
    return _text(node for node in statements(source) if _kept(node, set(needed)))


def new_statements(source: str, released: str, needed: Iterable[str] = ()) -> str:
    """Return what a learner wrote into a released cell, and the definitions that it held before."""
    if source == released:
        wanted = frozenset(needed) & _bound_in(source)
        return _definitions(source, wanted)
    old, names = {ast.dump(node) for node in statements(released)}, set(needed)
    return _text(n for n in statements(source) if ast.dump(n) not in old or _kept(n, names))


@functools.lru_cache(maxsize=500)
def _definitions(source: str, needed: frozenset[str]) -> str:
    return definitions(source, needed)


@functools.lru_cache(maxsize=500)
def _bound_in(source: str) -> frozenset[str]:
    return frozenset().union(*map(bound_names, statements(source)))


def without_statements(source: str, released: str) -> str:
    """Return what a learner wrote into a cell of which nothing else runs: a prelude, a check."""
    old = {ast.dump(node) for node in statements(released)}
    return _text(node for node in statements(source) if ast.dump(node) not in old)


def _text(nodes: Iterable[ast.stmt]) -> str:
    return "\n".join(ast.unparse(node) for node in nodes)


def _kept(node: ast.stmt, needed: set[str]) -> bool:
    if isinstance(node, DEFINITIONS):
        return True
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if value is not None and (_literal(value) or _light(value)):
        return True
    return bool(needed & bound_names(node))


def _literal(value: ast.expr) -> bool:
    if isinstance(value, ast.Name | ast.Lambda):  # another name for a function
        return True
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _light(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in LIGHT_CALLS
    )


def bound_names(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds, those inside its functions left out."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(part.name)
        elif isinstance(part, ast.alias):
            found.add((part.asname or part.name).split(".")[0])
    return found


def used_names(node: ast.stmt) -> set[str]:
    """Return the names that a statement reads, but for parameters and what its functions bind."""
    used: set[str] = set()
    own: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            (used if isinstance(part.ctx, ast.Load) else own).add(part.id)
        elif isinstance(part, ast.arg):
            own.add(part.arg)
    inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return used - own if inside else used


@functools.lru_cache(maxsize=500)
def _names(source: str) -> tuple[tuple[set[str], set[str]], ...]:
    """Return for each statement what it binds and what it reads."""
    return tuple((bound_names(node), used_names(node)) for node in statements(source))


def needed_names(wanted: Iterable[str], sources: Iterable[str]) -> set[str]:
    """Return names and all that the statements binding them read, and so on.

    Args:
        wanted: The names to begin with.
        sources: Texts of all cells, in Python.
    """
    reads: dict[str, set[str]] = {}
    for source in sources:
        for bound, used in _names(source):
            for name in bound:
                reads.setdefault(name, set()).update(used)
    found, waiting = set(), list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += reads.get(name, ())
    return found
