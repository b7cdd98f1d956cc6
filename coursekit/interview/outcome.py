"""What was said to a question, and what it was worth."""

from dataclasses import dataclass

FOLLOW_UP = {"made": 1.0, "in part": 0.5, "missed": 0.0}  # what a reply to a follow-up is worth
FOLLOW_UP_SHARE = 0.2  # of a question's score
NUMBER_SHARE = 0.5  # of the rest, where a number was asked; the rubric has what remains


@dataclass(frozen=True)
class Said:
    """What was said to one question, before anybody marked it."""

    question_id: str
    text: str  # "" if it was said aloud
    asked_further: str  # "good" or "weak": which follow-up came
    further: str  # the reply to it
    seconds: float  # of thinking and answering
    number_share: float | None = None  # of the number, 0 to 1; None where none was asked
    seed: int = 0  # draws the same parameters again


@dataclass(frozen=True)
class Outcome:
    """How one question went."""

    question_id: str
    score: float  # 0 to 1
    red_flags: tuple[str, ...]  # claims that the learner owned up to
    seconds: float
    answer: str
    ticks: tuple[bool, ...] = ()  # one a point of the rubric
    further: str = ""
    follow_up: str = ""  # a key of FOLLOW_UP
    heard: tuple[bool, ...] = ()  # by the check or the judge, one a point; () if said aloud


def score_of(rubric: float, number: float | None, follow_up: str) -> float:
    """Return a question's score from its rubric, its number and its follow-up."""
    first = rubric if number is None else NUMBER_SHARE * number + (1 - NUMBER_SHARE) * rubric
    return (1 - FOLLOW_UP_SHARE) * first + FOLLOW_UP_SHARE * FOLLOW_UP[follow_up]
