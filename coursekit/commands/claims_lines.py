"""The ledger in a terminal: a line a claim, or one claim whole."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from coursekit.claims.rows import short_device

WIDTH = 100  # columns, where no terminal says how many there are
STYLES = {"holds": "green", "fails": "red", "depends": "yellow", "unresolved": "dim"}
Row = Mapping[str, Any]


def reader() -> Console:
    """Return a console as wide as the terminal, or of a fixed width where there is none."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def verdict_of(measurements: Sequence[Row]) -> Text:
    """Return a claim's verdict; both, with their devices, where CPU and GPU part."""
    said = {r["verdict"]: r for r in reversed(measurements)}
    text = Text()
    for r in measurements:
        if said.get(r["verdict"]) is not r:
            continue
        device = f" ({short_device(r['device'])})" if len(said) > 1 else ""
        text.append(", " if text else "")
        text.append(r["verdict"] + device, style=STYLES.get(r["verdict"], ""))
    if any(not r["as_expected"] for r in measurements):
        text.append(" (!)", style="bold")
    return text


def print_list(rows: Sequence[Row]) -> None:
    """Print one line a claim by unit, in a pager where a person looks and it is long."""
    console = reader()
    claims = [list(group) for _, group in groupby(rows, key=lambda r: r["id"])]
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True, min_width=5)
    table.add_column(ratio=1)
    table.add_column(min_width=10, max_width=24)
    for unit, group in groupby(claims, key=lambda of: of[0]["unit"]):
        table.add_row("", Text(unit.replace("_", " "), style="bold"), "")
        for of in group:
            table.add_row("  " + of[0]["id"], of[0]["statement"], verdict_of(of))
    few = sum(not r["as_expected"] for r in rows)
    foot = (
        f"{len(claims)} claims; 95 % intervals stand behind each verdict.\n"
        + (f"(!) came out otherwise than expected before measuring: {few}.\n" if few else "")
        + f"One of them whole: python3 -m coursekit claims show {claims[0][0]['id']}\n"
        f"Measure it again:  python3 -m coursekit claims {claims[0][0]['id']}"
    )
    if console.is_terminal and len(claims) > console.height:
        with console.pager(styles=True):
            console.print(table)
            console.print(foot, markup=False)
    else:
        console.print(table)
        console.print(foot, markup=False)


def print_whole(rows: Sequence[Row]) -> None:
    """Print each claim with its rule, what came out, and how to argue with it."""
    console = reader()
    for _, group in groupby(rows, key=lambda r: r["id"]):
        of = list(group)
        first = of[0]
        console.print(Text(f"{first['id']}  {first['statement']}", style="bold"))
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, min_width=9)
        table.add_column()
        table.add_row("verdict", verdict_of(of).append(f"; {first['status']}"))
        table.add_row("expected", first["expected"])
        for name in ("heard", "setting", "rule"):
            table.add_row(name, Text(first[name]))
        for r in of:
            seen = "\n".join(r["figures"])
            where = f"{r['seeds']} seeds, {r['seconds']:.0f} s on {short_device(r['device'])}"
            table.add_row("came out", Text(f"{seen}\n({where})" if seen else "not measured here"))
        for name, word in (("finding", "found"), ("changes", "argue"), ("source", "source")):
            if first[name]:
                table.add_row(word, Text(first[name]))
        console.print(table)
        console.print()
