"""What a text and its translation must have in common: numbers, placeholders, code, links."""

import re
from collections import Counter

PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{[^{}]*\}")  # {{Q1.before}} of the ledger, {mean:.1f}
CODE = re.compile(r"`[^`]+`|<code>.*?</code>")
MATH = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)
LINK = re.compile(r"\]\(([^)]*)\)")
TAG = re.compile(r"</?\w+>")
NUMBER = re.compile(r"\d+(?:[.,  ]\d+)*")


def disagreements(english: str, said: str) -> list[str]:
    """Return what is not the same on both sides, in words; [] if all is.

    Numbers are compared by their digits: a decimal comma, or another mark between thousands, is a
    matter of language.
    """
    found = []
    for what, kind in (("{...}", PLACEHOLDER), ("code", CODE), ("formula", MATH), ("link", LINK)):
        found += _other(what, Counter(kind.findall(english)), Counter(kind.findall(said)))
    found += _other("tag", Counter(TAG.findall(english)), Counter(TAG.findall(said)))
    return found + _other("number", _numbers(english), _numbers(said))


def _numbers(text: str) -> Counter[str]:
    for kind in (PLACEHOLDER, CODE, MATH, LINK):
        text = kind.sub(" ", text)
    return Counter(re.sub(r"\D", "", number) for number in NUMBER.findall(text))


def _other(what: str, english: Counter[str], said: Counter[str]) -> list[str]:
    lost, added = english - said, said - english
    return [f"{what} {one!r} is missing" for one in lost] + [
        f"{what} {one!r} is not in the English text" for one in added
    ]
