"""Which way things go in a text: "steps fall", "lambda stays", "Adam wants the root".

A rubric's words alone can't tell an answer from its opposite. So for each thing that the model
answer moves in one direction only, the candidate's clauses about that thing are compared with it.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from coursekit.interview.declare import Question
from coursekit.interview.words import FUNCTION_WORDS, stem

Told = tuple[str, str, int]  # a thing, an axis, a direction

AXES = {
    "size": (
        "grow grows grew larger more higher rise rises increases longer long up exceeds above "
        "doubles double multiply multiplied heavier louder rises most",
        "shrink shrinks smaller fewer less lower fall falls decreases shorter short down below "
        "halves half divide divided lighter drop drops fewest least quarter",
    ),
    "same": (
        "same unchanged constant stays equal identical keeps equals agree agrees preserved fixed",
        "different differs changes changed another other differ change",
    ),
    "rule": (
        "linear linearly proportional proportionally proportion",
        "root sqrt",
    ),
    "bias": ("unbiased", "biased"),
    "draw": ("independent independently", "correlated related"),
    "help": ("helps help better works harmless", "hurts worse breaks harms wrong ruinous fails"),
}
NOT = {"not", "no", "never", "isn", "doesn", "don", "aren", "won", "nor", "neither", "without"}
CLAUSES = re.compile(r"[.;,!?\n]|\b(?:and|but|so|while|whereas|since|because|where|which|or)\b")
DIRECTION = {
    stem(word): (axis, sign)
    for axis, sides in AXES.items()
    for sign, words in zip((1, -1), sides, strict=True)
    for word in words.split()
}


def relations(text: str) -> list[Told]:
    """Return each (thing, axis, direction) of a text, clause by clause."""
    told = []
    for clause in CLAUSES.split(text.lower()):
        words = re.findall(r"[a-z]+", clause)
        ways = [(i, DIRECTION[stem(w)]) for i, w in enumerate(words) if stem(w) in DIRECTION]
        things = {
            stem(w)
            for w in words
            if len(w) > 2 and w not in FUNCTION_WORDS and stem(w) not in DIRECTION
        }
        for i, (axis, sign) in ways:
            denied = any(word in NOT for word in words[max(0, i - 3) : i])
            told += [(thing, axis, -sign if denied else sign) for thing in sorted(things)]
        numbers = re.findall(r"\b\d\d+\b", clause)
        sign = -1 if any(word in NOT for word in words) else 1
        told += [(number, "is", sign) for number in numbers]
    return told


@cache
def one_sided(question: Question) -> Mapping[tuple[str, str], int]:
    """Return what a question's model answers move in one direction alone."""
    seen: dict[tuple[str, str], set[int]] = defaultdict(set)
    for thing, axis, sign in relations(_reference(question)):
        seen[thing, axis].add(sign)
    return {key: min(signs) for key, signs in seen.items() if len(signs) == 1}


def _reference(question: Question) -> str:
    texts = [question.headline, *question.beats, *(p.text for p in question.points)]
    return "\n".join([*texts, *(f.answer for f in question.follow_ups)])


def compared(question: Question, answer: str) -> tuple[int, int]:
    """Return how many things an answer moves as the model answer does, and how many against it."""
    known = one_sided(question)
    agreeing: set[tuple[str, str]] = set()
    opposing: set[tuple[str, str]] = set()
    for thing, axis, sign in relations(answer):
        if (thing, axis) in known:
            (agreeing if known[thing, axis] == sign else opposing).add((thing, axis))
    return len(agreeing - opposing), len(opposing)
