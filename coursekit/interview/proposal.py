"""An offline look at a written answer: which points of the rubric it seems to make.

A suggestion, never a mark: it sees words and not meaning. A point is found where one sentence has a
word of each of its groups, or two sentences together have; a red flag where one sentence that
denies nothing has them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coursekit.interview.declare import Question, Terms

GOOD = 0.6  # share of the weights from which an answer counts as good
DENIALS = re.compile(
    r"\b(no|not|never|none|nothing|neither|nor|cannot|without|wrong|false|myth|fails?|refuted|"
    r"misconception|misleading|rather than|instead of|contrary|hardly|unlikely|untrue|incorrect|"
    r"mistaken|fallacy|tempting|popular|many (?:people )?(?:say|think|believe)|"
    r"people (?:say|think)|"
    r"blame|doesn t|isn t|don t|won t|can t|wasn t|didn t|aren t)\b"
)
TURNS = re.compile(
    r"^(but|however|yet|that is|this is|that s|which is|it is|in fact|actually)\b.*"
    r"\b(wrong|false|not|myth|refuted|incorrect|untrue|mistaken|isn t|doesn t)\b"
)


@dataclass(frozen=True)
class Proposal:
    """What the check saw in an answer."""

    seen: tuple[tuple[str, ...], ...]  # for each point the words that it saw; () if not seen
    red_flags: tuple[tuple[int, tuple[str, ...]], ...]  # index of the flag, words that it saw
    share: float  # of the rubric's weights, 0 to 1

    @property
    def verdict(self) -> str:
        """Return "good", "middling" or "weak"; with a red flag never "good"."""
        if self.share >= GOOD and not self.red_flags:
            return "good"
        return "middling" if self.share >= GOOD / 2 else "weak"


def sentences(text: str) -> list[str]:
    """Split a text into sentences, in plain lower case, without apostrophes and hyphens."""
    text = text.lower().replace("×", " x ").replace("√", " sqrt ").replace("²", "^2")
    parts = re.split(r"[.!?;]\s|[.!?;]$|\n+", text)
    return [" ".join(re.findall(r"[^\W_]+|[/^=<>*+%]", part)) for part in parts if part.strip()]


def stem(word: str) -> str:
    """Cut the endings that English gives to one word."""
    for ending in ("ingly", "edly", "ings", "ing", "ies", "ed", "es", "ly", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def stems(text: str) -> str:
    """Return a text as stems between blanks, so that a phrase is found as a whole."""
    return " " + " ".join(stem(word) for word in text.split()) + " "


def found_terms(terms: Terms, text: str) -> tuple[str, ...]:
    """Return the first word of each group that the text has; () if a group has none."""
    inside = stems(text)
    found = []
    for group in terms:
        hits = [t for t in group if stems(" ".join(sentences(t)) or t) in inside]
        if not hits:
            return ()
        found.append(hits[0])
    return tuple(found)


def found_in(terms: Terms, parts: Sequence[str]) -> tuple[str, ...]:
    """Return what one sentence, or two in a row, have of the terms."""
    for i, part in enumerate(parts):
        hit = found_terms(terms, part) or found_terms(terms, " ".join(parts[i : i + 2]))
        if hit:
            return hit
    return ()


def found_asserted(terms: Terms, parts: Sequence[str]) -> tuple[str, ...]:
    """Return what one sentence has of the terms that neither it nor the next one denies."""
    for i, part in enumerate(parts):
        hit = found_terms(terms, part)
        denied = DENIALS.search(part) or (i + 1 < len(parts) and TURNS.search(parts[i + 1]))
        if hit and not denied:
            return hit
    return ()


def propose(question: Question, answer: str) -> Proposal:
    """Look for the points and red flags of a question in a written answer."""
    parts = sentences(answer)
    seen = tuple(found_in(point.terms, parts) for point in question.points)
    flags = [(i, found_asserted(f.terms, parts)) for i, f in enumerate(question.red_flags)]
    total = sum(point.weight for point in question.points)
    got = sum(point.weight for point, words in zip(question.points, seen, strict=True) if words)
    return Proposal(seen, tuple((i, words) for i, words in flags if words), got / total)
