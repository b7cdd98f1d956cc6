"""A verdict as a card: what a notebook shows in place of the message in plain text."""

import html
from typing import Any

import numpy as np

from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.describe import array_lines, describe, readable
from coursekit.exercises.engine.handing import handed_arguments
from coursekit.exercises.engine.messages import (
    TODO,
    advice,
    argument_lines,
    group_line,
    not_a_function,
    points,
    what_came,
)
from coursekit.exercises.engine.verdict import CaseResult, Verdict
from coursekit.languages import say

LOOKS = {  # status -> symbol, word, edge, ground (a tint, so that both themes can be read)
    "passed": ("✓", "right", "#009E73", "rgba(0, 158, 115, 0.10)"),
    "failed": ("✗", "not yet", "#D55E00", "rgba(213, 94, 0, 0.09)"),
    "unfinished": ("○", "not done yet", "#767676", "rgba(128, 128, 128, 0.10)"),
}
MONO = "font-family:var(--jp-code-font-family, monospace);font-size:0.92em"
CELL = "padding:3px 12px 3px 0;text-align:left;vertical-align:top;border:0;background:transparent"


def card(exercise: Exercise, verdict: Verdict, *, note: str = "", revealed: str = "") -> str:
    """Return the verdict as HTML; the expected value is in it only where ``revealed`` says it.

    Args:
        exercise: What was asked.
        verdict: Its judgement.
        note: Said first, such as that the last run of the answer's cell failed.
        revealed: Said last, after some tries.
    """
    symbol, word, edge, ground = LOOKS[verdict.status]
    marks = points(verdict.score, verdict.points) if exercise.graded else say("no marks here")
    head = (
        f'<div style="display:flex;gap:10px;align-items:baseline;flex-wrap:wrap">'
        f'<b style="font-size:1.1em">{symbol} {say(word)}</b>'
        f'<code style="{MONO};background:transparent">{html.escape(exercise.call)}</code>'
        f'<span style="margin-left:auto">{marks}</span></div>'
    )
    parts = [_box("!", note)] if note else []
    failure = verdict.first_failure
    if verdict.status == "passed":
        parts.append(_line(exercise.lesson))
    elif verdict.status == "unfinished" or failure is None:
        parts += [] if note else [_line(say(TODO))]
    elif failure.outcome.kind == "not_callable":
        parts.append(_line(not_a_function(exercise, failure)))
    else:
        parts += _failed(exercise, verdict, failure)
    if revealed:
        parts.append(_line(revealed.strip()))
    return (
        f'<div class="coursekit-check" role="status" style="border-left:5px solid {edge};'
        f"background:{ground};border-radius:4px;padding:8px 14px;max-width:50em;line-height:1.5;"
        f'margin:2px 0">{head}{"".join(parts)}</div>'
    )


def _failed(exercise: Exercise, verdict: Verdict, failure: CaseResult) -> list[str]:
    """Return what stands in the card of a wrong answer: input, what came, a question."""
    groups = group_line(exercise, verdict)
    parts = [_line(groups)] if groups else []
    parts += [_line(say("It fails for this input:")), _table(exercise, failure)]
    came, *where = what_came(exercise, failure).split("\n")
    parts.append(f'<div style="margin:6px 0"><b>{html.escape(came)}</b></div>')
    if where:
        parts.append(_pre("\n".join(where)))
    if failure.outcome.printed.strip():
        parts += [_line(say("It printed:")), _pre(readable(failure.outcome.printed.strip(), 300))]
    think = advice(exercise, verdict, failure)
    if think is not None:
        parts.append(_box("?", think.removeprefix(say("Think:")).strip()))
    if failure.outcome.changed and not failure.only_changed:
        also = say("It also changed {what}. Is it meant to?", what=failure.outcome.changed)
        parts.append(_line(also))
    return parts


def _table(exercise: Exercise, failure: CaseResult) -> str:
    """Return the failing input: a row for each argument, and how to have it in a cell."""
    handed = handed_arguments(exercise.run, failure.case.args)
    rows = "".join(
        f'<tr style="background:transparent"><th scope="row" style="{CELL};{MONO}">'
        f'{html.escape(name)}</th><td style="{CELL};{MONO};opacity:0.85">{_shape(value)}</td>'
        f'<td style="{CELL}">{_pre(_written(name, value, live))}</td></tr>'
        for name, value, live in zip(exercise.parameters, failure.case.args, handed, strict=False)
    )
    fetch = f"{', '.join(exercise.parameters)} = failing_input({exercise.id!r})"
    return (
        f'<table style="margin:2px 0 4px;border-collapse:collapse">{rows}</table>'
        f'<div style="margin:2px 0">{say("To have it in a cell of your own:")} '
        f'<code style="{MONO};background:transparent">{html.escape(fetch)}</code></div>'
    )


def _written(name: str, value: Any, live: Any) -> str:
    """Return an argument's value as text: arrays a row a line, what can't be written described."""
    if isinstance(value, np.ndarray) and not callable(live):
        return "\n".join(array_lines(value))
    lines, _ = argument_lines(name, value, live)
    if lines[0].startswith("#"):
        return lines[0].split(": ", 1)[1]
    return describe(value)


def _shape(value: Any) -> str:
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return ""
    return " × ".join(map(str, value.shape))


def _line(text: str) -> str:
    return f'<div style="margin:4px 0">{html.escape(text)}</div>'


def _pre(text: str) -> str:
    return (
        f'<pre style="margin:0;padding:0;background:transparent;{MONO};white-space:pre-wrap">'
        f"{html.escape(text)}</pre>"
    )


def _box(symbol: str, text: str) -> str:
    """Return a framed sentence: a question to think about, or a warning."""
    return (
        '<div style="display:flex;gap:10px;border:1px solid currentColor;border-radius:4px;'
        f'padding:6px 12px;margin:8px 0"><b aria-hidden="true">{symbol}</b>'
        f"<span>{html.escape(text)}</span></div>"
    )
