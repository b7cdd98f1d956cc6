"""A unit in another language: the same cells, ids, code and checks, other words.

Of a Markdown cell each paragraph is a text; of a code cell its comments, and those strings that
somebody reads. What has no translation stays English, and is listed.
"""

import ast
import dataclasses
import io
import json
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from coursekit.classroom.release.regions import MARK
from coursekit.classroom.release.source import SourceCell, SourceError, Unit
from coursekit.languages import Catalogue

PARAGRAPHS = re.compile(r"(\n[ \t]*\n\s*)")
WORDS = re.compile(r"[^\W\d_]{2}")  # two letters in a row: there is something to read
NOT_READ = ("fmt:", "noqa", *MARK.values())
Say = Callable[[str], str]


@dataclass(frozen=True)
class Place:
    """A text in a code cell: where it begins and ends, and how another is written there."""

    start: int
    end: int
    text: str
    written: Callable[[str], str]


def texts_of(unit: Unit) -> list[str]:
    """Return every text of a unit that a learner reads, in order, each once."""
    prose = prose_of(unit)
    found: list[str] = []
    for cell in unit.cells:
        found += paragraphs(cell.text) if cell.kind == "markdown" else code_texts(cell.text, prose)
    return list(dict.fromkeys(found))


def translated_cell(cell: SourceCell, words: Catalogue, prose: frozenset[str]) -> SourceCell:
    """Return a cell in another language.

    Args:
        cell: In English.
        words: The unit's texts.
        prose: Single words that are read and not names: see `prose_of`.

    Raises:
        SourceError: If a translation would change the code.
    """

    def said(english: str) -> str:
        return words.find(english) or english

    if cell.kind == "markdown":
        return dataclasses.replace(cell, text=_paragraphs_as(cell.text, said))
    text = cell.text
    for place in sorted(_places(text, prose), key=lambda one: -one.start):
        new = words.find(place.text)
        if new is not None:
            text = text[: place.start] + place.written(new) + text[place.end :]
    if not same_code(cell.text, text):
        raise SourceError(f"{cell.place}: a text in {words.language} changes what this cell does")
    return dataclasses.replace(cell, text=text)


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a Markdown text that hold words."""
    return [part for part in _parts(text)[::2] if WORDS.search(part)]


def _paragraphs_as(text: str, said: Say) -> str:
    parts = _parts(text)
    return "".join(said(part) if i % 2 == 0 else part for i, part in enumerate(parts))


def _parts(text: str) -> list[str]:
    """Return paragraphs and what stands between them, in turn; a fence or formula is not cut."""
    parts = PARAGRAPHS.split(text)
    whole = [parts[0]]
    for i in range(1, len(parts), 2):
        if whole[-1].count("```") % 2 or whole[-1].count("$$") % 2:
            whole[-1] += parts[i] + parts[i + 1]
        else:
            whole += parts[i : i + 2]
    return whole


def code_texts(source: str, prose: frozenset[str]) -> list[str]:
    """Return the texts of a code cell in their order: strings that are read, and comments."""
    return [one.text for one in sorted(_places(source, prose), key=lambda one: one.start)]


def prose_of(unit: Unit) -> frozenset[str]:
    """Return the one-word strings of a unit that are read, "higher", and no names, "mnist1d".

    A string with a blank in it is read. So is a word that stands beside one in a list, as the
    options of a question do, and then wherever it stands.
    """
    found = set()
    for cell in unit.cells:
        for node in ast.walk(ast.parse(cell.text)) if cell.kind == "code" else ():
            if isinstance(node, ast.List | ast.Tuple):
                texts = [text for e in node.elts if (text := _text(e)) is not None]
                if len(texts) == len(node.elts) and any(" " in text for text in texts):
                    found.update(texts)
    return frozenset(found)


def _text(node: ast.AST) -> str | None:
    """Return what a string says; None of anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _places(source: str, prose: frozenset[str]) -> Iterator[Place]:
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    lines = source.split("\n")

    def at(line: int, bytes_in: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:bytes_in].decode())

    for node, indent in _strings(ast.parse(source)):
        start = at(node.lineno, node.col_offset)
        end = at(node.end_lineno or node.lineno, node.end_col_offset or 0)
        literal, text = source[start:end], _text(node)
        if text is None:
            inside = re.fullmatch(r'f"([^"\n]*)"', literal)
            if inside and WORDS.search(re.sub(r"\{[^{}]*\}", "", inside[1])) and " " in inside[1]:
                yield Place(start, end, inside[1], lambda new: f'f"{new}"')
        elif literal.startswith('"""'):
            yield Place(start, end, text, _docstring(indent))
        elif (" " in text and WORDS.search(text)) or text in prose:
            yield Place(start, end, text, _literal)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        said = token.string.lstrip("# ")
        if token.type == tokenize.COMMENT and not said.startswith(NOT_READ) and " " in said:
            start = starts[token.start[0] - 1] + token.start[1]
            yield Place(start, start + len(token.string), said, lambda new: f"# {new}")


def _strings(tree: ast.AST, indent: int = 0) -> Iterator[tuple[ast.expr, int]]:
    """Yield each string with the indentation of its statement; not those inside an f-string."""
    for node in ast.iter_child_nodes(tree):
        inner = node.col_offset if isinstance(node, ast.stmt) else indent
        if isinstance(node, ast.JoinedStr | ast.Constant):
            if isinstance(node, ast.JoinedStr) or _text(node) is not None:
                yield node, inner
        else:
            yield from _strings(node, inner)


def _docstring(indent: int) -> Callable[[str], str]:
    def written(new: str) -> str:
        first, *rest = new.strip().split("\n")
        below = textwrap.indent(textwrap.dedent("\n".join(rest)), " " * indent)
        return f'"""{first}\n{below}\n{" " * indent}"""' if rest else f'"""{first}"""'

    return written


def _literal(new: str) -> str:
    return json.dumps(new, ensure_ascii=False)


def same_code(one: str, other: str) -> bool:
    """Say whether two cells do the same but for what their strings say."""
    try:
        return _bare(one) == _bare(other)
    except SyntaxError:
        return False


def _bare(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):  # words apart: what it calculates, in any order
            inside = [v for v in node.values if isinstance(v, ast.FormattedValue)]
            node.values = sorted(inside, key=ast.dump)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)
