"""What can be told of a command's words at once, before anything heavy is imported."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from coursekit.classroom.learner.copies import find_unit, released_units

CLAIMS = Path(__file__).parents[1] / "claims"
CLASH = (
    "--all, --quick, --page, `show` and ids exclude each other, but for ids with --quick or "
    "`show`; --write goes with ids or --all, --unit and --verdict with the list: choose one"
)
DECLARED = re.compile(r"\bClaim\(\s*id=\"(\w+)\"")  # every claim begins so; a test compares


def known_unit(name: str) -> str:
    """Return the full name of a released unit; "" stays "".

    Raises:
        ValueError: For a name that fits none, or several.
    """
    names = [path.name for path in released_units()]
    return find_unit(name, names) if name and names else name


def declared_claims() -> list[str]:
    """Return the ids of all claims as their declarations have them, without running these."""
    sources = sorted(CLAIMS.rglob("*.py"))
    return [i for path in sources for i in DECLARED.findall(path.read_text(encoding="utf-8"))]


def known_claims(ids: Iterable[str]) -> list[str]:
    """Return claim ids in capitals, as they are declared; the word `show` may come first.

    Raises:
        ValueError: For an id that no claim has.
    """
    given, declared = list(ids), declared_claims()
    capital = {i.lower(): i for i in declared}
    fine = [
        x if i == 0 and x == "show" else capital.get(x.lower(), "") for i, x in enumerate(given)
    ]
    for word, claim in zip(given, fine, strict=True):
        if not claim:
            raise ValueError(
                f"no claim is named {word!r}{suggestion(word, declared)}\n"
                f"All {len(declared)} of them: python3 -m coursekit claims"
            )
    return fine


def clash(
    *given: str, quick: bool, all: bool, write: bool, page: bool, unit: str, verdict: str
) -> bool:
    """Say whether ids (or "show" and ids) and options of `claims` exclude each other."""
    show = given[:1] == ("show",)
    ids = given[1:] if show else given
    return bool(
        (all and (quick or ids))
        or (page and (quick or all or ids or write))
        or (show and (quick or all or write))
        or (write and (quick or not (all or ids)))
        or ((unit or verdict) and (ids or quick or all or page or show))
    )


def suggestion(word: str, names: Iterable[str]) -> str:
    """Return "; did you mean X?" with the names nearest to a word, or "."."""
    by_lower = {name.lower(): name for name in names}
    near = [by_lower[x] for x in get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5)]
    return f"; did you mean {' or '.join(near)}?" if near else "."
