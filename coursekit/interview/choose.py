"""Which questions a sitting asks, and in which order."""

import math
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from coursekit.interview.declare import LEVELS, Question
from coursekit.interview.memory import due
from coursekit.interview.mock import family_of

NEW_SHARE = 0.5  # of a sitting, for questions that were never asked


def fitting(
    questions: Mapping[str, Question], *, level: str = "", unit: str = ""
) -> dict[str, Question]:
    """Return the questions of a level and of a unit (by name or number); "" means any.

    Raises:
        ValueError: If there is no such level, or no question fits.
    """
    if level and level not in LEVELS:
        raise ValueError(f"no level {level!r}: choose one of {', '.join(LEVELS)}")
    chosen = {
        name: q
        for name, q in questions.items()
        if level in ("", q.level) and (not unit or any(u.startswith(unit) for u in q.units))
    }
    if not chosen:
        there = sorted({u for q in questions.values() for u in q.units})
        raise ValueError(
            f"no question for unit {unit!r} at level {level or 'any'}.\n"
            f"Units with questions: {', '.join(there)}"
        )
    return chosen


def for_minutes(
    questions: Mapping[str, Question],
    minutes: float,
    *,
    cards: Mapping[str, Mapping[str, Any]],
    rng: random.Random,
    now: datetime | None = None,
) -> list[Question]:
    """Fill a sitting: half of it new questions, half what is due; at least one question.

    What one half leaves goes to the other, and then to the rest. Units take turns, and no two
    questions are of one family. New questions come first: a tired learner drops what was seen.
    """
    overdue = [name for name in due(cards, now) if name in questions]
    fresh = [name for name in questions if name not in cards]
    rest = [name for name in questions if name in cards and name not in overdue]
    fresh, rest = (_units_in_turn(names, questions, rng) for names in (fresh, rest))
    chosen = _fill([], fresh, questions, minutes, enough=NEW_SHARE * minutes)
    chosen = _fill(chosen, overdue, questions, minutes)
    chosen = _fill(chosen, fresh, questions, minutes)
    return _fill(chosen, rest, questions, minutes)


def what_is_due(
    questions: Mapping[str, Question],
    minutes: float,
    *,
    cards: Mapping[str, Mapping[str, Any]],
    now: datetime | None = None,
) -> tuple[list[Question], int]:
    """Return what is due, as far as the minutes go, and how many are due in all."""
    overdue = [name for name in due(cards, now) if name in questions]
    return _fill([], overdue, questions, minutes, families=False), len(overdue)


def _units_in_turn(
    names: Sequence[str], questions: Mapping[str, Question], rng: random.Random
) -> list[str]:
    """Shuffle, then take one question of each unit in turn."""
    shuffled = list(names)
    rng.shuffle(shuffled)
    turns: dict[str, int] = {}
    keyed = []
    for name in shuffled:
        unit = questions[name].units[0]
        turns[unit] = turns.get(unit, -1) + 1
        keyed.append((turns[unit], name))
    return [name for _, name in sorted(keyed, key=lambda pair: pair[0])]


def _fill(
    chosen: Sequence[Question],
    names: Sequence[str],
    questions: Mapping[str, Question],
    minutes: float,
    *,
    enough: float = math.inf,
    families: bool = True,
) -> list[Question]:
    """Add questions until there are enough minutes of them, or time is full; at least one."""
    filled = list(chosen)
    for name in names:
        question = questions[name]
        if sum(q.minutes for q in filled) >= enough:
            break
        if question in filled or (families and family_of(question) in map(family_of, filled)):
            continue
        if filled and sum(q.minutes for q in filled) + question.minutes > minutes:
            continue
        filled.append(question)
    return filled
