"""An offline look at a written answer: which points of the rubric it seems to make.

A suggestion, never a mark: it sees words and not meaning. A point is found where one sentence has a
word of each of its groups, or two sentences together have; a red flag where one sentence that
denies nothing has them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coursekit.interview.bank import folklore
from coursekit.interview.declare import Question, RedFlag, Terms
from coursekit.interview.wording import log_odds
from coursekit.interview.words import sentences, stems

GOOD = 0.6  # share of the weights from which an answer may count as good
PLAIN = 5.0  # log-odds of the wording from which it may
NEAR = 4  # words before the first term within which "not" and the like deny it
NEGATIONS = re.compile(
    r"\b(no|not|never|none|nothing|neither|nor|cannot|without|hardly|unlikely|"
    r"doesn|isn|don|won|wasn|didn|aren)\b"
)
REJECTIONS = re.compile(
    r"\b(wrong|false|myth|refuted|fallacy|folklore|untrue|incorrect|mistaken|misconception|"
    r"misleading|contrary|tempting|popular|contested|debated|disputed|supposedly|allegedly|claims?|"
    r"hypothes[ie]s|story|often said|not necessarily|depends|reported|blame|"
    r"(?:many|people|some|folks|they) (?:people )?(?:say|think|believe|argue)|"
    r"one (?:would|could|might)|if|unless|whether|used to|fails|rather than|instead of|can t)\b"
)
TURNS = re.compile(
    r"^(but|however|yet|that is|this is|that s|which is|it is|in fact|actually|though)\b.*"
    r"\b(wrong|false|not|no|myth|refuted|incorrect|untrue|mistaken|isn|doesn|contested|depends)\b"
)


@dataclass(frozen=True)
class Proposal:
    """What the check saw in an answer."""

    seen: tuple[tuple[str, ...], ...]  # for each point the words that it saw; () if not seen
    red_flags: tuple[tuple[RedFlag, tuple[str, ...]], ...]  # with the words that it saw
    share: float  # of the rubric's weights, 0 to 1
    wording: float  # log-odds of a good answer's wording

    @property
    def verdict(self) -> str:
        """Return "good", "middling" or "weak".

        Never "good" with a red flag, or where the wording is more like that of folklore.
        """
        if self.share >= GOOD and not self.red_flags and self.wording > PLAIN:
            return "good"
        return "middling" if self.share >= GOOD / 2 else "weak"


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


def denied(part: str, words: Sequence[str]) -> bool:
    """Say whether a sentence rejects what its words say, or a "not" stands close before them."""
    if REJECTIONS.search(part):
        return True
    told = stems(part).split()
    places = []
    for word in words:
        target = stems(" ".join(sentences(word)) or word).split()
        spans = range(len(told) - len(target) + 1)
        places += [i for i in spans if told[i : i + len(target)] == target][:1]
    if not places:
        return False
    window = part.split()[max(0, min(places) - NEAR) : max(places) + 1]
    return bool(NEGATIONS.search(" ".join(window)))


def found_asserted(terms: Terms, parts: Sequence[str]) -> tuple[str, ...]:
    """Return what one sentence has of the terms that neither it nor the next one takes back."""
    for i, part in enumerate(parts):
        hit = found_terms(terms, part)
        taken_back = i + 1 < len(parts) and TURNS.search(parts[i + 1])
        if hit and not taken_back and not denied(part, hit):
            return hit
    return ()


def propose(question: Question, answer: str) -> Proposal:
    """Look for the points of a question, its red flags and common folklore in a written answer."""
    parts = sentences(answer)
    seen = tuple(found_in(point.terms, parts) for point in question.points)
    flags: list[tuple[RedFlag, tuple[str, ...]]] = []
    for flag in (*question.red_flags, *folklore()):
        words = found_asserted(flag.terms, parts)
        if words and flag.claim not in [other.claim for other, _ in flags]:
            flags.append((flag, words))
    total = sum(point.weight for point in question.points)
    got = sum(point.weight for point, words in zip(question.points, seen, strict=True) if words)
    return Proposal(seen, tuple(flags), got / total, log_odds(answer))
