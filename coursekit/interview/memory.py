"""When a question comes back: spaced repetition with fsrs, kept in the progress file.

Sittings are daily, so there are no learning steps of minutes: whatever was answered comes back
after a day at the earliest. With an interview date no interval is longer than half of what is left.

fsrs is imported where a card is written: a unit that only shows its questions runs without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from coursekit import progress
from coursekit.interview.outcome import Outcome

if TYPE_CHECKING:
    from fsrs import Rating

LONGEST = 365  # days, where no interview is planned


def rating(outcome: Outcome) -> "Rating":
    """Return how well a question was remembered, from its score and red flags."""
    from fsrs import Rating

    if outcome.red_flags or outcome.score < 0.4:
        return Rating.Again
    if outcome.score < 0.6:
        return Rating.Hard
    return Rating.Good if outcome.score < 0.9 else Rating.Easy


def longest_interval(now: datetime, until: datetime | None) -> int:
    """Return the cap of intervals in days: half of what is left until the interview."""
    if until is None or until <= now:
        return LONGEST
    return max(1, (until - now).days // 2)


def review(
    card: Mapping[str, Any] | None,
    outcome: Outcome,
    now: datetime,
    until: datetime | None = None,
) -> dict[str, Any]:
    """Return the card of a question after an outcome; None stands for a question never asked."""
    from fsrs import Card, Scheduler

    before = Card(card_id=1, due=now) if card is None else Card.from_dict(cast(Any, dict(card)))
    scheduler = Scheduler(
        learning_steps=(),
        relearning_steps=(),
        maximum_interval=longest_interval(now, until),
        enable_fuzzing=False,
    )
    after, _ = scheduler.review_card(before, rating(outcome), review_datetime=now)
    return dict(after.to_dict())


def due(cards: Mapping[str, Mapping[str, Any]], now: datetime | None = None) -> Sequence[str]:
    """Return the questions whose time has come, the longest overdue first."""
    now = datetime.now(UTC) if now is None else now
    when = {name: datetime.fromisoformat(card["due"]) for name, card in cards.items()}
    return sorted((name for name, time in when.items() if time <= now), key=lambda n: when[n])


def keep(outcome: Outcome, until: datetime | None = None) -> None:
    """Write an outcome into the progress file, and when its question comes back."""
    card = progress.load().cards.get(outcome.question_id)
    progress.record_answer(asdict(outcome), review(card, outcome, datetime.now(UTC), until))
