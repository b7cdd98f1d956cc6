"""Symbols on a console that cannot show them: spelled out, where Python would stop half-way.

Windows' consoles and pipes often know only cp1252, in which there is no minus sign and no Greek.

Standard library only, and it parses on Python 3.8.
"""

from __future__ import annotations

import codecs
import sys
import unicodedata

SPELLED = {
    "\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2192": "->", "\u2190": "<-", "\u21d2": "=>",
    "\u2264": "<=", "\u2265": ">=", "\u2260": "!=", "\u2248": "~", "\u00b1": "+-", "\u00d7": "x",
    "\u00b7": "*", "\u221a": "sqrt", "\u2211": "sum", "\u221e": "inf", "\u2208": "in",
    "\u2026": "...", "\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2032": "'",
    "\u2207": "grad ", "\u2202": "d", "\u2713": "yes", "\u2717": "no", "\u2022": "*",
    "\u03bb": "lambda", "\u039b": "Lambda",  # Unicode calls them LAMDA
}  # fmt: skip
STOPS = ("strict", "surrogateescape", "surrogatepass")  # the second: Python's own in the C locale


def spell(character: str) -> str:
    """Return what stands for a character in ASCII: \u03bb is "lambda", \u2212 is "-"."""
    if character in SPELLED:
        return SPELLED[character]
    words = unicodedata.name(character, "").split()
    if words[:1] == ["GREEK"] and "LETTER" in words:
        letter = words[words.index("LETTER") + 1]
        return letter.lower() if "SMALL" in words else letter.capitalize()
    if words[:2] == ["BOX", "DRAWINGS"]:
        return "|" if "VERTICAL" in words else "-"
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or "?"


def spelled(error: UnicodeError) -> tuple:
    """Handle an error of encoding for the `codecs` module."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(spell, error.object[error.start : error.end])), error.end


def spell_out_what_cannot_be_shown() -> None:
    """Let stdout and stderr spell out what their encoding lacks; those in UTF-8 never need it.

    Where a person chose another way that never stops (replace, ignore, ...), it stays.
    """
    codecs.register_error("coursekit.spelled", spelled)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.errors in STOPS:
            stream.reconfigure(errors="coursekit.spelled")
