"""What an interview question is, read from a TOML file and checked against a schema."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_origin

FOLDER = Path(str(files("coursekit.interview") / "questions"))
LEVELS = ("screen", "onsite", "staff")
AFTER = ("good", "weak")

Terms = tuple[tuple[str, ...], ...]  # groups of synonyms: a sentence must have one of each group


@dataclass(frozen=True)
class Point:
    """One point of the rubric."""

    text: str
    weight: int  # 1 to 3
    terms: Terms  # what the offline check looks for


@dataclass(frozen=True)
class RedFlag:
    """A popular answer that is wrong."""

    text: str
    claim: str  # its row in the ledger of claims
    terms: Terms


@dataclass(frozen=True)
class FollowUp:
    """What the interviewer asks next, depending on how the answer went."""

    after: str  # "good" or "weak"
    prompt: str
    answer: str


@dataclass(frozen=True)
class Evidence:
    """A measurement that the answer rests on."""

    claim: str
    says: str


@dataclass(frozen=True)
class Question:
    """An interview question.

    Attributes:
        id: Short name, letters, digits and underscores.
        level: "screen", "onsite" or "staff".
        units: Units that treat it, the first one to be done again after a weak answer.
        concepts: What it is about, for the report of gaps.
        minutes: What a good answer takes, follow-up included.
        prompt: What the interviewer says. In a numeric question {names} stand for its parameters.
        tests: What the question is meant to find out.
        answer: A model answer of one minute, spoken.
        points: Four to seven points with weights.
        red_flags: Popular wrong answers.
        follow_ups: Two: one after a good answer, one after a weak one.
        evidence: Claims that carry the answer.
        numeric: Name of the task in `numeric.py` that draws parameters; "" for a spoken question.
    """

    id: str
    level: str
    units: tuple[str, ...]
    concepts: tuple[str, ...]
    minutes: int
    prompt: str
    tests: str
    answer: str
    points: tuple[Point, ...]
    follow_ups: tuple[FollowUp, ...]
    evidence: tuple[Evidence, ...]
    red_flags: tuple[RedFlag, ...] = field(default=())
    numeric: str = ""


def build(kind: Any, data: Any, place: str) -> Any:
    """Turn plain TOML data into a dataclass, a tuple or a plain value of the declared kind.

    Raises:
        ValueError: For a missing, unknown or ill-typed field; the message names its place.
    """
    if get_origin(kind) is tuple:
        if not isinstance(data, list):
            raise ValueError(f"{place}: want a list, got {data!r}")
        inner = get_args(kind)[0]
        return tuple(build(inner, item, f"{place}[{i}]") for i, item in enumerate(data))
    if kind in (str, int):
        if type(data) is not kind:
            raise ValueError(f"{place}: want {kind.__name__}, got {data!r}")
        return reflowed(data) if kind is str else data
    if not isinstance(data, Mapping):
        raise ValueError(f"{place}: want a table, got {data!r}")
    known = {f.name: f for f in fields(kind)}
    if unknown := sorted(set(data) - set(known)):
        raise ValueError(f"{place}: unknown field {unknown[0]!r}; there are {', '.join(known)}")
    missing = [n for n, f in known.items() if f.default is MISSING and n not in data]
    if missing:
        raise ValueError(f"{place}: {missing[0]!r} is missing")
    return kind(**{name: build(known[name].type, data[name], f"{place}.{name}") for name in data})


def reflowed(text: str) -> str:
    """Join the lines of each paragraph; a blank line parts paragraphs."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def check(question: Question) -> None:
    """Refuse a question that could not work in a session.

    Raises:
        ValueError: Naming the question and what is wrong with it.
    """

    def want(good: bool, what: str) -> None:
        if not good:
            raise ValueError(f"question {question.id!r}: {what}")

    want(question.id.replace("_", "").isalnum(), "id: use letters, digits and underscores")
    want(question.level in LEVELS, f"level must be one of {LEVELS}, got {question.level!r}")
    want(bool(question.units) and bool(question.concepts), "name a unit and a concept")
    want(1 <= question.minutes <= 10, f"minutes must be 1 to 10, got {question.minutes}")
    want(4 <= len(question.points) <= 7, f"4 to 7 points, got {len(question.points)}")
    want(all(1 <= p.weight <= 3 for p in question.points), "weights must be 1 to 3")
    looked_for = [(p.text, p.terms) for p in question.points]
    for text, terms in [*looked_for, *((f.text, f.terms) for f in question.red_flags)]:
        want(bool(terms) and all(terms), f"no terms to look for in {text!r}")
    want(
        sorted(f.after for f in question.follow_ups) == sorted(AFTER),
        "two follow-ups, one after a good and one after a weak answer",
    )
    want(bool(question.evidence), "name the claim that carries the answer")
    words = len(question.answer.split())
    want(words <= 190, f"the model answer takes more than a minute: {words} words")


def read_questions(folder: Path = FOLDER) -> dict[str, Question]:
    """Read every *.toml of a folder: id -> question, in the files' order.

    Raises:
        ValueError: For a file that is no TOML, a question that breaks the schema, an id used twice.
    """
    questions: dict[str, Question] = {}
    for path in sorted(folder.glob("[0-9]*.toml")):
        try:
            tables: Sequence[Any] = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise ValueError(f"{path.name} holds no [[question]] tables: {error}") from error
        for i, table in enumerate(tables):
            question = build(Question, table, f"{path.name}, question {i + 1}")
            check(question)
            if question.id in questions:
                raise ValueError(f"{path.name}: there is another question {question.id!r}")
            questions[question.id] = question
    return questions


@cache
def all_questions() -> dict[str, Question]:
    """Return the questions of the course by id."""
    return read_questions()


@cache
def folklore() -> tuple[RedFlag, ...]:
    """Return the popular wrong beliefs that are looked for in every answer."""
    tables = tomllib.loads((FOLDER / "folklore.toml").read_text(encoding="utf-8"))["folklore"]
    return build(tuple[RedFlag, ...], tables, "folklore.toml")
