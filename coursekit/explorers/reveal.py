"""The end of a unit: each prediction beside what was measured, and what to read again."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coursekit import progress
from coursekit.explorers.mode import show_html
from coursekit.languages import say

NEAR = 0.25  # a number is right if it is off by at most this share of what was measured
FAR = 2.0  # and a surprise if it is off by more than this factor
WORDS = {  # standing -> symbol, word, colour: told apart without colour too
    "right": ("✓", "right", "#009E73"),
    "wrong": ("✗", "not so", "#D55E00"),
    "surprising": ("✗", "surprising", "#D55E00"),
    "open": ("○", "still open", "#0072B2"),
    "none": ("–", "no prediction", "#767676"),
}


@dataclass(frozen=True)
class Row:
    """One question at the end of a unit."""

    name: str
    mine: str | None
    said: str  # what was measured
    standing: str  # one of WORDS
    where: str  # "section 1.6", or ""

    @property
    def again(self) -> str:
        """What to read again, or nothing."""
        missed = self.standing in ("wrong", "surprising")
        return say("read {where} again", where=self.where) if missed and self.where else ""


def read_number(text: object) -> float | None:
    """Return the number at the beginning of a text, None if there is none."""
    words = str(text).replace("×", " ").replace("x", " ").replace("%", " ").split()
    try:
        return float(words[0]) if words else None
    except ValueError:
        return None


def standing(mine: str | None, said: str) -> str:
    """Say how a prediction stands beside what was measured: a key of WORDS.

    Numbers may be off by a quarter, and surprise when off by more than a factor of two; a choice
    is right if what was measured begins with it. What begins with "open" has no answer yet.
    """
    if mine is None:
        return "none"
    if said.startswith(("open", say("open"))):
        return "open"
    guess, truth = read_number(mine), read_number(said)
    if guess is None or truth is None:
        return "right" if said.startswith(mine) else "wrong"
    if abs(guess - truth) <= NEAR * abs(truth):
        return "right"
    return "surprising" if off_by(guess, truth) > FAR else "wrong"


def off_by(guess: float, truth: float) -> float:
    """Return the factor between two numbers, at least 1; inf where the signs differ."""
    if guess * truth <= 0:
        return float("inf")
    return max(guess / truth, truth / guess)


def in_a_line(row: Row) -> str:
    """Return a row as text, without what to read."""
    if row.mine is None:
        return say("you made no prediction, it was {said}", said=row.said)
    judged = row.standing in ("right", "surprising", "wrong")
    word = f" ({say(WORDS[row.standing][1])})" if judged else ""
    return say("you said {mine}, it was {said}", mine=row.mine, said=row.said) + word


def headline(rows: Sequence[Row]) -> str:
    """Say how many predictions came true, among those that could."""
    judged = [row for row in rows if row.standing in ("right", "wrong", "surprising")]
    if not judged:
        return say("You made no prediction here that could come true.")
    right = sum(row.standing == "right" for row in judged)
    said = say("You predicted {right} of {most}.", right=right, most=len(judged))
    if right == len(judged):
        return said
    return f"{said} {say('What you missed is what this unit was for.')}"


def compare_predictions(unit: str, measured: Mapping[str, Sequence[str]]) -> None:
    """Show each prediction of a unit beside what was measured, and what to read again.

    Args:
        unit: Such as "01_gradient_noise".
        measured: key -> (short name of the question, what was measured) or, with a third text,
            where that is explained: "section 1.6".
    """
    kept = progress.predictions(unit)
    rows = [
        Row(name, kept.get(key), said, standing(kept.get(key), said), where[0] if where else "")
        for key, (name, said, *where) in measured.items()
    ]
    lines = [f"{row.name}: {in_a_line(row)}{'; ' if row.again else ''}{row.again}" for row in rows]
    show_html(as_cards(rows), "\n".join([headline(rows), *lines]))


def as_cards(rows: Sequence[Row]) -> str:
    """Return the rows as HTML, a card each; two bars where both sides are numbers."""
    cards = "".join(map(_card, rows))
    return (
        '<div style="max-width:46em;line-height:1.5">'
        f'<p style="font-size:1.15em;margin:4px 0 8px"><b>{headline(rows)}</b></p>{cards}</div>'
    )


def _card(row: Row) -> str:
    symbol, word, colour = WORDS[row.standing]
    mine = say("nothing") if row.mine is None else row.mine
    again = f"<div>→ {html.escape(row.again)}</div>" if row.again else ""
    return (
        f'<div style="border-left:4px solid {colour};padding:2px 12px;margin:0 0 10px">'
        f"<div><b>{html.escape(row.name)}</b> "
        f'<span style="border:1px solid {colour};border-radius:9px;padding:0 8px;'
        f'white-space:nowrap">{symbol} {say(word)}</span></div>'
        f"<div>{say('you said:')} {html.escape(mine)}</div>"
        f"<div>{say('it was:')} <b>{html.escape(row.said)}</b></div>"
        f"{_bars(row, colour)}{again}</div>"
    )


def _bars(row: Row, colour: str) -> str:
    """Return two bars on one scale, yours and what was measured, or nothing."""
    guess, truth = read_number(row.mine), read_number(row.said)
    if guess is None or truth is None or min(guess, truth) < 0 or max(guess, truth) == 0:
        return ""
    widths = [100 * value / max(guess, truth) for value in (guess, truth)]
    return "".join(
        f'<div style="background:{tone};width:{max(width, 0.5):.1f}%;height:7px;margin:3px 0">'
        "</div>"
        for width, tone in zip(widths, ("#8a8a8a", colour), strict=True)
    )
