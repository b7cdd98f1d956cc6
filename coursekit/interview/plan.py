"""A plan to a date: how many minutes a day, and whether they are enough."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coursekit.interview.choose import NEW_SHARE
from coursekit.interview.declare import Question

LAST_DAYS = 2  # before the interview, for repetition alone


@dataclass(frozen=True)
class Plan:
    """What is left until an interview."""

    days: int  # sittings left, one a day
    unseen: int
    minutes_unseen: float  # that the unseen questions take
    minutes_a_day: float  # planned

    @property
    def needed(self) -> int:
        """Return the minutes a day with which every question is seen before the last two days."""
        days = max(1, self.days - LAST_DAYS)
        return math.ceil(self.minutes_unseen / days / NEW_SHARE)

    def told(self) -> str:
        """Return the plan in a few lines."""
        lines = [f"{self.days} days left, {self.unseen} questions not seen yet."]
        if not self.unseen:
            lines.append("You have met every question: what is due comes first now.")
        elif self.minutes_a_day >= self.needed:
            lines.append(f"{self.minutes_a_day:.0f} minutes a day are enough to see them all.")
        else:
            lines.append(
                f"To see them all takes {self.needed} minutes a day "
                f"(--minutes {self.needed}); you plan {self.minutes_a_day:.0f}."
            )
        return "\n".join(lines)


def plan(
    unseen: Iterable[Question], minutes_a_day: float, until: datetime, now: datetime | None = None
) -> Plan:
    """Return the plan for the questions not seen yet.

    Raises:
        ValueError: If the date is past.
    """
    now = datetime.now(UTC) if now is None else now
    days = math.ceil((until - now) / timedelta(days=1))
    if days < 1:
        raise ValueError(f"{until:%Y-%m-%d} is past: give the day of the interview")
    left = list(unseen)
    return Plan(days, len(left), sum(q.minutes for q in left), minutes_a_day)


def day(text: str) -> datetime:
    """Return the start of a day written as 2026-12-10, in UTC.

    Raises:
        ValueError: If it is no such date.
    """
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{text!r} is no date: write the day as 2026-12-10") from None
