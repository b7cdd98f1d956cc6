"""The measurements behind an answer: verdict and picture of a claim, without importing torch."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from coursekit.storage import ROOT

PICTURES = ROOT / "docs" / "images" / "claims"
MEASURED = Path(__file__).resolve().parents[1] / "claims" / "measured"


@cache
def _entry(claim: str) -> dict[str, Any]:
    try:
        entries: dict[str, Any] = json.loads((MEASURED / f"{claim}.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return entries.get("cpu") or next(iter(entries.values()), {})


def verdict_of(claim: str) -> str:
    """Return what the ledger says of a claim in one line; "" where nothing was measured here."""
    entry = _entry(claim)
    if not entry:
        return ""
    seeds = max(len(values) for values in entry["values"].values())
    return f"{entry['verdict']} ({seeds} seeds, {entry['device']})"


def picture_of(claim: str) -> Path | None:
    """Return the picture of a claim; None where there is none."""
    return next(iter(sorted(PICTURES.glob(f"{claim}.*"))), None)
