"""The measurements behind an answer: verdict and picture of a claim, without importing torch."""

import re
from pathlib import Path

from coursekit.storage import ROOT

PICTURES = ROOT / "docs" / "images" / "claims"
PAGES = ROOT / "docs" / "claims"


def verdict_of(claim: str) -> str:
    """Return what the ledger says of a claim in one line; "" where nothing was measured here."""
    from coursekit.claims.ledger import load_entries  # brings numpy: not before it is asked

    entries = load_entries(claim)
    if not entries:
        return ""
    entry = entries.get("cpu") or next(iter(entries.values()))
    seeds = max(len(values) for values in entry["values"].values())
    return f"{entry['verdict']} ({seeds} seeds, {entry['device']})"


def picture_of(claim: str) -> Path | None:
    """Return the picture of a claim; None where there is none."""
    return next(iter(sorted(PICTURES.glob(f"{claim}.*"))), None)


def words_of(claim: str) -> str:
    """Return what the picture of a claim shows, as its page in docs/claims says; "" without one."""
    words = re.compile(rf"^!\[{claim}: (.+)\]\(\.\./images/claims/{claim}\.", re.MULTILINE)
    for page in sorted(PAGES.glob("*.md")):
        found = words.search(page.read_text(encoding="utf-8"))
        if found:
            return found[1]
    return ""
