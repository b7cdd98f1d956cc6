"""Predict first: questions answered before anything runs; `reveal` shows them again at the end.

Where a person works, in `coursekit lab` or any other JupyterLab, the cells after a question wait
until it is answered or skipped. In scripts, while grading and in tests nothing waits.
"""

import functools
import html
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from coursekit import progress
from coursekit.explorers.mode import interactive, show_html
from coursekit.explorers.reveal import read_number
from coursekit.explorers.saved import show_living
from coursekit.languages import say

LOCK = "COURSEKIT_LOCK"  # "1": what follows a question waits for its answer; "0": it never does
OPEN = "Answer before you go on."
BEFORE = "Noted before."
NOTED = "Noted. You will meet it again at the end of the unit. Now run the cells below."
SKIPPED = "Skipped. Run the cells below."
BUTTONS = ("Change it", "Lock it in", "Skip")
_waiting: dict[tuple[str, str], str] = {}  # (unit, key) of open questions -> the question
_installed: list[Any] = []  # the shells that hold cells back


class PredictFirst(RuntimeError):
    """A cell was run while a question was open."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook."""
        return [str(self)]


def locking() -> bool:
    """Return True where a person works in a notebook, and cells may wait for an answer."""
    return interactive() and os.environ.get(LOCK, "1" if somebody_types() else "0") == "1"


def somebody_types() -> bool:
    """Say whether the cell came from a front end in which a person could be asked for input.

    JupyterLab, Notebook and VS Code say so with each cell; nbconvert, nbclient, papermill and
    nbgrader run notebooks on their own, and say that nobody is there.
    """
    from IPython import get_ipython

    return bool(getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", False))


def hold_back(lines: list[str]) -> list[str]:
    """Replace a cell's text while a question is open; cells that ask questions go through."""
    text = "".join(lines)
    if not _waiting or not text.strip() or "predict(" in text or "predict_number(" in text:
        return lines
    return ["__import__('coursekit.explorers.predictions', fromlist=['x']).say_what_waits()\n"]


def say_what_waits() -> None:
    """Raise PredictFirst with the first open question."""
    raise PredictFirst(
        say(
            "First predict, or press 'Skip': {question} Then run this cell again (Run > Run "
            "Selected Cell and All Below).",
            question=next(iter(_waiting.values()), "above"),
        )
    )


def wait_for(unit: str, key: str, question: str) -> None:
    """Let the cells that follow wait for an answer."""
    from IPython import get_ipython

    shell = get_ipython()
    _waiting[unit, key] = question
    if shell is not None and shell not in _installed:
        _installed.append(shell)
        shell.input_transformers_cleanup.append(hold_back)


def predict(unit: str, key: str, question: str, options: Sequence[str]) -> None:
    """Ask for a prediction and keep it; without widgets, show the question and its options.

    Args:
        unit: Such as "01_gradient_noise".
        key: Names the question within its unit.
        question: One sentence.
        options: Two to five answers, short.
    """
    if not interactive():
        choices = "".join(f"<li>{html.escape(o)}</li>" for o in options)
        show_html(
            f"<p><b>{html.escape(question)}</b></p><ul>{choices}</ul>",
            f"{question}\n" + "\n".join(f"  - {option}" for option in options),
        )
        return
    kept = progress.predictions(unit).get(key)
    chosen = str(kept) if kept in options else ""
    _ask(unit, key, question, lambda text: text, options=list(options), chosen=chosen)


def predict_number(unit: str, key: str, question: str, of: str = "times") -> None:
    """Ask for a number and keep it with its unit: "2 times".

    Args:
        unit: Such as "01_gradient_noise".
        key: Names the question within its unit.
        question: One sentence.
        of: The number's unit, shown behind the field.
    """
    if not interactive():
        text = f"{question}\n  - a number, in {of}"
        show_html(f"<p><b>{html.escape(question)}</b> (a number, in {html.escape(of)})</p>", text)
        return
    kept = str(progress.predictions(unit).get(key, "")).removesuffix(of).strip()

    def with_unit(typed: str) -> str | None:
        number = read_number(typed)
        return None if number is None else f"{number:g} {of}"

    _ask(unit, key, question, with_unit, unit_shown=of, chosen=kept)


@functools.cache
def question_widget() -> type:
    """Return the widget: a form with native fields, whose answer is locked by a button."""
    import anywidget
    import traitlets

    class Question(anywidget.AnyWidget):
        _esm = Path(__file__).with_name("web") / "predict.js"
        question = traitlets.Unicode().tag(sync=True)
        options = traitlets.List(traitlets.Unicode()).tag(sync=True)
        unit = traitlets.Unicode().tag(sync=True)  # of a number
        chosen = traitlets.Unicode().tag(sync=True)  # what the field says, once locked
        state = traitlets.Enum(["open", "locked", "skipped"], "open").tag(sync=True)
        said = traitlets.Unicode().tag(sync=True)  # the line beside the buttons
        words = traitlets.List(traitlets.Unicode()).tag(sync=True)  # BUTTONS, as they are spoken

    return Question


def _ask(
    unit: str,
    key: str,
    question: str,
    read: Callable[[str], str | None],
    *,
    chosen: str,
    options: Sequence[str] = (),
    unit_shown: str = "",
) -> None:
    """Show a question; keep its answer once it is locked, as `read` words it (None: unreadable)."""
    widget = question_widget()(
        question=question,
        options=list(options),
        unit=unit_shown,
        chosen=chosen,
        state="locked" if chosen else "open",
        said=say(BEFORE if chosen else OPEN),
        words=[say(word) for word in BUTTONS],
    )

    def picture() -> str:
        answer = read(widget.chosen) if widget.state == "locked" else None
        return saved_question(question, options or [f"a number, in {unit_shown}"], answer)

    def on_state(_: Any) -> None:
        if widget.state == "locked":
            answer = read(widget.chosen)
            if answer is None:
                widget.state = "open"
                widget.said = say("That is no number.")
                return
            progress.record_prediction(unit, key, answer)
            widget.chosen, widget.said = answer.removesuffix(unit_shown).strip(), say(NOTED)
        else:
            widget.said = say(SKIPPED if widget.state == "skipped" else OPEN)
        if widget.state != "open":
            _waiting.pop((unit, key), None)
        keep(picture())

    if locking() and not chosen:
        wait_for(unit, key, question)
    keep = show_living(widget, picture())
    widget.observe(on_state, names="state")


def saved_question(question: str, options: Sequence[str], answer: str | None) -> str:
    """Return what a saved notebook shows of a question without its kernel."""
    if answer is not None:
        said, colour = f"{say('You said:')} <b>{html.escape(answer)}</b>.", "#009E73"
    else:
        listed = ", ".join(map(html.escape, options))
        asks = say("Not answered ({options}). Run this cell to answer.", options=listed)
        said, colour = asks, "#0072B2"
    return (
        f'<div style="border-left:4px solid {colour};padding:2px 12px">'
        f"<b>{html.escape(question)}</b><br>{said}</div>"
    )
