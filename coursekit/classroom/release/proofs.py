"""Old and new side by side, for the instructor who reads a private release before giving it out."""

import html
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from coursekit.classroom.release.changed_unit import Difference

SIDE_BY_SIDE = 120  # columns of a terminal from which two texts beside each other can be read
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-bottom: 2.5rem }
td, th { border: 1px solid #9996; padding: .5rem .7rem; vertical-align: top; text-align: left }
th { font-weight: 600 } th:first-child, td:first-child { width: 7rem; color: #777 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0;
  font: 13px/1.5 ui-monospace, monospace }
code { font: 14px ui-monospace, monospace }
@media (prefers-color-scheme: dark) {
  body { background: #151515; color: #ddd } td:first-child { color: #999 }
}
"""


def show_differences(differences: Sequence[Difference], console: Console) -> None:
    """Print a table for each changed exercise: the passage, the public text, the release's.

    The two stand side by side where there is room for that, else one below the other.
    """
    wide = console.width >= SIDE_BY_SIDE
    for exercise_id, change, passages in _by_exercise(differences):
        table = Table(title=f"{exercise_id}: {change}", title_justify="left", show_lines=True)
        table.add_column("", style="dim", max_width=9)
        if wide:
            table.add_column("public", ratio=1, overflow="fold")
            table.add_column("this release", ratio=1, overflow="fold")
        else:
            table.add_column("public, then this release", ratio=1, overflow="fold")
        for one in passages:
            if wide:
                table.add_row(one.what, Text(one.old), Text(one.new))
            else:
                was = Text(one.old or "(nothing)", style="dim")
                table.add_row(one.what, Text("\n").join([was, Text("->"), Text(one.new)]))
        console.print(table)


def differences_page(differences: Sequence[Difference], title: str) -> str:
    """Return the same as one HTML page that needs nothing from elsewhere."""
    parts = []
    for exercise_id, change, passages in _by_exercise(differences):
        shown = html.escape(f"{exercise_id}: {change}")
        rows = "\n".join(
            f"<tr><td>{html.escape(one.what)}</td><td><pre>{html.escape(one.old)}</pre></td>"
            f"<td><pre>{html.escape(one.new)}</pre></td></tr>"
            for one in passages
        )
        parts.append(
            f"<h2>{html.escape(exercise_id)}</h2>\n<p>{html.escape(change)}. To leave it out: "
            f"<code>--not '{shown}'</code></p>\n<table>\n"
            f"<tr><th></th><th>public</th><th>this release</th></tr>\n{rows}\n</table>"
        )
    body = "\n".join(parts) or "<p>Nothing is changed.</p>"
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{html.escape(title)}'
        f"</title>\n<style>{STYLE}</style>\n<h1>{html.escape(title)}</h1>\n<p>For the instructor. "
        "Students get the right-hand column, without the solutions.</p>\n"
        f"{body}\n</html>\n"
    )


def _by_exercise(
    differences: Sequence[Difference],
) -> list[tuple[str, str, list[Difference]]]:
    named = list(dict.fromkeys((one.exercise_id, one.change) for one in differences))
    return [
        (exercise_id, change, [one for one in differences if one.exercise_id == exercise_id])
        for exercise_id, change in named
    ]
