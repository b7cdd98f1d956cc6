"""`claims`: print the ledger, or measure claims again."""

import json as json_format
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from coursekit.claims import load_ledger, save_entry
from coursekit.claims.ledger import format_with_interval
from coursekit.intervals import t_interval


def headline(values: dict[str, list[float]]) -> str:
    """Return the first few quantities of a claim with their intervals."""
    shown = [f"{name} {format_with_interval(*t_interval(v))}" for name, v in values.items()]
    return "; ".join(shown[:3]) + (f"; {len(shown) - 3} more" if len(shown) > 3 else "")


def rows(ledger: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row a measured claim, verdict recomputed from the per-seed values."""
    from coursekit.claims.register import CLAIMS

    return [
        {
            "id": claim.id,
            "size": size,
            "statement": claim.statement,
            "verdict": claim.verdict(entry["values"]),
            "rule": claim.rule,
            "setting": claim.setting,
            "measured": headline(entry["values"]),
            "seeds": max(len(v) for v in entry["values"].values()),
            "seconds": entry["seconds"],
            "device": entry["device"],
        }
        for claim in CLAIMS.values()
        for size, entry in sorted(ledger.get(claim.id, {}).items())
    ]


def run(ids: list[str], *, quick: bool = False, all: bool = False, json: bool = False) -> int:
    """Print the ledger; with ids or ``all`` measure first, and write what came out.

    Args:
        ids: Claims to measure again.
        quick: Measure at tiny size and write nothing: does everything still run?
        all: Measure all claims.
        json: Print rows as JSON.

    Returns:
        Exit status: 2 for an unknown claim, else 0.
    """
    from coursekit.claims.register import CLAIMS, measure
    from coursekit.device import size

    unknown = [i for i in ids if i not in CLAIMS]
    if unknown:
        print(
            f"no claim named {', '.join(unknown)}: there are {', '.join(CLAIMS)}", file=sys.stderr
        )
        return 2
    ledger = load_ledger()
    chosen = list(CLAIMS) if all or (quick and not ids) else ids
    at = "tiny" if quick else size()
    for claim_id in chosen:
        print(f"measuring {claim_id} at size {at} ...", file=sys.stderr)
        entry = measure(CLAIMS[claim_id], at)
        verdict = CLAIMS[claim_id].verdict(entry["values"])
        print(f"  {verdict}, {entry['seconds']} s: {headline(entry['values'])}", file=sys.stderr)
        if at != "tiny":
            ledger.setdefault(claim_id, {})[at] = entry
            save_entry(claim_id, at, entry)
    table_rows = rows(ledger)
    if json:
        print(json_format.dumps(table_rows, indent=1, ensure_ascii=False))
        return 0
    table = Table(title="Claims of the course, as last measured (95 % intervals over seeds)")
    for column in ("id", "statement", "verdict", "measured", "seeds", "s", "device"):
        table.add_column(column)
    for row in table_rows:
        keys = ("id", "statement", "verdict", "measured", "seeds", "seconds", "device")
        table.add_row(*(str(row[k]) for k in keys))
    Console().print(table)
    return 0
