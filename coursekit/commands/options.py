"""What the command line's functions share: the work's module, a unit, a place that must exist."""

import importlib
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


Unit = Annotated[
    str,
    typer.Argument(
        help="A unit: 01, 01_gradient_noise, or gradient.", show_default=False, callback=named_unit
    ),
]
