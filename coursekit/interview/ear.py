"""What a rubric's point sounds like, and whether an answer says it or turns it round.

A point lists ways of saying it, such as "rate down": words of the field's vocabulary
(`vocabulary.toml`) that must stand near each other. "The step size has to shrink" is one. So each
point is written once and heard in anybody's words.

A way is turned round where an odd number of its words are: by their opposite ("the rate must
rise"), or by a "not" beside them ("the rate need not fall"). "Small batches are noisy" and "large
batches are less noisy" say the same, since two words are exchanged.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from coursekit.interview.bank import ROOM
from coursekit.interview.words import stem

SPAN = 14  # places within which all words of a way must stand
NAMED = 0.5  # what a way of one word is worth: it is named, and nothing is said about it
COMMA, STOP = 2, 6  # places that a comma and a full stop count besides
AHEAD, BACK = 8, 4  # words after and before a "not" that it reaches in its clause
NOT = frozenset({"not", "no", "never", "neither", "nor", "cannot", "without"})
FORWARD = frozenset({"without", "no", "whatever", "regardless"})  # reach only what follows
BREAKS = frozenset(
    ["but", "so", "because", "since", "while", "whereas", "which", "although", "though"]
)
LESS = frozenset({"less", "least", "fewer"})  # before a word: it is taken back in part
WHOLE = frozenset({"times"})  # not a form of "time"
RIVALS = ("sgd", "adam")  # what stands at one of them is not said of the other
LISTED = frozenset({"or", "nor", "to"})  # after a comma they go on with what a "not" began
GREEK = (
    *(("α", "alpha"), ("β", "beta"), ("δ", "delta"), ("η", "eta"), ("θ", "theta")),
    *(("λ", "lambda"), ("ρ", "rho"), ("σ", "sigma"), ("κ", "kappa")),
)
JOINED = (  # written in one way before words are cut
    (r"can['’]t\b", "can not"),
    (r"won['’]t\b", "will not"),
    (r"n['’]t\b", " not"),
    (r"\bneedn\b", "need not"),
    (r"\bnot (?:only|just|merely|necessarily|quite)\b", "also"),
    (r"\b(?:instead of|rather than)\b", "without"),
    (r"['’]", " "),
    (r"\bw/o\b", "without"),
    (r"\bw/", "with "),
    (r"\bb/c\b", "because"),
    (r"×|⋅|·", " x "),
    (r"÷", " / "),
    (r"√", " sqrt "),
    (r"²", "^2"),
    (r"³", "^3"),
    (r"½", " half "),
    (r"¼", " quarter "),
    (r"\bx ?(\d+)\b", r" \1 x "),
    (r"≠|!=", " not same "),
    (r"¬", " not "),
    (r"⟺|⇔|<=>|≈|≃|≅|==|≡", " same "),
    (r"∝|~(?=\s*(?:sqrt|1\s*/|[bnkηλσ]\b))", " proportional "),
    (r"↑|↗|⇑", " up "),
    (r"↓|↘|⇓", " down "),
    (r"≫|>>", " far above "),
    (r"≪|<<", " far below "),
    (r"✗|✘|❌", " breaks "),
    (r"✓|✔|✅", " works "),
    (r"#(?=\s?[a-z])", " number of "),
    (r"@", " at "),
    (r"&", " and "),
    (r"‖|\|\|", "|"),
    (r"\btr ?\(([^()]*)\)", r"tr \1"),
    (r"[-=]>|→|⇒|⟹|⟶", " , "),
    (r"(?<=[a-z])-(?=[a-z])", " "),
    (r"_", " "),
    *((sign, f" {name} ") for sign, name in GREEK),
)
SIGNS = "/^=<>*+%|"
TOKEN = re.compile(r"[a-zα-ω]+|\d+(?:\.\d+)?|[/^=<>*+%|]|[.!?]+(?=\s|$)|[,;:()]|\n+|[-–—]")


@dataclass(frozen=True)
class Text:
    """An answer as words, with places in which a comma and a full stop take room."""

    told: tuple[str, ...]  # as written
    words: tuple[str, ...]  # their stems
    places: tuple[int, ...]
    clauses: tuple[int, ...]

    @cached_property
    def _read(self) -> tuple[dict[str, list[int]], dict[int, int]]:
        """Return where each word of the vocabulary stands, and how long it is there.

        A longer phrase hides the shorter ones inside it.
        """
        phrases, longest = vocabulary()
        heads: dict[str, list[int]] = {}
        sizes: dict[int, int] = {}
        i = 0
        while i < len(self.words):
            for size in range(min(longest, len(self.words) - i), 0, -1):
                named = phrases.get(self.words[i : i + size])
                if named and self.clauses[i] == self.clauses[i + size - 1]:
                    for head in named:
                        heads.setdefault(head, []).append(i)
                    sizes[i] = size
                    break
            i += sizes.get(i, 1)
        return heads, sizes

    @property
    def heads(self) -> Mapping[str, Sequence[int]]:
        """Return where each word of the vocabulary stands."""
        return self._read[0]

    def end(self, start: int) -> int:
        """Return where the phrase ends that starts here."""
        return start + self._read[1].get(start, 1)

    @cached_property
    def nots(self) -> Sequence[int]:
        """Return where something is denied: "not", or "plays no role"."""
        idle = self.heads.get("irrelevant", ())
        inside = {j for i in idle for j in range(i, self.end(i))}
        plain = [i for i, word in enumerate(self.told) if word in NOT and i not in inside]
        return sorted([*plain, *idle])


def plain(text: str) -> str:
    """Return a text in lower case, its signs and short forms in words."""
    text = text.lower()
    for form, said in JOINED:
        text = re.sub(form, said, text)
    return text


def read(text: str) -> Text:
    """Cut a text into stems, places and clauses."""
    tokens = TOKEN.findall(plain(text))
    told: list[str] = []
    places: list[int] = []
    clauses: list[int] = []
    place = clause = 0
    for i, token in enumerate(tokens):
        if not (token[0].isalnum() or token[0] in SIGNS):
            goes_on = token == "," and tokens[i + 1 : i + 2] and tokens[i + 1] in LISTED
            place += STOP if token[0] in ".!?\n" else COMMA
            clause += not goes_on
            continue
        clause += token in BREAKS
        place += 1
        told.append(token)
        places.append(place)
        clauses.append(clause)
    return Text(
        tuple(told),
        tuple(t if t in WHOLE else stem(t) for t in told),
        tuple(places),
        tuple(clauses),
    )


@cache
def vocabulary() -> tuple[Mapping[tuple[str, ...], frozenset[str]], int]:
    """Return {phrase as stems: the words of the vocabulary that it stands for}, longest phrase."""
    tables = tomllib.loads((ROOM / "vocabulary.toml").read_text(encoding="utf-8"))
    phrases: dict[tuple[str, ...], set[str]] = {}
    for head, said in tables["words"].items():
        for phrase in [head.replace("_", " "), *said.split(",")]:
            if phrase.strip():
                phrases.setdefault(read(phrase).words, set()).add(head)
    return {key: frozenset(heads) for key, heads in phrases.items()}, max(map(len, phrases))


@cache
def opposites() -> Mapping[str, str]:
    """Return each word's opposite."""
    tables = tomllib.loads((ROOM / "vocabulary.toml").read_text(encoding="utf-8"))
    pairs = [pair.split() for pair in tables["opposites"]]
    return {a: b for pair in pairs for a, b in (pair, pair[::-1])}


@cache
def _way(way: str) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """Return a way's sign and its words, each with the ones that may stand for it."""
    words = way.split()
    sign = {"not": -1, "any": 0}.get(words[0], 1)
    return sign, tuple(tuple(word.split("|")) for word in words[sign < 1 :])


@cache
def _stems_of(name: str) -> tuple[str, ...]:
    """Return the stems of a name that a way writes down; the ways are the bank's, so few."""
    return read(name.replace("_", " ")).words


def _places_of(names: Sequence[str], text: Text) -> list[tuple[int, int]]:
    """Return (index, sign) of each place where one of the names stands, or its opposite."""
    found = []
    for name in names:
        if name in text.heads or name in opposites():
            found += [(i, 1) for i in text.heads.get(name, ())]
            found += [(i, -1) for i in text.heads.get(opposites().get(name, ""), ())]
        else:
            want = _stems_of(name)
            spans = range(len(text.words) - len(want) + 1)
            found += [(i, 1) for i in spans if text.words[i : i + len(want)] == want]
    return found


def votes(way: str, text: Text) -> list[tuple[int, tuple[int, ...]]]:
    """Return for each place where a way's words stand together: said (+1) or turned (-1), where."""
    sign, words = _way(way)
    candidates = [_places_of(names, text) for names in words]
    told = []
    for first, its_sign in candidates[0]:
        chosen, product = [first], sign * its_sign
        for others in candidates[1:]:
            if not others:
                break
            nearest, s = min(others, key=lambda o: abs(text.places[o[0]] - text.places[first]))
            chosen.append(nearest)
            product *= s
        else:
            spots = [text.places[i] for i in chosen]
            denials = _denials(chosen, text)
            if not any(name in ("up", "down") for names in words for name in names):
                denials += any(
                    i and text.told[i - 1] in LESS and i - 1 not in chosen for i in chosen
                )
            named = sign < 0 and len(words) == 1 and not denials  # a bare name denies nothing
            if max(spots) - min(spots) <= SPAN and not named and not _taken(words, chosen, text):
                told.append((product * (-1) ** denials if sign else 1, tuple(sorted(chosen))))
    return told


def _taken(words: Sequence[Sequence[str]], chosen: Sequence[int], text: Text) -> bool:
    """Say whether a word stands at the rival of the one that the way names: "SGD root, Adam"."""
    mine = [i for names, i in zip(words, chosen, strict=True) if set(names) & set(RIVALS)]
    own = [r for r in RIVALS for i in mine if i in text.heads.get(r, ())]
    if len(own) != 1 or len(mine) != 1:
        return False
    others = [text.places[i] for r in RIVALS if r not in own for i in text.heads.get(r, ())]
    own_place = text.places[mine[0]]
    spots = [text.places[i] for i in chosen if i != mine[0]]
    return any(abs(o - at) + 1 < abs(own_place - at) for at in spots for o in others)


def _denials(chosen: Sequence[int], text: Text) -> int:
    """Return how many "not" reach one of the words, but for a "no longer" that is one of them."""
    mine = {j for i in chosen for j in range(i, text.end(i))}
    return sum(
        any(
            text.clauses[i] == text.clauses[n]
            and (0 < i - n <= AHEAD or (text.told[n] not in FORWARD and 0 < n - i <= BACK))
            for i in chosen
        )
        for n in text.nots
        if n not in mine
    )


def hear(ways: Sequence[str], text: Text, *, named: float = NAMED) -> tuple[float, tuple[str, ...]]:
    """Return how a text says one of the ways, and in which words.

    1 if it says one, `named` if it only names something, -1 if it turns one round, 0 if none.
    """
    told = [(sign, spots, way) for way in ways for sign, spots in votes(way, text)]
    total = sum(sign for sign, _, _ in told)
    if not total:
        return 0, ()
    agreed = [
        (1 if len(_way(way)[1]) > 1 else named, spots)
        for sign, spots, way in told
        if sign * total > 0
    ]
    worth, spots = max(agreed, key=lambda a: a[0])
    heard = tuple(" ".join(text.told[i : text.end(i)]) for i in dict.fromkeys(spots))
    return worth if total > 0 else -1, heard
