"""Which questions a session asks, and in which order."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from coursekit.interview.declare import LEVELS, Question
from coursekit.interview.memory import due


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
    """Fill a session: what is due first, then what was never asked, then the rest; at least one.

    Within each of the three, units take turns, so that a session is mixed.
    """
    overdue = [name for name in due(cards, now) if name in questions]
    fresh = [name for name in questions if name not in cards]
    rest = [name for name in questions if name in cards and name not in overdue]
    fresh, rest = (_units_in_turn(names, questions, rng) for names in (fresh, rest))
    order = [*overdue, *fresh, *rest]
    return _fill([questions[name] for name in order], minutes)


def mock(questions: Mapping[str, Question], minutes: float, rng: random.Random) -> list[Question]:
    """Fill a mock interview: levels rising, units in turn, every third question with a number."""
    spoken = _units_in_turn([n for n, q in questions.items() if not q.numeric], questions, rng)
    counted = _units_in_turn([n for n, q in questions.items() if q.numeric], questions, rng)
    order = []
    while spoken or counted:
        order += spoken[:2] + counted[:1]
        spoken, counted = spoken[2:], counted[1:]
    chosen = _fill([questions[name] for name in order], minutes)
    return sorted(chosen, key=lambda q: LEVELS.index(q.level))


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


def _fill(questions: Sequence[Question], minutes: float) -> list[Question]:
    """Take questions until the time is full; at least one."""
    chosen: list[Question] = []
    for question in questions:
        if chosen and sum(q.minutes for q in chosen) + question.minutes > minutes:
            continue
        chosen.append(question)
    return chosen
