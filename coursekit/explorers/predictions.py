"""Predict first: questions answered before anything runs, shown again at the end.

Where a person works, in `coursekit lab` or any other JupyterLab, the cells after a question wait
until it is answered or skipped. In scripts, while grading and in tests nothing waits.
"""

import html
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from coursekit import progress
from coursekit.explorers.mode import interactive, show_html

LOCK = "COURSEKIT_LOCK"  # "1": what follows a question waits for its answer; "0": it never does
NOTED = "Noted. You will meet it again at the end of the unit. Now run the cells below."
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
        f"First predict, or press 'Skip': {next(iter(_waiting.values()), 'above')} "
        "Then run this cell again (Run > Run Selected Cell and All Below)."
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
    import ipywidgets as widgets

    kept = progress.predictions(unit).get(key)
    field = widgets.RadioButtons(
        options=list(options),
        value=kept if kept in options else None,
        layout=widgets.Layout(width="100%"),
    )
    keep = _ask(unit, key, question, field, known=kept in options)
    field.observe(lambda change: keep(change["new"]), names="value")


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
    import ipywidgets as widgets

    kept = str(progress.predictions(unit).get(key, ""))
    field = widgets.Text(
        value=kept.removesuffix(of).strip(),
        placeholder="a number",
        description=of,
        continuous_update=False,
    )
    keep = _ask(unit, key, question, field, known=bool(kept))

    def noted(change: Mapping[str, Any]) -> None:
        number = read_number(change["new"])
        if number is not None:
            keep(f"{number:g} {of}")

    field.observe(noted, names="value")


def _ask(unit: str, key: str, question: str, field: Any, *, known: bool) -> Callable[[str], None]:
    """Show a question with its field; return what keeps an answer."""
    import ipywidgets as widgets
    from IPython.display import display

    said = widgets.HTML("Noted before." if known else "Answer before you go on.")
    skip = widgets.Button(description="Skip", layout=widgets.Layout(width="6em"))

    def keep(value: str) -> None:
        progress.record_prediction(unit, key, value)
        _waiting.pop((unit, key), None)
        said.value = NOTED

    def skipped(_: Any) -> None:
        _waiting.pop((unit, key), None)
        said.value = "Skipped. Run the cells below."

    skip.on_click(skipped)
    if locking() and not known:
        wait_for(unit, key, question)
    title = widgets.HTML(f"<b>{html.escape(question)}</b>")
    display(widgets.VBox([title, field, widgets.HBox([skip, said])]))
    return keep


def read_number(text: object) -> float | None:
    """Return the number at the beginning of a text, None if there is none."""
    words = str(text).replace("×", " ").replace("x", " ").replace("%", " ").split()
    try:
        return float(words[0]) if words else None
    except ValueError:
        return None


def judged(mine: str | None, said: str) -> tuple[str, bool]:
    """Say how a prediction stands beside what was measured, and whether to read again.

    Numbers may be off by a quarter; a choice is right if what was measured begins with it.
    """
    if mine is None:
        return f"you made no prediction, it was {said}", False
    guess, truth = read_number(mine), read_number(said)
    if guess is not None and truth is not None:
        right = abs(guess - truth) <= 0.25 * abs(truth)
    else:
        right = said.startswith(mine)
    return f"you said {mine}, it was {said}", not right


def compare_predictions(unit: str, measured: Mapping[str, Sequence[str]]) -> None:
    """Show each prediction of a unit beside what was measured, and what to read again.

    Args:
        unit: Such as "01_gradient_noise".
        measured: key -> (short name of the question, what was measured) or, with a third text,
            where that is explained: "section 1.6".
    """
    kept = progress.predictions(unit)
    rows = []
    for key, (name, said, *where) in measured.items():
        sentence, again = judged(kept.get(key), said)
        rows.append((name, sentence, f"read {where[0]} again" if again and where else ""))
    cells = "".join(
        "<tr>"
        + "".join(f'<td style="text-align:left">{html.escape(c)}</td>' for c in row)
        + "</tr>"
        for row in rows
    )
    head = "<tr><th>question</th><th>predicted and measured</th><th></th></tr>"
    show_html(
        f"<table>{head}{cells}</table>",
        "\n".join(
            f"{name}: {said}{'; ' if again else ''}{again}".rstrip() for name, said, again in rows
        ),
    )
