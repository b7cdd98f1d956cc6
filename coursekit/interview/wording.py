"""How an answer is worded: like good sample answers, or like folklore told with confidence.

A naive Bayes classifier over words and pairs of words, fitted to sample answers. Right or wrong is
not in it: people who repeat a popular belief say "that's why" where others say "equal epochs" or
"compare". It only keeps a doubtful answer from being called good.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise

from coursekit.interview.bank import ROOM
from coursekit.interview.words import sentences, stems

MIN_COUNT = 4  # answers that must have a word before it counts
WEIGHTS = ROOM / "wording.json"


def features(text: str) -> set[str]:
    """Return the stems of a text, and each pair of neighbours."""
    words = stems(" ".join(sentences(text))).split()
    return set(words) | {f"{a} {b}" for a, b in pairwise(words)}


def fit(good: Sequence[str], wrong: Sequence[str]) -> dict[str, float]:
    """Return log-odds of each feature: log P(feature | good) - log P(feature | wrong).

    Half a count is added to each, so that a feature of one side alone has a finite weight.
    """
    has_good = Counter(f for text in good for f in features(text))
    has_wrong = Counter(f for text in wrong for f in features(text))
    return {
        f: round(
            math.log((has_good[f] + 0.5) / (len(good) + 1))
            - math.log((has_wrong[f] + 0.5) / (len(wrong) + 1)),
            3,
        )
        for f in sorted(has_good | has_wrong)
        if has_good[f] + has_wrong[f] >= MIN_COUNT
    }


@cache
def weights() -> Mapping[str, float]:
    """Return the fitted log-odds."""
    read: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return read


def log_odds(text: str) -> float:
    """Return the sum of the weights of a text's features; above 0 it reads like the good ones."""
    known = weights()
    return sum(known[f] for f in features(text) if f in known)


def words_against(text: str, most: int = 6) -> list[str]:
    """Return the words that weigh most against an answer."""
    known = weights()
    found: Iterable[str] = (f for f in features(text) if known.get(f, 0) < 0)
    return sorted(found, key=lambda f: known[f])[:most]
