"""The interview in a notebook: the same engine as in the terminal, with boxes and a button."""

import base64
import html
import random
import time
from collections.abc import Callable, Generator
from typing import Any

from coursekit import progress
from coursekit.explorers.mode import interactive, show_html
from coursekit.explorers.saved import show_living
from coursekit.interview import choose, kept, mock
from coursekit.interview.bank import all_questions
from coursekit.interview.case import all_cases, hold_case
from coursekit.interview.events import (
    AskAnswer,
    AskChoice,
    AskNumber,
    AskTicks,
    Event,
    Say,
    ShowEvidence,
)
from coursekit.interview.evidence import picture_of, verdict_of, words_of
from coursekit.interview.memory import keep
from coursekit.interview.numeric import filled
from coursekit.interview.report import write_report
from coursekit.interview.session import hold
from coursekit.interview.tasks.by_name import TASKS

TAGS = {"title": "h3", "result": "h4"}
COLOURS = {"flag": "#D55E00", "note": "#0072B2"}
READABLE = (  # what a box wants of the reader: the browser's grey is too dark in the dark theme
    "<style>.coursekit-interview ::placeholder"
    "{color:var(--jp-ui-font-color2, inherit) !important;opacity:1}</style>"
)


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
    chosen = choose.for_minutes(questions, minutes, cards=progress.load().cards, rng=rng)
    Board(hold(chosen, rng=rng, save=keep, planned_minutes=minutes)).show()


def mock_corner(minutes: float = 20, *, target: str = "onsite", seed: int | None = None) -> None:
    """Hold a mock interview in the notebook: feedback and a report at the end.

    In grading and in a plain script nothing is asked.

    Args:
        minutes: Its length.
        target: The level one applies for: "screen", "onsite" or "staff".
        seed: Draws the same interview again.
    """
    if not interactive():
        show_html("<p>A mock interview.</p>", "A mock interview: run this in a notebook.")
        return
    number = random.randrange(2**31) if seed is None else seed
    chosen = mock.compose(all_questions(), minutes, target, random.Random(number))
    sheet = mock.Sheet(tuple(q.id for q in chosen), minutes, number)
    earlier = progress.load().answers
    talk = mock.interview(
        sheet, all_questions(), all_cases(), keep=kept.keep_sheet, save=keep, clock=time.monotonic
    )

    def over(done: mock.Sheet) -> str:
        kept.keep_sheet(None)
        return write_report(done.outcomes, all_questions(), minutes, earlier)

    Board(talk, over).show()


def case_corner(case: str) -> None:
    """Play a case in the notebook; in grading and in a plain script its opening is shown.

    Args:
        case: Its id, such as "opening".

    Raises:
        ValueError: If there is no such case.
    """
    if case not in all_cases():
        raise ValueError(f"no case {case!r}: there are {', '.join(all_cases())}")
    played = all_cases()[case]
    if not interactive():
        opening = played.scenes[0].says
        show_html(f"<p>{html.escape(opening)}</p>", opening)
        return
    Board(hold_case(played, time.monotonic)).show()


class Board:
    """A conversation in widgets: what was said above, what is asked below."""

    def __init__(
        self,
        conversation: Generator[Event, Any, Any],
        over: Callable[[Any], str] | None = None,
    ) -> None:
        """Begin a conversation; `over` makes the last words out of its value."""
        import ipywidgets as widgets

        self.widgets = widgets
        self.conversation = conversation
        self.over = over
        self.results: list[str] = []  # "Question 1: 60 %", for a saved notebook
        self.keep: Callable[[str], None] = lambda markup: None
        self.said = widgets.VBox([])
        self.asked = widgets.VBox([])
        self.box = widgets.VBox([self.said, self.asked])
        self.box.add_class("coursekit-interview")
        self._advance(None)

    def show(self) -> None:
        """Show the conversation; a saved notebook keeps its results and its last page."""
        self.keep = show_living(self.box, self.picture())

    def picture(self) -> str:
        """Return what stays when the kernel is gone."""
        results = "".join(f"<li>{html.escape(result)}</li>" for result in self.results)
        page = "".join(child.value for child in self.said.children)
        again = "Run this cell to practise."
        return f"<p><b>Interview practice.</b> {again}</p><ul>{results}</ul>{page}"

    def _advance(self, reply: Any) -> None:
        """Send a reply, show what follows, and stop at the next thing asked."""
        self._go_on(reply)
        self.keep(self.picture())

    def _go_on(self, reply: Any) -> None:
        try:
            self._go_through(self.conversation.send(reply))
        except StopIteration as stop:
            self.asked.children = ()
            if self.over is not None:
                self._write(f"<pre>{html.escape(self.over(stop.value))}</pre>")
            self._write("<b>The session is over. Run the cell again for other questions.</b>")

    def _go_through(self, event: Event) -> None:
        """Show events until something is asked, or until a new page begins after a full one."""
        while isinstance(event, Say | ShowEvidence):
            if isinstance(event, Say) and event.kind == "title" and self.said.children:
                self._turn_page(event)
                return
            self._show(event)
            event = self.conversation.send(None)
        self._ask(event)

    def _turn_page(self, title: Say) -> None:
        """Wait until the page has been read; then begin an empty one with its title."""
        word = "Next question" if title.text.startswith("Question") else "Go on"
        button = self.widgets.Button(description=word, button_style="primary")

        def on_click(_: Any) -> None:
            self.said.children = ()
            self._show(title)
            self._advance(None)

        button.on_click(on_click)
        self.asked.children = (button,)

    def _write(self, markup: str) -> None:
        self.said.children = (*self.said.children, self.widgets.HTML(markup))

    def _show(self, event: Say | ShowEvidence) -> None:
        if isinstance(event, Say):
            tag, colour = TAGS.get(event.kind, "p"), COLOURS.get(event.kind, "")
            text = html.escape(event.text)
            if event.kind == "result":
                self.results.append(event.text)
            edge = f"border-left:3px solid {colour};padding-left:0.6em;" if colour else ""
            self._write(f'<{tag} style="{edge}max-width:46em">{text}</{tag}>')
            return
        verdict = verdict_of(event.claim)
        ledger = f" <i>In the ledger: {html.escape(verdict)}.</i>" if verdict else ""
        says = f"<b>{event.claim}</b>: {html.escape(event.says)}{ledger}"
        self._write(f'<p style="max-width:46em">{says}</p>')
        picture = picture_of(event.claim)
        if picture is not None:
            kind = {".svg": "svg+xml", ".png": "png"}[picture.suffix]
            data = base64.b64encode(picture.read_bytes()).decode()
            alt = html.escape(words_of(event.claim) or f"measured values of claim {event.claim}")
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
            prompt = "The rubric: what did you say? Nothing is ticked for you."
            fields = [
                w.Checkbox(
                    value=False,
                    indent=False,
                    layout=wide,
                    description=text + (f" (heard: {heard})" if heard else ""),
                )
                for text, heard in zip(event.points, event.heard, strict=True)
            ]
            reply = lambda: [field.value for field in fields]  # noqa: E731
        elif isinstance(event, AskChoice):
            prompt = event.prompt
            fields = [w.RadioButtons(options=list(event.options), value=None, layout=wide)]
            reply = lambda: fields[0].value  # noqa: E731
        elif isinstance(event, AskNumber):
            prompt = event.prompt
            fields = [w.Text(placeholder=event.unit or "a number")]
            reply = lambda: fields[0].value  # noqa: E731
        else:
            assert isinstance(event, AskAnswer)
            prompt = event.prompt
            aloud = "Leave empty if you said it aloud; ? if you have no idea"
            fields = [w.Textarea(rows=6, layout=wide, placeholder=aloud)]
            reply = lambda: fields[0].value  # noqa: E731
        send = w.Button(description="Go on", button_style="primary")
        asked = f'<p style="max-width:46em"><b>{html.escape(prompt)}</b></p>'

        def on_click(_: Any) -> None:
            value = reply()
            if value is None:  # nothing chosen yet
                return
            send.disabled = True
            self._write(asked)
            if isinstance(value, str) and value:
                self._write(f"<p><i>{html.escape(value)}</i></p>")
            self._advance(value)

        send.on_click(on_click)
        self.asked.children = (w.HTML(READABLE + asked), *fields, send)
