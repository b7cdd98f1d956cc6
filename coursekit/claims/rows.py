"""What is known of a claim, as one row of plain data: for the table, the page and JSON."""

from collections.abc import Collection, Sequence
from typing import Any

from coursekit.claims.declare import Claim, as_expected, runs_over, status_of
from coursekit.claims.ledger import format_with_interval, seconds_of
from coursekit.claims.register import CLAIMS
from coursekit.claims.second_set import OnBoth
from coursekit.intervals import t_interval

MAX_SHOWN = 3  # quantities in the table where a claim does not choose


def key_figures(claim: Claim, values: dict[str, list[float]]) -> list[str]:
    """Return the most telling quantities of a claim in words, with their intervals."""
    names = telling(claim, values)
    figures = [
        f"{name.replace('_', ' ')} {format_with_interval(*t_interval(values[name]))}"
        for name in names
    ]
    rest = len(values) - len(names)
    return figures if claim.shown or not rest else [*figures, f"and {rest} more"]


def telling(claim: Claim, values: Collection[str]) -> list[str]:
    """Return the names of the quantities that are shown first."""
    return [n for n in claim.shown if n in values] or list(values)[:MAX_SHOWN]


def over_words(claim: Claim, values: dict[str, list[float]]) -> str:
    """Say what the intervals of the most telling quantities run over; "" for single numbers."""
    kinds = {name: runs_over(claim, values[name]) for name in telling(claim, values)}
    both = [n.replace("_", " ") for n, kind in kinds.items() if kind == "seeds and test examples"]
    if not both and "seeds" not in kinds.values():
        return "calculation" if "calculation" in kinds.values() else ""
    counts = {len(values[name]) for name, kind in kinds.items() if kind.startswith("seeds")}
    words = f"over {' to '.join(str(c) for c in sorted({min(counts), max(counts)}))} seeds"
    if both and "seeds" in kinds.values():
        return f"{words}, {', '.join(both)} over test examples too"
    return f"{words} and test examples" if both else words


def on_digits(claim: Claim, values: dict[str, list[float]]) -> str:
    """Return the verdict on a second data set; "" where none was measured."""
    return claim.verdict.on_digits(values) if isinstance(claim.verdict, OnBoth) else ""


def row(claim: Claim, size: str, entry: dict[str, Any] | None) -> dict[str, Any]:
    """Return what is known of a claim from one measurement of it, or from none."""
    values = entry["values"] if entry else {}
    verdict = claim.verdict(values) if entry or claim.evidence == "literature" else "unresolved"
    status = status_of(claim, verdict)
    if entry is None and status != "contested":
        status = "untested here"
    return {
        "id": claim.id,
        "size": size,
        "unit": claim.unit,
        "statement": claim.statement,
        "heard": claim.heard,
        "status": status,
        "evidence": claim.evidence,
        "verdict": verdict,
        "on_digits": on_digits(claim, values),
        "expected": claim.expected,
        "as_expected": verdict == "unresolved" or as_expected(claim, verdict),
        "finding": claim.finding,
        "rule": claim.rule,
        "looked": claim.looked,
        "setting": claim.setting,
        "changes": claim.changes,
        "source": claim.source,
        "figures": key_figures(claim, values),
        "intervals": {name: list(t_interval(column)) for name, column in values.items()},
        "over": {name: runs_over(claim, column) for name, column in values.items()},
        "seeds": max((len(column) for column in values.values()), default=0),
        "seconds": seconds_of(entry) if entry else 0.0,
        "device": entry["device"] if entry else "",
    }


def rows(ledger: dict[str, Any], ids: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return a row a measurement, and one for each claim that has none; () is all claims.

    Verdicts are computed anew from the per-seed values.
    """
    return [
        row(claim, size, entry)
        for claim in CLAIMS.values()
        if not ids or claim.id in ids
        for size, entry in (sorted(ledger.get(claim.id, {}).items()) or [("", None)])
    ]


def short_device(name: str) -> str:
    """Return "H100" for "NVIDIA H100 80GB HBM3", "CPU" for "CPU, 2 threads"."""
    words = name.replace(",", "").split()
    known = len(words) > 1 and words[0] in ("NVIDIA", "Tesla", "AMD")
    return words[1] if known else "".join(words[:1])
