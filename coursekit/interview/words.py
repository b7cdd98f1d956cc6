"""Text as plain words: sentences, and words cut to their stems."""

import re


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
