"""What to say of a name that nobody has: the nearest ones, and how many more there are."""

from collections.abc import Collection
from difflib import SequenceMatcher

from coursekit.classroom.handing_in.table_file import same_look

NEAR = 0.7  # of 1, by difflib's measure: as alike as a slip of the keyboard leaves two ids
SHOWN = 3
FEW = 10  # as many as this are all listed


def nearest_names(word: str, names: Collection[str]) -> str:
    """Return "did you mean ada01? (30 in all)", or the first few and how many more.

    Args:
        word: What somebody wrote.
        names: Those that there are.
    """
    if not names:
        return "there is nobody"
    look = same_look(word)
    alike = {name: SequenceMatcher(None, look, same_look(name)).ratio() for name in names}
    ranked = sorted(names, key=lambda name: (-alike[name], name))
    near = [name for name in ranked if alike[name] >= NEAR][:SHOWN]
    if near:
        return f"did you mean {' or '.join(near)}? ({len(names)} in all)"
    shown = len(names) if len(names) <= FEW else SHOWN
    first, more = sorted(names)[:shown], len(names) - shown
    return f"there are {', '.join(first)}" + (f" and {more} more" if more > 0 else "")


def count(number: int, word: str) -> str:
    """Return "1 page", "2 pages"."""
    return f"{number} {word}{'' if number == 1 else 's'}"
