"""When a question comes back: spaced repetition with fsrs, kept in the progress file.

fsrs is imported where a card is written: a unit that only shows its questions runs without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from coursekit import progress
from coursekit.interview.report import Outcome

if TYPE_CHECKING:
    from fsrs import Rating


def rating(outcome: Outcome) -> "Rating":
    """Return how well a question was remembered, from its score and red flags."""
    from fsrs import Rating

    if outcome.red_flags or outcome.score < 0.4:
        return Rating.Again
    if outcome.score < 0.6:
        return Rating.Hard
    return Rating.Good if outcome.score < 0.9 else Rating.Easy


def review(card: Mapping[str, Any] | None, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """Return the card of a question after an outcome; None stands for a question never asked."""
    from fsrs import Card, Scheduler

    before = Card(card_id=1, due=now) if card is None else Card.from_dict(cast(Any, dict(card)))
    scheduler = Scheduler(enable_fuzzing=False)
    after, _ = scheduler.review_card(before, rating(outcome), review_datetime=now)
    return dict(after.to_dict())


def due(cards: Mapping[str, Mapping[str, Any]], now: datetime | None = None) -> Sequence[str]:
    """Return the questions whose time has come, the longest overdue first."""
    now = datetime.now(UTC) if now is None else now
    when = {name: datetime.fromisoformat(card["due"]) for name, card in cards.items()}
    return sorted((name for name, time in when.items() if time <= now), key=lambda n: when[n])


def keep(outcome: Outcome) -> None:
    """Write an outcome into the progress file, and when its question comes back."""
    card = review(progress.load().cards.get(outcome.question_id), outcome, datetime.now(UTC))
    progress.record_answer(asdict(outcome), card)
