"""Text as plain words: sentences, words cut to their stems, and formulas spelled out."""

import re

LITTLE = """
a an the this that these those it its i you he she we they them his my your is are was were
be been am do does did has have had can could would should may might will to of in on at by for
from with as than then there here if when where what which who how why not no and or but so
because since while one each any all some just only also too very about into over up out
"""
FUNCTION_WORDS = frozenset(LITTLE.split())
SIGNS = re.compile(r"[=<>→∝~≈≠+*/^]|->|\d")
SHORTEST_LIST = 10  # words
NOTE_LINES, NOTE_WORDS = 3, 12  # and words a line at most
NOTE_SIGNS = 0.25  # signs and digits a word
SPELLED = (  # what a formula says, in the words of the rubrics
    (r"\bb_?c(?:rit)?\b", "critical batch"),
    (r"\bb_?(?:noise|simple)\b", "noise scale"),
    (r"\bs_?min\b|\bs\b(?= ?[=(~])", "steps"),
    (r"\be_?min\b|\be\b(?= ?[=(~])", "examples"),
    (r"\bvar\b", "variance"),
    (r"\bstd\b|\bsd\b", "standard deviation"),
    (r"\bsqrt\b|√", "root square root"),
    (r"\blr\b|\beta\b|η", "learning rate rate"),
    (r"\blambda(?:_?max)?\b|λ", "curvature"),
    (r"\bsum\w*|σ_k|∑", "sum"),
    (r"\biid\b", "independent draws"),
    (r"\bbn\b", "batchnorm"),
    (r"\bgn\b", "groupnorm"),
    (r"\bln\b", "layernorm"),
    (r"\bwd\b", "weight decay"),
    (r"\bval\b", "validation"),
    (r"\bgrads?\b", "gradient"),
    (r"\bhw\b", "hardware"),
    (r"\bgen\b", "generalisation"),
    (r"\bacc\b", "accuracy"),
    (r"\breg\b", "regularisation"),
    (r"\bw/o\b", "without"),
    (r"\bfp64\b", "float64"),
    (r"\(n ?- ?b\)", "finite population without replacement"),
    (r"\b2 ?x\b|\bx ?2\b|\b2\*", "twice double two times"),
    (r"!=|≠", "differs isn t not the same"),
    (r"∝", "proportional linear"),
    (r"\bconst\b", "constant same unchanged"),
    (r"<<", "far below"),
    (r">>", "far above"),
)


def sentences(text: str) -> list[str]:
    """Split a text into sentences, in plain lower case, without apostrophes and hyphens."""
    text = text.lower().replace("×", " x ").replace("√", " sqrt ").replace("²", "^2")
    parts = re.split(r"[.!?;]\s|[.!?;]$|\n+", text)
    return [" ".join(re.findall(r"[^\W_]+|[/^=<>*+%]", part)) for part in parts if part.strip()]


def spelled(text: str) -> str:
    """Return a text in which each line is followed by what its formulas and short forms say."""
    lines = []
    for line in text.splitlines():
        words = [said for form, said in SPELLED if re.search(form, line.lower())]
        end = re.search(r"[.!?;]*\s*$", line)
        stop = end.start() if end else len(line)
        lines.append(f"{line[:stop]} {' '.join(words)}{line[stop:]}" if words else line)
    return "\n".join(lines)


def is_list_of_words(text: str) -> bool:
    """Say whether a text only names things: hardly a little word or a sign in it.

    Prose has two little words in five; notes and formulas have signs and numbers instead.
    """
    words = re.findall(r"[a-z]+", text.lower())
    if len(words) < SHORTEST_LIST:
        return False
    little = sum(word in FUNCTION_WORDS for word in words) / len(words)
    signs = len(SIGNS.findall(re.sub(r"\d+", "0", text))) / len(words)
    return little < 0.15 and little + signs < 0.25


def is_notes(text: str) -> bool:
    """Say whether a text is notes, where a name stands for a sentence: short lines, many signs."""
    words = re.findall(r"[a-z]+", text.lower())
    lines = sum(bool(line.strip()) for line in text.splitlines())
    short = lines >= NOTE_LINES and len(words) <= NOTE_WORDS * lines
    return short or len(SIGNS.findall(text)) > NOTE_SIGNS * len(words)


def stem(word: str) -> str:
    """Cut the endings that English gives to one word."""
    for ending in ("ingly", "edly", "ings", "ing", "ies", "ed", "es", "ly", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def stems(text: str) -> str:
    """Return a text as stems between blanks, so that a phrase is found as a whole."""
    return " " + " ".join(stem(word) for word in text.split()) + " "
