"""The claims ledger: every quantitative sentence of the course can be measured again."""

from coursekit.claims.ledger import load_ledger, quote, save_entry

__all__ = ["load_ledger", "quote", "save_entry"]
