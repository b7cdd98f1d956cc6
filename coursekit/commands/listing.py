"""The list of commands in the program's help: by who needs them."""

from typing import Any

import typer
import typer.core

GROUPS = {  # a test compares with the commands that there are
    "Learn": ("lab", "progress", "solution", "interview"),
    "Measure": ("measure", "claims", "bench"),
    "Teach": ("grade", "split", "feedback", "report", "export", "variant", "teach", "forget"),
    "Set up and maintain": ("doctor", "test", "build"),
}


class ByPerson(typer.core.TyperGroup):
    """A program whose help lists its commands in groups, each with its whole first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section a group."""
        for heading, names in GROUPS.items():
            rows = [
                (name, command.get_short_help_str(limit=200))
                for name in names
                if (command := self.get_command(ctx, name)) is not None and not command.hidden
            ]
            with formatter.section(typer.style(heading, bold=True)):
                formatter.write_dl(rows)
