"""An offline look at a written answer: which points of the rubric it seems to make.

A suggestion, never a mark: it sees words and not meaning. A point is found where one sentence has a
word of each of its groups, or two sentences together have; a red flag where one sentence that
denies nothing has them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from coursekit.interview.bank import folklore
from coursekit.interview.declare import Question, RedFlag, Terms
from coursekit.interview.relations import compared
from coursekit.interview.wording import log_odds
from coursekit.interview.words import FUNCTION_WORDS, is_list_of_words, sentences, spelled, stems

GOOD = 0.6  # share of the weights from which an answer may count as good
FOLKLORE = -6.0  # log-odds of the wording up to which it sounds like folklore
TURNED = 2  # things that move against the model answer, from which an answer may be its opposite
PLAINLY = 20.0  # log-odds of the wording from which it is not taken for the opposite
NEW = 0.4  # share of a sentence's words that must not stand in the prompt
TWO_SENTENCES = 24  # words
NOTES = 3  # lines from which an answer counts as notes
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
    red_flags: tuple[tuple[RedFlag, tuple[str, ...]], ...]  # with the words that it heard
    share: float  # of the rubric's weights, 0 to 1
    wording: float  # log-odds of a good answer's wording
    agreeing: int  # things that move as in the model answer
    opposing: int  # and against it

    @property
    def verdict(self) -> str:
        """Return "good", "middling" or "weak".

        Never "good" with a red flag, where things move against the model answer, or where the
        wording is more like that of folklore.
        """
        turned = self.wording < PLAINLY and (
            self.opposing >= max(TURNED, self.agreeing) or self.opposing > TURNED
        )
        if self.share >= GOOD and not (self.red_flags or turned) and self.wording > FOLKLORE:
            return "good"
        return "middling" if self.share >= GOOD / 2 else "weak"


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


def says_something(part: str, prompt: str) -> bool:
    """Say whether a sentence has words of its own beside those of the prompt."""
    words = [w for w in part.split() if w not in FUNCTION_WORDS]
    own = sum(stems(word) not in prompt for word in words)
    return bool(words) and own / len(words) >= NEW


@cache
def _as_stems(term: str) -> str:
    return stems(" ".join(sentences(term)) or term)


def found_in(terms: Terms, parts: Sequence[str], *, notes: bool = False) -> tuple[str, ...]:
    """Return what one sentence, or two in a row, have of the terms; of notes, some lines."""
    for i, part in enumerate(parts):
        hit = found_terms(terms, part) or found_terms(terms, _window(parts, i, notes=notes))
        if hit:
            return hit
    return ()


def _window(parts: Sequence[str], start: int, *, notes: bool) -> str:
    """Return a part with the next one; of notes as many lines as make up two sentences."""
    words: list[str] = []
    for i, part in enumerate(parts[start:]):
        if i > 1 and (not notes or len(words) + len(part.split()) > TWO_SENTENCES):
            break
        words += part.split()
    return " ".join(words)


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
    parts = sentences(spelled(answer))
    prompt = stems(" ".join(sentences(question.prompt)))
    heard = [part for part in parts if says_something(part, prompt)]
    own = " ".join(part for part in sentences(answer) if says_something(part, prompt))
    if is_list_of_words(answer) or is_list_of_words(own):
        heard = []
    notes = len(answer.strip().splitlines()) >= NOTES
    seen = tuple(found_in(point.terms, heard, notes=notes) for point in question.points)
    flags: list[tuple[RedFlag, tuple[str, ...]]] = []
    for flag in (*question.red_flags, *folklore()):
        words = found_asserted(flag.terms, parts)
        if words and flag.claim not in [other.claim for other, _ in flags]:
            flags.append((flag, words))
    total = sum(point.weight for point in question.points)
    got = sum(point.weight for point, words in zip(question.points, seen, strict=True) if words)
    agreeing, opposing = compared(question, answer)
    return Proposal(seen, tuple(flags), got / total, log_odds(answer), agreeing, opposing)
