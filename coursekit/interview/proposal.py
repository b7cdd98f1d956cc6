"""An offline look at a written answer: which points of the rubric it seems to make.

A suggestion, never a mark: it sees words and not meaning. A point is heard where one of its ways
of saying it is in the answer, and counts against where it is said the other way round (`ear`). A
red flag is heard where one sentence that denies nothing has its words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from coursekit.interview import ear
from coursekit.interview.bank import folklore
from coursekit.interview.declare import Question, RedFlag, Terms
from coursekit.interview.wording import log_odds
from coursekit.interview.words import (
    FUNCTION_WORDS,
    is_list_of_words,
    is_notes,
    sentences,
    spelled,
    stems,
)

HEARD = 0.5  # share of the weights above which an answer may count as good
GOOD = 1.1  # heard less twice what is turned round, plus half of the wording, from which it does
MIDDLING = 0.3  # heard less turned round from which it is not weak
NEW = 0.4  # share of a sentence's words that must not stand in the prompt
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
    """What the check heard in an answer."""

    seen: tuple[tuple[str, ...], ...]  # for each point the words that it heard; () if not heard
    turned: tuple[bool, ...]  # for each point: said the other way round
    red_flags: tuple[tuple[RedFlag, tuple[str, ...]], ...]  # with the words that it heard
    share: float  # of the rubric's weights that is heard, 0 to 1
    against: float  # of the rubric's weights that is turned round, 0 to 1
    wording: float  # how much it reads like a good answer; about 0 for the others

    @property
    def verdict(self) -> str:
        """Return "good", "middling" or "weak"; never "good" with a red flag."""
        made = self.share - self.against
        sound = self.share > HEARD and made - self.against + self.wording / 2 >= GOOD
        if sound and not self.red_flags:
            return "good"
        return "middling" if made >= MIDDLING else "weak"


def says_something(part: str, prompt: str) -> bool:
    """Say whether a sentence has words of its own beside those of the prompt."""
    words = [w for w in part.split() if w not in FUNCTION_WORDS]
    own = sum(stems(word) not in prompt for word in words)
    return bool(words) and own / len(words) >= NEW


def own_words(question: Question, answer: str) -> str:
    """Return the sentences that are no echo of the prompt; "" if all is a list of words."""
    prompt = stems(" ".join(sentences(question.prompt)))
    parts = [part for part in re.split(r"(?<=[.!?;])\s|\n+", answer) if part.strip()]
    own = "\n".join(p for p in parts if says_something(" ".join(sentences(p)), prompt))
    return "" if is_list_of_words(answer) or is_list_of_words(own) else own


def found_terms(terms: Terms, text: str) -> tuple[str, ...]:
    """Return the first word of each group that the text has; () if a group has none."""
    inside = stems(text)
    found = []
    for group in terms:
        hits = [t for t in group if _as_stems(t) in inside]
        if not hits:
            return ()
        found.append(hits[0])
    return tuple(found)


@cache
def _as_stems(term: str) -> str:
    return stems(" ".join(sentences(term)) or term)


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
    text = ear.read(own_words(question, answer))
    named = 1 if is_notes(answer) else ear.NAMED
    heard = [ear.hear(point.hear, text, named=named) for point in question.points]
    parts = sentences(spelled(answer))
    flags: list[tuple[RedFlag, tuple[str, ...]]] = []
    for flag in (*question.red_flags, *folklore()):
        words = found_asserted(flag.terms, parts)
        if words and flag.claim not in [other.claim for other, _ in flags]:
            flags.append((flag, words))
    weighed = [
        (point.weight, sign) for point, (sign, _) in zip(question.points, heard, strict=True)
    ]
    total = sum(weight for weight, _ in weighed)
    return Proposal(
        seen=tuple(words if sign > 0 else () for sign, words in heard),
        turned=tuple(sign < 0 for sign, _ in heard),
        red_flags=tuple(flags),
        share=sum(weight * sign for weight, sign in weighed if sign > 0) / total,
        against=sum(weight for weight, sign in weighed if sign < 0) / total,
        wording=log_odds(answer),
    )
