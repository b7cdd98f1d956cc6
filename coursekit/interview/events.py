"""What a conversation shows and asks, whatever the surface: terminal, widget or test."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Say:
    """Text to show; the reply is None."""

    kind: str  # "title", "note", "answer", "flag", "result"
    text: str


@dataclass(frozen=True)
class AskAnswer:
    """The interviewer asks; the reply is the answer in writing, "" if it was given aloud."""

    prompt: str
    minutes: float


@dataclass(frozen=True)
class AskNumber:
    """The reply is a number as written, unit included if wanted."""

    prompt: str
    unit: str


@dataclass(frozen=True)
class AskChoice:
    """The reply is one of the options."""

    prompt: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class AskTicks:
    """The learner marks the rubric, from blank; the reply is one bool a point."""

    points: tuple[str, ...]
    heard: tuple[str, ...]  # the words of the answer that may belong to each point


@dataclass(frozen=True)
class ShowEvidence:
    """A measurement that carries the answer; surfaces may open its picture. No reply."""

    claim: str
    says: str


Event = Say | AskAnswer | AskNumber | AskChoice | AskTicks | ShowEvidence
Talk = Generator[Event, Any, Any]


class Stopped(Exception):
    """Thrown into a conversation when the learner leaves."""
