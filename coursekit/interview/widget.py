"""The interview in a notebook: the same engine as in the terminal, with boxes and a button."""

import base64
import html
import random
from collections.abc import Callable, Generator
from typing import Any

from coursekit import progress
from coursekit.explorers.mode import interactive, show_html
from coursekit.interview import choose
from coursekit.interview.bank import all_questions
from coursekit.interview.evidence import picture_of, verdict_of
from coursekit.interview.memory import keep
from coursekit.interview.numeric import filled
from coursekit.interview.session import (
    AskAnswer,
    AskChoice,
    AskNumber,
    AskTicks,
    Event,
    Say,
    ShowEvidence,
    hold,
)
from coursekit.interview.tasks.by_name import TASKS

TAGS = {"title": "h4", "result": "h4"}
COLOURS = {"flag": "#D55E00", "note": "#0072B2"}


def interview_corner(unit: str, *, minutes: float = 10, seed: int | None = None) -> None:
    """Practise the interview questions of a unit in the notebook.

    In grading and in a plain script the first questions are shown, and nothing is asked.

    Args:
        unit: Such as "01_gradient_noise".
        minutes: Length of the session.
        seed: Draws the same session again; None: another one each time.
    """
    questions = choose.fitting(all_questions(), unit=unit)
    rng = random.Random(seed)
    if not interactive():
        first = [
            filled(q.prompt, TASKS[q.numeric].draw(random.Random(0)) if q.numeric else {})
            for q in list(questions.values())[:3]
        ]
        items = "".join(f"<li>{html.escape(prompt)}</li>" for prompt in first)
        show_html(
            f"<p>Interview questions of this unit:</p><ul>{items}</ul>",
            "\n".join(["Interview questions of this unit:", *(f"  - {p}" for p in first)]),
        )
        return
    from IPython.display import display

    chosen = choose.for_minutes(questions, minutes, cards=progress.load().cards, rng=rng)
    display(Board(hold(chosen, rng=rng, save=keep, planned_minutes=minutes)).box)


class Board:
    """A conversation in widgets: what was said above, what is asked below."""

    def __init__(self, conversation: Generator[Event, Any, Any]) -> None:
        import ipywidgets as widgets

        self.widgets = widgets
        self.conversation = conversation
        self.said = widgets.VBox([])
        self.asked = widgets.VBox([])
        self.box = widgets.VBox([self.said, self.asked])
        self.box.add_class("coursekit-interview")
        self._advance(None)

    def _advance(self, reply: Any) -> None:
        """Send a reply, show what follows, and stop at the next thing asked."""
        try:
            event = self.conversation.send(reply)
            while isinstance(event, Say | ShowEvidence):
                if isinstance(event, Say) and event.kind == "title":
                    self.said.children = ()  # each question begins on an empty board
                self._show(event)
                event = self.conversation.send(None)
        except StopIteration:
            self.asked.children = ()
            self._write("<b>The session is over. Run the cell again for other questions.</b>")
            return
        self._ask(event)

    def _write(self, markup: str) -> None:
        self.said.children = (*self.said.children, self.widgets.HTML(markup))

    def _show(self, event: Say | ShowEvidence) -> None:
        if isinstance(event, Say):
            tag, colour = TAGS.get(event.kind, "p"), COLOURS.get(event.kind, "inherit")
            text = html.escape(event.text)
            self._write(f'<{tag} style="color:{colour};max-width:46em">{text}</{tag}>')
            return
        verdict = verdict_of(event.claim)
        ledger = f" <i>In the ledger: {html.escape(verdict)}.</i>" if verdict else ""
        self._write(f"<p><b>{event.claim}</b>: {html.escape(event.says)}{ledger}</p>")
        picture = picture_of(event.claim)
        if picture is not None:
            kind = {".svg": "svg+xml", ".png": "png"}[picture.suffix]
            data = base64.b64encode(picture.read_bytes()).decode()
            alt = html.escape(f"measured values of claim {event.claim}")
            self._write(
                f"<details><summary>Open the picture</summary><img alt='{alt}' "
                f"style='max-width:46em;background:white' src='data:image/{kind};base64,{data}'>"
                "</details>"
            )

    def _ask(self, event: Event) -> None:
        """Show the box for a reply and a button that sends it."""
        w = self.widgets
        wide = w.Layout(width="46em", max_width="100%")
        fields: list[Any]
        reply: Callable[[], Any]
        if isinstance(event, AskTicks):
            prompt = "The rubric. A tick: the words of your answer suggest it. You decide."
            fields = [
                w.Checkbox(
                    value=tick,
                    indent=False,
                    layout=wide,
                    description=text + (f" (I saw: {saw})" if saw else ""),
                )
                for text, tick, saw in zip(event.points, event.proposed, event.saw, strict=True)
            ]
            reply = lambda: [field.value for field in fields]  # noqa: E731
        elif isinstance(event, AskChoice):
            prompt = event.prompt
            fields = [w.RadioButtons(options=list(event.options))]
            reply = lambda: fields[0].value  # noqa: E731
        elif isinstance(event, AskNumber):
            prompt = event.prompt
            fields = [w.Text(placeholder=event.unit or "a number")]
            reply = lambda: fields[0].value  # noqa: E731
        else:
            assert isinstance(event, AskAnswer)
            prompt = event.prompt
            aloud = "Leave empty if you said it aloud"
            fields = [w.Textarea(rows=6, layout=wide, placeholder=aloud)]
            reply = lambda: fields[0].value  # noqa: E731
        send = w.Button(description="Go on", button_style="primary")
        asked = f'<p style="max-width:46em"><b>{html.escape(prompt)}</b></p>'

        def on_click(_: Any) -> None:
            send.disabled = True
            value = reply()
            self._write(asked)
            if isinstance(value, str) and value:
                self._write(f"<p><i>{html.escape(value)}</i></p>")
            self._advance(value)

        send.on_click(on_click)
        self.asked.children = (w.HTML(asked), *fields, send)
