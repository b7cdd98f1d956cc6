"""What the command line's functions share: the work's module, a unit, a place that must exist."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer


def existing(path: Path) -> Path:
    """Refuse a place that is not there, before anything heavy is imported."""
    if not path.exists():
        raise ValueError(f"{path} does not exist: name a folder of submissions, or a zip")
    return path


def load(command: str) -> Any:
    """Return the ``run`` function of a command's module."""
    return importlib.import_module(f"coursekit.commands.{command}").run


def named_unit(name: str) -> str:
    """Refuse a unit that does not exist, before anything heavy is imported."""
    from coursekit.commands.early import known_unit

    known_unit(name)
    return name


def one_of(name: str, *words: str) -> Callable[[str], str]:
    """Return a callback that refuses another word than these, before anything heavy is imported.

    Args:
        name: What the word is for, as the message calls it.
        words: All that there are; "" is none of them, and is let through where it is the default.
    """

    def known(word: str) -> str:
        if word and word not in words:
            raise ValueError(f"{name} can't be {word!r}: choose one of {', '.join(words)}")
        return word

    return known


def named_units(names: list[str] | None) -> list[str]:
    """Refuse units that do not exist, before anything heavy is imported."""
    return [named_unit(name) for name in names or []]


Unit = Annotated[
    str,
    typer.Argument(
        help="A unit: 01, 01_gradient_noise, or gradient.", show_default=False, callback=named_unit
    ),
]
