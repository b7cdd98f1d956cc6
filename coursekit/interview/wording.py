"""How an answer is worded: like good sample answers, or like wrong ones told with confidence.

A naive Bayes classifier over words and pairs of words, fitted to sample answers: good ones against
popular-and-wrong ones and against answers that turn everything round. Right or wrong is not in it:
people who repeat a belief say "that's why", and who turns an answer round says "needn't" and
"nothing", where others say "compare" or "about". It only helps to decide about a doubtful answer.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise

from coursekit.interview.bank import ROOM
from coursekit.interview.ear import plain

MIN_COUNT = 4  # answers that must have a word before it counts
WEIGHTS = ROOM / "wording.json"


def features(text: str) -> set[str]:
    """Return the words and marks of a text, and each pair of neighbours."""
    words = re.findall(r"[^\W\d_]+|\d+|[^\s\w]", plain(text))
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
            2,
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
    """Return the weights' sum over the root of the number of features, so that length counts less.

    A sum of n chances scatters as the root of n.
    """
    found = features(text)
    known = weights()
    return sum(known.get(f, 0.0) for f in found) / math.sqrt(max(len(found), 1))
