"""In which words? The course's texts in another language: one file a unit, English beside it.

    coursekit/languages/de/00_start.toml    every text of unit 00: lessons, code, checks
    coursekit/languages/de/course.toml      what all units share: a check's own words

`catalogue` reads a file, `agreement` says what both sides must have in common, `spoken` holds the
language in which this kernel's checks speak. `docs/teaching/languages.md` says how to begin one.
"""

from coursekit.languages.agreement import disagreements
from coursekit.languages.catalogue import (
    COURSE,
    Catalogue,
    languages,
    one_line,
    read_catalogue,
    units_in,
)
from coursekit.languages.spoken import say, speak, spoken

__all__ = [
    "COURSE",
    "Catalogue",
    "disagreements",
    "languages",
    "one_line",
    "read_catalogue",
    "say",
    "speak",
    "spoken",
    "units_in",
]
