"""The bank: every question read from its file, every fault of every question named at once."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from coursekit.interview.declare import AFTER, LEVELS, Question, RedFlag, build, reflowed

ROOM = Path(str(files("coursekit.interview")))
FOLDER = ROOM / "questions"
HEADLINE_WORDS = 35  # fifteen seconds
BEATS_WORDS = 110  # the rest of a minute
FOLKLORE_WORDS = 70
LAB = re.compile(  # a listener would ask: whose?
    r"\b(?:our|my)(?: own)?(?: \w+){0,2} "
    r"(?:networks?|runs?|measurements?|trials?|simulations?|calculations?|experiments?|ledger)\b"
    r"|\b(?:we|i) (?:have )?(?:measured|found|saw)\b|\bours\b|\bmeasured here\b|\bthis course\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Bank:
    """All questions by id, and the one wording of each measurement they rest on."""

    questions: Mapping[str, Question]
    measured: Mapping[str, str]  # claim -> sentence


def faults(question: Question, measured: Mapping[str, str]) -> Iterator[str]:
    """Yield what keeps a question from working in a session."""
    q = question
    if not q.id.replace("_", "").isalnum():
        yield "id: use letters, digits and underscores"
    if q.level not in LEVELS:
        yield f"level must be one of {', '.join(LEVELS)}, got {q.level!r}"
    if not (q.units and q.concepts):
        yield "name a unit and a concept"
    if not 1 <= q.minutes <= 10:
        yield f"minutes must be 1 to 10, got {q.minutes}"
    yield from _spoken_faults(q)
    if not 4 <= len(q.points) <= 7:
        yield f"4 to 7 points, got {len(q.points)}"
    if not all(1 <= p.weight <= 3 for p in q.points):
        yield "weights must be 1 to 3"
    for flag in q.red_flags:
        if not (flag.terms and all(flag.terms)):
            yield f"no terms to listen for in {flag.text!r}"
    for point in q.points:
        if not point.hear:
            yield f"no way to hear {point.text!r}"
        for way in point.hear:
            if not all(re.search(r"[^\W_]|[/^%]", name) for name in re.split(r"[ |]", way)):
                yield f"can't listen for {way!r}: words or a|b between single blanks"
    if sorted(f.after for f in q.follow_ups) != sorted(AFTER):
        yield "two follow-ups, one after a good and one after a weak answer"
    if not (q.evidence or q.sources):
        yield "name a claim in evidence or a paper in sources"
    for claim in q.evidence:
        if claim not in measured:
            yield f"claim {claim} has no sentence: word it once under [measured] in a question file"
    for source in q.sources:
        if not re.search(r"\b(?:18|19|20)\d\d\b", source):
            yield f"a source needs its year: {source!r}"


def _spoken_faults(q: Question) -> Iterator[str]:
    """Yield what keeps an answer from being said in a room."""
    if len(q.headline.split()) > HEADLINE_WORDS:
        yield f"headline: {len(q.headline.split())} words, at most {HEADLINE_WORDS}"
    if re.search(r"[.!?]\s+[A-Z]", q.headline) or not q.headline.endswith((".", "!")):
        yield "headline: one sentence that ends with a full stop"
    if len(q.beats) != 3:
        yield f"three beats, got {len(q.beats)}"
    words = len(" ".join(q.beats).split())
    if words > BEATS_WORDS:
        yield f"beats: {words} words together, at most {BEATS_WORDS}"
    if q.red_flags and not q.folklore:
        yield "red flags need a folklore line: what to say to who expects them"
    if len(q.folklore.split()) > FOLKLORE_WORDS:
        yield f"folklore: {len(q.folklore.split())} words, at most {FOLKLORE_WORDS}"
    spoken = [q.headline, *q.beats, q.folklore]
    spoken += [p.text for p in q.points] + [f.answer for f in q.follow_ups]
    for text in spoken:
        if found := LAB.search(text):
            yield f"{found.group()!r} can't be said in a room, move it to [measured]: {text[:60]!r}"


def read_bank(folder: Path = FOLDER) -> Bank:
    """Read every *.toml of a folder, questions in the files' order.

    Raises:
        ValueError: With one line for each fault: a file that is no TOML, a question that breaks the
            schema or could not be said, an id used twice, a measurement worded twice.
    """
    wrong: list[str] = []
    measured: dict[str, str] = {}
    found: list[tuple[str, Question]] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            wrong.append(f"{path.name}: no TOML: {error}")
            continue
        if unknown := sorted(set(tables) - {"measured", "question"}):
            wrong.append(
                f"{path.name}: unknown table {unknown[0]!r}; write [measured], [[question]]"
            )
        for claim, sentence in tables.get("measured", {}).items():
            if claim in measured:
                wrong.append(f"{path.name}: claim {claim} is worded in another file, too: keep one")
            measured[claim] = reflowed(str(sentence))
        for i, table in enumerate(_as_list(tables.get("question", []))):
            name = table.get("id", i + 1) if isinstance(table, Mapping) else i + 1
            try:
                found.append((path.name, build(Question, table, f"question {name!r}")))
            except ValueError as error:
                wrong.append(f"{path.name}: {error}")
    questions: dict[str, Question] = {}
    for file, question in found:
        if question.id in questions:
            wrong.append(f"{file}: there is another question {question.id!r}")
        questions[question.id] = question
        wrong += [f"{file}: question {question.id!r}: {f}" for f in faults(question, measured)]
    if wrong:
        raise ValueError("\n".join(wrong))
    return Bank(questions, measured)


def _as_list(tables: Any) -> list[Any]:
    return tables if isinstance(tables, list) else [tables]


@cache
def the_bank() -> Bank:
    """Return the bank of the course."""
    return read_bank()


def all_questions() -> Mapping[str, Question]:
    """Return the questions of the course by id."""
    return the_bank().questions


def told(claim: str) -> str:
    """Return what was measured, in its one wording, numbers filled in from the ledger.

    Raises:
        KeyError: If nothing words the claim, or the ledger lacks a number that is quoted.
    """
    from coursekit.claims.ledger import load_entries, quote  # brings numpy: not before it is asked

    sentence = the_bank().measured[claim]
    filled = re.sub(r"\{\{([^}]+)\}\}", lambda name: quote(name.group(1)), sentence)
    where = "On a small model" if load_entries(claim) else "From the literature"
    return f"{where}: {filled}"


@cache
def folklore() -> tuple[RedFlag, ...]:
    """Return the popular wrong beliefs that are listened for in every answer."""
    tables = tomllib.loads((ROOM / "folklore.toml").read_text(encoding="utf-8"))["folklore"]
    read: tuple[RedFlag, ...] = build(tuple[RedFlag, ...], tables, "folklore.toml")
    return read
