"""Export the questions as a text deck that Anki and other card programs read."""

import html
from collections.abc import Iterable

from coursekit.interview.declare import Question
from coursekit.interview.numeric import write_number
from coursekit.interview.tasks.by_name import example_of


def deck(questions: Iterable[Question]) -> str:
    """Return the deck: a line a card, with front, back and tags between tabs, fields in HTML.

    A numeric question gets one fixed set of parameters.
    """
    lines = ["#separator:tab", "#html:true", "#columns:front\tback\ttags", "#tags column:3"]
    for question in questions:
        prompt, worked = question.prompt, ""
        if question.numeric:
            prompt, value, unit, working = example_of(question)
            worked = f"<b>{write_number(value, unit)}</b>. {_text(working)}<br><br>"
        points = "".join(f"<li>{_text(point.text)}</li>" for point in question.points)
        flags = "".join(f"<li>{_text(flag.text)}</li>" for flag in question.red_flags)
        back = f"{worked}{_text(question.answer)}<ul>{points}</ul>"
        back += f"Wrong, though popular:<ul>{flags}</ul>" if flags else ""
        tags = " ".join([question.level, *question.units])
        lines.append(f"{_text(prompt)}\t{back}\t{tags}")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return html.escape(" ".join(text.split()))
