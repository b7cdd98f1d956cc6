"""What an interview question is: its fields, and how plain TOML data become one.

A question has three layers: a headline that answers it in one sentence, three beats that are said
in a minute, and the evidence behind them. `bank` reads the files and names what is wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, get_args, get_origin

LEVELS = ("screen", "onsite", "staff")
AFTER = ("good", "weak")

Terms = tuple[tuple[str, ...], ...]  # groups of synonyms: a sentence must have one of each group


@dataclass(frozen=True)
class Point:
    """One point of the rubric; it must hold for any network."""

    text: str
    weight: int  # 1 to 3
    hear: tuple[str, ...]  # ways of saying it that the offline check listens for: see `ear`


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
    answer: str  # the learner marks the reply against it


@dataclass(frozen=True)
class Question:
    """An interview question.

    Attributes:
        id: Short name, letters, digits and underscores.
        level: "screen", "onsite" or "staff".
        units: Units that treat it, the first one to be done again after a weak answer.
        concepts: What it is about; shown after the answer, never before.
        minutes: What a good answer takes, follow-up included.
        prompt: What the interviewer says. In a numeric question {names} stand for its parameters.
        tests: What the question is meant to find out.
        headline: The answer in one sentence, for fifteen seconds.
        beats: Three things to say in a minute: claim, reason, what to do.
        points: Four to seven points with weights.
        follow_ups: Two: one after a good answer, one after a weak one.
        evidence: Claims of the ledger behind the answer; each is worded once, under [measured].
        sources: Papers behind it, such as "Goyal et al. 2017, arXiv:1706.02677".
        folklore: Which belief the interviewer may expect, and a sentence that agrees with the
            setting and corrects the mechanism.
        red_flags: Popular wrong answers.
        family: Questions of one family ask nearly the same; a session has one of them.
        numeric: Name of the task that draws parameters; "" for a spoken question.
    """

    id: str
    level: str
    units: tuple[str, ...]
    concepts: tuple[str, ...]
    minutes: int
    prompt: str
    tests: str
    headline: str
    beats: tuple[str, ...]
    points: tuple[Point, ...]
    follow_ups: tuple[FollowUp, ...]
    evidence: tuple[str, ...] = field(default=())
    sources: tuple[str, ...] = field(default=())
    folklore: str = ""
    red_flags: tuple[RedFlag, ...] = field(default=())
    family: str = ""
    numeric: str = ""

    @property
    def answer(self) -> str:
        """Return the model answer as one would say it: headline, then beats."""
        return " ".join((self.headline, *self.beats))


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
