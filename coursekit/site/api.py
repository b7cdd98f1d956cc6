"""A page for each package of the library, written from the docstrings of its public names."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import coursekit

SECTION = re.compile(r"^(Args|Returns|Raises|Yields|Attributes|Example|Examples):\s*(.*)$")
MODULES = re.compile(r"\b(?:torch(?:\.\w+)*|coursekit(?:\.\w+)+|collections\.abc|typing|pathlib)\.")
ARRAY = re.compile(r"(?:numpy\.)?ndarray\[tuple\[Any, \.\.\.\], (?:numpy\.)?dtype\[[\w.]+\]\]")
SPECIAL = re.compile(r"([\\*_\[\]<>${}#~|])")


def public_packages() -> list[str]:
    """Return the packages that list public names."""
    found = []
    for module in pkgutil.iter_modules(coursekit.__path__):
        if module.ispkg and not module.name.startswith("_"):
            loaded = importlib.import_module(f"coursekit.{module.name}")
            if getattr(loaded, "__all__", None):
                found.append(module.name)
    return found


def api_pages() -> dict[str, str]:
    """Return every page of the API: path in the site's sources -> Markdown."""
    names = public_packages()
    pages = {f"api/{name}.md": package_page(name) for name in names}
    lines = [
        "# The library: every public name",
        "",
        "What a name claims, its formula, shapes and errors, from its docstring. By task:"
        " [the library](../library.md). Bias and cost: [estimators](../estimators.md).",
        "",
        "| package | its question | names |",
        "|---|---|---|",
    ]
    for name in names:
        module = importlib.import_module(f"coursekit.{name}")
        count = len(module.__all__)
        lines.append(f"| [{name}]({name}.md) | {plain(first_line(module))} | {count} |")
    entries = "\n".join(names)
    return {
        "api/index.md": "\n".join(lines) + f"\n\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n",
        **pages,
    }


def first_line(thing: Any) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def package_page(name: str) -> str:
    """Return the page of one package."""
    module = importlib.import_module(f"coursekit.{name}")
    rest = (inspect.getdoc(module) or "").partition("\n")[2].strip()
    parts = [f"# coursekit.{name}", f"**{plain(first_line(module))}**", markdown(rest)]
    parts += [entry(f"coursekit.{name}", key, getattr(module, key)) for key in module.__all__]
    return "\n\n".join(part for part in parts if part) + "\n"


def entry(module: str, name: str, thing: Any) -> str:
    """Return one public name: its signature, its docstring, and a class's public members."""
    own = own_docstring(thing)
    if inspect.isclass(thing):
        kind, body = "class", "\n\n".join(filter(None, [markdown(own), *members(thing)]))
    elif callable(thing):
        kind, body = "function", markdown(own)
    else:
        kind, body = "data", f"A {type(thing).__name__}."
    heading = f"## {plain(name)}"
    return f"{heading}\n\n" + directive(kind, f"{module}.{name}{signature(thing)}", body, level=5)


def own_docstring(thing: Any) -> str:
    """Return a docstring; "" for the one that `dataclass` writes by itself, and for plain data."""
    text = inspect.getdoc(thing) or ""
    if inspect.isclass(thing) and dataclasses.is_dataclass(thing):
        return "" if text.startswith(f"{thing.__name__}(") else text
    return text if callable(thing) else ""


def members(cls: type) -> Iterator[str]:
    """Yield a class's fields, properties and methods that have names of their own."""
    if dataclasses.is_dataclass(cls):
        comments = field_comments(cls)
        rows = [
            f"- `{f.name}`: {annotation(f.type)}"
            + (f". {plain(comments[f.name])}" if f.name in comments else "")
            for f in dataclasses.fields(cls)
            if not f.name.startswith("_")
        ]
        yield "**Fields**\n\n" + "\n".join(rows) if rows else ""
    for key, value in vars(cls).items():
        if key.startswith("_") or key in getattr(cls, "__dataclass_fields__", {}):
            continue
        text = markdown(inspect.getdoc(value) or "")
        if isinstance(value, property):
            yield directive("property", key, text, level=4)
        elif inspect.isfunction(value) or isinstance(value, classmethod | staticmethod):
            function = value if inspect.isfunction(value) else value.__func__
            yield directive("method", f"{key}{signature(function, bound=True)}", text, level=4)


def field_comments(cls: type) -> dict[str, str]:
    """Return what the source says behind a dataclass's fields."""
    try:
        source = inspect.getsource(cls)
    except (OSError, TypeError):
        return {}
    return dict(re.findall(r"^    (\w+): [^#\n]+# +(.+)$", source, re.MULTILINE))


def annotation(kind: Any) -> str:
    """Return a type as code."""
    return f"`{shorter(kind if isinstance(kind, str) else inspect.formatannotation(kind))}`"


def shorter(text: str) -> str:
    """Return types as a reader knows them: without the modules that they live in."""
    text = MODULES.sub("", text)
    return ARRAY.sub("ndarray", text)


def signature(thing: Any, *, bound: bool = False) -> str:
    """Return a callable's arguments and what it returns; "" where there are none to be had."""
    if not callable(thing) or dataclasses.is_dataclass(thing):
        return ""  # of a dataclass the fields are listed
    try:
        found = inspect.signature(thing)
    except (ValueError, TypeError):
        return "(...)"
    parameters = list(found.parameters.values())[1 if bound else 0 :]
    parameters = [
        p.replace(default=Shown(p.default)) if p.default is not p.empty else p for p in parameters
    ]
    return shorter(str(found.replace(parameters=parameters)))


class Shown:
    """A default value as a reader wants to see it: without an address in memory."""

    def __init__(self, value: Any) -> None:
        """Keep the value's text."""
        self.text = "..." if " at 0x" in repr(value) or len(repr(value)) > 60 else repr(value)

    def __repr__(self) -> str:
        return self.text


def directive(kind: str, argument: str, body: str, *, level: int) -> str:
    """Return a directive of Sphinx's Python domain around Markdown."""
    fence = ":" * level
    return f"{fence}{{py:{kind}}} {' '.join(argument.split())}\n\n{body}\n{fence}"


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown: prose, formulas set off by four spaces, named sections."""
    parts: list[str] = []
    for paragraph in re.split(r"\n\s*\n", docstring.strip("\n")):
        lines = paragraph.splitlines()
        head = SECTION.match(lines[0]) if lines else None
        if head:
            parts.append(section(head[1], head[2], lines[1:]))
        elif lines and all(line.startswith("    ") for line in lines):
            text = "\n".join(line[4:] for line in lines)
            parts.append(f"```text\n{text}\n```")
        elif lines:
            parts.append(prose(lines))
    return "\n\n".join(parts)


def section(name: str, same_line: str, lines: list[str]) -> str:
    """Return a named section as a list of its items, or as a paragraph where it names none."""
    items: list[str] = [same_line] if same_line else []
    for line in lines:
        deeper = line.startswith("     ") or not line.startswith("    ")
        if deeper and items:
            items[-1] += " " + line.strip()
        else:
            items.append(line.strip())
    if name == "Returns" or name == "Yields" or not items:
        return f"**{name}**: {plain(' '.join(items))}"
    shown = []
    for item in items:
        key, colon, text = item.partition(": ")
        named = colon and re.fullmatch(r"[\w*., ]+", key)
        shown.append(f"- `{key}`: {plain(text)}" if named else f"- {plain(item)}")
    return f"**{name}**\n\n" + "\n".join(shown)


def prose(lines: list[str]) -> str:
    """Return a paragraph, or a list where its lines begin as one."""
    kept = []
    for line in lines:
        bullet = re.match(r"\s*[-*] +", line)
        kept.append(f"- {plain(line[bullet.end() :])}" if bullet else plain(line.strip()))
    return "\n".join(kept)


def plain(text: str) -> str:
    """Return text whose signs Markdown leaves alone, apart from code between backticks."""
    pieces = re.split(r"(``[^`]+``|`[^`]+`)", text)
    return "".join(
        piece if piece.startswith("`") else SPECIAL.sub(r"\\\1", piece) for piece in pieces
    )
