"""docs/figures.md: published figures in words beside what this course measured, from the ledger.

The text is `coursekit/claims/figures.md`: {{CLAIM.quantity}} stands for a number of the ledger, and
(claims @ID) for links to that claim and to those that the paragraph quotes.
"""

import re
from pathlib import Path
from typing import Any

import coursekit.claims
from coursekit.claims.ledger import quote
from coursekit.claims.register import CLAIMS

PAGE = "docs/figures.md"
TEXT = Path(coursekit.claims.__file__).with_name("figures.md")
NUMBER = re.compile(r"\{\{([^}]+)\}\}")


def figures_page(ledger: dict[str, Any]) -> str:
    """Return the page, its numbers from the ledger.

    Raises:
        KeyError: If a number is asked for that the ledger does not hold.
    """
    paragraphs = TEXT.read_text(encoding="utf-8").split("\n\n")
    text = "\n\n".join(_linked(paragraph) for paragraph in paragraphs)
    return NUMBER.sub(lambda name: quote(name[1], ledger=ledger), text)


def _linked(paragraph: str) -> str:
    return re.sub(r"@([A-Z]+\d+)", lambda found: _links(found[1], paragraph), paragraph)


def _links(first: str, paragraph: str) -> str:
    """Return links to a claim and to all that a paragraph quotes."""
    ids = dict.fromkeys([first, *(name.partition(".")[0] for name in NUMBER.findall(paragraph))])
    return ", ".join(f"[{i}](claims/{CLAIMS[i].unit}.md#{i.lower()})" for i in ids)
